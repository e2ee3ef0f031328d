# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What can be done to virtual disks: real descriptors, real extents, one coroutine an operation.

A disk that is being made has all its files from the beginning, descriptor included, and is locked until it is
done. Interrupted by a cancelled task or a fault, an operation takes back what it began; killed, it cannot.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator

import attrs

from esxkit.fake import vmdk
from esxkit.fake.contents import copy_data, data_bytes, fill, zero_data
from esxkit.fake.faults import file_fault
from esxkit.fake.files import Entry, FileStore
from esxkit.fake.places import Place
from esxkit.fake.progress import Progress
from esxkit.wire.faults import VimFault, invalid_argument

THIN, THICK, EAGER = "thin", "preallocated", "eagerZeroedThick"
TYPES = {"thin": THIN, "preallocated": THICK, "thick": THICK, "eagerZeroedThick": EAGER}
"""The disk types that can be made, and what they come to."""

ADAPTERS = {"ide": "ide", "busLogic": "buslogic", "lsiLogic": "lsilogic"}
"""Adapter types as the API and as a descriptor writes them."""

_OBJECT_STORES = {"vsan": "vsan", "vsanD": "vsan", "VVOL": "vvol"}
_MIB = 1024 * 1024


@attrs.frozen
class OpenDisk:
    """A disk that exists: its descriptor and what belongs to it."""

    place: Place
    entry: Entry
    said: vmdk.Descriptor
    capacity: int
    extents: tuple[Place, ...]
    """Extents that are files and are there."""
    others: tuple[Place, ...]
    """Further files of the disk that are there: its change tracking."""

    @property
    def files(self) -> tuple[Place, ...]:
        """Everything the disk consists of, the descriptor first."""
        return (self.place, *self.extents, *self.others)

    @property
    def data(self) -> Place | None:
        """The extent that has the disk's bytes as they are; None for kinds that have none."""
        if len(self.extents) == 1 and self.extents[0].path.endswith("-flat.vmdk"):
            return self.extents[0]
        return None

    @property
    def allocated(self) -> int:
        """Bytes its contents have allocated."""
        files = self.place.files
        return self.entry.attributes.get("object", 0) + sum(files.allocated(e.path) for e in self.extents)

    @property
    def text(self) -> str:
        """The descriptor."""
        return self.place.files.real(self.place.path).read_text(encoding="utf-8")


def is_disk_name(path: str) -> bool:
    """Whether a new disk may have that name."""
    return path.lower().endswith(".vmdk") and not vmdk.KIND_OF_EXTENT.search(path)


def is_disk(files: FileStore, entry: Entry) -> bool:
    """Whether a file is taken for a disk: by its name, or called like an extent, but a descriptor."""
    if entry.is_dir or not entry.path.lower().endswith(".vmdk"):
        return False
    return is_disk_name(entry.path) or bool(files.descriptor(entry).extents)


def open_disk(place: Place, *, broken: str = "FileFault") -> OpenDisk:
    """The disk at a place. Faults FileNotFound, and `broken` for a file that is no disk."""
    with place.faults():
        entry = place.files.entry(place.path)
    said = None if entry.is_dir or not is_disk(place.files, entry) else place.files.descriptor(entry)
    if said is None or said.capacity_kb is None:
        raise VimFault(broken) if broken == "InvalidDiskFormat" else file_fault(broken, str(place))
    folder, _, _ = entry.path.rpartition("/")
    capacity = (entry.attributes.get("disk") or {}).get("capacityKb", said.capacity_kb) * 1024
    return OpenDisk(
        place,
        entry,
        said,
        capacity,
        _present(place, folder, said.extents),
        _present(place, folder, (said.change_tracking,) if said.change_tracking else ()),
    )


def _present(place: Place, folder: str, names: tuple[str, ...]) -> tuple[Place, ...]:
    paths = [f"{folder}/{name}" if folder else name for name in names if "://" not in name]
    return tuple(place.sibling(path) for path in paths if place.files.real(path).exists())


