# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A server that says what is not so: no call reports success for less than was asked for."""

from __future__ import annotations

from typing import Any

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import Client
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import some_bytes, tree, volume_xml

STORE = "datastore1"
MIB = 1024 * 1024
DISK, FILE, EXTENT = "l/disk.vmdk", "l/file.iso", "l/disk-flat.vmdk"
DATA = some_bytes(MIB)
NONSENSE = (libvirt.VIR_ERR_RPC,)
FAILED = (libvirt.VIR_ERR_OPERATION_FAILED,)
UPLOAD, DOWNLOAD = "esxkit.harness.contents:upload", "esxkit.harness.contents:download"


@pytest.fixture
def server(new_fake) -> Fake:
    fake = new_fake(task_ms=0)
    fake.control.add_disk(datastore=STORE, path=DISK, capacity=MIB, thin=False)
    fake.control.add_file(datastore=STORE, path=FILE, size=MIB)
    fake.fill(STORE, EXTENT, DATA)
    fake.fill(STORE, FILE, DATA)
    return fake


@pytest.fixture
def pool(site, server: Fake, client: Client):
    return client.open(site.uri(server)).storagePoolLookupByName(STORE)


# ---- sizes -------------------------------------------------------------------------------------

SIZES: dict[str, dict[str, Any]] = {
    "another length": {"headers": {"Content-Length": "1"}},
    "no length": {"headers": {"Content-Length": None}},
    "a negative length": {"headers": {"Content-Length": "-1"}},
    "a length beyond all numbers": {"headers": {"Content-Length": "9" * 30}},
    "a length with a sign": {"headers": {"Content-Length": f"+{MIB}"}},
    "a length with blanks": {"headers": {"Content-Length": "1 048 576"}},
    "a hexadecimal length": {"headers": {"Content-Length": hex(MIB)}},
    "a list of lengths": {"headers": {"Content-Length": f"{MIB}, {MIB}"}},
    "an encoded file": {"headers": {"Content-Encoding": "gzip"}},
    "status 204": {"status": 204},
    "status 206": {"status": 206},
    "status 304": {"status": 304},
    "status 302": {"status": 302, "headers": {"Location": "https://elsewhere/"}},
}


@pytest.mark.parametrize("lie", SIZES)
def test_a_size_that_is_none(client: Client, server: Fake, pool, lie: str):
    """No download of 1 byte of 1,048,576 that reports success."""
    file = pool.storageVolLookupByName(FILE)
    server.order(kind="lie", method="HEAD", count=-1, **SIZES[lie])
    with raises_error(*NONSENSE, libvirt.VIR_ERR_SYSTEM_ERROR):
        client.run(DOWNLOAD, file)
    server.clear_orders()
    assert client.run(DOWNLOAD, file) == DATA


def test_a_file_that_has_grown_since_it_was_listed(client: Client, server: Fake, pool):
    """An old listing is no lie: it is read again before anything is refused."""
    file = pool.storageVolLookupByName(FILE)
    server.fill(STORE, FILE, DATA * 2)
    assert client.run(DOWNLOAD, file) == DATA * 2


