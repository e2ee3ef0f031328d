# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What a collector remembers of one session's filters, and the machinery behind WaitForUpdates.

    CollectorState ── filters ──► PropertyFilter ── reported {moid: {path: value}}
        version "7"                    compare with the registry → ObjectUpdates
        pages (what is still to be sent of a truncated update)
        waits (futures) ◄── the registry's announcements, and whatever else ends a wait

A blocked wait is one future and, where its time is limited, one timer; nothing looks at a clock in between.
"""

from __future__ import annotations

import asyncio
import enum
import functools
from typing import Any

import attrs

from esxkit.fake.connections import Connection
from esxkit.fake.filters import PropertyFilter
from esxkit.fake.registry import Registry
from esxkit.model.objects import trusted, vi_type
from esxkit.wire.faults import VimFault, not_authenticated

_FILTER_UPDATE = vi_type("PropertyFilterUpdate")
_OBJECT_UPDATES = vi_type("ArrayOfObjectUpdate")
_FILTER_UPDATES = vi_type("ArrayOfPropertyFilterUpdate")
_UPDATE_SET = vi_type("UpdateSet")


class ClientGone(Exception):
    """The connection of a blocked wait was closed; nobody reads an answer."""


class End(enum.Enum):
    """What wakes a blocked wait."""

    NEWS = enum.auto()
    """Something changed in the registry; whether that is of interest is to be seen."""
    CANCELED = enum.auto()
    SESSION_OVER = enum.auto()
    FORGOTTEN = enum.auto()
    """The server does not know the version any more."""
    CLIENT_GONE = enum.auto()


@attrs.frozen
class WaitRequest:
    """Who waits for what, from which version, how many seconds (None: no limit), in pages of how many updates."""

    session: Any
    version: str
    seconds: float | None = None
    page: int | None = None
    connection: Connection | None = None


class Waits:
    """The blocked waits of a whole server; for tests that want to know that one is."""

    def __init__(self) -> None:
        self.blocked = 0
        self.begun = 0
        """How many there ever were."""
        self._watchers: list[tuple[int, int, asyncio.Future[None]]] = []

    def change(self, by: int) -> None:
        """One more or fewer is blocked."""
        self.blocked += by
        self.begun += max(by, 0)
        for blocked, begun, future in self._watchers:
            if self.blocked == blocked and self.begun >= begun and not future.done():
                future.set_result(None)

    async def reach(self, blocked: int, begun: int, seconds: float) -> bool:
        """Return as soon as exactly so many are blocked, of at least so many ever; False when that takes too long."""
        if self.blocked == blocked and self.begun >= begun:
            return True
        watcher = blocked, begun, asyncio.get_running_loop().create_future()
        self._watchers.append(watcher)
        try:
            await asyncio.wait_for(watcher[2], seconds)
        except TimeoutError:
            return False
        finally:
            self._watchers.remove(watcher)
        return True


class _Blocked:
    """One blocked wait."""

    def __init__(self) -> None:
        self._woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reason: End | None = None

    def wake(self, reason: End = End.NEWS) -> None:
        """Let it go on; what ends the wait goes before news."""
        if self._reason in (None, End.NEWS):
            self._reason = reason
        if not self._woken.done():
            self._woken.set_result(None)

    async def reason(self, seconds: float | None) -> End | None:
        """What woke it, None when its time is over."""
        try:
            await asyncio.wait_for(self._woken, seconds)
        except TimeoutError:
            return None
        return self._reason


class CollectorState:
    """Filters, version and unsent pages of one collector in one session."""

    def __init__(self) -> None:
        self.filters: dict[str, PropertyFilter] = {}
        self.tokens: dict[str, tuple[list[Any], int]] = {}
        self.next_token = 0
        self.version = ""
        self._sequence = 0
        self._pages: list[list[Any]] = []
        self._page = 0
        self._blocked: set[_Blocked] = set()

    def end_waits(self, reason: End) -> None:
        """Make every wait in flight end for that reason."""
        for one in self._blocked:
            one.wake(reason)

    def forget(self) -> None:
        """Know no version any more; waits in flight end with InvalidCollectorVersion."""
        self.version = "(none)"
        self._pages = []
        self.end_waits(End.FORGOTTEN)

    async def wait(self, registry: Registry, request: WaitRequest) -> Any:
        """The next UpdateSet after the version, or None when the time is over.

        Fault InvalidCollectorVersion for a version that is not the last one given out, also when another wait made
        a newer one meanwhile. ClientGone when nobody waits any more.
        """
        if not request.version:
            self._pages = []
            for one in self.filters.values():
                one.restart()
        elif request.version != self.version:
            raise VimFault("InvalidCollectorVersion")
        if self._pages:
            return self._next_page()
        loop = asyncio.get_running_loop()
        deadline = None if request.seconds is None else loop.time() + request.seconds
        known = self.version
        while True:
            self._collect(registry, request)
            if self._pages:
                return self._next_page()
            remaining = None if deadline is None else deadline - loop.time()
            if remaining is not None and remaining <= 0:
                return None
            _check(await self._block(registry, request.connection, remaining), registry)
            if self.version != known:
                raise VimFault("InvalidCollectorVersion")

    async def _block(self, registry: Registry, connection: Connection | None, seconds: float | None) -> End | None:
        """Wait for something to happen."""
        blocked, waits = _Blocked(), registry.service.waits
        gone = functools.partial(blocked.wake, End.CLIENT_GONE)
        self._blocked.add(blocked)
        registry.listeners.add(blocked.wake)
        if connection is not None:
            connection.on_lost.add(gone)
        waits.change(1)
        try:
            return await blocked.reason(seconds)
        finally:
            waits.change(-1)
            if connection is not None:
                connection.on_lost.discard(gone)
            registry.listeners.discard(blocked.wake)
            self._blocked.discard(blocked)

    def _collect(self, registry: Registry, request: WaitRequest) -> None:
        updates = []
        for one in list(self.filters.values()):
            updates += [(one.ref, update) for update in one.gather(registry, request.session)]
        if not updates:
            return
        step = request.page or len(updates)
        self._pages = [updates[i : i + step] for i in range(0, len(updates), step)]
        self._page = 0
        self._sequence += 1

    def _next_page(self) -> Any:
        page = self._pages.pop(0)
        self._page += 1
        truncated = bool(self._pages)
        # As vCenter counts: "0_1", "0_2" for the truncated parts of the first update, then "1".
        self.version = f"{self._sequence - 1}_{self._page}" if truncated else str(self._sequence)
        by_filter: dict[str, tuple[Any, list[Any]]] = {}
        for ref, update in page:
            by_filter.setdefault(ref._moId, (ref, []))[1].append(update)
        sets = [
            trusted(_FILTER_UPDATE, filter=ref, objectSet=_OBJECT_UPDATES(updates))
            for ref, updates in by_filter.values()
        ]
        return trusted(
            _UPDATE_SET,
            version=self.version,
            filterSet=_FILTER_UPDATES(sets),
            truncated=True if truncated else None,
        )


def _check(reason: End | None, registry: Registry) -> None:
    """Whether a wait may go on after that."""
    match reason:
        case End.CANCELED:
            raise VimFault("RequestCanceled")
        case End.SESSION_OVER:
            if registry.service.options.ended_wait == "fault":
                raise not_authenticated(registry.service.root_folder.ref)
            raise VimFault("RequestCanceled")
        case End.FORGOTTEN:
            raise VimFault("InvalidCollectorVersion")
        case End.CLIENT_GONE:
            raise ClientGone
