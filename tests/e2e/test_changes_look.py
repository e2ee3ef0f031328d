# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A verb that changes or copies a volume goes by what the volume is now, and not by a listing from before that.

The change in between was made by another client of the host, and hosts do not report changes of files.
"""

from __future__ import annotations

from collections.abc import Callable

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import ApiError, Client, Remote
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import flat, some_bytes, volume_xml

STORE = "datastore1"
DISK = "small/disk.vmdk"
FILE = "small/file.bin"
MIB = 1024 * 1024
DELTA = libvirt.VIR_STORAGE_VOL_RESIZE_DELTA


@pytest.fixture
def server(new_fake) -> Fake:
    fake: Fake = new_fake(task_ms=0)
    fake.control.add_disk(datastore=STORE, path=DISK, capacity=2 * MIB)
    fake.control.add_file(datastore=STORE, path=FILE, size=MIB)
    return fake


def listed(client: Client, site, server: Fake) -> Remote:
    """Return the pool, of which the driver has a listing that counts as current for an hour."""
    pool = client.open(site.uri(server, cache_ttl=3600)).storagePoolLookupByName(STORE)
    assert {DISK, FILE} <= set(pool.listVolumes())
    return pool


def replace_disk(server: Fake, capacity: int) -> None:
    server.control.remove_file(datastore=STORE, path=DISK)
    server.control.remove_file(datastore=STORE, path=flat(DISK))
    server.control.add_disk(datastore=STORE, path=DISK, capacity=capacity)


def replace_file(server: Fake, size: int) -> bytes:
    data = some_bytes(size)
    server.control.remove_file(datastore=STORE, path=FILE)
    server.control.add_file(datastore=STORE, path=FILE, size=size)
    server.fill(STORE, FILE, data)
    return data


def capacity(pool: Remote, name: str) -> int:
    pool.refresh(0)
    size: int = pool.storageVolLookupByName(name).info()[1]
    return size


@pytest.mark.parametrize("asked", [MIB, 3 * MIB, 4 * MIB])
def test_a_file_that_has_grown_is_cloned_at_its_new_size(client: Client, site, server: Fake, asked: int):
    pool = listed(client, site, server)
    data = replace_file(server, 4 * MIB)
    pool.createXMLFrom(volume_xml("small/copy.bin", asked), pool.storageVolLookupByName(FILE))
    assert server.contents(STORE, "small/copy.bin") == data
    assert pool.storageVolLookupByName("small/copy.bin").info()[1] == 4 * MIB


def test_a_copy_larger_than_the_file_is_now_is_refused_with_its_size(client: Client, site, server: Fake):
    pool = listed(client, site, server)
    replace_file(server, 3 * MIB)
    with raises_error(libvirt.VIR_ERR_NO_SUPPORT, mentions=f"larger than the {3 * MIB} bytes"):
        pool.createXMLFrom(volume_xml("small/copy.bin", 4 * MIB), pool.storageVolLookupByName(FILE))


def test_a_file_that_has_shrunk_is_cloned_as_it_is(client: Client, site, server: Fake):
    pool = listed(client, site, server)
    data = replace_file(server, 1000)
    pool.createXMLFrom(volume_xml("small/copy.bin", MIB), pool.storageVolLookupByName(FILE))
    assert server.contents(STORE, "small/copy.bin") == data


@pytest.mark.parametrize(
    ("asked", "becomes"), [(2 * MIB, 6 * MIB), (4 * MIB, 6 * MIB), (6 * MIB, 6 * MIB), (8 * MIB, 8 * MIB)]
)
def test_a_disk_that_has_grown_is_cloned_at_its_new_capacity(
    client: Client, site, server: Fake, asked: int, becomes: int
):
    pool = listed(client, site, server)
    replace_disk(server, 6 * MIB)
    pool.createXMLFrom(volume_xml("small/copy.vmdk", asked), pool.storageVolLookupByName(DISK))
    assert capacity(pool, "small/copy.vmdk") == becomes


def test_a_difference_is_added_to_what_the_disk_has_now(client: Client, site, server: Fake):
    pool = listed(client, site, server)
    replace_disk(server, 6 * MIB)
    pool.storageVolLookupByName(DISK).resize(MIB, DELTA)
    assert capacity(pool, DISK) == 7 * MIB
    replace_disk(server, 2 * MIB)
    pool.storageVolLookupByName(DISK).resize(MIB, DELTA)
    assert capacity(pool, DISK) == 3 * MIB


def test_a_disk_that_has_shrunk_can_be_resized_to_less_than_it_had(client: Client, site, server: Fake):
    pool = listed(client, site, server)
    replace_disk(server, MIB // 2)
    pool.storageVolLookupByName(DISK).resize(MIB)
    assert capacity(pool, DISK) == MIB


def test_a_resize_of_a_disk_that_has_grown(client: Client, site, server: Fake):
    """To what it has by now, which is no failure; and to less, which is."""
    pool = listed(client, site, server)
    replace_disk(server, 6 * MIB)
    pool.storageVolLookupByName(DISK).resize(6 * MIB)
    assert capacity(pool, DISK) == 6 * MIB
    replace_disk(server, 10 * MIB)
    with raises_error(libvirt.VIR_ERR_OPERATION_INVALID, mentions=f"extended the disk to {10 * MIB} bytes"):
        pool.storageVolLookupByName(DISK).resize(8 * MIB)
    assert capacity(pool, DISK) == 10 * MIB


GONE: dict[str, Callable[[Remote, Remote], object]] = {
    "delete": lambda pool, disk: disk.delete(0),
    "wipe": lambda pool, disk: disk.wipe(0),
    "resize": lambda pool, disk: disk.resize(4 * MIB),
    "resize by a difference": lambda pool, disk: disk.resize(MIB, DELTA),
    "resize to less": lambda pool, disk: disk.resize(MIB),
    "clone": lambda pool, disk: pool.createXMLFrom(volume_xml("small/copy.vmdk", 2 * MIB), disk),
}


@pytest.mark.parametrize("verb", GONE)
def test_a_disk_that_has_been_deleted_is_an_error(client: Client, site, server: Fake, verb: str):
    pool = listed(client, site, server)
    disk = pool.storageVolLookupByName(DISK)
    server.control.remove_file(datastore=STORE, path=DISK)
    server.control.remove_file(datastore=STORE, path=flat(DISK))
    with pytest.raises(ApiError):
        GONE[verb](pool, disk)
    assert not [name for name in server.control.list_files(STORE, "small") if name.startswith("copy")]
