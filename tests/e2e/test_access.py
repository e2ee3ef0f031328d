# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Access control: a libvirtd whose administrator has turned polkit on asks before everything, and hides what it must.

The permissions are those that libvirt's own documentation names for each call (https://libvirt.org/acl.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libvirt
import pytest

from esxkit.harness import access
from esxkit.harness.access import Authority, Question
from esxkit.harness.check import raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.meter import Meter
from esxkit.harness.oracle import World
from esxkit.harness.pool_events import Listener
from esxkit.harness.pytest_plugin import Site
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.volumes import some_bytes, tree, volume_xml

WORLD = World.load()
STORE, OTHER = "datastore1", "nfs41"
UUID = WORLD.pool(STORE).uuid
FILE = "small/file.bin"
KEY = f"[{STORE}] {FILE}"
MIB = 1024 * 1024
DENIED = libvirt.VIR_ERR_ACCESS_DENIED
POOL_XML = f"<pool type='fs'><name>{STORE}</name><target><path>/</path></target></pool>"


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    """The one who decides."""
    with Authority() as authority:
        yield authority


@pytest.fixture(scope="module")
def place(driver, client_env, home, authority: Authority) -> Iterator[Site]:
    """A daemon that asks the authority."""
    env = {"DBUS_SYSTEM_BUS_ADDRESS": authority.address}
    with PrivateLibvirtd(password=PASSWORD, settings=access.SETTINGS, env=env) as daemon:
        yield Site("remote", client_env, daemon, home)


@pytest.fixture(scope="module")
def client(place: Site) -> Iterator[Client]:
    """A client of the daemon."""
    with place.client() as client:
        yield client


@pytest.fixture
def server(new_fake) -> Fake:
    """A host whose tasks end at once, with a file."""
    fake = new_fake(task_ms=0)
    fake.control.add_file(datastore=STORE, path=FILE, size=MIB)
    return fake


@pytest.fixture
def conn(client: Client, place: Site, server: Fake, authority: Authority) -> Iterator[Remote]:
    """A connection that has seen everything."""
    conn = client.open(place.uri(server))
    conn.storagePoolLookupByName(STORE).listAllVolumes(0)
    authority.asked()
    yield conn
    conn.close()


Call = Callable[[Client, Remote, Remote, Remote], object]
"""Of the client, a connection, the pool and its volume."""

