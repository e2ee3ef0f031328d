# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The core of the fake: sessions, options, counters and the registry, which managed objects share.

Nothing here knows a managed object's class or a request; requests go through esxkit.fake.dispatch.
"""

from __future__ import annotations

import asyncio
import collections
from typing import Any

import attrs

from esxkit.fake.accounts import READ, Accounts
from esxkit.fake.connections import Connections
from esxkit.fake.events import Events
from esxkit.fake.options import FakeOptions
from esxkit.fake.registry import ManagedObject, Registry
from esxkit.fake.sessions import Session, SessionTable
from esxkit.fake.tickets import Tickets
from esxkit.fake.troubles import Rules
from esxkit.fake.updates import CollectorState, End, Waits
from esxkit.wire.faults import VimFault

_ASKED_KEPT = 100_000


@attrs.define
class Counters:
    """What the fake was asked."""

    methods: collections.Counter[str] = attrs.field(factory=collections.Counter)
    faults: collections.Counter[str] = attrs.field(factory=collections.Counter)
    connections: int = 0
    files: collections.Counter[str] = attrs.field(factory=collections.Counter)
    host_files: collections.Counter[str] = attrs.field(factory=collections.Counter)
    """Requests to the hosts behind a vCenter."""
    file_connections: set[int] = attrs.field(factory=set)
    """Connections on which contents of files went by."""
    file_bytes_in: int = 0
    file_bytes_out: int = 0
    troubles: collections.Counter[str] = attrs.field(factory=collections.Counter)
    """Orders for the file API that were carried out, as "kind METHOD"."""
    bytes_in: int = 0
    bytes_out: int = 0
    method_bytes: collections.Counter[str] = attrs.field(factory=collections.Counter)
    """The sum of both by method; "?": requests from which no method could be read."""
    rescans: collections.Counter[str] = attrs.field(factory=collections.Counter)

    def sent(self, method: str, length: int) -> None:
        """Count `length` bytes of a reply of `method`."""
        self.bytes_out += length
        self.method_bytes[method] += length

    def plain(self) -> dict[str, Any]:
        """As JSON; "total" is the number of SOAP requests."""
        connections = len(self.file_connections)
        return {**attrs.asdict(self), "file_connections": connections, "total": self.methods.total()}


class Service:
    """The state of one fake VI server, without its network: what managed objects and the file API work on."""

    def __init__(self, options: FakeOptions, *, api_version: str, is_vcenter: bool):
        self.options = options
        self.api_version = api_version
        self.is_vcenter = is_vcenter
        self.registry = Registry(self)
        self.accounts = Accounts(self.registry)
        self.sessions = SessionTable(options, self._session_ended, self.accounts)
        self.rules = Rules()
        self.counters = Counters()
        self.events = Events()
        self.waits = Waits()
        self.connections = Connections(options)
        self.tickets = Tickets(options)
        self.background: set[asyncio.Task] = set()
        self.hidden: set[tuple[str, str]] = set()
        self.root_folder: Any = None
        self.tasks: Any = None
        self.host_actions: list[Any] = []
        self.asked: collections.deque[str] = collections.deque(maxlen=_ASKED_KEPT)
        """The latest requests in their order: methods, and of the file API "folder:PUT" and the like."""

    @property
    def like_5_5(self) -> bool:
        """Whether cookies are dealt with as releases before 6.0 do."""
        return self.api_version.startswith("5.")

    def own(self, session: Session, obj: ManagedObject) -> Any:
        """Register an object that only this session sees and that ends with it; its reference."""
        obj.owner = session
        session.owned.add(obj.moid)
        return self.registry.add(obj)

    def hidden_property(self, obj: ManagedObject, path: str, session: Session | None = None) -> Any:
        """NoPermission when that property was hidden by the control interface, or from the account, else None."""
        if (obj.moid, path) in self.hidden:
            return VimFault("NoPermission", object=obj.ref, privilegeId=READ).data
        return self.accounts.refusal(session, obj, obj.property_info(path.partition(".")[0]).privId or READ)

    def collector_states(self, session: Session) -> list[CollectorState]:
        """What the collectors that a session uses remember of it."""
        return list(session.state.values())

    def rescanned(self, host: ManagedObject, device: str) -> None:
        """An adapter was rescanned: what was announced to appear with a rescan appears."""
        self.counters.rescans[device] += 1
        waiting, self.host_actions = self.host_actions, []
        for action in waiting:
            action(device)

    def _session_ended(self, session: Session) -> None:
        for state in self.collector_states(session):
            state.end_waits(End.SESSION_OVER)
        for moid in list(session.owned):
            self.registry.remove(moid)
        for state in session.state.values():
            for moid in list(state.filters):
                self.registry.remove(moid)

    async def close(self) -> None:
        """End sessions and tasks."""
        self.sessions.end_all()
        for task in list(self.background):
            task.cancel()
        await asyncio.gather(*self.background, return_exceptions=True)
