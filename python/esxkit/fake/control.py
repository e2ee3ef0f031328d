# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The control interface: what a test may do to a running fake, as verbs with JSON arguments.

In process: `fake.control.VERB(...)`; over HTTP: POST /_fake/VERB with a JSON object (GET for verbs without
arguments); its "*" may be a list of arguments by position. The reply is the verb's result as JSON; 400 with a
sentence if the verb or an argument is wrong.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from esxkit.fake import mutations
from esxkit.fake.accounts import Grant
from esxkit.fake.core import Counters, Service
from esxkit.fake.file_verbs import FileVerbs
from esxkit.fake.options import START_ONLY, FakeOptions
from esxkit.fake.populate import Builder
from esxkit.fake.worlds import WorldPlan


class ControlError(ValueError):
    """A verb or argument that makes no sense."""


class Control:
    """The verbs. Each public method without underscore is one (those of mutations.Mutations and FileVerbs as well)."""

    def __init__(self, service: Service, world: WorldPlan, builder: Builder, network: Any = None):
        self._service = service
        self._network = network
        self._others = (mutations.Mutations(service, world, builder), FileVerbs(service))

    async def run(self, verb: str, arguments: dict[str, Any], positional: Sequence[Any] = ()) -> Any:
        """Run one verb. ControlError with a sentence when it cannot be done."""
        handler = None
        if not verb.startswith("_") and verb != "run":
            handler = next((getattr(one, verb) for one in (self, *self._others) if hasattr(one, verb)), None)
        if handler is None:
            raise ControlError(f"The fake has no control verb '{verb}'; it has {', '.join(self.verbs())}.")
        try:
            result = handler(*positional, **arguments)
            return await result if inspect.isawaitable(result) else result
        except (KeyError, TypeError, ValueError) as error:
            text = error.args[0] if error.args else repr(error)
            raise ControlError(f"Control verb '{verb}': {text}") from error

    def verbs(self) -> list[str]:
        """Names of all verbs."""
        names = {name for one in (self, *self._others) for name in dir(one)}
        return sorted({n for n in names if not n.startswith("_") and n != "run"})

    # -- looking -----------------------------------------------------------------------------
    def counters(self) -> dict[str, Any]:
        """Requests by method and their total, faults, bytes, rescans; sessions and blocked waits of now, and more."""
        sessions = self._service.sessions
        waits = self._service.waits
        now = {"sessions": len(sessions.all()), "most_sessions": sessions.most}
        return {**self._service.counters.plain(), **now, "waiting": waits.blocked, "waits": waits.begun}

    def reset_counters(self) -> dict[str, Any]:
        """Set the counters to zero; what they were."""
        before = self.counters()
        self._service.counters = Counters()
        return before

    def asked(self, forget: bool = False) -> list[str]:
        """The latest requests in their order: methods, and of the file API "folder:PUT" and the like."""
        asked = list(self._service.asked)
        if forget:
            self._service.asked.clear()
        return asked

    def sessions(self) -> list[dict[str, Any]]:
        """The open sessions: user, the locale asked for, and how many filters, collectors and views it owns."""
        return [
            {
                "user": s.user.userName,
                "key": s.key,
                "owned": len(s.owned),
                "agent": s.user.userAgent,
                "asked_locale": s.asked_locale,
            }
            for s in self._service.sessions.all()
        ]

    def options(self) -> dict[str, Any]:
        """All switches (without the password)."""
        fields = FakeOptions.__attrs_attrs__
        return {f.name: getattr(self._service.options, f.name) for f in fields if f.name != "password"}

    # -- switches ----------------------------------------------------------------------------
    def set(self, **options: Any) -> dict[str, Any]:
        """Change switches of FakeOptions; all of them as they are now."""
        late = START_ONLY.intersection(options)
        if late:
            raise ValueError(f"{', '.join(sorted(late))} cannot be changed while the fake runs.")
        self._service.options.update(options)
        self._service.sessions.watch_age()
        return self.options()

    def terminate_sessions(self) -> int:
        """End every session now; how many there were."""
        return self._service.sessions.end_all()

    def forget_versions(self) -> None:
        """No collector knows the version any more that its client has; blocked waits end with that fault."""
        for session in self._service.sessions.all():
            for state in self._service.collector_states(session):
                state.forget()

    async def await_waits(self, count: int = 1, seconds: float = 20, begun: int = 0) -> bool:
        """Return as soon as exactly so many waits for updates are blocked, and so many ever were.

        False if that takes too long. The counter "waits" tells how many there were up to now.
        """
        return await self._service.waits.reach(count, begun, seconds)

    async def go_away(self, sessions: bool = False) -> None:
        """Close all connections and listen no more, as a server that was stopped; `sessions`: they stay."""
        if not sessions:
            self._service.sessions.end_all()
        await self._network.go_away()

    async def come_back(self) -> None:
        """Listen again at the same ports, with the same world."""
        await self._network.come_back()

    def arm(self, die_at: int = 0, cut_at: int = 0) -> None:
        """Count moments from 1 again, and end the process or close all connections at one: see fake.events."""
        self._service.events.arm(die_at, cut_at)

    def events(self) -> list[str]:
        """The moments since the last `arm`, one line each."""
        return self._service.events.log

    def cut_connections(self) -> None:
        """Close all connections now, as a network does that breaks."""
        self._service.events.cut()

    def unlock(self) -> None:
        """Lift a lock-out after wrong passwords."""
        self._service.sessions.unlock()

    def inject(self, **order: Any) -> None:
        """Order trouble for the next calls: see troubles.Rule for kinds and fields."""
        self._service.rules.add(**order)

    def clear_injected(self) -> int:
        """Drop all orders; how many were left."""
        return self._service.rules.clear()

    def injected(self) -> list[dict[str, Any]]:
        """Orders not yet used up."""
        return self._service.rules.left()

    def add_account(self, name: str, grants: list[dict[str, Any]]) -> None:
        """Add an account with the password of the first one: see accounts.Grant for the fields of a grant."""
        self._service.accounts.add(
            name, [Grant(**{**grant, "privileges": frozenset(grant["privileges"])}) for grant in grants]
        )

    def hide_property(self, moid: str, path: str, hidden: bool = True) -> None:
        """Make a property unreadable: it then comes in missingSet with NoPermission."""
        (self._service.hidden.add if hidden else self._service.hidden.discard)((moid, path))
        self._service.registry.announce(moid)


class ControlFrontend:
    """The verbs over HTTP."""

    def __init__(self, control: Control):
        self._control = control

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        prefix, _, verb = request.path.rpartition("/")
        if prefix != "/_fake":
            return web.Response(status=404, text="The control interface is below /_fake/.\n")
        body = await request.content.read()
        try:
            arguments = json.loads(body) if body else {}
            positional = arguments.pop("*", ()) if isinstance(arguments, dict) else ()
            result = await self._control.run(verb, arguments, positional)
        except (ControlError, json.JSONDecodeError) as error:
            return web.Response(status=400, text=f"{error}\n")
        return web.json_response(result)
