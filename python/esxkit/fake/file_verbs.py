# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Verbs of the control interface about the bytes of datastores: what is really there, who has it, what fails."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Iterator
from typing import Any

from esxkit.fake import vmdk
from esxkit.fake.contents import data_bytes, digest
from esxkit.fake.core import Service
from esxkit.fake.disks import is_disk
from esxkit.fake.files import BadPath, Entry, FileStore
from esxkit.fake.locks import FileBusy
from esxkit.fake.objects.datastore import Datastore
from esxkit.fake.progress import Failure
from esxkit.model.objects import make, replaced

_HASHED_UP_TO = 64 * 1024 * 1024


class FileVerbs:
    """The verbs; every path is relative to its datastore."""

    def __init__(self, service: Service):
        self._service = service

    # -- looking -----------------------------------------------------------------------------
    def tree(self, datastore: str, folder: str = "", hash_up_to: int = _HASHED_UP_TO) -> dict[str, dict[str, Any]]:
        """Every file and folder by path: size, allocated, whether it is one hole, sha256 (null for larger ones)."""
        files = self._files(datastore)
        with _sentences(folder):
            found = [e for f in files.folders(folder) for e in files.entries(f)]
            return {e.path: _description(files, e, hash_up_to) for e in sorted(found, key=lambda e: e.path)}

    def read_file(self, datastore: str, path: str, offset: int = 0, length: int | None = None) -> str:
        """Bytes of a file, in base64."""
        files = self._files(datastore)
        with _sentences(path), files.real(path).open("rb") as file:
            file.seek(offset)
            return base64.b64encode(file.read(-1 if length is None else length)).decode()

    def free_space(self, datastore: str) -> dict[str, int | None]:
        """What is really free, and what the datastore's summary says."""
        store = self._store(datastore)
        return {"free": self._files(datastore).space.free, "published": store.read("summary").freeSpace}

    def locks(self, datastore: str) -> list[str]:
        """Files that machines hold."""
        return self._files(datastore).locks.held()

    # -- placing -----------------------------------------------------------------------------
    def put_file(self, datastore: str, path: str, content: str, size: int | None = None) -> None:
        """A file with that content (base64), followed by zeros up to `size`; its folder must be there."""
        try:
            data = base64.b64decode(content, validate=True)
        except binascii.Error as error:
            raise ValueError(f"The content is not base64: {error}.") from None
        files = self._files(datastore)
        with _sentences(path):
            files.make_file(path, {"kind": "file", "size": max(len(data), size or 0)})
            with files.real(path).open("r+b") as file:
                file.write(data)

    def make_folder(self, datastore: str, path: str, friendly_name: str | None = None) -> None:
        """A folder; its parent must be there."""
        with _sentences(path):
            self._files(datastore).make_folder(path, {"friendlyName": friendly_name} if friendly_name else {})

    def set_deletable(self, datastore: str, path: str, deletable: bool) -> None:
        """Write ddb.deletable = "false" into a disk's descriptor, or take it out."""
        files = self._files(datastore)
        with _sentences(path):
            text = files.real(path).read_text(encoding="utf-8")
            files.set_text(path, vmdk.with_setting(text, "ddb.deletable", None if deletable else "false"))

    # -- trouble -----------------------------------------------------------------------------
    def lock_file(self, datastore: str, path: str) -> list[str]:
        """A machine uses a file; of a disk, its extents too. The paths now locked."""
        files = self._files(datastore)
        taken = self._parts(files, path)
        with _sentences(path):
            for part in taken:
                files.locks.check(part, writing=True)
        for part in taken:
            files.locks.hold(part)
        return taken

    def unlock_file(self, datastore: str, path: str) -> None:
        """The machine is done with it."""
        files = self._files(datastore)
        for part in self._parts(files, path):
            if part in files.locks.held():
                files.locks.release(part)

    def fail_task(
        self,
        method: str,
        fault: str,
        message: str | None = None,
        fields: dict[str, Any] | None = None,
        at_percent: float = 0,
        count: int = 1,
    ) -> None:
        """The next tasks of a method ("*": any) begin and end with a fault, when so much of their work is done."""
        order = Failure(method, fault, message, fields or {}, at_percent, count)
        order.vim_fault()  # Whether there is such a fault is said here, not in the task.
        self._service.tasks.failures.append(order)

    def set_access_mode(self, datastore: str, mode: str) -> None:
        """Mount a datastore "readOnly" or "readWrite" on every host."""
        store = self._store(datastore)
        mounts = [
            make("DatastoreHostMount", key=mount.key, mountInfo=replaced(mount.mountInfo, "accessMode", mode))
            for mount in store.read("host")
        ]
        store.set("host", mounts)

    # -- helpers -----------------------------------------------------------------------------
    def _parts(self, files: FileStore, path: str) -> list[str]:
        with _sentences(path):
            entry = files.entry(path)
        if not is_disk(files, entry):
            return [entry.path]
        return [entry.path, *(e for e in files.disk(entry).extents if files.real(e).exists())]

    def _store(self, name: str) -> Datastore:
        for store in self._service.registry.of_type(Datastore):
            if store.plain_name == name:
                return store
        raise KeyError(f"There is no datastore '{name}'.")

    def _files(self, name: str) -> FileStore:
        files = self._store(name).files
        if files is None:
            raise ValueError(f"The datastore '{name}' has no volume.")
        return files


def _description(files: FileStore, entry: Entry, hash_up_to: int) -> dict[str, Any]:
    if entry.is_dir:
        return {"kind": "dir"}
    real = files.real(entry.path)
    return {
        "kind": "file",
        "size": entry.size,
        "allocated": entry.allocated,
        "holes": data_bytes(real) == 0,
        "sha256": digest(real) if entry.size <= hash_up_to else None,
    }


@contextlib.contextmanager
def _sentences(path: str) -> Iterator[None]:
    """Errors of the file store as sentences of the control interface."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"There is no file '{path}'.") from None
    except FileExistsError:
        raise ValueError(f"There is '{path}' already.") from None
    except (FileBusy, IsADirectoryError, BadPath) as error:
        raise ValueError(f"'{path}': {error}") from None
