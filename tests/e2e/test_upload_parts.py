# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Uploads of a part of a volume by libvirt's contract, and plain files that the server makes.

The sequence of an upload and a download with offset and length is that of libvirt's test kit (libvirt-tck, scripts 415,
420 and 425).
"""

from __future__ import annotations

from pathlib import Path

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import Client
from esxkit.harness.volumes import flat, some_bytes, tree, volume_xml

STORE = "datastore1"
KIB = 1024
MIB = 1024 * KIB
SIZE = 3 * MIB
DOWNLOAD = "esxkit.harness.contents:download"
UPLOAD = "esxkit.harness.contents:upload"
CREATE, MOVE = "CreateVirtualDisk_Task", "MoveDatastoreFile_Task"


@pytest.fixture
def place(site, new_fake, client: Client):
    """A fake, and its pool."""
    server = new_fake(task_ms=0)
    return server, client.open(site.uri(server)).storagePoolLookupByName(STORE)


@pytest.fixture(params=["part/a.vmdk", "part/a.bin", "part/a.iso"])
def volume(request, place):
    """A volume with contents, and these."""
    server, pool = place
    made = pool.createXML(volume_xml(request.param, SIZE), 0)
    data = some_bytes(SIZE, "old")
    server.fill(STORE, flat(request.param), data)
    return made, data


def contents(place, volume) -> bytes:
    server, _ = place
    return server.contents(STORE, flat(volume.name()))


@pytest.mark.parametrize(
    ("offset", "sent", "length"),
    [
        (0, 1000, 0),
        (0, 1000, 1000),
        (0, 1000, 2000),
        (1, 1, 1),
        (12345, 700_001, 0),
        (12345, 700_001, 800_000),
        (2 * MIB, MIB, 0),
        (2 * MIB, MIB, MIB),
        (SIZE - 1, 1, 0),
        (0, 0, 0),
        (4096, 0, 100),
    ],
)
def test_an_upload_of_a_part_keeps_the_rest(place, volume, client: Client, offset: int, sent: int, length: int):
    """What stands before and behind the data stays, and so does the size."""
    made, old = volume
    new = some_bytes(sent, "new")
    before = set(tree(place[0], STORE))
    client.run(UPLOAD, made, new, offset, length)
    assert contents(place, made) == old[:offset] + new + old[offset + sent :]
    assert made.info()[1] == SIZE
    assert set(tree(place[0], STORE)) == before
    assert client.run(DOWNLOAD, made, offset, sent or 7) == (new or old[offset : offset + 7])


def test_more_than_the_length_is_refused(place, volume, client: Client):
    made, old = volume
    with raises_error(libvirt.VIR_ERR_INVALID_ARG, mentions="longer than the 1000 bytes"):
        client.run(UPLOAD, made, some_bytes(1001), 5, 1000)
    assert contents(place, made) == old


@pytest.mark.parametrize(("offset", "length"), [(SIZE + 1, 0), (SIZE + 1, 5), (2**63 - 1, 1), (1, 2**63 - 1)])
def test_an_offset_behind_the_end_is_refused(place, volume, client: Client, offset: int, length: int):
    made, old = volume
    with raises_error(libvirt.VIR_ERR_INVALID_ARG):
        client.run(UPLOAD, made, b"x", offset, length)
    assert contents(place, made) == old


def test_a_disk_does_not_grow(place, client: Client):
    _, pool = place
    disk = pool.createXML(volume_xml("part/a.vmdk", SIZE), 0)
    for offset, sent, length in ((SIZE - 1, 2, 0), (SIZE - 1, 2, 2), (SIZE, 1, 0), (0, 1, SIZE + 1)):
        with raises_error(libvirt.VIR_ERR_INVALID_ARG):
            client.run(UPLOAD, disk, some_bytes(sent), offset, length)
    assert contents(place, disk) == bytes(SIZE)
    assert disk.info()[1] == SIZE


@pytest.mark.parametrize(("offset", "length"), [(SIZE - 10, 0), (SIZE - 10, 5000), (SIZE, 0), (SIZE, MIB)])
def test_a_plain_file_grows_by_what_comes(place, client: Client, offset: int, length: int):
    server, pool = place
    made = pool.createXML(volume_xml("part/a.bin", SIZE), 0)
    old = some_bytes(SIZE, "old")
    server.fill(STORE, "part/a.bin", old)
    new = some_bytes(5000, "new")
    client.run(UPLOAD, made, new, offset, length)
    assert contents(place, made) == old[:offset] + new
    assert made.info()[1] == offset + 5000


def test_the_sequence_of_the_test_kit(site, place, tmp_path: Path):
    """A volume is written in two halves, each by virsh with offset and length, and read in the same way."""
    server, pool = place
    pool.createXML(volume_xml("part/a.vmdk", 2 * MIB), 0)
    virsh = site.virsh(server)
    halves = [some_bytes(MIB, 1), some_bytes(MIB, 2)]
    for number in (1, 0):
        local = tmp_path / f"half{number}"
        local.write_bytes(halves[number])
        where = ["--offset", str(number * MIB), "--length", str(MIB)]
        virsh("vol-upload", "--pool", STORE, "part/a.vmdk", str(local), *where).check()
    whole = tmp_path / "whole"
    virsh("vol-download", "--pool", STORE, "part/a.vmdk", str(whole)).check()
    assert whole.read_bytes() == halves[0] + halves[1]
    virsh("vol-download", "--pool", STORE, "part/a.vmdk", str(whole), "--offset", str(MIB), "--length", "9").check()
    assert whole.read_bytes() == halves[1][:9]


def test_what_stays_is_read_beside_the_writing_over_connections_that_break(place, volume, client: Client):
    made, old = volume
    server, _ = place
    server.order(kind="cut", method="GET", cut_at=300_000, count=3)
    client.run(UPLOAD, made, b"new", SIZE - 3, 3)
    assert contents(place, made) == old[:-3] + b"new"
    assert server.counters()["files"]["GET"] >= 4


def test_a_reading_that_fails_leaves_the_volume(place, client: Client):
    server, pool = place
    made = pool.createXML(volume_xml("part/a.bin", SIZE), 0)
    before = tree(server, STORE)
    server.order(kind="http", method="GET", status=500, count=50)
    with raises_error(None, mentions="reading back what the upload keeps failed"):
        client.run(UPLOAD, made, b"new", SIZE - 3, 3)
    assert tree(server, STORE) == before


# ---- plain files that the server makes -----------------------------------------------------------


@pytest.mark.parametrize("scheme", ["esx", "vpx"])
@pytest.mark.parametrize("thin", [False, True], ids=["thick", "thin"])
def test_a_large_plain_file_is_made_by_the_server(site, new_fake, client: Client, scheme: str, thin: bool):
    """20 GiB for less than 1 MB on the wire, and nothing else is left."""
    server = new_fake(world="vcenter" if scheme == "vpx" else "default", task_ms=0)
    options = {"scheme": scheme} if scheme == "vpx" else {}
    pool = client.open(site.uri(server, **options)).storagePoolLookupByName(STORE)
    size = (1 if not thin else 20) * KIB * MIB
    before = set(tree(server, STORE))
    made = pool.createXML(volume_xml("large/a.iso", size, thin=thin), 0)
    cost = server.counters()
    assert cost["file_bytes_in"] + cost["bytes_in"] + cost["bytes_out"] < MIB
    assert made.info()[1] == size
    assert set(tree(server, STORE)) - before == {"large", "large/a.iso"}
    assert Path(server.control.real_path(STORE, "large/a.iso")).stat().st_size == size


@pytest.mark.parametrize("trouble", ["refused disk", "refused move", "descriptor stays"])
def test_a_file_is_made_although_the_server_refuses_a_step(place, trouble: str):
    """Then the zeros are sent, or the descriptor is removed in another way."""
    server, pool = place
    pool.createXML(volume_xml("new/first.bin", 1), 0)
    before = set(tree(server, STORE))
    if trouble == "refused disk":
        server.control.fail_task(method=CREATE, fault="FileFault", fields={"file": "x"})
    elif trouble == "refused move":
        server.control.fail_task(method=MOVE, fault="FileFault", fields={"file": "x"})
    else:
        server.change(disk_file_delete="nothing")
    made = pool.createXML(volume_xml("new/a.bin", SIZE), 0)
    assert made.info()[1] == SIZE
    assert set(tree(server, STORE)) - before == {"new/a.bin"}
    assert server.contents(STORE, "new/a.bin") == bytes(SIZE)
    assert (server.counters()["file_bytes_in"] >= SIZE) == (trouble != "descriptor stays")


def test_a_large_file_of_a_name_in_use_leaves_nothing(place):
    server, pool = place
    pool.createXML(volume_xml("new/a.bin", SIZE), 0)
    server.fill(STORE, "new/a.bin", b"mine")
    before = tree(server, STORE)
    with raises_error(libvirt.VIR_ERR_STORAGE_VOL_EXIST):
        pool.createXML(volume_xml("new/a.bin", SIZE), 0)
    assert tree(server, STORE) == before
