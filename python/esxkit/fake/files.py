# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The files of a datastore: real (sparse) files in a temporary folder, plus what a file system cannot say.

A world's file tree is a list of {"name", "kind", "size", "mtime", "children", ...}; kind "dir" is a folder.
Beside the real file we keep its attributes: "allocated" (a sparse file has nothing allocated), "owner",
"friendlyName", "text" (contents), "disk" (what VmDiskFileInfo says, where the descriptor does not), "object"
(bytes that a disk's object has allocated on a store that keeps no extents as files), and "unset" (names of FileInfo
fields this file is reported without).

What clients do goes through `read`, `write`, `create`, `delete` and `rename`: these honour locks and space.
`make_file`, `make_folder` and `remove` are for worlds and tests: they ask nobody, and space follows.
Errors are those of the real file system plus BadPath, locks.FileBusy and space.NoSpace.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from esxkit.fake import vmdk
from esxkit.fake.attributes import Attributes
from esxkit.fake.locks import Locks
from esxkit.fake.volume_space import VolumeSpace

_DEFAULT_MTIME = datetime.datetime(2024, 3, 10, 0, 15, 42, 371000, tzinfo=datetime.UTC)


_ZEROS = bytes(64 * 1024)


def is_zero(data: bytes | bytearray | memoryview) -> bool:
    """Whether there is nothing but zero bytes in it."""
    view = memoryview(data)
    # Comparing bytes is a memcmp; comparing memoryviews goes item by item.
    pieces = (bytes(view[i : i + len(_ZEROS)]) for i in range(0, len(view), len(_ZEROS)))
    return all(piece == _ZEROS[: len(piece)] for piece in pieces)


class BadPath(ValueError):
    """A path that leaves the datastore or is malformed."""


@attrs.frozen
class Entry:
    """One file or folder. `path` is relative to the datastore, "/"-separated, "" is its root."""

    path: str
    name: str
    is_dir: bool
    size: int
    modified: datetime.datetime
    attributes: Mapping[str, Any]

    @property
    def allocated(self) -> int:
        """Bytes taken on the volume, those of a disk's object among them."""
        return self.attributes.get("allocated", self.size) + self.attributes.get("object", 0)


@attrs.frozen
class Disk:
    """What a search says about a virtual disk; None fields are left out."""

    capacity_kb: int | None
    file_size: int | None
    disk_type: str | None
    controller: str | None
    hardware_version: int | None
    thin: bool | None
    extents: tuple[str, ...]