CALLS: dict[str, tuple[str, Call]] = {
    "capabilities": ("connect.read", lambda client, conn, pool, vol: conn.getCapabilities()),
    "pool-list, numbers": (
        "connect.search-storage-pools",
        lambda client, conn, pool, vol: conn.numOfStoragePools(),
    ),
    "pool-list, names": ("connect.search-storage-pools", lambda client, conn, pool, vol: conn.listStoragePools()),
    "pool-list": ("connect.search-storage-pools", lambda client, conn, pool, vol: conn.listAllStoragePools(0)),
    "pool-list --inactive, numbers": (
        "connect.search-storage-pools",
        lambda client, conn, pool, vol: conn.numOfDefinedStoragePools(),
    ),
    "pool-list --inactive, names": (
        "connect.search-storage-pools",
        lambda client, conn, pool, vol: conn.listDefinedStoragePools(),
    ),
    "pool-capabilities": (
        "connect.read",
        lambda client, conn, pool, vol: conn.getStoragePoolCapabilities(0),
    ),
    "pool-event": (
        "connect.search-storage-pools",
        lambda client, conn, pool, vol: Listener(client, conn, lists=False).close(),
    ),
    "pool by name": ("storage-pool.getattr", lambda client, conn, pool, vol: conn.storagePoolLookupByName(STORE)),
    "pool by UUID": ("storage-pool.getattr", lambda client, conn, pool, vol: conn.storagePoolLookupByUUIDString(UUID)),
    "pool by volume": ("storage-pool.getattr", lambda client, conn, pool, vol: vol.storagePoolLookupByVolume()),
    "pool by path": (
        "storage-pool.getattr",
        lambda client, conn, pool, vol: conn.storagePoolLookupByTargetPath(WORLD.pool(STORE).target_path),
    ),
    "pool-info": ("storage-pool.read", lambda client, conn, pool, vol: pool.info()),
    "pool-dumpxml": ("storage-pool.read", lambda client, conn, pool, vol: pool.XMLDesc(0)),
    "pool autostart": ("storage-pool.read", lambda client, conn, pool, vol: pool.autostart()),
    "pool is active": ("storage-pool.read", lambda client, conn, pool, vol: pool.isActive()),
    "pool is persistent": ("storage-pool.read", lambda client, conn, pool, vol: pool.isPersistent()),
    "pool-refresh": ("storage-pool.refresh", lambda client, conn, pool, vol: pool.refresh(0)),
    "pool-start": ("storage-pool.start", lambda client, conn, pool, vol: pool.create(0)),
    "pool-destroy": ("storage-pool.stop", lambda client, conn, pool, vol: pool.destroy()),
    "pool-build": ("storage-pool.format", lambda client, conn, pool, vol: pool.build(0)),
    "pool-delete": ("storage-pool.format", lambda client, conn, pool, vol: pool.delete(0)),
    "pool-undefine": ("storage-pool.delete", lambda client, conn, pool, vol: pool.undefine()),
    "pool-autostart": ("storage-pool.write", lambda client, conn, pool, vol: pool.setAutostart(1)),
    "vol-list, numbers": ("storage-pool.search-storage-vols", lambda client, conn, pool, vol: pool.numOfVolumes()),
    "vol-list, names": ("storage-pool.search-storage-vols", lambda client, conn, pool, vol: pool.listVolumes()),
    "vol-list": ("storage-pool.search-storage-vols", lambda client, conn, pool, vol: pool.listAllVolumes(0)),
    "vol by name": ("storage-vol.getattr", lambda client, conn, pool, vol: pool.storageVolLookupByName(FILE)),
    "vol-info": ("storage-vol.read", lambda client, conn, pool, vol: vol.info()),
    "vol-info --physical": ("storage-vol.read", lambda client, conn, pool, vol: vol.infoFlags(1)),
    "vol-dumpxml": ("storage-vol.read", lambda client, conn, pool, vol: vol.XMLDesc(0)),
    "vol-path": ("storage-vol.read", lambda client, conn, pool, vol: vol.path()),
    "vol-create": (
        "storage-vol.create",
        lambda client, conn, pool, vol: pool.createXML(volume_xml("new.bin", MIB)),
    ),
    "vol-clone": (
        "storage-vol.create",
        lambda client, conn, pool, vol: pool.createXMLFrom(volume_xml("copy.bin", MIB), vol),
    ),
    "vol-resize": ("storage-vol.resize", lambda client, conn, pool, vol: vol.resize(2 * MIB)),
    "vol-wipe": ("storage-vol.format", lambda client, conn, pool, vol: vol.wipe(0)),
    "vol-wipe --algorithm": ("storage-vol.format", lambda client, conn, pool, vol: vol.wipePattern(0)),
    "vol-upload": (
        "storage-vol.data-write",
        lambda client, conn, pool, vol: client.run("esxkit.harness.contents:upload", vol, some_bytes(MIB)),
    ),
    "vol-download": (
        "storage-vol.data-read",
        lambda client, conn, pool, vol: client.run("esxkit.harness.contents:download", vol),
    ),
    "vol-delete": ("storage-vol.delete", lambda client, conn, pool, vol: vol.delete()),
}


@pytest.mark.parametrize("what", CALLS)
def test_it_is_asked_for_and_nothing_is_done_without(
    client: Client, server: Fake, conn: Remote, authority: Authority, what: str
):
    permission, call = CALLS[what]
    pool = conn.storagePoolLookupByName(STORE)
    vol = pool.storageVolLookupByName(FILE)
    before = tree(server, STORE)
    authority.asked()
    with authority.deny(permission), Meter(server) as cost, raises_error(DENIED):
        call(client, conn, pool, vol)
    assert set(cost.methods) <= {"WaitForUpdatesEx"}, dict(cost.methods)
    assert tree(server, STORE) == before
    (question,) = authority.asked()
    details = {"connect_driver": "ESX"}
    if permission.startswith("storage-"):
        details |= {"pool_name": STORE, "pool_uuid": UUID}
    if permission.startswith("storage-vol"):
        name = {"vol-create": "new.bin", "vol-clone": "copy.bin"}.get(what, FILE)
        details |= {"vol_name": name, "vol_key": f"[{STORE}] {name}"}
    assert question == Question(permission, details)


