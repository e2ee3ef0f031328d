# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Point 8, messages: each change with the longest names, and hostile names wherever one can come from.

What is left, or may be, has the last part of its name whole, and the outcome and the way out come before the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from esxkit.fake.tls import HOSTILE
from esxkit.harness.client import ApiError, Client, Remote
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import some_bytes, volume_xml

STORE = "datastore1"
DIRECTORIES = "/".join("d" * 255 for _ in range(14)) + "/"
SIZE = 1024 * 1024
KEPT_BYTES = 1023
# What libvirt puts before the driver's own text.
PREFACES = 60
UNCLEAN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
# What XML can have; no ESC, no BEL.
MARKS = "\u202eevil\u009b31m\u0085\u2028\u2066\u200f\u061c\ufeff\x7f"
REASON = MARKS + "q" * 2000
UNKNOWN = "whether the server has done it is unknown; check before you repeat it"


def long_name(ending: str, letter: str = "n") -> str:
    return DIRECTORIES + letter * (240 - len(ending)) + ending


def last(name: str) -> str:
    return name.rpartition("/")[2]


def message_of(call: Callable[[], object]) -> str:
    with pytest.raises(ApiError) as raised:
        call()
    return raised.value.message


def assert_clean(message: str) -> None:
    assert not UNCLEAN.search(message), repr(message)
    assert len(message.encode()) <= KEPT_BYTES + PREFACES, len(message.encode())


def assert_log_clean(site) -> None:
    if site.daemon is not None:
        written = site.daemon.log.read_text(errors="surrogateescape").replace("\t", " ")
        assert not UNCLEAN.search(written), repr(UNCLEAN.search(written))


@attrs.frozen
class Walk:
    """A change, and the volumes it needs: by ending of their names."""

    label: str
    method: str
    ending: str
    change: Callable[[Remote, Any, Client, str], object]
    made: bool = False
    """Whether the volume is there before."""


def clone(pool: Remote, volume: Remote | None, _client: Client, ending: str) -> object:
    return pool.createXMLFrom(volume_xml(long_name(ending, "m"), SIZE), volume)


def create(pool: Remote, _volume: Remote | None, _client: Client, ending: str) -> object:
    return pool.createXML(volume_xml(long_name(ending), SIZE))


def upload(_pool: Remote, volume: Remote | None, client: Client, _ending: str) -> object:
    return client.run("esxkit.harness.contents:upload", volume, some_bytes(SIZE, "x"))


WALKS = [
    Walk("create-disk", "CreateVirtualDisk_Task", ".vmdk", create),
    Walk("create-file", "MoveDatastoreFile_Task", ".raw", create),
    Walk("clone-disk", "CopyVirtualDisk_Task", ".vmdk", clone, True),
    Walk("clone-file", "CopyDatastoreFile_Task", ".iso", clone, True),
    Walk("resize", "ExtendVirtualDisk_Task", ".vmdk", lambda _p, v, _c, _e: v.resize(2 * SIZE), True),
    Walk("wipe", "ZeroFillVirtualDisk_Task", ".vmdk", lambda _p, v, _c, _e: v.wipe(), True),
    Walk("delete-disk", "DeleteVirtualDisk_Task", ".vmdk", lambda _p, v, _c, _e: v.delete(), True),
    Walk("delete-file", "DeleteDatastoreFile_Task", ".iso", lambda _p, v, _c, _e: v.delete(), True),
    Walk("upload-disk", "MoveDatastoreFile_Task", ".vmdk", upload, True),
    Walk("upload-file", "MoveDatastoreFile_Task", ".iso", upload, True),
]


@pytest.fixture
def server(new_fake) -> Fake:
    return new_fake(task_ms=0)


def subject_of(walk: Walk) -> str:
    """The pattern of the last part of the name of what may be there."""
    name = long_name(walk.ending, "m" if walk.change is clone else "n")
    if walk.method != "MoveDatastoreFile_Task":
        return re.escape(last(name))
    return r"n{200}n*[^'/…]*\.upload-[0-9a-f]{8}"


def start(walk: Walk, client: Client, site, server: Fake) -> tuple[Remote, Remote | None]:
    pool = client.open(site.uri(server)).storagePoolLookupByName(STORE)
    return pool, pool.createXML(volume_xml(long_name(walk.ending), SIZE)) if walk.made else None


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.label)
def test_an_unknown_outcome_with_the_longest_names(client: Client, site, server: Fake, walk: Walk):
    pool, volume = start(walk, client, site, server)
    server.order(kind="http", method=walk.method, status=418, text=REASON, content_type="text/plain")
    message = message_of(lambda: walk.change(pool, volume, client, walk.ending))
    assert UNKNOWN in message
    found = re.search(f"'[^']*/{subject_of(walk)}' (may|is|holds) ", message)
    assert found, message
    assert message.index(UNKNOWN) < found.start() < message.index("418"), message
    assert "evil" in message
    assert_clean(message)
    assert_log_clean(site)


LEAVING = [walk for walk in WALKS if walk.method == "MoveDatastoreFile_Task"]


