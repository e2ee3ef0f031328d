# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors

"""The files of a datastore: real (sparse) files in a temporary folder, plus what a file system cannot say.

A world's file tree is a list of {"name", "kind", "size", "mtime", "children", ...}; kind "dir" is a folder.
Beside the real file we keep its attributes: "allocated" (a sparse file has nothing allocated), "owner",
"friendlyName", "text" (contents), "disk" (what VmDiskFileInfo says, where the descriptor does not), and
"unset" (names of FileInfo fields this file is reported without).
"""

import datetime
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from esxkit.fake import vmdk

_DEFAULT_MTIME = datetime.datetime(2024, 3, 10, 0, 15, 42, 371000, tzinfo=datetime.UTC)


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
        """Bytes taken on the volume."""
        return self.attributes.get("allocated", self.size)


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
    """The files of one datastore below a real folder."""

    def __init__(self, root: Path, tree: Sequence[Mapping[str, Any]] = ()):
        self.root = root
        self._attributes: dict[str, dict[str, Any]] = {}
        self._descriptors: dict[str, tuple[int, int, vmdk.Descriptor]] = {}
        root.mkdir(parents=True, exist_ok=True)
        self._fill("", tree)

    def _fill(self, folder: str, tree: Sequence[Mapping[str, Any]]) -> None:
        for node in tree:
            path = f"{folder}/{node['name']}" if folder else node["name"]
            if node["kind"] == "dir":
                self.make_folder(path, node)
                self._fill(path, node.get("children") or [])
                self._set_mtime(path, node)
            else:
                self.make_file(path, node)

    def make_folder(self, path: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Make a folder; its parent must be there. FileExistsError if it exists."""
        self.real(path).mkdir()
        self._keep(path, attributes or {})

    def make_file(self, path: str, attributes: Mapping[str, Any]) -> None:
        """Make or replace a file with "text" or with "size" zero bytes."""
        real = self.real(path)
        text = attributes.get("text")
        with real.open("wb") as file:
            if text:
                file.write(text.encode())
            size = attributes.get("size", 0)
            if size > (len(text.encode()) if text else 0):
                file.truncate(size)
        self._keep(path, attributes)
        self._set_mtime(path, attributes)

    def remove(self, path: str) -> None:
        """Remove a file or a whole folder. FileNotFoundError if it is not there."""
        real = self.real(path)
        if real.is_dir():
            shutil.rmtree(real)
        else:
            real.unlink()
        for kept in [k for k in self._attributes if k == path or k.startswith(path + "/")]:
            del self._attributes[kept]

    def _keep(self, path: str, attributes: Mapping[str, Any]) -> None:
        kept = {k: v for k, v in attributes.items() if k not in ("name", "size", "text", "children", "mtime")}
        if kept:
            self._attributes[path] = kept

    def _set_mtime(self, path: str, attributes: Mapping[str, Any]) -> None:
        stamp = attributes.get("mtime")
        when = datetime.datetime.fromisoformat(stamp) if stamp else _DEFAULT_MTIME
        nanoseconds = int(when.timestamp() * 1000) * 1_000_000
        os.utime(self.real(path), ns=(nanoseconds, nanoseconds))

    def real(self, path: str) -> Path:
        """The real path of a datastore path. BadPath for "..", "." or a NUL in it."""
        parts = [part for part in path.split("/") if part]
        if any(part in (".", "..") or "\0" in part for part in parts):
            raise BadPath(f"'{path}' is not a path inside the datastore.")
        return self.root.joinpath(*parts)

    def entry(self, path: str) -> Entry:
        """One file or folder. FileNotFoundError if there is none."""
        path = path.strip("/")
        return self._entry(path, path.rpartition("/")[2], self.real(path).lstat())

    def _entry(self, path: str, name: str, stat: os.stat_result) -> Entry:
        modified = datetime.datetime.fromtimestamp(stat.st_mtime_ns // 1_000_000 / 1000, datetime.UTC)
        is_dir = (stat.st_mode & 0o170000) == 0o040000
        return Entry(path, name, is_dir, stat.st_size, modified, self._attributes.get(path, {}))

    def entries(self, folder: str) -> list[Entry]:
        """Everything directly in a folder, sorted by name. FileNotFoundError, NotADirectoryError."""
        folder = folder.strip("/")
        prefix = f"{folder}/" if folder else ""
        with os.scandir(self.real(folder)) as found:
            result = [self._entry(prefix + e.name, e.name, e.stat(follow_symlinks=False)) for e in found]
        return sorted(result, key=lambda entry: entry.name)

    def folders(self, top: str) -> Iterator[str]:
        """A folder and all below it, parents first, siblings by name."""
        top = top.strip("/")
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
        names = tuple(over.get("extents", said.extents))
        paths = tuple(f"{folder}/{name}" if folder else name for name in names)
        fields = {
            "capacity_kb": over.get("capacityKb", said.capacity_kb),
            "file_size": sum(self._allocated(path) for path in paths),
            "disk_type": over.get("diskType", said.disk_type),
            "controller": over.get("controllerType", said.controller),
            "hardware_version": over.get("hardwareVersion", said.hardware_version),
            "thin": over.get("thin", said.thin),
        }
        hidden = {"capacity_kb": "capacityKb", "file_size": "fileSize"}
        return Disk(**{k: None if hidden.get(k) in unset else v for k, v in fields.items()}, extents=paths)

    def _allocated(self, path: str) -> int:
        try:
            return self.entry(path).allocated
        except FileNotFoundError:
            return 0

    def uuid(self, entry: Entry) -> str:
        """A disk's UUID: its own, its parent's, or one made from its path. FileNotFoundError (parent)."""
        said = self.descriptor(entry)
        if said.uuid is None and said.parent:
            folder = entry.path.rpartition("/")[0]
            parent = said.parent if "/" in said.parent or not folder else f"{folder}/{said.parent}"
            return self.uuid(self.entry(parent))
        return said.uuid or vmdk.derived_uuid(f"{self.root.name}/{entry.path}")