class FileStore:
    """The files of one datastore below a real folder.

    `journal` keeps the attributes over a restart: with it, a folder that exists already is taken as it is.
    """

    def __init__(self, root: Path, tree: Sequence[Mapping[str, Any]] = (), journal: Path | None = None):
        self.root = root
        self.locks = Locks()
        self.space = VolumeSpace()
        self.on_change: Callable[[], None] = lambda: None
        """Called after each change of files or space made by a client."""
        self._attributes = Attributes(journal)
        self._descriptors: dict[str, tuple[int, int, vmdk.Descriptor]] = {}
        self.grown = 0
        """Bytes that were allocated since the tree was new, before this process."""
        if journal is not None and root.exists():
            self.grown = self.allocated("") - _allocated_in(tree)
            return
        root.mkdir(parents=True, exist_ok=True)
        self._attributes.hold()
        self._fill("", tree)
        self._attributes.flush()

    def _fill(self, folder: str, tree: Sequence[Mapping[str, Any]]) -> None:
        for node in tree:
            path = f"{folder}/{node['name']}" if folder else node["name"]
            if node["kind"] == "dir":
                self.make_folder(path, node)
                self._fill(path, node.get("children") or [])
                self._set_mtime(path, node)
            else:
                self.make_file(path, node)

    # -- for worlds and tests ------------------------------------------------------------------
    def make_folder(self, path: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Make a folder; its parent must be there. FileExistsError if it exists."""
        self.real(path).mkdir()
        self._keep(self.canonical(path), attributes or {})

    def make_file(self, path: str, attributes: Mapping[str, Any]) -> None:
        """Make or replace a file with "text" or with "size" zero bytes."""
        before = self.allocated(path)
        text = attributes.get("text")
        with self.real(path).open("wb") as file:
            if text:
                file.write(text.encode())
            size = attributes.get("size", 0)
            if size > (len(text.encode()) if text else 0):
                file.truncate(size)
        self._keep(self.canonical(path), attributes)
        self._set_mtime(path, attributes)
        self.space.force(self.allocated(path) - before)

    def remove(self, path: str) -> None:
        """Remove a file or a whole folder. FileNotFoundError if it is not there."""
        path, real = self.canonical(path), self.real(path)
        taken = self.allocated(path)
        if real.is_dir():
            shutil.rmtree(real)
        else:
            real.unlink()
        for kept in self._attributes.below(path):
            self._attributes.drop(kept)
        self.space.force(-taken)

    def set_attributes(self, path: str, **changes: Any) -> None:
        """Change single attributes of a file; None takes one away."""
        path = self.canonical(path)
        kept = {**self._attributes.get(path), **changes}
        self._attributes.put(path, {k: v for k, v in kept.items() if v is not None})

    def _keep(self, path: str, attributes: Mapping[str, Any]) -> None:
        kept = {k: v for k, v in attributes.items() if k not in ("name", "size", "text", "children", "mtime")}
        self._attributes.put(path, kept)
        self._descriptors.pop(path, None)

    def _set_mtime(self, path: str, attributes: Mapping[str, Any]) -> None:
        stamp = attributes.get("mtime")
        when = datetime.datetime.fromisoformat(stamp) if stamp else _DEFAULT_MTIME
        nanoseconds = int(when.timestamp() * 1000) * 1_000_000
        os.utime(self.real(path), ns=(nanoseconds, nanoseconds))

    # -- for clients ---------------------------------------------------------------------------
    def create(self, path: str, size: int, allocated: int | None = None, **attributes: Any) -> Entry:
        """A new file of `size` zero bytes. FileExistsError, FileNotFoundError (no such folder), NoSpace."""
        path, real = self.canonical(path), self.real(path)
        self.locks.check(path, writing=True)
        taken = size if allocated is None else allocated
        if not real.parent.exists():
            raise FileNotFoundError(path)
        if real.exists():
            raise FileExistsError(path)
        self.space.change(taken)
        try:
            with real.open("xb") as file:
                file.truncate(size)
        except OSError:
            self.space.force(-taken)
            raise
        self._keep(path, {**attributes, "allocated": taken})
        return self.entry(path)

    def resize(self, path: str, size: int, allocated: int) -> None:
        """Make a file longer or shorter. NoSpace."""
        path = self.canonical(path)
        self.space.change(allocated - self.allocated(path))
        os.truncate(self.real(path), size)
        self.set_attributes(path, allocated=allocated)

    def set_text(self, path: str, text: str) -> None:
        """Give a small file, a descriptor, other contents; what was said of it as a disk is forgotten."""
        path, data = self.canonical(path), text.encode()
        before = self.entry(path)
        self.space.change(len(data) - before.attributes.get("allocated", before.size))
        self.real(path).write_bytes(data)
        self.set_attributes(path, allocated=len(data), disk=None)
        self._descriptors.pop(path, None)

    def set_object(self, path: str, allocated: int) -> None:
        """Say what a disk's object has allocated. NoSpace."""
        path = self.canonical(path)
        self.space.change(allocated - self._attributes.get(path).get("object", 0))
        self.set_attributes(path, object=allocated)

    @contextlib.contextmanager
    def read(self, path: str) -> Iterator[Entry]:
        """A file kept open for reading. FileNotFoundError, IsADirectoryError, FileBusy."""
        entry = self.entry(path)
        if entry.is_dir:
            raise IsADirectoryError(entry.path)
        with self.locks.reading(entry.path):
            yield entry

    @contextlib.contextmanager
    def write(self, path: str) -> Iterator[Writer]:
        """A file created, or emptied if it exists, and kept open for writing until the block ends.

        However the block ends, what was written stays: who wants it gone calls `delete` afterwards.
        FileNotFoundError (no such folder), IsADirectoryError, FileBusy.
        """
        path, real = self.canonical(path), self.real(path)
        if real.is_dir():
            raise IsADirectoryError(path)
        if not real.parent.is_dir():
            raise FileNotFoundError(path)
        before = self.allocated(path)
        with self.locks.writing(path), real.open("wb", buffering=0) as file:
            self.space.force(-before)
            self._keep(path, {"allocated": 0, **self._lasting(path)})
            writer = Writer(self, path, file)
            try:
                yield writer
            finally:
                file.truncate(writer.size)
                self.set_attributes(path, allocated=writer.size)
                self._descriptors.pop(path, None)
                self.on_change()

    def _lasting(self, path: str) -> Mapping[str, Any]:
        """Attributes that belong to the file, not to its contents."""
        return {k: v for k, v in self._attributes.get(path).items() if k in ("kind", "owner")}

    def delete(self, path: str) -> None:
        """Remove a file or a whole folder. FileNotFoundError, FileBusy (something in it is open)."""
        path = self.entry(path).path
        if not path:
            raise BadPath("The root of a datastore cannot be deleted.")
        self.locks.check(path, writing=True)
        self.remove(path)
        self.on_change()

    def rename(self, old: str, new: str, *, force: bool = False) -> None:
        """Move a file or folder inside this datastore; `force` replaces a file (never a folder).

        FileNotFoundError (source, target's folder), FileExistsError, FileBusy.
        """
        entry, new = self.entry(old), self.canonical(new)
        if new == entry.path or not entry.path:
            raise FileExistsError(new)
        if new.startswith(entry.path + "/"):
            raise BadPath(f"'{new}' is inside '{entry.path}'.")
        self.check_target(entry, new, force=force)
        self.locks.check(entry.path, writing=True)
        if self.real(new).exists():
            self.remove(new)
        os.rename(self.real(entry.path), self.real(new))
        self._attributes.rename(entry.path, new)
        self._descriptors.clear()
        self.on_change()

    def check_target(self, source: Entry, new: str, *, force: bool) -> None:
        """Whether a file or folder may come to be at that path. Errors as of `rename`."""
        real = self.real(new)
        if not real.parent.is_dir():
            raise FileNotFoundError(new)
        if real.exists():
            if not force or real.is_dir() or source.is_dir:
                raise FileExistsError(new)
            self.locks.check(new, writing=True)

    # -- looking -------------------------------------------------------------------------------
    def canonical(self, path: str) -> str:
        """The path without empty parts, and with a top-level folder's friendly name replaced by its own.

        BadPath for "..", "." or a NUL in it.
        """
        parts = [part for part in path.split("/") if part]
        if any(part in (".", "..") or "\0" in part for part in parts):
            raise BadPath(f"'{path}' is not a path inside the datastore.")
        if parts:
            parts[0] = self._attributes.friendly.get(parts[0], parts[0])
        return "/".join(parts)

    def real(self, path: str) -> Path:
        """The real path of a datastore path. BadPath as `canonical`."""
        return self.root.joinpath(self.canonical(path))

    def allocated(self, path: str) -> int:
        """Bytes a file, or everything in a folder, has allocated; 0 if it is not there."""
        try:
            entry = self.entry(path)
            if not entry.is_dir:
                return entry.allocated
            return sum(self.allocated(inner.path) for inner in self.entries(path))
        except (FileNotFoundError, NotADirectoryError):
            return 0

    def entry(self, path: str) -> Entry:
        """One file or folder. FileNotFoundError if there is none."""
        path = self.canonical(path)
        return self._entry(path, path.rpartition("/")[2], self.real(path).lstat())

    def _entry(self, path: str, name: str, status: os.stat_result) -> Entry:
        modified = datetime.datetime.fromtimestamp(status.st_mtime_ns // 1_000_000 / 1000, datetime.UTC)
        is_dir = stat.S_ISDIR(status.st_mode)
        return Entry(path, name, is_dir, status.st_size, modified, self._attributes.get(path))

    def entries(self, folder: str, keep: Callable[[str], object] = lambda name: True) -> list[Entry]:
        """What is in a folder and has a name to keep, sorted by name. FileNotFoundError, NotADirectoryError."""
        folder = self.canonical(folder)
        prefix = f"{folder}/" if folder else ""
        with os.scandir(self.real(folder)) as found:
            kept = [e for e in found if keep(e.name)]
            result = [self._entry(prefix + e.name, e.name, e.stat(follow_symlinks=False)) for e in kept]
        return sorted(result, key=lambda entry: entry.name)

    def named(self, folder: str, names: Collection[str]) -> list[Entry]:
        """Those of the names that are in a folder, in time by how many there are. Errors as of `entries`."""
        folder = self.canonical(folder)
        prefix = f"{folder}/" if folder else ""
        if not stat.S_ISDIR(self.real(folder).stat().st_mode):
            raise NotADirectoryError(folder)
        result = []
        for name in sorted(name for name in names if name not in ("", ".", "..") and "/" not in name):
            with contextlib.suppress(FileNotFoundError):
                result.append(self._entry(prefix + name, name, self.root.joinpath(folder, name).lstat()))
        return result

    def folders(self, top: str) -> Iterator[str]:
        """A folder and all below it, parents first, siblings by name."""
        top = self.canonical(top)
        yield top
        for entry in self.entries(top):
            if entry.is_dir:
                yield from self.folders(entry.path)

    def descriptor(self, entry: Entry) -> vmdk.Descriptor:
        """The parsed descriptor of a .vmdk (remembered until the file changes)."""
        stamp = int(entry.modified.timestamp() * 1000)
        known = self._descriptors.get(entry.path)
        if known is not None and known[:2] == (stamp, entry.size):
            return known[2]
        text = ""
        if entry.size <= 65536:
            text = self.real(entry.path).read_bytes().decode("utf-8", "replace")
        result = vmdk.parse(text)
        self._descriptors[entry.path] = (stamp, entry.size, result)
        return result

    def disk(self, entry: Entry) -> Disk:
        """What a search says about a disk: the descriptor, overruled by the file's attributes."""
        said = self.descriptor(entry)
        over = entry.attributes.get("disk") or {}
        unset = entry.attributes.get("unset", ())
        folder = entry.path.rpartition("/")[0]
        names = tuple(over.get("extents", [name for name in said.extents if name not in said.objects]))
        paths = tuple(f"{folder}/{name}" if folder else name for name in names)
        fields = {
            "capacity_kb": over.get("capacityKb", said.capacity_kb),
            "file_size": entry.attributes.get("object", 0) + sum(self.allocated(path) for path in paths),
            "disk_type": over.get("diskType", said.disk_type),
            "controller": over.get("controllerType", said.controller),
            "hardware_version": over.get("hardwareVersion", said.hardware_version),
            "thin": over.get("thin", said.thin),
        }
        hidden = {"capacity_kb": "capacityKb", "file_size": "fileSize"}
        return Disk(**{k: None if hidden.get(k) in unset else v for k, v in fields.items()}, extents=paths)

    def uuid(self, entry: Entry) -> str:
        """A disk's UUID: its own, its parent's, or one made from its path. FileNotFoundError (parent)."""
        said = self.descriptor(entry)
        if said.uuid is None and said.parent:
            folder = entry.path.rpartition("/")[0]
            parent = said.parent if "/" in said.parent or not folder else f"{folder}/{said.parent}"
            return self.uuid(self.entry(parent))
        return said.uuid or vmdk.derived_uuid(f"{self.root.name}/{entry.path}")


def _allocated_in(tree: Sequence[Mapping[str, Any]]) -> int:
    """What a world's file tree has allocated."""
    total = 0
    for node in tree:
        length = max(node.get("size", 0), len((node.get("text") or "").encode()))
        own = 0 if node["kind"] == "dir" else node.get("allocated", length) + node.get("object", 0)
        total += own + _allocated_in(node.get("children") or ())
    return total


class Writer:
    """A file being written from its beginning to its end."""

    def __init__(self, store: FileStore, path: str, file: Any):
        self._store, self._file = store, file
        self.path, self.size = path, 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append. NoSpace, and nothing of `data` written. Zeros are left as a hole of the real file."""
        self._store.space.change(len(data))
        if is_zero(data):
            self._file.seek(len(data), os.SEEK_CUR)
        else:
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
        self.size += len(data)
