# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What a server wrote, in messages and in the daemon's log: short, on one line, and unable to steer a terminal.

And what a change has left comes first, so that it is within what libvirt keeps of a message.
"""

from __future__ import annotations

import re

import pytest

from esxkit.harness.client import ApiError, Client
from esxkit.harness.volumes import some_bytes, volume_xml

STORE = "datastore1"
# Raw terminal sequences, BEL, C1, an override of the direction, a line separator, a line feed, a mark of direction.
HOSTILE = "\u202eevil\u2028two\u009b31m\u200f\u2066\ufeff\u061c\x7fline\n"
FILLED = HOSTILE + "q" * 1_000_000
LIMIT_QUOTED_BYTES = 200
KEPT_BYTES = 1023
UNCLEAN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
TOO_LONG = re.compile("q{" + str(LIMIT_QUOTED_BYTES + 1) + "}")
LONG = "/".join([*("d" * 250 for _ in range(15)), "n" * 200])


def message_of(call) -> str:
    with pytest.raises(ApiError) as raised:
        call()
    return raised.value.message


def assert_clean(message: str) -> None:
    assert "\n" not in message.strip(), message
    assert not UNCLEAN.search(message), repr(message)
    assert not TOO_LONG.search(message), f"{len(message)} bytes"
    assert len(message.encode()) <= KEPT_BYTES + 100, len(message)   # with libvirt's own words


def assert_log_clean(site, server=None) -> None:
    if site.daemon is None:
        return
    written = site.daemon.log.read_text(errors="surrogateescape")
    for line in written.splitlines():
        assert not TOO_LONG.search(line), line[:2000]
    assert not UNCLEAN.search(written.replace("\t", " ")), UNCLEAN.search(written)


@pytest.fixture
def server(new_fake):
    return new_fake()


def test_fault_texts(client: Client, site, server):
    pool = client.open(site.uri(server)).storagePoolLookupByName(STORE)
    server.order(kind="fault", method="CreateVirtualDisk_Task", fault="SystemError", message=FILLED)
    message = message_of(lambda: pool.createXML(volume_xml("new.vmdk", 1024 * 1024)))
    assert "evil" in message
    assert_clean(message)
    assert_log_clean(site)


def test_status_lines_and_bodies(client: Client, site, server):
    conn = client.open(site.uri(server, cache_ttl="0"))
    pool = conn.storagePoolLookupByName(STORE)
    server.order(kind="http", method="CreateVirtualDisk_Task", status=418, text=FILLED, content_type="text/qqq")
    message = message_of(lambda: pool.createXML(volume_xml("new.vmdk", 1024 * 1024)))
    assert "418" in message
    assert_clean(message)
    assert_log_clean(site)


def test_names_of_a_client(client: Client, site, server):
    conn = client.open(site.uri(server))
    pool = conn.storagePoolLookupByName(STORE)
    for call in (
        lambda: conn.storagePoolLookupByName(FILLED[:100_000]),
        lambda: pool.storageVolLookupByName(FILLED[:100_000]),
        lambda: conn.storageVolLookupByPath(FILLED[:100_000]),
        lambda: conn.storageVolLookupByKey(FILLED[:100_000]),
    ):
        assert_clean(message_of(call))


def refuse_to_delete(server) -> None:
    """No file of the datastore can be deleted, and the server says why at length."""
    server.order(kind="fault", method="DeleteDatastoreFile_Task", fault="FileFault", message=FILLED,
                 fields={"file": "f" * 4000}, count=-1)


@pytest.mark.parametrize("name", ["short.iso", LONG + ".iso"], ids=["short", "long"])
def test_what_an_upload_leaves_comes_first(client: Client, site, server, name: str):
    pool = client.open(site.uri(server)).storagePoolLookupByName(STORE)
    volume = pool.createXML(volume_xml(name, 4096))
    refuse_to_delete(server)
    server.order(kind="fault", method="MoveDatastoreFile_Task", fault="FileFault", message=FILLED,
                 fields={"file": "f" * 4000})
    message = message_of(lambda: client.run("esxkit.harness.contents:upload", volume, some_bytes(4096, "x")))
    left = re.search(r"'[^']*/?(\S*\.upload-[0-9a-f]{8})' may be left behind; delete it", message)
    assert left, message
    assert name.rpartition("/")[2][:200] in message
    assert message.index("may be left behind") < message.index("evil")
    assert message.count(".upload-") == 1, message
    assert_clean(message)


@pytest.mark.parametrize("name", ["short.iso", LONG + ".iso"], ids=["short", "long"])
def test_what_a_create_leaves_comes_first(client: Client, site, server, name: str):
    pool = client.open(site.uri(server)).storagePoolLookupByName(STORE)
    refuse_to_delete(server)
    server.order(kind="fault", method="MoveDatastoreFile_Task", fault="FileFault", message=FILLED,
                 fields={"file": "f" * 4000})
    message = message_of(lambda: pool.createXML(volume_xml(name, 4096)))
    assert re.search(r"\.upload-[0-9a-f]{8}' may be left behind; delete it", message), message
    assert message.index("may be left behind") < message.index("evil")
    assert_clean(message)


def test_a_name_that_was_taken_meanwhile_names_what_is_left(client: Client, site, server):
    pool = client.open(site.uri(server)).storagePoolLookupByName(STORE)
    refuse_to_delete(server)
    server.order(kind="fault", method="MoveDatastoreFile_Task", fault="FileAlreadyExists", fields={"file": "x"})
    message = message_of(lambda: pool.createXML(volume_xml("taken.iso", 4096)))
    assert re.search(r"\.upload-[0-9a-f]{8}' may be left behind; delete it", message), message
    assert_clean(message)


def test_an_unknown_outcome_comes_first(client: Client, site, server):
    name = LONG + ".vmdk"
    pool = client.open(site.uri(server)).storagePoolLookupByName(STORE)
    server.order(kind="http", method="CreateVirtualDisk_Task", status=418, text=FILLED, content_type="text/plain")
    message = message_of(lambda: pool.createXML(volume_xml(name, 1024 * 1024)))
    assert "whether the server has done it is unknown; check before you repeat it" in message
    assert message.index("is unknown") < message.index("418")
    assert "nnn.vmdk'" in message
    assert_clean(message)