# -- making ------------------------------------------------------------------------------------
@contextlib.contextmanager
def _new_disk(place: Place, capacity: int, kind: str, allocated: int, adapter: str) -> Iterator[Place | None]:
    """Descriptor and extent of a new disk, locked inside the block and gone again if it fails.

    Gives the extent; None on a store that keeps disks as objects. Faults FileAlreadyExists, FileNotFound,
    NoDiskSpace, FileTooLarge, FileLocked.
    """
    folder, _, name = place.path.rpartition("/")
    base = name[: -len(".vmdk")]
    store = _OBJECT_STORES.get(place.kind)
    extent = None if store else place.sibling(f"{folder}/{base}-flat.vmdk" if folder else f"{base}-flat.vmdk")
    inside = f"{store}://{uuid.uuid4()}" if extent is None else f"{base}-flat.vmdk"
    disk_uuid = vmdk.derived_uuid(uuid.uuid4().hex)
    text = vmdk.compose(inside, capacity, uuid=disk_uuid, thin=kind == THIN, adapter=adapter)
    _check_size(place, capacity)
    files, made = place.files, []
    try:
        with place.faults():
            if files.real(place.path).exists():
                raise FileExistsError(place.path)
            if extent is not None:
                files.create(extent.path, capacity, allocated, kind="extent")
                made.append(extent.path)
            files.create(place.path, 0, kind="vmdk")
            made.append(place.path)
            files.set_text(place.path, text)
            if extent is None:
                files.set_object(place.path, allocated)
        with files.locks.writing(*made):
            yield extent
    except BaseException:
        for path in made:
            with contextlib.suppress(FileNotFoundError):
                files.remove(path)
        raise
    finally:
        files.on_change()


def _check_size(place: Place, capacity: int) -> None:
    limit = getattr(place.datastore.read("info"), "maxVirtualDiskCapacity", None)
    if limit and capacity > limit:
        name = place.datastore.plain_name
        sentence = f"File {place} is larger than the maximum size supported by datastore '{name}'"
        raise VimFault(
            "FileTooLarge", sentence, file=str(place), datastore=name, fileSize=capacity, maxFileSize=limit
        )


async def create(place: Place, capacity: int, kind: str, adapter: str, progress: Progress) -> str:
    """Make an empty disk; its path."""
    with _new_disk(place, capacity, kind, 0 if kind == THIN else capacity, adapter):
        cost = capacity if kind == EAGER else 0
        await progress.begun(cost)
        await fill(cost, progress)
    return str(place)


async def copy(source: Place, target: Place, kind: str, adapter: str | None, progress: Progress) -> str:
    """Make a disk of `kind` (one of THIN, THICK, EAGER) with the contents of another; its path.

    A snapshot has its base's contents in it; disks without a flat extent are read as zeros.
    """
    disk = open_disk(source, broken="InvalidDiskFormat")
    base = _base_of(disk)
    allocated = disk.capacity if kind != THIN else min(_thin_size(disk, base), disk.capacity)
    adapter = adapter or disk.said.adapter or "lsilogic"
    with contextlib.ExitStack() as stack:
        with source.faults():
            stack.enter_context(source.files.locks.reading(*(p.path for p in (*disk.files, *_only(base)))))
        extent = stack.enter_context(_new_disk(target, disk.capacity, kind, allocated, adapter))
        await progress.begun(allocated)
        if extent is not None and base is not None:
            real = extent.files.real(extent.path)
            await copy_data(base.files.real(base.path), real, allocated, progress)
        else:
            await fill(allocated, progress)
    return str(target)


def _only(place: Place | None) -> tuple[Place, ...]:
    return () if place is None else (place,)


def _base_of(disk: OpenDisk) -> Place | None:
    """The flat extent at the bottom of a chain of snapshots, the disk's own if it is none."""
    if disk.data is not None or not disk.said.parent:
        return disk.data
    folder = disk.entry.path.rpartition("/")[0]
    parent = disk.said.parent
    below = parent if "/" in parent or not folder else f"{folder}/{parent}"
    return _base_of(open_disk(disk.place.sibling(below)))


