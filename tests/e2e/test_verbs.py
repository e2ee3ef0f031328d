# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The user guide's table of verbs and kinds, cell by cell: VMFS, NFS and vSAN, host and vCenter, both modes.

A cell that says "yes" is done, one that says "no" is refused with a sentence; either way the files of the datastore are
then compared with what they must be. Contents are those of the real files behind the fake.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import libvirt
import pytest

from esxkit.harness import environment
from esxkit.harness.check import raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.contents import filled
from esxkit.harness.place import DatastorePlace
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import flat, some_bytes, volume_xml

CAPACITY = 3 * 1024 * 1024
REFUSED = (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_INVALID_ARG)
GUIDE = environment.REPOSITORY / "docs" / "reference" / "libvirt-driver-esx-storage.md"

Files = dict[str, tuple[int, str]]
"""The files below one folder of a datastore: size and SHA-256 by path; folders are left out."""


@attrs.frozen
class Kind:
    """A column of the table."""

    label: str
    suffix: str
    format: str
    thin: bool = False
    flags: int = 0

    @property
    def is_disk(self) -> bool:
        return self.format == "vmdk"


KINDS = {
    kind.label: kind
    for kind in (
        Kind("vmdk thin", ".vmdk", "vmdk", thin=True),
        Kind("vmdk thick", ".vmdk", "vmdk"),
        Kind("vmdk eager", ".vmdk", "vmdk", flags=libvirt.VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA),
        Kind("iso", ".iso", "iso"),
        Kind("raw", ".bin", "raw"),
    )
}
STORES = {"VMFS": "datastore1", "NFS": "nfs41", "vSAN": "vsanDatastore"}
OTHER_STORES = {"VMFS": "nfs41", "NFS": "datastore1", "vSAN": "datastore1"}


def read_table(guide: Path) -> list[tuple[str, str, bool]]:
    """(verb, kind, allowed) of each cell of the guide's table."""
    text = guide.read_text().split("## Operations on volumes", 1)[1]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    kinds = rows[0][1:]
    cells = []
    for verb, *answers in itertools.takewhile(lambda row: len(row) == len(kinds) + 1, rows[2:]):
        assert set(answers) <= {"yes", "no"}, f"The guide says something else of {verb}: {answers}"
        cells += [(verb, kind, answer == "yes") for kind, answer in zip(kinds, answers, strict=True)]
    return cells


TABLE = read_table(GUIDE)


def test_the_table_is_whole():
    assert {kind for _, kind, _ in TABLE} == set(KINDS)
    assert {verb for verb, _, _ in TABLE} == set(VERBS)
    assert len(TABLE) == len(KINDS) * len(VERBS)


# ---- where it is done --------------------------------------------------------------------------


_numbers = itertools.count(1)


@attrs.define(slots=False)
class VerbsPlace(DatastorePlace):
    """A datastore to work in, in a folder of its own, and another one to copy from."""

    scheme: str
    other: str
    folder: str = attrs.field(factory=lambda: f"verbs {next(_numbers)}")

    def name(self, kind: Kind, stem: str = "a") -> str:
        return f"{self.folder}/{stem}{kind.suffix}"

    def xml(self, kind: Kind, stem: str = "a", capacity: int = CAPACITY) -> str:
        return volume_xml(self.name(kind, stem), capacity, format=kind.format, thin=kind.thin)

    def create(self, kind: Kind, stem: str = "a") -> Remote:
        return self.pool.createXML(self.xml(kind, stem), kind.flags)

    def files(self, store: str | None = None) -> Files:
        """What is below this place's folder."""
        return self.fake.files(store or self.store, self.folder)

    def upload(self, volume: Remote, data: bytes, *more: int) -> None:
        self.run("upload", volume, data, *more)

    def listed_name(self, kind: Kind, stem: str = "a") -> str:
        """The name in listings: on vSAN the first folder goes by the server's own name for it."""
        if self.store != STORES["vSAN"]:
            return self.name(kind, stem)
        root = Path(self.fake.control.real_path(self.store))
        return str(Path(self.fake.control.real_path(self.store, self.name(kind, stem))).relative_to(root))

    @property
    def copies_are_thick(self) -> bool:
        """A vCenter does not let a client choose the kind of a copy (destSpec), and makes it thick."""
        return self.scheme == "vpx"

    def has_extents(self, kind: Kind, store: str | None = None) -> bool:
        """Whether the contents of such a volume are a file of the datastore."""
        return not kind.is_disk or (store or self.store) != STORES["vSAN"]

    has_contents = has_extents

    def offers(self, row: str, kind: Kind) -> bool:
        """Whether this datastore is as the table says: the guide's sentence on vSAN."""
        return self.has_contents(kind) or not row.startswith(("`vol-upload", "`vol-download"))

    def fill(self, kind: Kind, data: bytes) -> None:
        """Give a volume contents behind everybody's back, where they are a file."""
        if self.has_contents(kind):
            self.fake.fill(self.store, self.contents_file(kind), data)

    def contents_file(self, kind: Kind, stem: str = "a") -> str:
        """The file that holds the contents of a volume."""
        return flat(self.name(kind, stem))


