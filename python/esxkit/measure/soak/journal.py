# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What the world of a soak looked like when: written by one process, read by the clients in others.

A *slot* is one pool that changes over time (it may be renamed, or gone). Each change has the moment before the fake was
told and the moment after; the clock is the system's monotonic one, the same in all processes. Whoever read something
between two moments asks which states that may have shown.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import attrs


@attrs.frozen
class State:
    """A pool as clients must see it; name None while it is gone."""

    name: str | None
    info: tuple[int, int, int, int] | None = None
    """As virStoragePoolGetInfo tells it; None where anything is right."""
    volumes: int | None = None
    """How many it has, where it is a target."""


@attrs.define
class _Entry:
    state: State
    begun: float
    ended: float | None


class JournalWriter:
    """Appends changes to a file, one JSON document a line."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def begin(self, slot: int, state: State) -> float:
        """A slot is about to become `state`; returns that moment."""
        now = time.monotonic()
        self._write({"slot": slot, "state": attrs.asdict(state), "begun": now})
        return now

    def end(self, slot: int) -> None:
        """The slot is as was said last."""
        self._write({"slot": slot, "ended": time.monotonic()})

    def close(self) -> None:
        """End the file."""
        os.close(self._file)

    def _write(self, document: dict[str, Any]) -> None:
        # One write of less than a page: a reader sees whole lines or nothing of them.
        os.write(self._file, json.dumps(document).encode() + b"\n")


class JournalReader:
    """The journal as one client reads it.

    Args:
        path: the file.
        bound: for how many seconds after a change an answer may still show what was before it.
    """

    def __init__(self, path: Path, bound: float) -> None:
        self._file = path.open("rb")
        self._bound = bound
        self._rest = b""
        self._slots: dict[int, list[_Entry]] = {}

    @property
    def slots(self) -> list[int]:
        """The slots that exist."""
        self._read()
        return list(self._slots)

    def now(self, slot: int) -> State:
        """The state written last."""
        self._read()
        return self._slots[slot][-1].state

    def names(self, slot: int) -> set[str]:
        """All names that the slot ever had."""
        return {entry.state.name for entry in self._slots[slot] if entry.state.name}

    def possible(self, slot: int, asked: float, answered: float) -> list[State]:
        """The states that an answer may show which was asked for and came at these moments."""
        self._read()
        found = []
        entries = self._slots[slot]
        for entry, later in zip(entries, [*entries[1:], None], strict=True):
            over = later is not None and later.ended is not None and later.ended + self._bound < asked
            if not over and entry.begun <= answered:
                found.append(entry.state)
        return found

    def _read(self) -> None:
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            document = json.loads(line)
            entries = self._slots.setdefault(document["slot"], [])
            if "ended" in document:
                entries[-1].ended = document["ended"]
                continue
            state = document["state"]
            info = tuple(state["info"]) if state["info"] else None
            entries.append(_Entry(State(state["name"], info, state["volumes"]), document["begun"], None))
            # What is over for good is of no interest; names are kept a while longer.
            del entries[:-40]
