# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Two changes of one volume: within a process they are serialised or refused, across processes the result is looked at.

Whatever happens, the descriptor of a disk and its contents agree, or the error says that they do not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from esxkit.fake import vmdk
from esxkit.harness.check import raises_error
from esxkit.harness.client import ApiError, Client
from esxkit.harness.crossing import Gate
from esxkit.harness.environment import patience
from esxkit.harness.live import until
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import some_bytes, tree, volume_xml

STORE = "datastore1"
MIB = 1024 * 1024
DISK, FILE = "c/disk.vmdk", "c/file.bin"
EXTENT = "c/disk-flat.vmdk"
BEGUN = 3 * MIB
"""So much of an upload is more than the driver's pipe holds: the server has begun to get it."""
DATA = some_bytes(8 * MIB)
CROSSING = "esxkit.harness.crossing:"
UPLOAD = "esxkit.harness.contents:upload"


@pytest.fixture
def server(new_fake) -> Fake:
    fake = new_fake(task_ms=0)
    fake.control.add_disk(datastore=STORE, path=DISK, capacity=8 * MIB, thin=False)
    fake.control.add_file(datastore=STORE, path=FILE, size=8 * MIB)
    return fake


def volume(site, server: Fake, client: Client, name: str, **parameters: Any):
    return client.open(site.uri(server, **parameters)).storagePoolLookupByName(STORE).storageVolLookupByName(name)


def capacity_of(server: Fake) -> int:
    """What the descriptor says."""
    capacity_kb = vmdk.parse(server.text(STORE, DISK)).capacity_kb
    assert capacity_kb is not None
    return capacity_kb * 1024


def agrees(server: Fake) -> bool:
    return capacity_of(server) == len(server.contents(STORE, EXTENT))


def expect_refused(outcome: tuple[int, str, float], what: str) -> None:
    code, message, seconds = outcome
    assert code == libvirt.VIR_ERR_OPERATION_INVALID, outcome
    assert "another change of" in message, message
    assert f"({what} since " in message, message
    assert seconds < patience(5)


# ---- within a process --------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["resize", "wipe", "delete", "upload"])
def test_who_meets_an_upload_is_refused_at_once(site, client: Client, server: Fake, verb: str):
    disk = volume(site, server, client, DISK)
    if verb == "upload":
        outcome = client.run(f"{CROSSING}upload_twice", disk, DATA)
    else:
        call = (disk, verb, (16 * MIB,) if verb == "resize" else ())
        (outcome,) = client.run(f"{CROSSING}upload_across", disk, DATA, [call])
    expect_refused(outcome, "an upload")
    assert server.contents(STORE, EXTENT) == DATA
    if verb == "resize":
        disk.resize(16 * MIB)
        assert capacity_of(server) == 16 * MIB
    assert agrees(server)


def test_a_copy_of_what_is_being_uploaded_to_is_refused(site, client: Client, server: Fake):
    disk = volume(site, server, client, DISK)
    pool = disk.storagePoolLookupByVolume()
    calls = [
        (pool, "createXMLFrom", (volume_xml("c/copy.vmdk", 8 * MIB), disk)),
        (pool, "createXML", (volume_xml(DISK, 8 * MIB),)),
    ]
    for outcome in client.run(f"{CROSSING}upload_across", disk, DATA, calls):
        expect_refused(outcome, "an upload")
    assert "c/copy.vmdk" not in tree(server, STORE)


def test_a_plain_file_is_one_volume_by_any_name_of_the_host(site, client: Client, server: Fake):
    """Another name of the host is another login, and leads to the same file."""
    server_by_name = site.uri(server).replace("127.0.0.1", "localhost")
    other = client.open(server_by_name).storagePoolLookupByName(STORE).storageVolLookupByName(FILE)
    file = volume(site, server, client, FILE)
    (outcome,) = client.run(f"{CROSSING}upload_across", file, DATA, [(other, "delete", ())])
    expect_refused(outcome, "an upload")
    assert server.contents(STORE, FILE) == DATA