@pytest.fixture(scope="module", params=["esx", "vpx"])
def server(request) -> Iterator[tuple[str, Fake]]:
    world = {"esx": "default", "vpx": "vcenter"}[request.param]
    with Fake(world, task_ms=0) as fake:
        yield request.param, fake


@pytest.fixture(scope="module")
def connection(site, server) -> Iterator[tuple[Client, Remote]]:
    scheme, fake = server
    options = {"scheme": scheme} if scheme == "vpx" else {}
    with site.client() as worker:
        yield worker, worker.open(site.uri(fake, **options))


@pytest.fixture(params=list(STORES))
def place(request, connection, server) -> VerbsPlace:
    client, conn = connection
    scheme, fake = server
    return VerbsPlace(client, conn, fake, STORES[request.param], scheme, OTHER_STORES[request.param])


# ---- what each verb does -----------------------------------------------------------------------

Verb = Callable[[VerbsPlace, Kind], None]
VERBS: dict[str, Verb] = {}


def verb(row: str) -> Callable[[Verb], Verb]:
    def enter(function: Verb) -> Verb:
        VERBS[row] = function
        return function

    return enter


def expect_volume(
    place: VerbsPlace, kind: Kind, stem: str = "a", capacity: int = CAPACITY, *, store: str = ""
) -> Remote:
    """A volume of this kind is there under its name, for libvirt and on the datastore."""
    pool = place.conn.storagePoolLookupByName(store or place.store)
    volume = pool.storageVolLookupByName(place.name(kind, stem))
    assert volume.info()[1] == capacity
    described = volume.XMLDesc(0)
    assert f"<format type='{kind.format}'/>" in described
    if kind.is_disk:
        (allocation,) = (int(found[1]) for found in re.finditer(r"<allocation unit='bytes'>(\d+)<", described))
        assert allocation == capacity or kind.thin
        text = place.fake.text(store or place.store, place.name(kind, stem))
        assert ("thinProvisioned" in text) == kind.thin
    return volume


@verb("`vol-create-as`")
def create(place: VerbsPlace, kind: Kind) -> None:
    place.create(kind, "first")
    before = place.files()
    place.create(kind)
    expect_volume(place, kind)
    wanted = {place.name(kind), place.contents_file(kind)} if place.has_extents(kind) else {place.name(kind)}
    assert set(place.files()) - set(before) == wanted


@verb("`vol-create-as` in a folder that does not exist")
def create_with_folders(place: VerbsPlace, kind: Kind) -> None:
    place.folder += "/b/c d"
    place.create(kind)
    expect_volume(place, kind)


@verb("`vol-list`, `vol-info`, `vol-dumpxml`, `vol-path`, `vol-key`")
def read(place: VerbsPlace, kind: Kind) -> None:
    made = place.create(kind)
    path = f"[{place.store}] {place.name(kind)}"
    assert place.listed_name(kind) in place.pool.listVolumes()
    assert made.key() == path
    assert made.path() == f"[{place.store}] {place.listed_name(kind)}"
    for handle in (path, made.path()):
        for found in (place.conn.storageVolLookupByPath(handle), place.conn.storageVolLookupByKey(handle)):
            assert found.name() == place.listed_name(kind)
            assert (found.path(), found.info(), found.XMLDesc(0)) == (made.path(), made.info(), made.XMLDesc(0))


@verb("`vol-clone`")
def clone(place: VerbsPlace, kind: Kind) -> None:
    source = filled_volume(place, kind)
    place.pool.createXMLFrom(place.xml(kind, "copy"), source, 0)
    expect_copy(place, kind, place.store)


@verb("`vol-create-from` another datastore")
def clone_across(place: VerbsPlace, kind: Kind) -> None:
    source = filled_volume(place, kind)
    other = place.conn.storagePoolLookupByName(place.other)
    other.createXMLFrom(place.xml(kind, "copy"), source, 0)
    expect_copy(place, kind, place.other)


def filled_volume(place: VerbsPlace, kind: Kind) -> Remote:
    """A volume with contents, put there behind the driver's back where the driver cannot."""
    volume = place.create(kind)
    if place.has_contents(kind):
        place.upload(volume, some_bytes(CAPACITY))
    return volume


def expect_copy(place: VerbsPlace, kind: Kind, store: str, capacity: int = CAPACITY) -> None:
    kept = attrs.evolve(kind, thin=kind.thin and not place.copies_are_thick)
    expect_volume(place, kept, "copy", capacity, store=store)
    if place.has_contents(kind) and place.has_extents(kind, store):
        mine = place.fake.contents(place.store, place.contents_file(kind))
        copied = place.fake.contents(store, place.contents_file(kind, "copy"))
        assert copied == mine + bytes(capacity - CAPACITY)


@verb("`vol-create-from` with a larger capacity")
def clone_larger(place: VerbsPlace, kind: Kind) -> None:
    source = filled_volume(place, kind)
    larger = CAPACITY + 1024 * 1024
    place.pool.createXMLFrom(place.xml(kind, "copy", larger), source, 0)
    expect_copy(place, kind, place.store, larger)


