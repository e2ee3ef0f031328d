# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""How many rescans a client that refreshes its pools costs a host."""

from __future__ import annotations

from contextlib import suppress

import pytest

from esxkit.harness.client import ApiError, Client, Remote


def refresh_all(conn: Remote) -> int:
    """Refresh each pool, as virt-manager does when it connects; return how many there were.

    A datastore that is lost cannot be refreshed.
    """
    pools = conn.listAllStoragePools(0)
    for pool in pools:
        with suppress(ApiError):
            pool.refresh(0)
    return len(pools)


@pytest.mark.parametrize("world", ["default", "adapters"])
def test_a_client_that_refreshes_each_pool_costs_one_rescan_an_adapter(client: Client, site, new_fake, world: str):
    server = new_fake(world=world, task_ms=0)
    conn = client.open(site.uri(server))
    pools = refresh_all(conn)
    assert pools > len(server.rescans()) > 1
    assert set(server.rescans().values()) == {1}
    refresh_all(client.open(site.uri(server)))
    # Embedded, the second connection is of the same process, and shares its login.
    assert set(server.rescans().values()) == {1}


def test_with_rescan_interval_0_each_refresh_rescans(client: Client, site, new_fake, world):
    server = new_fake(task_ms=0)
    conn = client.open(site.uri(server, rescan_interval=0))
    pool = conn.storagePoolLookupByName(world.targets[0].name)
    pool.refresh(0)
    first = server.rescans()
    assert set(first.values()) == {1}
    pool.refresh(0)
    assert server.rescans() == dict.fromkeys(first, 2)


def test_a_refresh_behind_the_interval_rescans(client: Client, site, new_fake, world):
    server = new_fake(task_ms=0)
    name = world.targets[0].name
    patient = client.open(site.uri(server, rescan_interval=3600)).storagePoolLookupByName(name)
    brief = client.open(site.uri(server, rescan_interval=0.001)).storagePoolLookupByName(name)
    patient.refresh(0)
    patient.refresh(0)
    first = server.rescans()
    assert set(first.values()) == {1}
    brief.refresh(0)
    assert server.rescans() == dict.fromkeys(first, 2)
    patient.refresh(0)
    assert server.rescans() == dict.fromkeys(first, 2)


def test_a_rescan_that_fails_is_not_kept(client: Client, site, new_fake):
    server = new_fake(world="adapters", task_ms=0)
    pool = client.open(site.uri(server)).storagePoolLookupByName("vmhba5")
    server.order(kind="fault", fault="HostConfigFault", method="RescanHba")
    assert pool.isActive() == 1
    with pytest.raises(ApiError, match="vmhba5"):
        pool.refresh(0)
    pool.refresh(0)
    assert server.rescans() == {"vmhba5": 1}
