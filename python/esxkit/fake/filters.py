# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Property filters: what one of them has reported, and what differs from it now.

A filter selects and compares everything once. After that it looks only at the objects that the registry says were
touched, and walks again only where one of these leads elsewhere: a change costs the same in a large inventory.
"""

from __future__ import annotations

from typing import Any

from esxkit.fake.registry import ManagedObject, Registry
from esxkit.fake.selection import Path, check_spec, leads_to, property_paths, select, value_at
from esxkit.model.objects import trusted, vi_type
from esxkit.wire.faults import VimFault

_OBJECT_UPDATE = vi_type("ObjectUpdate")
_CHANGE = vi_type("PropertyChange")
_CHANGES = vi_type("ArrayOfPropertyChange")
_MISSING = vi_type("MissingProperty")
_MISSINGS = vi_type("ArrayOfMissingProperty")

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

    def __init__(self, moid: str, spec: Any, partial: bool, version: str, state: Any):
        super().__init__(moid, spec=spec, partialUpdates=partial)
        self.spec, self.version, self._state = spec, version, state
        self.reported: dict[str, dict[str, Any]] = {}
        self._refs: dict[str, Any] = {}
        self._generation = -1
        self._visited: dict[str, ManagedObject] = {}
        self._led: dict[str, list[Any]] = {}  # where the walk went on from each object it met
        self._selected: dict[str, ManagedObject] = {}
        self._computing: set[str] = set()
        self._paths: dict[type, list[Path]] = {}

    def removed(self) -> None:
        self._state.filters.pop(self.moid, None)

    def restart(self) -> None:
        """Report everything again next time."""
        self.reported = {}
        self._generation = -1

    def gather(self, registry: Registry, session: Any) -> list[Any]:
        """ObjectUpdates since the last time; remembers them as reported."""
        generation, self._generation = self._generation, registry.generation
        if generation == registry.generation:
            return []
        touched = registry.changed_since(generation) if generation >= 0 else None
        if touched is not None:
            # Nothing announces the changes of what is worked out at each read.
            touched = {moid for moid in touched if moid in self._visited} | self._computing
            if all(self._leads_as_before(moid, registry, session) for moid in touched):
                looked = {moid: obj for moid, obj in self._selected.items() if moid in touched} if touched else {}
                return self._changes(looked, registry, session)
        return self._walk(registry, session)

    def _leads_as_before(self, moid: str, registry: Registry, session: Any) -> bool:
        """Whether the walk would go on from that object as it did."""
        obj = registry.find(moid)
        if obj is None or obj is not self._visited[moid]:
            return False
        return _same(self._led[moid], leads_to(self.spec, obj, session, self.version))

    def _walk(self, registry: Registry, session: Any) -> list[Any]:
        """Select anew, and compare all of it."""
        self._visited = {}
        try:
            self._selected = select(self.spec, registry, session, self.version, self._visited)
        except VimFault:
            self._selected = {}  # the start of the traversal is gone: so is everything selected
        self._led = {
            moid: leads_to(self.spec, obj, session, self.version) for moid, obj in self._visited.items()
        }
        self._computing = {moid for moid, obj in self._visited.items() if obj.computes()}
        updates = []
        for moid in [moid for moid in self.reported if moid not in self._selected]:
            del self.reported[moid]
            updates.append(self._leave(moid))
        return updates + self._changes(self._selected, registry, session)

    def _changes(self, looked: dict[str, ManagedObject], registry: Registry, session: Any) -> list[Any]:
        """Updates of those of the objects that differ from what was reported of them."""
        updates = []
        for moid, obj in looked.items():
            paths = self._paths_of(obj)
            if not paths and not _wanted(self.spec, obj):
                continue
            refused = {path.text: registry.service.hidden_property(obj, path.text, session) for path in paths}
            values = {p.text: _HIDDEN if refused[p.text] else value_at(obj, p, session) for p in paths}
            old = self.reported.get(moid)
            changed = [p for p in paths if old is None or not _same(old[p.text], values[p.text])]
            if old is None or changed:
                updates.append(_update("enter" if old is None else "modify", obj, changed, values, refused))
            self.reported[moid] = values
            self._refs[moid] = obj.ref
        return updates

    def _paths_of(self, obj: ManagedObject) -> list[Path]:
        paths = self._paths.get(obj.cls)
        if paths is None:
            paths = self._paths[obj.cls] = property_paths(self.spec, obj, self.version)
        return paths

    def _leave(self, moid: str) -> Any:
        return trusted(_OBJECT_UPDATE, kind="leave", obj=self._refs.pop(moid), changeSet=_CHANGES())

    async def DestroyPropertyFilter(self, call: Any) -> None:  # noqa: N802 (the API's name)
        call.session.owned.discard(self.moid)
        call.service.registry.remove(self.moid)


def _wanted(spec: Any, obj: ManagedObject) -> bool:
    """An object of a type no PropertySpec names is not reported."""
    return any(issubclass(obj.cls, p.type) for p in spec.propSet)


def new_filter(moid: str, spec: Any, partial: bool, version: str, state: Any) -> PropertyFilter:
    """A filter after its spec was checked. Fault InvalidProperty, InvalidArgument."""
    check_spec(spec, version)
    return PropertyFilter(moid, spec, partial, version, state)
