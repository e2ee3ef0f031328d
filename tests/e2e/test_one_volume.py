# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""One volume costs one volume: its folder is searched for its name, whatever else the datastore has."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import some_bytes, volume_xml

ONE = "SearchDatastore_Task"
ALL = "SearchDatastoreSubFolders_Task"
STORE = "datastore-0000"
DISK = "vm-0007/vm-0007.vmdk"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def sized() -> Iterator[dict[int, Fake]]:
    """Hosts with a datastore of 10 volumes and one of 10,000."""
    with (
        Fake(counts={"datastores": 1, "targets": 0, "luns": 0, "volumes": 10}, task_ms=0) as few,
        Fake(counts={"datastores": 1, "targets": 0, "luns": 0, "volumes": 10_000}, task_ms=0) as many,
    ):
        yield {10: few, 10_000: many}


def searches(server: Fake) -> tuple[int, int]:
    """Searches for one file, and for all."""
    methods = server.requests()
    return methods[ONE], methods[ALL]


VERBS: dict[str, Callable[[Remote], object]] = {
    "name": lambda conn: conn.storagePoolLookupByName(STORE).storageVolLookupByName(DISK),
    "key": lambda conn: conn.storageVolLookupByKey(f"[{STORE}] {DISK}"),
    "path": lambda conn: conn.storageVolLookupByPath(f"[{STORE}] {DISK}"),
    "info": lambda conn: conn.storageVolLookupByPath(f"[{STORE}] {DISK}").info(),
    "xml": lambda conn: conn.storageVolLookupByPath(f"[{STORE}] {DISK}").XMLDesc(0),
    "path of the object": lambda conn: conn.storageVolLookupByPath(f"[{STORE}] {DISK}").path(),
}


@pytest.mark.parametrize("verb", VERBS)
def test_one_volume_of_10000_costs_the_bytes_of_one_of_10(client: Client, site, sized, verb: str):
    cost = {}
    for volumes, server in sized.items():
        conn = client.open(site.uri(server, cache_ttl="0"))
        VERBS[verb](conn)
        before, bytes_before = searches(server), server.bytes_of_calls()
        VERBS[verb](conn)
        asked = searches(server)
        # The long poll of a daemon may begin at any time, and is no part of the call.
        cost[volumes] = server.bytes_of_calls() - bytes_before
        assert asked[0] - before[0] >= 1
        assert asked[1] == before[1], "the whole datastore was searched"
        conn.close()
    assert cost[10_000] <= 1.1 * cost[10]


def test_verbs_that_change_one_volume_search_for_it_alone(client: Client, site, new_fake):
    server = new_fake(task_ms=0)
    server.control.add_disk(datastore="vmfs-empty", path="vm/a.vmdk", capacity=MIB)
    conn = client.open(site.uri(server))
    pool = conn.storagePoolLookupByName("vmfs-empty")
    disk = pool.storageVolLookupByName("vm/a.vmdk")
    disk.resize(2 * MIB)
    disk.wipe()
    pool.createXMLFrom(volume_xml("vm/b.vmdk", 2 * MIB), disk)
    assert disk.info()[1] == 2 * MIB
    disk.delete()
    one, everything = searches(server)
    assert one >= 4
    assert everything == 0
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions="vm/a.vmdk"):
        pool.storageVolLookupByName("vm/a.vmdk")


def test_a_download_of_a_file_that_has_grown_searches_for_it_alone(client: Client, site, new_fake):
    server = new_fake()
    server.control.add_file(datastore="vmfs-empty", path="log/a.bin", size=512)
    conn = client.open(site.uri(server, cache_ttl="3600"))
    volume = conn.storageVolLookupByPath("[vmfs-empty] log/a.bin")
    data = some_bytes(1024)
    server.fill("vmfs-empty", "log/a.bin", data)
    assert client.run("esxkit.harness.contents:download", volume) == data
    assert searches(server) == (2, 0)
    assert volume.info()[1] == len(data)


def test_what_was_found_answers_for_cache_ttl(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="3600"))
    volume = conn.storagePoolLookupByName("datastore1").storageVolLookupByName("iso/drivers.flp")
    before = searches(server)
    assert before == (1, 0)
    for _ in range(3):
        assert volume.info()[1] > 0
        assert volume.path() == conn.storageVolLookupByKey(volume.key()).path()
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions="iso/none"):
        conn.storagePoolLookupByName("datastore1").storageVolLookupByName("iso/none")
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions="iso/none"):
        conn.storagePoolLookupByName("datastore1").storageVolLookupByName("iso/none")
    assert searches(server) == (2, 0)


def test_a_list_of_all_volumes_answers_for_each(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="3600"))
    for volume in conn.storagePoolLookupByName("datastore1").listAllVolumes(0):
        volume.info()
    assert searches(server) == (0, 1)