def test_a_descriptor_that_was_cut(client: Client, server: Fake, pool):
    disk = pool.storageVolLookupByName(DISK)
    text = server.text(STORE, DISK)
    sectors = str(MIB // 512)
    lie = text.replace(f"RW {sectors} ", f"RW {sectors[:-1]} ").replace("\r", "")
    assert lie != text
    kind = "application/octet-stream"
    server.order(kind="http", method="GET", path=f"*{DISK}", count=-1, text=lie, content_type=kind)
    with raises_error(*NONSENSE, mentions="lists it with"):
        client.run(DOWNLOAD, disk)
    server.clear_orders()
    assert client.run(DOWNLOAD, disk) == DATA


# ---- ranges ------------------------------------------------------------------------------------

RANGES: dict[str, dict[str, Any]] = {
    "another total": {"kind": "lie", "headers": {"Content-Range": f"bytes 0-{MIB - 1}/{2 * MIB}"}},
    "a total that is one off": {"kind": "lie", "headers": {"Content-Range": f"bytes 0-{MIB - 1}/{MIB + 1}"}},
    "a length with a sign": {"kind": "lie", "headers": {"Content-Length": f"+{MIB}"}},
    "another range": {"kind": "shift", "size": 512},
    "several parts": {"kind": "lie", "headers": {"Content-Type": "multipart/byteranges; boundary=x"}},
    "no range": {"kind": "lie", "headers": {"Content-Range": None}},
    "an encoded body": {"kind": "lie", "headers": {"Content-Encoding": "gzip"}},
    "a shorter body": {"kind": "lie", "headers": {"Content-Length": str(MIB - 1)}, "cut_at": MIB - 1},
    "status 203": {"kind": "lie", "status": 203},
}


@pytest.mark.parametrize("name", [DISK, FILE])
@pytest.mark.parametrize("lie", RANGES)
def test_a_range_that_is_another(client: Client, server: Fake, pool, name: str, lie: str):
    """Every byte is the right one, or it is an error."""
    volume = pool.storageVolLookupByName(name)
    target = EXTENT if name == DISK else FILE
    server.order(method="GET", path=f"*{target}", count=-1, **RANGES[lie])
    if lie == "a shorter body":
        # What is missing is asked for again.
        assert client.run(DOWNLOAD, volume) == DATA
    else:
        with raises_error(*NONSENSE, libvirt.VIR_ERR_SYSTEM_ERROR):
            client.run(DOWNLOAD, volume)
    server.clear_orders()
    assert client.run(DOWNLOAD, volume) == DATA


def test_parts_of_different_files(client: Client, server: Fake, pool):
    """A file that changes its length while it is read in several pieces."""
    data = some_bytes(8 * MIB)
    server.fill(STORE, FILE, data)
    file = pool.storageVolLookupByName(FILE)
    order = {"headers": {"Content-Range": f"bytes {2 * MIB}-{8 * MIB - 1}/{9 * MIB}"}}
    server.order(kind="lie", method="GET", after=1, count=-1, **order)
    with raises_error(*NONSENSE):
        client.run(DOWNLOAD, file)


# ---- changes -----------------------------------------------------------------------------------


def test_a_file_of_which_not_all_was_stored(server: Fake, pool):
    before = tree(server, STORE)
    server.order(kind="pretend", method="PUT", after=1, count=1, cut_at=1000)
    with raises_error(*FAILED, mentions=f"stored 1000 of the {MIB} bytes"):
        pool.createXML(volume_xml("l/new.bin", MIB))
    assert tree(server, STORE) == before


def test_an_upload_of_which_not_all_was_stored(client: Client, server: Fake, pool):
    before = tree(server, STORE)
    server.order(kind="pretend", method="PUT", after=1, count=1, cut_at=1000)
    with raises_error(*FAILED, mentions=f"stored 1000 of the {MIB} bytes"):
        client.run(UPLOAD, pool.storageVolLookupByName(FILE), DATA[::-1])
    assert tree(server, STORE) == before


@pytest.mark.parametrize("name", [DISK, FILE])
def test_a_move_that_did_not_happen(client: Client, server: Fake, pool, name: str):
    before = tree(server, STORE)
    server.order(kind="pretend", method="MoveDatastoreFile_Task")
    with raises_error(*FAILED, mentions="reported that the uploaded data was moved"):
        client.run(UPLOAD, pool.storageVolLookupByName(name), DATA[::-1])
    assert tree(server, STORE) == before


HOLLOW = {
    "CreateVirtualDisk_Task": lambda pool: pool.createXML(volume_xml("l/new.vmdk", MIB)),
    "MoveDatastoreFile_Task": lambda pool: pool.createXML(volume_xml("l/new.bin", MIB)),
    "CopyVirtualDisk_Task": lambda pool: pool.createXMLFrom(
        volume_xml("l/copy.vmdk", MIB), pool.storageVolLookupByName(DISK)
    ),
    "CopyDatastoreFile_Task": lambda pool: pool.createXMLFrom(
        volume_xml("l/copy.iso", MIB), pool.storageVolLookupByName(FILE)
    ),
    "ExtendVirtualDisk_Task": lambda pool: pool.storageVolLookupByName(DISK).resize(2 * MIB),
    "DeleteVirtualDisk_Task": lambda pool: pool.storageVolLookupByName(DISK).delete(),
    "DeleteDatastoreFile_Task": lambda pool: pool.storageVolLookupByName(FILE).delete(),
}


@pytest.mark.parametrize("method", HOLLOW)
def test_success_without_effect(server: Fake, pool, method: str):
    before = tree(server, STORE)
    server.order(kind="pretend", method=method)
    with raises_error(*FAILED, mentions="the server reported"):
        HOLLOW[method](pool)
    server.clear_orders()
    assert tree(server, STORE) == before
    HOLLOW[method](pool)
    assert tree(server, STORE) != before


@pytest.mark.parametrize("put", ["the empty file", "the contents"])
def test_an_upload_that_is_redirected_takes_away_what_was_stored(server: Fake, pool, client: Client, put: str):
    """The server has the file, and answers as if it had not: nothing of it stays, and the volume is what it was."""
    before = tree(server, STORE)
    after = 1 if put == "the contents" else 0
    server.order(kind="lie", method="PUT", status=302, headers={"Location": "/elsewhere"}, count=-1, after=after)
    with raises_error(*NONSENSE, mentions="to '/elsewhere' (HTTP status 302), which is not followed"):
        client.run(UPLOAD, pool.storageVolLookupByName(FILE), some_bytes(MIB, 2))
    assert server.service.counters.troubles["lie PUT"] == 1
    assert tree(server, STORE) == before
