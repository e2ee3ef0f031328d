# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What changes on the host is seen: after cache_ttl, or at once with cache_ttl=0 or a refresh.

Through a daemon, which the host tells of changes of its pools, these are seen as soon as it has.
"""

from __future__ import annotations

import time

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import ApiError, Client
from esxkit.harness.live import shows

TARGET = "iqn.2006-01.com.openfiler:tsn.bdb5a2a2f8e6"


def names(conn) -> set[str]:
    return {pool.name() for pool in conn.listAllStoragePools(0)}


def is_gone(conn, name: str) -> bool:
    try:
        conn.storagePoolLookupByName(name)
    except ApiError as error:
        return error.code == libvirt.VIR_ERR_NO_STORAGE_POOL
    return False


def test_a_datastore_that_appears_and_goes(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    before = names(conn)
    server.control.add_datastore(name="brand new")
    shows(site, lambda: names(conn) == before | {"brand new"}, "the datastore has come")
    pool = conn.storagePoolLookupByName("brand new")
    server.control.remove_datastore(name="brand new")
    shows(site, lambda: names(conn) == before, "the datastore has gone")
    for call in (
        pool.info,
        pool.isActive,
        pool.isPersistent,
        pool.autostart,
        pool.numOfVolumes,
        lambda: pool.XMLDesc(0),
    ):
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_POOL, mentions="brand new"):
            call()


def test_a_renamed_datastore_keeps_its_uuid(client: Client, site, new_fake, world):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    conn.listAllStoragePools(0)
    server.control.rename_datastore(name="nfs41", new_name="renamed")
    uuid = world.pool("nfs41").uuid
    shows(site, lambda: conn.storagePoolLookupByUUIDString(uuid).name() == "renamed", "the name is the new one")
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_POOL, mentions="nfs41"):
        conn.storagePoolLookupByName("nfs41")


def test_a_path_with_a_name_that_a_pool_had_is_no_volume(client: Client, site, new_fake):
    """The search with the old name fails, so the pools are read again."""
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    conn.listAllStoragePools(0)
    server.control.rename_datastore(name="nfs41", new_name="renamed")

    def is_no_volume() -> bool:
        try:
            conn.storageVolLookupByPath("[nfs41] no.iso")
        except ApiError as error:
            return error.code == libvirt.VIR_ERR_NO_STORAGE_VOL
        return False

    shows(site, is_no_volume, "the path is that of no volume")


def test_a_datastore_that_becomes_inaccessible_and_returns(client: Client, site, new_fake, world):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    pool = conn.storagePoolLookupByName("nfs41")
    assert pool.info()[0] == libvirt.VIR_STORAGE_POOL_RUNNING
    server.control.set_accessible(name="nfs41", accessible=False)
    shows(site, lambda: pool.info() == [libvirt.VIR_STORAGE_POOL_INACCESSIBLE, 0, 0, 0], "it cannot be reached")
    assert "<name>nfs41</name>" in pool.XMLDesc(0)
    server.control.set_accessible(name="nfs41", accessible=True)
    expected = world.pool("nfs41")
    info = [libvirt.VIR_STORAGE_POOL_RUNNING, expected.capacity, expected.allocation, expected.available]
    shows(site, lambda: pool.info() == info, "it is as before")


def test_a_target_whose_paths_die(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    pool = conn.storagePoolLookupByName(TARGET)
    assert pool.info()[0] == libvirt.VIR_STORAGE_POOL_RUNNING
    server.control.set_path_state(state="dead", iqn=TARGET)
    shows(site, lambda: pool.info()[0] == libvirt.VIR_STORAGE_POOL_INACCESSIBLE, "it cannot be reached")
    server.control.set_path_state(state="active", iqn=TARGET)
    shows(site, lambda: pool.info()[0] == libvirt.VIR_STORAGE_POOL_RUNNING, "it can be reached again")


def test_volumes_of_an_inaccessible_datastore_are_an_error_that_says_so(conn):
    pool = conn.storagePoolLookupByName("lost-vmfs")
    with raises_error(libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_NO_STORAGE_POOL, mentions="lost-vmfs"):
        pool.listAllVolumes(0)


@pytest.mark.parametrize("how", ["refresh", "wait", "cache_ttl=0"])
def test_a_new_file_is_seen(client: Client, site, new_fake, how: str):
    ttl = {"refresh": "3600", "wait": "0.5", "cache_ttl=0": "0"}[how]
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl=ttl))
    pool = conn.storagePoolLookupByName("datastore1")
    before = set(pool.listVolumes())
    server.control.add_file(datastore="datastore1", path="iso/fresh.iso", size=12345)
    if how == "refresh":
        assert set(pool.listVolumes()) == before
        pool.refresh(0)
    elif how == "wait":
        time.sleep(0.7)
    assert set(pool.listVolumes()) == before | {"iso/fresh.iso"}
    assert pool.storageVolLookupByName("iso/fresh.iso").info()[1:] == [12345, 12345]


def test_a_volume_that_is_gone(client: Client, site, new_fake):
    server = new_fake()
    server.control.add_file(datastore="datastore1", path="iso/fresh.iso", size=10)
    conn = client.open(site.uri(server, cache_ttl="0"))
    volume = conn.storageVolLookupByPath("[datastore1] iso/fresh.iso")
    server.control.remove_file(datastore="datastore1", path="iso/fresh.iso")
    for call in (volume.info, lambda: volume.XMLDesc(0)):
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions="iso/fresh.iso"):
            call()


def test_refresh_of_a_datastore_asks_the_host_to_look(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server))
    conn.storagePoolLookupByName("datastore1").refresh(0)
    assert server.requests()["RefreshDatastore"] == 1


@pytest.mark.parametrize(
    ("iqn", "adapters"),
    [
        (TARGET, {"vmhba65"}),
        ("iqn.2003-10.com.lefthandnetworks:mg-group:1187:esx-vol", {"vmhba33"}),
        ("iqn.2003-01.org.linux-iscsi.store1.x8664:sn.4b0a2f1e9c3d", {"vmhba33", "vmhba65"}),
    ],
)
def test_refresh_of_a_target_rescans_the_adapters_that_serve_it(client: Client, site, new_fake, iqn: str, adapters):
    server = new_fake()
    conn = client.open(site.uri(server))
    conn.storagePoolLookupByName(iqn).refresh(0)
    assert server.rescans() == dict.fromkeys(adapters, 1)


def test_refresh_of_a_pool_that_is_gone(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    pool = conn.storagePoolLookupByName("nfs41")
    server.control.remove_datastore(name="nfs41")
    shows(site, lambda: is_gone(conn, "nfs41"), "the datastore has gone")
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_POOL, mentions="nfs41"):
        pool.refresh(0)


def test_a_failed_refresh_is_an_error_and_the_pool_stays(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    pool = conn.storagePoolLookupByName(TARGET)
    server.order(kind="fault", fault="HostConfigFault", method="RescanHba")
    with raises_error(None):
        pool.refresh(0)
    assert pool.isActive() == 1
    pool.refresh(0)