def test_the_file_beside_the_volume_cannot_be_changed_either(site, client: Client, server: Fake):
    file = volume(site, server, client, FILE)
    stream = client.run(f"{CROSSING}begin_upload", file, DATA[:BEGUN])
    until(lambda: any(".upload-" in name for name in tree(server, STORE)), "a file was begun")
    pool = file.storagePoolLookupByVolume()
    pool.refresh(0)
    (temporary,) = (name for name in pool.listVolumes() if ".upload-" in name)
    with raises_error(libvirt.VIR_ERR_OPERATION_INVALID, mentions="(an upload since ", within=5):
        pool.storageVolLookupByName(temporary).delete()
    stream.abort()
    until(lambda: not any(".upload-" in name for name in tree(server, STORE)), "the file is gone")


def test_a_friendly_name_leads_to_the_same_volume(site, client: Client, server: Fake):
    pool_name, real, friendly = "vsanDatastore", "5f0d7c64-9a31-e2bb-11c0-0050569b1c2f", "web"
    server.control.add_file(datastore=pool_name, path=f"{real}/a.iso", size=MIB)
    pool = client.open(site.uri(server)).storagePoolLookupByName(pool_name)
    file = pool.storageVolLookupByName(f"{friendly}/a.iso")
    other = pool.storageVolLookupByName(f"{real}/a.iso")
    (outcome,) = client.run(f"{CROSSING}upload_across", file, DATA, [(other, "delete", ())])
    expect_refused(outcome, "an upload")


def test_an_upload_that_has_not_begun_holds_nothing_up(site, client: Client, server: Fake):
    """A daemon may be left with such a stream, and nobody ends it."""
    disk = volume(site, server, client, DISK)
    assert client.run(f"{CROSSING}open_and_change", disk, "resize", (16 * MIB,))[0] == 0
    assert agrees(server)


def test_an_upload_that_was_given_up_lets_go(site, client: Client, server: Fake):
    file = volume(site, server, client, FILE)
    client.run(f"{CROSSING}begin_upload", file, DATA[:BEGUN]).abort()
    file.delete()
    assert not [name for name in tree(server, STORE) if name.startswith("c/file")]


def test_a_client_that_is_killed_lets_go(site, server: Fake):
    if site.mode == "embedded":
        pytest.skip("the driver dies with its client")
    with site.client() as victim, site.client() as other:
        victim.run(f"{CROSSING}begin_upload", volume(site, server, victim, FILE), DATA[:BEGUN])
        file = volume(site, server, other, FILE)
        with raises_error(libvirt.VIR_ERR_OPERATION_INVALID, mentions="an upload since"):
            file.delete()
        victim.kill()

        def deleted() -> bool:
            try:
                file.delete()
            except ApiError as error:
                assert error.code == libvirt.VIR_ERR_OPERATION_INVALID, error
                return False
            return True

        until(deleted, "the file can be deleted", 20)


def test_two_changes_by_a_difference_both_count(site, client: Client, server: Fake):
    """The second one waits, and then looks how large the disk has become."""
    disk = volume(site, server, client, DISK)
    delta = (MIB, libvirt.VIR_STORAGE_VOL_RESIZE_DELTA)
    outcomes = client.run(f"{CROSSING}at_once", [(disk, "resize", delta)] * 3)
    assert [outcome[0] for outcome in outcomes] == [0, 0, 0], outcomes
    assert capacity_of(server) == 11 * MIB
    assert agrees(server)


def test_of_two_volumes_of_one_name_one_is_made(site, client: Client, server: Fake):
    pool = volume(site, server, client, DISK).storagePoolLookupByVolume()
    for name in ("c/new.vmdk", "c/new.bin"):
        outcomes = client.run(f"{CROSSING}at_once", [(pool, "createXML", (volume_xml(name, MIB),))] * 3)
        assert sorted(outcome[0] for outcome in outcomes) == [0] + [libvirt.VIR_ERR_STORAGE_VOL_EXIST] * 2, outcomes
    assert {"c/new.vmdk", "c/new-flat.vmdk", "c/new.bin"} < set(tree(server, STORE))
    assert not [name for name in tree(server, STORE) if ".upload-" in name]


