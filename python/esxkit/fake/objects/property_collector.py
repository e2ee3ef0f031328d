# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""PropertyCollector: reads, paging, filters and waits.

The default collector is one object that every session uses with a state of its own; the collectors a
client makes belong to its session and end with it.
"""

from __future__ import annotations

import uuid
from typing import Any

from esxkit.fake.call import Call
from esxkit.fake.filters import new_filter
from esxkit.fake.registry import ManagedObject
from esxkit.fake.selection import check_spec, property_paths, select, value_at
from esxkit.fake.updates import CollectorState, End, WaitRequest
from esxkit.model.objects import trusted, vi_type
from esxkit.wire.faults import VimFault, invalid_argument, not_authenticated

_OBJECT = vi_type("ObjectContent")
_OBJECTS = vi_type("ArrayOfObjectContent")
_PROPERTY = vi_type("DynamicProperty")
_PROPERTIES = vi_type("ArrayOfDynamicProperty")
_MISSING = vi_type("MissingProperty")
_MISSINGS = vi_type("ArrayOfMissingProperty")
_RESULT = vi_type("RetrieveResult")

ANONYMOUS = "System.Anonymous"


class PropertyCollector(ManagedObject):
    """A property collector."""

    vi_name = "PropertyCollector"

    def state(self, session: Any) -> CollectorState:
        """What this collector remembers for a session."""
        return session.state.setdefault(self.moid, CollectorState())

    def prop_filter(self, session: Any) -> list[Any]:
        return [f.ref for f in self.state(session).filters.values()] if session else []

    # -- reads -------------------------------------------------------------------------------
    async def RetrieveProperties(self, call: Call, specSet: list[Any]) -> Any:
        return self._read(call, specSet) or None

    async def RetrievePropertiesEx(self, call: Call, specSet: list[Any], options: Any) -> Any:
        limit = options.maxObjects if options is not None else None
        if limit is not None and limit <= 0:
            raise invalid_argument("options.maxObjects")
        found = self._read(call, specSet)
        return self._page(call, found, limit or call.service.options.page_size) if found else None

    async def ContinueRetrievePropertiesEx(self, call: Call, token: str) -> Any:
        rest = self.state(call.session).tokens.pop(token, None)
        if rest is None:
            raise invalid_argument("token")
        objects, limit = rest
        return self._page(call, objects, limit)

    async def CancelRetrievePropertiesEx(self, call: Call, token: str) -> None:
        if self.state(call.session).tokens.pop(token, None) is None:
            raise invalid_argument("token")

    def _page(self, call: Call, found: list[Any], limit: int) -> Any:
        token = None
        if len(found) > limit and call.session is not None:
            state = self.state(call.session)
            token, state.next_token = str(state.next_token), state.next_token + 1
            state.tokens[token] = (found[limit:], limit)
            found = found[:limit]
        return trusted(_RESULT, token=token, objects=_OBJECTS(found))

    def _read(self, call: Call, specs: list[Any]) -> list[Any]:
        contents = []
        for spec in specs:
            check_spec(spec, call.version)
            for obj in self._select(call, spec).values():
                content = self._content(call, spec, obj)
                if content is not None:
                    contents.append(content)
        return contents

    def _select(self, call: Call, spec: Any) -> dict[str, ManagedObject]:
        try:
            return select(spec, call.service.registry, call.session, call.version)
        except VimFault as fault:
            if fault.name == "ManagedObjectNotFound" and spec.reportMissingObjectsInResults:
                return {}
            raise

    def _content(self, call: Call, spec: Any, obj: ManagedObject) -> Any:
        if not any(issubclass(obj.cls, p.type) for p in spec.propSet):
            return None
        properties, missing = [], []
        for path in property_paths(spec, obj, call.version):
            fault = self._refusal(call, obj, path)
            if fault is not None:
                missing.append(trusted(_MISSING, path=path.text, fault=fault))
                continue
            value = value_at(obj, path, call.session)
            if value is not None:
                properties.append(trusted(_PROPERTY, name=path.text, val=value))
        if missing and call.session is None and call.service.options.expiry_style == "empty":
            missing = []
            if not properties:
                return None
        return trusted(_OBJECT, obj=obj.ref, propSet=_PROPERTIES(properties), missingSet=_MISSINGS(missing))

    def _refusal(self, call: Call, obj: ManagedObject, path: Any) -> Any:
        """The fault for a property this caller may not read, or None."""
        if call.session is not None:
            return call.service.hidden_property(obj, path.text, call.session)
        if obj.property_info(path.head).privId == ANONYMOUS:
            return None
        if call.service.options.expiry_style == "fault":
            raise not_authenticated(obj.ref)
        fault = not_authenticated(obj.ref).data
        fault.msg = ""
        return fault

    # -- filters and waits -------------------------------------------------------------------
    async def CreateFilter(self, call: Call, spec: Any, partialUpdates: bool) -> Any:
        state = self.state(call.session)
        moid = f"session[{call.login.key}]{uuid.uuid4()}"
        made = new_filter(moid, spec, partialUpdates, call.version, state)
        if not spec.reportMissingObjectsInResults:
            select(spec, call.service.registry, call.session, call.version)
        state.filters[moid] = made
        return call.service.own(call.login, made)

    async def CreatePropertyCollector(self, call: Call) -> Any:
        return call.service.own(call.login, OwnedCollector(f"session[{call.login.key}]{uuid.uuid4()}"))

    async def WaitForUpdatesEx(self, call: Call, version: str | None, options: Any) -> Any:
        seconds = options.maxWaitSeconds if options is not None else None
        updates = options.maxObjectUpdates if options is not None else None
        if seconds is not None and seconds < 0:
            raise invalid_argument("options.maxWaitSeconds")
        if updates is not None and updates <= 0:
            raise invalid_argument("options.maxObjectUpdates")
        fault = call.service.options.long_polls == "fault"
        if fault and seconds != 0:
            raise VimFault("NotSupported")
        sizes = updates, call.service.options.page_size, call.service.options.update_page
        return await self._wait(call, version, seconds, min(filter(None, sizes)))

    async def WaitForUpdates(self, call: Call, version: str | None) -> Any:
        return await self._wait(call, version, None, None)

    async def CheckForUpdates(self, call: Call, version: str | None) -> Any:
        return await self._wait(call, version, 0, None)

    async def _wait(self, call: Call, version: str | None, timeout: float | None, page: int | None) -> Any:
        if call.service.options.long_polls == "empty":
            timeout = 0
        request = WaitRequest(call.session, version or "", timeout, page, call.connection)
        return await self.state(call.session).wait(call.service.registry, request)

    async def CancelWaitForUpdates(self, call: Call) -> None:
        own = self.state(call.session)
        states = call.service.collector_states(call.login) if call.service.options.cancel_whole_session else [own]
        for state in states:
            state.end_waits(End.CANCELED)


class OwnedCollector(PropertyCollector):
    """A collector made by a client: one session uses it, and it can be destroyed."""

    def removed(self) -> None:
        state = self.owner.state.pop(self.moid, None)
        if state is None:
            return
        state.end_waits(End.CANCELED)
        for moid in list(state.filters):
            self.registry.remove(moid)

    async def DestroyPropertyCollector(self, call: Call) -> None:
        call.login.owned.discard(self.moid)
        call.service.registry.remove(self.moid)