@verb("`vol-resize`, larger")
def resize(place: VerbsPlace, kind: Kind) -> None:
    volume = place.create(kind)
    volume.resize(CAPACITY + 4096, 0)
    assert volume.info()[1] == CAPACITY + 4096
    volume.resize(4096, libvirt.VIR_STORAGE_VOL_RESIZE_DELTA)
    assert volume.info()[1] == CAPACITY + 8192
    expect_volume(place, kind, capacity=CAPACITY + 8192)


@verb("`vol-resize --shrink`")
def shrink(place: VerbsPlace, kind: Kind) -> None:
    place.create(kind).resize(CAPACITY - 4096, libvirt.VIR_STORAGE_VOL_RESIZE_SHRINK)


@verb("`vol-wipe`")
def wipe(place: VerbsPlace, kind: Kind) -> None:
    volume = filled_volume(place, kind)
    volume.wipe(0)
    if place.has_contents(kind):
        assert place.fake.contents(place.store, place.contents_file(kind)) == bytes(CAPACITY)


@verb("`vol-wipe --algorithm` other than zero")
def wipe_pattern(place: VerbsPlace, kind: Kind) -> None:
    place.create(kind).wipePattern(libvirt.VIR_STORAGE_VOL_WIPE_ALG_NNSA, 0)


@verb("`vol-upload`")
def upload(place: VerbsPlace, kind: Kind) -> None:
    data = some_bytes(CAPACITY)
    place.upload(place.create(kind), data)
    assert place.fake.contents(place.store, place.contents_file(kind)) == data
    assert place.pool.storageVolLookupByName(place.name(kind)).info()[1] == CAPACITY


@verb("`vol-upload --sparse`")
def upload_sparse(place: VerbsPlace, kind: Kind) -> None:
    rest = CAPACITY - 800_000 - 1024 * 1024
    pieces: list[bytes | int] = [some_bytes(700_000), 1024 * 1024, some_bytes(100_000), rest]
    place.run("upload_sparse", place.create(kind), pieces)
    assert place.fake.contents(place.store, place.contents_file(kind)) == filled(pieces)


@verb("`vol-upload --offset`")
def upload_at_offset(place: VerbsPlace, kind: Kind) -> None:
    volume = place.create(kind)
    old, new = some_bytes(CAPACITY), some_bytes(1024, 2)
    place.fill(kind, old)
    place.upload(volume, new, 4096)
    assert place.fake.contents(place.store, place.contents_file(kind)) == old[:4096] + new + old[5120:]


@verb("`vol-upload` of less than the volume")
def upload_less(place: VerbsPlace, kind: Kind) -> None:
    volume = place.create(kind)
    old, new = some_bytes(CAPACITY), some_bytes(1024, 2)
    place.fill(kind, old)
    place.upload(volume, new, 0, 4096)
    assert place.fake.contents(place.store, place.contents_file(kind)) == new + old[1024:]


@verb("`vol-download`")
def download(place: VerbsPlace, kind: Kind) -> None:
    data = some_bytes(CAPACITY)
    volume = place.create(kind)
    place.fill(kind, data)
    assert place.run("download", volume) == data


@verb("`vol-download --offset --length`")
def download_part(place: VerbsPlace, kind: Kind) -> None:
    data = some_bytes(CAPACITY)
    volume = place.create(kind)
    place.fill(kind, data)
    assert place.run("download", volume, 12345, 234_567) == data[12345 : 12345 + 234_567]
    assert place.run("download", volume, CAPACITY - 7) == data[-7:]


@verb("`vol-download --sparse`")
def download_sparse(place: VerbsPlace, kind: Kind) -> None:
    data = some_bytes(300_000) + bytes(2 * 1024 * 1024) + some_bytes(CAPACITY - 300_000 - 2 * 1024 * 1024, 2)
    volume = place.create(kind)
    place.fill(kind, data)
    pieces = place.run("download_sparse", volume)
    assert filled(pieces) == data
    assert sum(piece for piece in pieces if isinstance(piece, int)) > 1_900_000


@verb("`vol-delete`")
def delete(place: VerbsPlace, kind: Kind) -> None:
    place.create(kind, "other")
    before = place.files()
    volume = place.create(kind)
    volume.delete(0)
    assert place.files() == before
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL):
        place.pool.storageVolLookupByName(place.name(kind))


# ---- the cells ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("row", "kind", "allowed"), TABLE, ids=lambda value: str(value))
def test_cell(place: VerbsPlace, row: str, kind: str, allowed: bool):
    allowed = allowed and place.offers(row, KINDS[kind])
    if allowed:
        VERBS[row](place, KINDS[kind])
    else:
        with raises_error(*REFUSED):
            VERBS[row](place, KINDS[kind])
    # No verb leaves a temporary file, and a refused one nothing but the volume it was tried on.
    names = list(place.files())
    assert not [name for name in names if ".upload-" in name]