def test_a_client_that_goes_through_many_volumes_searches_for_all(client: Client, site, new_fake):
    """Behind the first LIMIT_SINGLE_SEARCHES of them."""
    server = new_fake(counts={"datastores": 1, "targets": 0, "luns": 0, "volumes": 100})
    pool = client.open(site.uri(server, cache_ttl="3600")).storagePoolLookupByName(STORE)
    for number in range(100):
        assert pool.storageVolLookupByName(f"vm-{number:04d}/vm-{number:04d}.vmdk").info()[1] > 0
    assert searches(server) == (8, 1)


SPECIAL = ["star*file.iso", "what?no.iso", "[brackets].iso", "{a,b}.iso", "back\\slash.iso", "a]b.iso", "**", "t.vmdk"]


def test_names_with_characters_of_patterns_and_at_the_top_are_found(client: Client, site, new_fake):
    server = new_fake()
    for folder in ("", "d[1]*/"):
        for name in SPECIAL:
            if name.endswith(".vmdk"):
                server.control.add_disk(datastore="vmfs-empty", path=folder + name, capacity=MIB)
            else:
                server.control.add_file(datastore="vmfs-empty", path=folder + name, size=512)
        # What a pattern would match as well.
        for other in ("starXfile.iso", "whatXno.iso", "b.iso", "Xbrackets].iso", "xx"):
            server.control.add_file(datastore="vmfs-empty", path=folder + other, size=1)
    conn = client.open(site.uri(server, cache_ttl="0"))
    pool = conn.storagePoolLookupByName("vmfs-empty")
    for name in (folder + name for folder in ("", "d[1]*/") for name in SPECIAL):
        volume = pool.storageVolLookupByName(name)
        assert (volume.name(), volume.key()) == (name, f"[vmfs-empty] {name}")
        assert volume.info()[1] == (MIB if name.endswith(".vmdk") else 512)
        assert conn.storageVolLookupByPath(f"[vmfs-empty] {name}").name() == name
    for name in ("star?file.iso", "?tar*file.iso", "*", "d[1]*/star", "d?1]*/b.iso"):
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions="no storage vol"):
            pool.storageVolLookupByName(name)
    assert searches(server)[1] == 0


def test_folders_that_do_not_exist_have_no_volumes(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    pool = conn.storagePoolLookupByName("datastore1")
    for name in ("none/x.iso", "none/none/x.iso", "none.iso", "iso/drivers.flp/x.iso"):
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions=name):
            pool.storageVolLookupByName(name)
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions=name):
            conn.storageVolLookupByPath(f"[datastore1] {name}")
    assert searches(server)[1] == 0


def test_names_that_no_file_can_have_are_not_found(client: Client, site, new_fake):
    conn = client.open(site.uri(new_fake()))
    pool = conn.storagePoolLookupByName("datastore1")
    for name in ("../datastore1/iso/drivers.flp", "/iso/drivers.flp", "iso//drivers.flp", "iso/./drivers.flp", "iso/"):
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions="no storage vol"):
            pool.storageVolLookupByName(name)


@pytest.mark.parametrize(
    ("pool", "folder", "friendly", "file"),
    [
        ("vsanDatastore", "5f0d7c64-9a31-e2bb-11c0-0050569b1c2f", "web", "web.vmdk"),
        ("VVOL-DS", "naa.60002AC0000000000001705700026282", "win2008_vvol_vm2", "win2008_vvol_vm2.vmdk"),
    ],
)
def test_friendly_names_search_for_one_volume(
    client: Client, site, new_fake, pool: str, folder: str, friendly: str, file: str
):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    store = conn.storagePoolLookupByName(pool)
    for name in (f"{friendly}/{file}", f"{folder}/{file}"):
        volume = store.storageVolLookupByName(name)
        assert (volume.name(), volume.key()) == (f"{folder}/{file}", f"[{pool}] {folder}/{file}")
        assert volume.info()[1] > 0
    assert searches(server)[1] == 0
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions=f"{friendly}/none"):
        store.storageVolLookupByName(f"{friendly}/none")


def test_a_volume_that_was_found_and_has_gone_is_not_found(client: Client, site, new_fake):
    server = new_fake()
    server.control.add_file(datastore="vmfs-empty", path="a/x.iso", size=512)
    conn = client.open(site.uri(server, cache_ttl="0"))
    volume = conn.storageVolLookupByPath("[vmfs-empty] a/x.iso")
    server.control.remove_file(datastore="vmfs-empty", path="a/x.iso")
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions="a/x.iso"):
        volume.info()
    server.control.add_file(datastore="vmfs-empty", path="a/x.iso", size=1024)
    assert volume.info()[1] == 1024


def test_a_server_that_refuses_the_plain_query_for_one_file(client: Client, site, new_fake):
    server = new_fake(refuse_base_query=True)
    pool = client.open(site.uri(server, cache_ttl="0")).storagePoolLookupByName("datastore1")
    before = searches(server)[0]
    assert pool.storageVolLookupByName("iso/drivers.flp").info()[1] > 0
    # Refused once, and asked again without it; from then on asked without it.
    assert searches(server) == (before + 3, 0)
