# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""vpx://: the storage of a whole vCenter, or of one host behind it.

The fake vCenter has a datacenter in a folder (Sites/Berlin), a cluster of esx1 and esx2, and esx3 alone. All hosts
show the default world's storage; esx2 lacks the local datastores, esx3 has the NFS mounts only and no iSCSI adapter.
"""

from __future__ import annotations

from collections.abc import Iterator

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.oracle import World
from esxkit.harness.servers import Fake

LOCAL = {"datastore1", "PMemDS-56db0b8e", "localdir"}
NFS = {"nfs-datastore", "nfs-ro", "nfs41", "nfs-down"}
CLUSTER = "Sites/Berlin/Cluster A"


@pytest.fixture(scope="module")
def vcenter() -> Iterator[Fake]:
    with Fake("vcenter") as server:
        yield server


def names(conn: Remote) -> set[str]:
    return {pool.name() for pool in conn.listAllStoragePools(0)}


@pytest.fixture(scope="module")
def whole(site, vcenter: Fake) -> Iterator[Remote]:
    with site.client() as worker:
        yield worker.open(site.uri(vcenter, scheme="vpx"))


def test_without_a_path_everything_is_shown_once(whole: Remote, world: World):
    listed = [pool.name() for pool in whole.listAllStoragePools(0)]
    assert sorted(listed) == sorted(pool.name for pool in world.shared_pools)


def test_volumes_of_a_whole_vcenter(whole: Remote, world: World):
    for name in ("datastore1", "sp ace+plus & <x>%2f", "nfs-datastore"):
        listed = {volume.name(): volume.key() for volume in whole.storagePoolLookupByName(name).listAllVolumes(0)}
        assert listed == {volume.name: volume.key for volume in world.pool(name).volumes}


def test_keys_are_the_same_as_on_the_host(whole: Remote, world: World):
    for volume in (world.pool("datastore1").volumes[0], world.targets[0].volumes[0]):
        assert whole.storageVolLookupByKey(volume.key).path() == volume.path


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        (f"{CLUSTER}/esx1.example.org", set()),
        (f"{CLUSTER}/esx2.example.org", LOCAL),
        ("Sites/Berlin/esx3.example.org", None),
        ("Sites/Berlin/esx3.example.org/esx3.example.org", None),
    ],
)
def test_one_host(client: Client, site, vcenter: Fake, world: World, path: str, hidden: set[str] | None):
    conn = client.open(site.uri(vcenter, scheme="vpx", path=path))
    expected = NFS if hidden is None else {pool.name for pool in world.shared_pools} - hidden
    assert names(conn) == expected | {pool.name for pool in world.adapters}
    for pool in (pool for pool in world.shared_pools if pool.name in expected):
        assert conn.storagePoolLookupByName(pool.name).UUIDString() == pool.uuid
        assert conn.storagePoolLookupByUUIDString(pool.uuid).info()[1:] == [
            pool.capacity, pool.allocation, pool.available
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("Sites/Paris/Cluster A/esx1.example.org", "Paris"),
        ("Nowhere/Berlin/Cluster A/esx1.example.org", "Nowhere"),
        ("Sites/Berlin/Cluster B/esx1.example.org", "Cluster B"),
        (f"{CLUSTER}/esx9.example.org", "esx9.example.org"),
        (f"{CLUSTER}/esx1.example.org/more", "more"),
        (CLUSTER, "Cluster A"),
        ("Sites/Berlin", "Berlin"),
    ],
)
def test_a_path_that_names_no_host(client: Client, site, vcenter: Fake, path: str, missing: str):
    with raises_error(libvirt.VIR_ERR_INVALID_ARG, mentions=missing):
        client.open(site.uri(vcenter, scheme="vpx", path=path))


def test_failed_opens_leave_no_session(site, new_fake, client: Client):
    server = new_fake(world="vcenter")
    for _ in range(3):
        with raises_error(libvirt.VIR_ERR_INVALID_ARG):
            client.open(site.uri(server, scheme="vpx", path="no/such"))
    assert server.sessions() == 0
    assert server.requests()["Login"] == server.requests()["Logout"]


def test_about_a_vcenter(whole: Remote, world: World):
    assert whole.getVersion() == world.version
    assert whole.isAlive() == 1


def test_refresh_through_a_vcenter(site, new_fake, client: Client):
    server = new_fake(world="vcenter")
    conn = client.open(site.uri(server, scheme="vpx", path=f"{CLUSTER}/esx1.example.org"))
    conn.storagePoolLookupByName("nfs-datastore").refresh(0)
    assert server.requests()["RefreshDatastore"] == 1
    conn.storagePoolLookupByName("iqn.2006-01.com.openfiler:tsn.bdb5a2a2f8e6").refresh(0)
    assert server.requests()["RescanHba"] == 1