def test_of_two_deletions_one_finds_nothing(site, client: Client, server: Fake):
    file = volume(site, server, client, FILE)
    outcomes = client.run(f"{CROSSING}at_once", [(file, "delete", ())] * 2)
    assert sorted(outcome[0] for outcome in outcomes) == [0, libvirt.VIR_ERR_NO_STORAGE_VOL], outcomes


def test_copies_of_one_source_are_made_side_by_side(site, client: Client, server: Fake):
    disk = volume(site, server, client, DISK)
    pool = disk.storagePoolLookupByVolume()
    calls = [(pool, "createXMLFrom", (volume_xml(f"c/copy{n}.vmdk", 8 * MIB), disk)) for n in range(3)]
    assert [outcome[0] for outcome in client.run(f"{CROSSING}at_once", calls)] == [0, 0, 0]


# ---- across processes, or in one daemon --------------------------------------------------------


class Meanwhile:
    """A call of another client, on a thread of its own."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._error: ApiError | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._call()
        except ApiError as error:
            self._error = error

    def ended(self, seconds: float | None = None) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def outcome(self) -> ApiError | None:
        assert self.ended(patience(60))
        return self._error


def meet_at_the_move(site, server: Fake, change: Callable[[Any], object]) -> tuple[ApiError | None, ApiError | None]:
    """Another client changes the disk while the move of an upload is held; what upload and change came to.

    In a daemon the change waits; in a process of its own it does not know of the upload.
    """
    with site.client() as uploader, site.client() as other, Gate(server, "MoveDatastoreFile_Task") as gate:
        mine, theirs = volume(site, server, uploader, DISK), volume(site, server, other, DISK)
        upload = Meanwhile(lambda: uploader.run(UPLOAD, mine, DATA))
        gate.await_call()
        changing = Meanwhile(lambda: change(theirs))
        assert changing.ended(patience(20) if site.mode == "embedded" else 1) == (site.mode == "embedded")
        gate.open()
        return upload.outcome(), changing.outcome()


def test_a_resize_meets_the_move_of_an_upload(site, client: Client, server: Fake):
    uploaded, resized = meet_at_the_move(site, server, lambda disk: disk.resize(16 * MIB))
    assert resized is None
    assert capacity_of(server) == 16 * MIB
    if site.mode == "remote":
        assert uploaded is None
        assert server.contents(STORE, EXTENT) == DATA + bytes(8 * MIB)
        return
    assert uploaded is not None
    assert uploaded.code == libvirt.VIR_ERR_OPERATION_FAILED, uploaded
    assert f"its descriptor says {16 * MIB} bytes" in uploaded.message
    assert f"have {8 * MIB}" in uploaded.message
    # What it says helps.
    assert f"upload an image of {16 * MIB} bytes" in uploaded.message
    client.run(UPLOAD, volume(site, server, client, DISK), DATA * 2)
    assert server.contents(STORE, EXTENT) == DATA * 2
    assert agrees(server)


def test_a_deletion_meets_the_move_of_an_upload(site, server: Fake):
    """What was deleted is gone, with all that belonged to it."""
    uploaded, deleted = meet_at_the_move(site, server, lambda disk: disk.delete())
    assert deleted is None
    assert (uploaded is None) == (site.mode == "remote")
    if uploaded is not None:
        assert uploaded.code == libvirt.VIR_ERR_NO_STORAGE_VOL, uploaded
        assert "was deleted during the upload" in uploaded.message
    assert not [name for name in tree(server, STORE) if name.startswith("c/disk")]


def test_a_file_that_was_replaced_meanwhile(site, client: Client, server: Fake):
    """By somebody who asks nobody: of another length, before the last look."""
    file = volume(site, server, client, FILE)
    stream = client.run(f"{CROSSING}begin_upload", file, DATA[:BEGUN])
    server.fill(STORE, FILE, b"short")
    with raises_error(libvirt.VIR_ERR_OPERATION_INVALID, mentions="was replaced during the upload"):
        stream.finish()
    assert server.contents(STORE, FILE) == b"short"
    assert not [name for name in tree(server, STORE) if ".upload-" in name]
