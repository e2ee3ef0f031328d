# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The TCP connections of clients: what is to happen when one ends, and the proxy that cuts silent ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from esxkit.fake.options import FakeOptions


class Connection:
    """One TCP connection. `free_at`: when, by the clock of the loop, the next byte of a file may move."""

    def __init__(self, number: int, transport: asyncio.Transport, options: FakeOptions):
        self.number = number
        self.free_at = 0.0
        self._transport, self._options = transport, options
        self._timer: asyncio.TimerHandle | None = None
        self._open = True
        self.on_lost: set[Callable[[], None]] = set()
        """Called when the client has closed the connection, or it broke."""
        self.silent()

    def silent(self) -> None:
        """From now on no byte goes by."""
        self.busy()
        if self._options.idle_cut_seconds and self._open:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._options.idle_cut_seconds, self._transport.abort)

    def busy(self) -> None:
        """From now on bytes go by."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def lost(self) -> None:
        """It has ended."""
        self._open = False
        self.busy()
        for callback in list(self.on_lost):
            callback()


class Connections:
    """The open connections, by whatever the web server knows them by."""

    def __init__(self, options: FakeOptions):
        self._options = options
        self._open: dict[Any, Connection] = {}
        self._made = 0

    def __len__(self) -> int:
        return len(self._open)

    def add(self, key: Any, transport: Any) -> None:
        """A connection was made."""
        self._made += 1
        self._open[key] = Connection(self._made, transport, self._options)

    def find(self, key: Any) -> Connection | None:
        """An open connection, or None when it is closed."""
        return self._open.get(key)

    def drop(self, key: Any) -> None:
        """A connection has ended."""
        connection = self._open.pop(key, None)
        if connection is not None:
            connection.lost()
