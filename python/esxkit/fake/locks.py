# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Who has a file open: any number of readers, one writer, or a running machine.

    machine ──► nobody else reads or writes
    writer  ──► nobody else reads or writes
    readers ──► nobody writes

A lock is on a file's path below its datastore; a folder counts as open while anything in it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class FileBusy(OSError):
    """The file is open in a way that does not go together with what was asked."""

    def __init__(self, path: str):
        super().__init__(f"'{path}' is in use.")
        self.path = path


class Locks:
    """The open files of one datastore."""

    def __init__(self) -> None:
        self._machines: set[str] = set()
        self._writers: set[str] = set()
        self._readers: dict[str, int] = {}

    def hold(self, path: str) -> None:
        """A machine takes a file. FileBusy if it is being read or written."""
        self.check(path, writing=True)
        self._machines.add(path)

    def release(self, path: str) -> None:
        """The machine lets go. KeyError if none had the file."""
        self._machines.remove(path)

    def held(self) -> list[str]:
        """The paths machines hold."""
        return sorted(self._machines)

    def check(self, path: str, *, writing: bool) -> None:
        """FileBusy unless the file (or everything in that folder) may be opened so now."""
        taken = self._machines | self._writers | (set(self._readers) if writing else set())
        for other in sorted(taken):
            if other == path or other.startswith(path + "/") or path == "":
                raise FileBusy(other)

    @contextlib.contextmanager
    def reading(self, *paths: str) -> Iterator[None]:
        """Keep files open for reading."""
        for path in paths:
            self.check(path, writing=False)
        for path in paths:
            self._readers[path] = self._readers.get(path, 0) + 1
        try:
            yield
        finally:
            for path in paths:
                self._readers[path] -= 1
                if not self._readers[path]:
                    del self._readers[path]

    @contextlib.contextmanager
    def writing(self, *paths: str) -> Iterator[None]:
        """Keep files open for writing, whether they exist yet or not."""
        for path in paths:
            self.check(path, writing=True)
        self._writers.update(paths)
        try:
            yield
        finally:
            self._writers.difference_update(paths)
