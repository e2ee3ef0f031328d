# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors

"""Property filters and what a collector remembers of them: the machinery behind WaitForUpdates.

    CollectorState ── filters ──► PropertyFilter ── reported {moid: {path: value}}
        version "7"                    compare with the registry → ObjectUpdates
        pages (what is still to be sent of a truncated update)
"""

import asyncio
from typing import Any

from esxkit.fake.registry import ManagedObject, Registry
from esxkit.fake.selection import Path, check_spec, property_paths, select, value_at
from esxkit.model.objects import trusted, vi_type
from esxkit.wire.faults import VimFault

_OBJECT_UPDATE = vi_type("ObjectUpdate")
_CHANGE = vi_type("PropertyChange")
_CHANGES = vi_type("ArrayOfPropertyChange")
_MISSING = vi_type("MissingProperty")
_MISSINGS = vi_type("ArrayOfMissingProperty")
_FILTER_UPDATE = vi_type("PropertyFilterUpdate")
_OBJECT_UPDATES = vi_type("ArrayOfObjectUpdate")
_FILTER_UPDATES = vi_type("ArrayOfPropertyFilterUpdate")
_UPDATE_SET = vi_type("UpdateSet")

_HIDDEN = object()
"""What a filter remembers of a property that may not be read."""


def _change(path: Path, value: Any) -> Any:
    """An unset property is an assign without value, an unset nested one an indirectRemove (seen so)."""
    operation = "indirectRemove" if value is None and path.nested else "assign"
    return trusted(_CHANGE, name=path.text, op=operation, val=value)


def _update(kind: str, obj: ManagedObject, paths: list[Path], values: dict[str, Any], refused: dict[str, Any]) -> Any:
    """What an object's update says of `paths`: the values, and the faults of those that may not be read."""
    missing = [trusted(_MISSING, path=p.text, fault=refused[p.text]) for p in paths if refused[p.text]]
    changes = [_change(p, values[p.text]) for p in paths if not refused[p.text]]
    return trusted(
        _OBJECT_UPDATE, kind=kind, obj=obj.ref, changeSet=_CHANGES(changes), missingSet=_MISSINGS(missing)
    )


def _same(old: Any, new: Any) -> bool:
    return old is new or (type(old) is type(new) and old == new)


class PropertyFilter(ManagedObject):
    """One filter of one collector; remembers what it reported last."""

    vi_name = "PropertyFilter"

    def __init__(self, moid: str, spec: Any, partial: bool, version: str, state: "CollectorState"):
        super().__init__(moid, spec=spec, partialUpdates=partial)
        self.spec, self.version, self._state = spec, version, state
        self.reported: dict[str, dict[str, Any]] = {}
        self._refs: dict[str, Any] = {}
        self._generation = -1
        self._visited: set[str] = set()
        self._computed = True

    def removed(self) -> None:
        self._state.filters.pop(self.moid, None)

    def restart(self) -> None:
        """Report everything again next time."""
        self.reported = {}
        self._generation = -1

    def gather(self, registry: Registry, session: Any) -> list[Any]:
        """ObjectUpdates since the last time; remembers them as reported."""
        if not self._needed(registry):
            return []
        self._generation = registry.generation
        visited: dict[str, ManagedObject] = {}
        try:
            selected = select(self.spec, registry, session, self.version, visited)
        except VimFault:
            selected = {}  # the start of the traversal is gone: so is everything selected
        self._visited = set(visited) or self._visited
        self._computed = any(obj.computes() for obj in visited.values())
        updates = []
        for moid in [moid for moid in self.reported if moid not in selected]:
            del self.reported[moid]
            updates.append(self._leave(moid))
        for moid, obj in selected.items():
            paths = property_paths(self.spec, obj, self.version)
            if not paths and not _wanted(self.spec, obj):
                continue
            refused = {path.text: registry.service.hidden_property(obj, path.text) for path in paths}
            values = {p.text: _HIDDEN if refused[p.text] else value_at(obj, p, session) for p in paths}
            old = self.reported.get(moid)
            changed = [p for p in paths if old is None or not _same(old[p.text], values[p.text])]
            if old is None or changed:
                updates.append(_update("enter" if old is None else "modify", obj, changed, values, refused))
            self.reported[moid] = values
            self._refs[moid] = obj.ref
        return updates

    def _needed(self, registry: Registry) -> bool:
        """Whether anything can differ from the last time."""
        if self._generation < 0:
            return True
        if registry.generation == self._generation:
            return False
        return self._computed or registry.touched(self._visited, self._generation)

    def _leave(self, moid: str) -> Any:
        return trusted(_OBJECT_UPDATE, kind="leave", obj=self._refs.pop(moid), changeSet=_CHANGES())

    async def DestroyPropertyFilter(self, call: Any) -> None:  # noqa: N802 (the API's name)
        call.session.owned.discard(self.moid)
        call.service.registry.remove(self.moid)


def _wanted(spec: Any, obj: ManagedObject) -> bool:
    """An object of a type no PropertySpec names is not reported."""
    return any(issubclass(obj.cls, p.type) for p in spec.propSet)


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
        self._cancel = asyncio.Event()

    def cancel(self) -> None:
        """Make every wait in flight fault RequestCanceled."""
        event, self._cancel = self._cancel, asyncio.Event()
        event.set()

    async def wait(
        self, registry: Registry, session: Any, version: str, timeout: float | None, page_size: int | None
    ) -> Any:
        """The next UpdateSet after `version`, or None after `timeout` seconds (None: no limit).

        Fault InvalidCollectorVersion for a version that is not the last one given out.
        """
        if not version:
            self._pages = []
            for one in self.filters.values():
                one.restart()
        elif version != self.version:
            raise VimFault("InvalidCollectorVersion")
        if self._pages:
            return self._next_page()
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        while True:
            generation, cancel = registry.generation, self._cancel
            self._collect(registry, session, page_size)
            if self._pages:
                return self._next_page()
            remaining = None if deadline is None else deadline - loop.time()
            if remaining is not None and remaining <= 0:
                return None
            await _first(registry.changed_since(generation), cancel.wait(), remaining)
            if cancel.is_set():
                raise VimFault("RequestCanceled")

    def _collect(self, registry: Registry, session: Any, page_size: int | None) -> None:
        updates = []
        for one in list(self.filters.values()):
            updates += [(one.ref, update) for update in one.gather(registry, session)]
        if not updates:
            return
        step = page_size or len(updates)
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


async def _first(one: Any, other: Any, timeout: float | None) -> None:
    """Wait until one of two coroutines is done or the time is up; the rest is cancelled."""
    tasks = [asyncio.ensure_future(one), asyncio.ensure_future(other)]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def new_filter(moid: str, spec: Any, partial: bool, version: str, state: CollectorState) -> PropertyFilter:
    """A filter after its spec was checked. Fault InvalidProperty, InvalidArgument."""
    check_spec(spec, version)
    return PropertyFilter(moid, spec, partial, version, state)