@pytest.mark.parametrize("walk", LEAVING, ids=lambda walk: walk.label)
def test_what_stays_with_the_longest_names(client: Client, site, server: Fake, walk: Walk):
    pool, volume = start(walk, client, site, server)
    for method in (walk.method, "DeleteDatastoreFile_Task"):
        server.order(
            kind="fault", method=method, fault="FileFault", message=REASON, fields={"file": "f" * 4000}, count=-1
        )
    message = message_of(lambda: walk.change(pool, volume, client, walk.ending))
    found = re.search(f"'[^']*/{subject_of(walk)}' may be left behind; delete it", message)
    assert found, message
    assert found.start() < message.index("evil"), message
    assert_clean(message)


def test_a_copy_that_stays_with_the_longest_names(client: Client, site, server: Fake):
    pool, volume = start(WALKS[2], client, site, server)
    for method in ("ExtendVirtualDisk_Task", "DeleteVirtualDisk_Task"):
        server.order(
            kind="fault", method=method, fault="FileFault", message=REASON, fields={"file": "f" * 4000}, count=-1
        )
    message = message_of(lambda: pool.createXMLFrom(volume_xml(long_name(".vmdk", "m"), 2 * SIZE), volume))
    found = re.search(f"'[^']*/{re.escape(last(long_name('.vmdk', 'm')))}' may be left behind; delete it", message)
    assert found, message
    assert found.start() < message.index("evil"), message
    assert_clean(message)


LYING = [walk for walk in WALKS if walk.label in ("resize", "delete-disk", "delete-file")]


@pytest.mark.parametrize("walk", LYING, ids=lambda walk: walk.label)
def test_a_change_without_effect_with_the_longest_names(client: Client, site, server: Fake, walk: Walk):
    pool, volume = start(walk, client, site, server)
    server.order(kind="pretend", method=walk.method)
    message = message_of(lambda: walk.change(pool, volume, client, walk.ending))
    found = re.search(f"'[^']*/{subject_of(walk)}' [^:]*; (resize|delete) it again: the server reported", message)
    assert found, message
    assert_clean(message)


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.label)
def test_a_refusal_names_the_volume_once(client: Client, site, server: Fake, walk: Walk):
    pool = client.open(site.uri(server)).storagePoolLookupByName(STORE)
    name = f"once{walk.ending}"
    volume = pool.createXML(volume_xml(name, SIZE)) if walk.made else None
    server.order(
        kind="fault", method=walk.method, fault="NoPermission", fields={"privilegeId": "Datastore.X"}, count=-1
    )
    change = walk.change
    if change is create:
        message = message_of(lambda: pool.createXML(volume_xml(name, SIZE)))
    elif change is clone:
        message = message_of(lambda: pool.createXMLFrom(volume_xml(f"copy{walk.ending}", SIZE), volume))
        name = f"copy{walk.ending}"
    else:
        message = message_of(lambda: change(pool, volume, client, walk.ending))
    assert "(for " not in message
    if walk.method != "MoveDatastoreFile_Task":
        assert message.count(name) == 1, message


@pytest.mark.parametrize("walk", [WALKS[0], WALKS[3]], ids=lambda walk: walk.label)
def test_characters_that_no_xml_has(client: Client, site, server: Fake, walk: Walk):
    """ESC and BEL as they are make a reply that is no XML; as references in a fault likewise."""
    pool, volume = start(walk, client, site, server)
    hostile = "\x1b]0;evil\x07\x9b31m\u202e"
    for text in (hostile, "&#27;[31m&#7;&#x9b;" + MARKS):
        envelope = (
            '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">'
            f"<e:Body><e:Fault><faultcode>ServerFaultCode</faultcode><faultstring>{text}</faultstring></e:Fault>"
            "</e:Body></e:Envelope>"
        )
        server.order(kind="http", method=walk.method, status=500, text=envelope)
        message = message_of(lambda: walk.change(pool, volume, client, walk.ending))
        assert_clean(message)
    assert_log_clean(site)


def test_a_datastore_and_a_volume_with_hostile_names(client: Client, site, server: Fake):
    store, name = f"store{MARKS}", f"volume{MARKS}.iso"
    server.control.rename_datastore(STORE, store)
    server.control.add_file(datastore=store, path=name, size=SIZE)
    pool = client.open(site.uri(server)).storagePoolLookupByName(store)
    volume = pool.storageVolLookupByName(name)
    server.order(kind="fault", method="DeleteDatastoreFile_Task", fault="FileFault", fields={"file": name})
    for call in (
        volume.delete,
        lambda: volume.resize(2 * SIZE),
        volume.wipe,
        lambda: pool.storageVolLookupByName(f"{name}x"),
        lambda: pool.createXML(volume_xml(name, SIZE)),
    ):
        message = message_of(call)
        assert "evil" in message
        assert_clean(message)
    server.order(kind="http", method="DeleteDatastoreFile_Task", status=418)
    assert_clean(message_of(volume.delete))
    assert_log_clean(site)


@pytest.mark.parametrize("kind", ["hostile", "hostile-subject"])
def test_a_certificate_with_hostile_names(client: Client, site, new_fake, kind: str):
    assert UNCLEAN.search(HOSTILE)
    server = new_fake(certificate=kind)
    unknown = message_of(lambda: client.open(site.uri(server, no_verify=0)))
    assert "its issuer 'authority" in unknown
    assert "is not known here" in unknown
    other = message_of(lambda: client.open(site.uri(server, cacert=server.cacert)))
    assert f"it is for '{'name' if kind == 'hostile' else 'server'}" in other
    assert "evil" in unknown
    assert "evil" in other
    for message in (unknown, other):
        assert_clean(message)
    assert_log_clean(site)
