# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What a datastore knows of its files that a real file system does not, by path.

With a journal (a file of one JSON value a line) the knowledge outlives the process, however that ended.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Attributes:
    """Attributes of files and folders; a change is a new mapping, never one in place."""

    def __init__(self, journal: Path | None = None):
        self._by_path: dict[str, Mapping[str, Any]] = {}
        self.friendly: dict[str, str] = {}
        """Friendly names of top-level folders: what paths may say in place of the folder's own name."""
        self._journal: Path | None = None
        self._pending: list[str] = []
        self._held = False
        if journal is not None and journal.exists():
            for line in journal.read_text(encoding="utf-8").splitlines():
                self._replay(line)
        self._journal = journal

    def _replay(self, line: str) -> None:
        try:
            path, kept = json.loads(line)
        except ValueError:
            return  # The process was killed while it wrote the last line.
        if kept is None:
            self.drop(path)
        else:
            self.put(path, kept)

    def get(self, path: str) -> Mapping[str, Any]:
        """The attributes of a path; empty if there are none."""
        return self._by_path.get(path, _NOTHING)

    def put(self, path: str, kept: Mapping[str, Any]) -> None:
        """Set (replace) the attributes of a path."""
        if kept:
            self._forget_friendly(path)
            self._by_path[path] = dict(kept)
            if "friendlyName" in kept and "/" not in path:
                self.friendly[kept["friendlyName"]] = path
            self._note(path, self._by_path[path])
        else:
            self.drop(path)

    def drop(self, path: str) -> None:
        """Forget one path."""
        self._forget_friendly(path)
        if self._by_path.pop(path, None) is not None:
            self._note(path, None)

    def _forget_friendly(self, path: str) -> None:
        name = self.get(path).get("friendlyName")
        if name is not None and self.friendly.get(name) == path:
            del self.friendly[name]

    def below(self, path: str) -> list[str]:
        """The path itself and those below it that have attributes."""
        return [p for p in self._by_path if p == path or p.startswith(path + "/")]

    def rename(self, old: str, new: str) -> None:
        """A file or a folder with all in it has another path now."""
        for gone in self.below(new):
            self.drop(gone)
        for path in self.below(old):
            kept = self._by_path[path]
            self.drop(path)
            self.put(new + path[len(old) :], kept)

    def _note(self, path: str, kept: Mapping[str, Any] | None) -> None:
        if self._journal is None:
            return
        self._pending.append(json.dumps([path, kept]) + "\n")
        if not self._held:
            self.flush()

    def hold(self) -> None:
        """Write nothing to the journal until the next flush: many changes are coming."""
        self._held = True

    def flush(self) -> None:
        """Write what is pending to the journal."""
        self._held = False
        if self._journal is not None and self._pending:
            with self._journal.open("a", encoding="utf-8") as file:
                file.writelines(self._pending)
            self._pending.clear()