def test_who_may_not_connect_does_not(client: Client, place: Site, server: Fake, authority: Authority):
    with authority.deny("connect.getattr"), Meter(server) as cost, raises_error(DENIED):
        client.open(place.uri(server))
    assert cost.total == 0, dict(cost.methods)


def test_a_hidden_pool_is_in_no_list(conn: Remote, authority: Authority):
    everything = sorted(pool.name for pool in WORLD.pools)
    with authority.deny("storage-pool.getattr", pool_name=STORE):
        rest = [name for name in everything if name != STORE]
        assert sorted(pool.name() for pool in conn.listAllStoragePools(0)) == rest
        assert sorted(conn.listStoragePools() + conn.listDefinedStoragePools()) == rest
        assert conn.numOfStoragePools() + conn.numOfDefinedStoragePools() == len(rest)
    assert sorted(pool.name() for pool in conn.listAllStoragePools(0)) == everything


ADAPTER = "vmhba4"
CALLS_ON_ADAPTERS: dict[str, tuple[str, Callable[[Remote, Remote], object]]] = {
    "pool-info": ("storage-pool.read", lambda pool, vol: pool.info()),
    "pool-dumpxml": ("storage-pool.read", lambda pool, vol: pool.XMLDesc(0)),
    "pool-refresh": ("storage-pool.refresh", lambda pool, vol: pool.refresh(0)),
    "vol-list": ("storage-pool.search-storage-vols", lambda pool, vol: pool.listAllVolumes(0)),
    "vol-info": ("storage-vol.read", lambda pool, vol: vol.info()),
    "vol-dumpxml": ("storage-vol.read", lambda pool, vol: vol.XMLDesc(0)),
    "vol-delete": ("storage-vol.delete", lambda pool, vol: vol.delete(0)),
}


@pytest.mark.parametrize("what", CALLS_ON_ADAPTERS)
def test_it_is_asked_for_adapters_as_well(server: Fake, conn: Remote, authority: Authority, what: str):
    permission, call = CALLS_ON_ADAPTERS[what]
    pool = conn.storagePoolLookupByName(ADAPTER)
    vol = pool.listAllVolumes(0)[0]
    authority.asked()
    with authority.deny(permission), Meter(server) as cost, raises_error(DENIED):
        call(pool, vol)
    assert set(cost.methods) <= {"WaitForUpdatesEx"}, dict(cost.methods)
    (question,) = authority.asked()
    assert question.action == permission
    assert question.details["pool_name"] == ADAPTER


def test_a_hidden_adapter_is_in_no_list(conn: Remote, authority: Authority):
    everything = sorted(pool.name for pool in WORLD.pools)
    with authority.deny("storage-pool.getattr", pool_name=ADAPTER):
        listed = sorted(conn.listStoragePools() + conn.listDefinedStoragePools())
        assert listed == [name for name in everything if name != ADAPTER]
        with raises_error(DENIED):
            conn.storagePoolLookupByName(ADAPTER)


def test_a_hidden_volume_is_in_no_list(conn: Remote, authority: Authority):
    pool = conn.storagePoolLookupByName(STORE)
    everything = sorted(pool.listVolumes())
    with authority.deny("storage-vol.getattr", vol_key=KEY):
        rest = [name for name in everything if name != FILE]
        assert sorted(vol.name() for vol in pool.listAllVolumes(0)) == sorted(pool.listVolumes()) == rest
        assert pool.numOfVolumes() == len(rest)


@pytest.mark.parametrize("what", ["storageVolLookupByKey", "storageVolLookupByPath"])
def test_a_hidden_volume_is_not_found(conn: Remote, authority: Authority, what: str):
    assert getattr(conn, what)(KEY).name() == FILE
    with authority.deny("storage-vol.getattr", vol_key=KEY), raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL):
        getattr(conn, what)(KEY)


def test_the_events_of_a_hidden_pool_are_not_told(client: Client, server: Fake, conn: Remote, authority: Authority):
    with Listener(client, conn) as listener, authority.deny("storage-pool.getattr", pool_name=OTHER):
        for accessible, kind in ((False, "stopped"), (True, "started")):
            for name in (OTHER, STORE):
                server.control.set_accessible(name=name, accessible=accessible)
            listener.expect(f"{STORE}:{kind}")
    assert {question.details.get("pool_name") for question in authority.asked()} >= {OTHER, STORE}
