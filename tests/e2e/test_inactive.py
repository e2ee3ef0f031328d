# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A pool that the host cannot reach is inactive in every sense that libvirt has, and does not disappear."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.live import shows
from esxkit.harness.oracle import World
from esxkit.harness.pool_events import Listener

INVALID = libvirt.VIR_ERR_OPERATION_INVALID
INACTIVE = libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE
ACTIVE = libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE
VOLUME_XML = "<volume><name>a/b.vmdk</name><capacity>1048576</capacity></volume>"

# Of the default world: an NFS mount that is lost; the others below are made so.
DOWN = "nfs-down"


def lost(world: World) -> list[str]:
    """The pools of a world that cannot be reached."""
    return sorted(pool.name for pool in world.pools if not pool.accessible)


def names(pools: list[Remote]) -> list[str]:
    return sorted(pool.name() for pool in pools)


def test_the_lists_tell_active_pools_from_inactive_ones(conn: Remote, world: World):
    inactive = lost(world)
    active = sorted(pool.name for pool in world.pools if pool.accessible)
    assert DOWN in inactive
    assert sorted(conn.listDefinedStoragePools()) == inactive
    assert sorted(conn.listStoragePools()) == active
    assert (conn.numOfStoragePools(), conn.numOfDefinedStoragePools()) == (len(active), len(inactive))
    assert names(conn.listAllStoragePools(INACTIVE)) == inactive
    assert names(conn.listAllStoragePools(ACTIVE)) == active
    assert names(conn.listAllStoragePools(ACTIVE | INACTIVE)) == names(conn.listAllStoragePools(0))
    for name in (*active, *inactive):
        pool = conn.storagePoolLookupByName(name)
        assert pool.isActive() == (name in active)
        assert pool.isPersistent() == pool.autostart() == 1
        state = libvirt.VIR_STORAGE_POOL_RUNNING if name in active else libvirt.VIR_STORAGE_POOL_INACCESSIBLE
        assert pool.info()[0] == state


def test_virsh_shows_it(site, fake, world: World):
    virsh = site.virsh(fake)
    assert sorted(virsh("pool-list", "--inactive", "--name").check().lines()) == lost(world)
    assert DOWN not in virsh("pool-list", "--name").check().lines()
    assert virsh("pool-info", DOWN).check().fields()["State"] == "inaccessible"


VOLUME_CALLS: dict[str, Callable[[Remote, Remote], object]] = {
    "list": lambda conn, pool: pool.listAllVolumes(0),
    "names": lambda conn, pool: pool.listVolumes(),
    "number": lambda conn, pool: pool.numOfVolumes(),
    "lookup": lambda conn, pool: pool.storageVolLookupByName("x.vmdk"),
    "create": lambda conn, pool: pool.createXML(VOLUME_XML, 0),
}


def check_inactive(conn: Remote, name: str, reason: str) -> None:
    """Assert that a pool is inactive for each call, and says why."""
    pool = conn.storagePoolLookupByName(name)
    assert pool.isActive() == 0
    assert name in conn.listDefinedStoragePools()
    assert name not in conn.listStoragePools()
    for call in VOLUME_CALLS.values():
        with raises_error(INVALID, mentions=f"storage pool '{name}' is not active: {reason}"):
            call(conn, pool)
    with raises_error(INVALID, mentions=f"storage pool '{name}' is not active"):
        pool.destroy()
    with raises_error(libvirt.VIR_ERR_NO_SUPPORT, mentions="this version does not"):
        pool.create(0)


def test_a_lost_datastore(conn: Remote):
    check_inactive(conn, DOWN, "the host cannot reach the datastore")
    with raises_error(INVALID, mentions="is not active"):
        conn.storageVolLookupByPath(f"[{DOWN}] x.vmdk")


def test_a_refresh_that_fails_does_not_hide_it(client: Client, site, new_fake):
    conn = client.open(site.uri(new_fake()))
    pool = conn.storagePoolLookupByName(DOWN)
    for _ in range(2):
        with raises_error(INVALID, mentions=f"storage pool '{DOWN}' is not active"):
            pool.refresh(0)
        assert DOWN in conn.listDefinedStoragePools()
        assert pool.info()[0] == libvirt.VIR_STORAGE_POOL_INACCESSIBLE


def test_events_agree_with_the_state(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl=0))
    pool = conn.storagePoolLookupByName("datastore1")
    with Listener(client, conn) as listener:
        for accessible, kind in ((False, "stopped"), (True, "started"), (False, "stopped")):
            server.control.set_accessible(name="datastore1", accessible=accessible)
            listener.expect(f"datastore1:{kind}")
            shows(site, lambda: pool.isActive() == accessible, kind)  # noqa: B023
            assert ("datastore1" in conn.listStoragePools()) == accessible


def test_a_lost_datastore_comes_back(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl=0))
    pool = conn.storagePoolLookupByName("datastore1")
    volume = pool.storageVolLookupByName("Fedora/Fedora.vmdk")
    server.control.set_accessible(name="datastore1", accessible=False)
    shows(site, lambda: pool.isActive() == 0, "it is lost")
    for call in (volume.info, lambda: volume.XMLDesc(0), lambda: volume.resize(2**40, 0), lambda: volume.delete(0)):
        with raises_error(INVALID, mentions="storage pool 'datastore1' is not active: "):
            call()
    assert volume.storagePoolLookupByVolume().name() == "datastore1"
    server.control.set_accessible(name="datastore1", accessible=True)
    shows(site, lambda: pool.isActive() == 1, "it is back")
    assert volume.info()


def test_a_target_without_a_path(client: Client, site, new_fake, world: World):
    targets = [pool.name for pool in world.pools if pool.type == "iscsi"]
    dead = [name for name in lost(world) if name in targets]
    conn = client.open(site.uri(new_fake()))
    if not dead:
        pytest.fail("The default world has no target without a path.")
    check_inactive(conn, dead[0], "the host has no path to the target")


def test_an_adapter_without_a_path(client: Client, site, new_fake):
    server = new_fake(world="adapters")
    assert server.control.set_path_state(state="dead", device="vmhba2") > 0
    check_inactive(client.open(site.uri(server)), "vmhba2", "no path of the adapter is alive")


def test_a_lun_of_several_adapters_is_found_in_an_active_one(client: Client, site, new_fake):
    """The pool that a path or a key leads to loses its paths: then they lead to another one that has the LUN."""
    server = new_fake(world="adapters")
    conn = client.open(site.uri(server, cache_ttl=0))
    volume = conn.storagePoolLookupByName("vmhba66").listAllVolumes(0)[0]
    path, key = volume.path(), volume.key()

    def pool_of(volume: Remote) -> str:
        return volume.storagePoolLookupByVolume().name()

    first = pool_of(conn.storageVolLookupByPath(path))
    assert server.control.set_path_state(state="dead", device=first) > 0
    shows(site, lambda: conn.storagePoolLookupByName(first).isActive() == 0, "the adapter has no path")
    for found in (conn.storageVolLookupByPath(path), conn.storageVolLookupByKey(key)):
        assert {first, pool_of(found)} == {"vmhba66", "vmhba67"}
        assert found.info()


def test_nfs_4_1_shows_all_of_its_servers(conn: Remote):
    source = ElementTree.fromstring(conn.storagePoolLookupByName("nfs41").XMLDesc(0)).find("source")
    assert source is not None
    assert [host.get("name") for host in source.findall("host")] == ["10.25.0.50", "10.25.0.51"]