def _thin_size(disk: OpenDisk, base: Place | None) -> int:
    if disk.said.thin or base is None:
        return disk.allocated
    real = data_bytes(base.files.real(base.path))
    return -(-real // _MIB) * _MIB


# -- changing ----------------------------------------------------------------------------------
@contextlib.contextmanager
def _changing(disk: OpenDisk) -> Iterator[None]:
    """The disk is locked inside the block. Faults of its place, FileLocked among them."""
    files = disk.place.files
    with disk.place.faults():
        try:
            with files.locks.writing(*(p.path for p in disk.files)):
                yield
        finally:
            files.on_change()


async def extend(place: Place, capacity: int, eager: bool, progress: Progress) -> None:
    """Grow a disk. Faults InvalidArgument (not larger, or of a kind that cannot grow)."""
    disk = open_disk(place)
    extent, objects = disk.data, disk.said.objects
    if capacity <= disk.capacity:
        raise invalid_argument("newCapacityKb")
    if disk.said.parent or (extent is None and not objects):
        raise invalid_argument("name")
    _check_size(place, capacity)
    grown = capacity - disk.capacity
    more = grown if eager or not disk.said.thin else 0
    with _changing(disk):
        before = disk.allocated
        _resize(disk, capacity, before + more)
        try:
            await progress.begun(grown if eager else 0)
            await fill(grown if eager else 0, progress)
        except BaseException:
            _resize(disk, disk.capacity, before)
            raise
        place.files.set_text(disk.entry.path, vmdk.with_capacity(disk.text, capacity))


def _resize(disk: OpenDisk, capacity: int, allocated: int) -> None:
    if disk.data is not None:
        disk.place.files.resize(disk.data.path, capacity, allocated)
    else:
        disk.place.files.set_object(disk.entry.path, allocated)


async def zero_fill(place: Place, progress: Progress) -> None:
    """Wipe a disk; all of it is allocated afterwards. A wipe that is interrupted stays half done."""
    disk = open_disk(place)
    if disk.data is None and not disk.said.objects:
        raise invalid_argument("name")
    with _changing(disk):
        _allocate_all(disk)
        await progress.begun(disk.capacity)
        if disk.data is not None:
            await zero_data(place.files.real(disk.data.path), disk.capacity, progress)
        else:
            await fill(disk.capacity, progress)


async def inflate(place: Place, progress: Progress) -> None:
    """Make a thin disk an eager-zeroed one. Fault InvalidArgument for any other."""
    disk = open_disk(place)
    if not disk.said.thin or (disk.data is None and not disk.said.objects):
        raise invalid_argument("name")
    with _changing(disk):
        before = disk.allocated
        _allocate_all(disk)
        try:
            await progress.begun(disk.capacity - before)
            await fill(disk.capacity - before, progress)
        except BaseException:
            _resize(disk, disk.capacity, before)
            raise
        place.files.set_text(disk.entry.path, vmdk.with_setting(disk.text, "ddb.thinProvisioned", None))


def _allocate_all(disk: OpenDisk) -> None:
    _resize(disk, disk.capacity, max(disk.capacity, disk.allocated))


# -- removing and moving -----------------------------------------------------------------------
def delete(place: Place) -> None:
    """Remove descriptor, extents and change tracking. Faults CannotDeleteFile (ddb.deletable), FileLocked."""
    disk = open_disk(place)
    if not disk.said.deletable:
        raise file_fault("CannotDeleteFile", str(place))
    _check_unused(disk)
    for part in disk.files:
        place.files.remove(part.path)
    place.files.on_change()


def _check_unused(disk: OpenDisk) -> None:
    with disk.place.faults():
        for part in disk.files:
            disk.place.files.locks.check(part.path, writing=True)


def rename(source: Place, target: Place) -> None:
    """Move a disk inside its datastore. Faults FileAlreadyExists, FileNotFound, FileLocked."""
    disk = open_disk(source)
    _check_unused(disk)
    base = target.path.rpartition("/")[2][: -len(".vmdk")]
    names = {p.path.rpartition("/")[2]: p for p in (*disk.extents, *disk.others)}
    renamed = {name: vmdk.renamed_extent(name, base) for name in names}
    folder = target.path.rpartition("/")[0]
    moves = [(part.path, f"{folder}/{renamed[name]}".lstrip("/")) for name, part in names.items()]
    moves.append((disk.entry.path, target.path))
    files = source.files
    for old, new in moves:
        with target.faults():
            files.check_target(files.entry(old), new, force=False)
    text = vmdk.with_extents(disk.text, renamed)
    for old, new in moves:
        files.rename(old, new)
    files.set_text(target.path, text)
    files.on_change()


async def move_across(source: Place, target: Place, progress: Progress) -> None:
    """Move a disk to another datastore: a copy of its kind, then the source goes."""
    disk = open_disk(source)
    if not disk.said.deletable:
        raise file_fault("CannotDeleteFile", str(source))
    _check_unused(disk)
    await copy(source, target, THIN if disk.said.thin else THICK, None, progress)
    delete(source)
