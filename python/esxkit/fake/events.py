# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Numbered moments in the life of a fake, at which it can die or drop its connections.

A moment is a request that came, an answer that goes out, a quarter of a MiB of contents, or a step of a task. A
test counts those of an undisturbed run, and then breaks one run off at each of them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from weakref import WeakSet

EXIT_CODE = 86
"""Of a process that died at its moment."""

PIECE = 256 * 1024
"""Bytes of contents between two moments."""


class Events:
    """The moments since they were last armed."""

    def __init__(self) -> None:
        self.transports: WeakSet[asyncio.Transport] = WeakSet()
        self.after: Callable[[str], None] | None = None
        """Called with each moment, when it has come."""
        self._log: list[str] = []
        self._die_at = 0
        self._cut_at = 0

    def arm(self, die_at: int = 0, cut_at: int = 0) -> None:
        """Count from 1 again; at the given moment end the process, or close all connections. 0 is never."""
        self._log.clear()
        self._die_at, self._cut_at = die_at, cut_at

    @property
    def log(self) -> list[str]:
        """What happened, one line a moment."""
        return list(self._log)

    def happen(self, what: str) -> None:
        """A moment has come."""
        self._log.append(what)
        if len(self._log) == self._die_at:
            os._exit(EXIT_CODE)
        if len(self._log) == self._cut_at:
            self.cut()
        if self.after is not None:
            self.after(what)

    def cut(self) -> None:
        """Close all connections as a network does that breaks: at once, and with nothing said."""
        for transport in list(self.transports):
            transport.abort()
