# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Which objects and values a PropertyFilterSpec means: traversal and property paths.

Paths are dotted, may go through data objects and may pick one item of an array by its key:
`config.storageDevice.scsiLun["key-vim.host.ScsiDisk-..."].operationalState`.
"""

from __future__ import annotations

import re
from typing import Any

import attrs
from pyVmomi import VmomiSupport as _V

from esxkit.fake.registry import ManagedObject, Registry
from esxkit.model.objects import coerce
from esxkit.wire.faults import VimFault, invalid_argument
from esxkit.wire.versions import knows

_SEGMENT = re.compile(r'([A-Za-z]\w*)(?:\[(?:"([^"]*)"|(-?\d+))\])?(?:\.|$)')


@attrs.frozen
class Segment:
    """One step of a path: a field, and maybe the key of one item in it."""

    name: str
    key: str | None


@attrs.frozen
class Path:
    """A property path, parsed and checked against a type in a version."""

    text: str
    head: str
    steps: tuple[Segment, ...]

    @property
    def nested(self) -> bool:
        """Whether the path goes below a top-level property."""
        return len(self.steps) > 1 or self.steps[0].key is not None


_CHECKED: dict[tuple[type, str, str], Path] = {}


def checked_path(cls: type[Any], text: str, version: str) -> Path:
    """Parse a path for objects of a type. Fault InvalidProperty if it cannot exist in that version."""
    known = _CHECKED.get((cls, text, version))
    if known is None:
        known = _parse(cls, text, version)
        _CHECKED[cls, text, version] = known
    return known


def _invalid(text: str) -> VimFault:
    return VimFault("InvalidProperty", f"The property '{text}' is not valid.", name=text)


def _parse(cls: type[Any], text: str, version: str) -> Path:
    steps, position = [], 0
    while position < len(text):
        match = _SEGMENT.match(text, position)
        if match is None:
            raise _invalid(text)
        steps.append(Segment(match[1], match[2] if match[2] is not None else match[3]))
        position = match.end()
    if not steps or text.endswith("."):
        raise _invalid(text)
    declared: type[Any] = cls
    for step in steps:
        declared = _field_type(declared, step.name, version, text)
        if step.key is not None:
            if not issubclass(declared, _V.Array):
                raise _invalid(text)
            declared = declared.Item
    return Path(text, steps[0].name, tuple(steps))


def _field_type(declared: type[Any], name: str, version: str, text: str) -> type:
    """Type of a field of a class or of one of its subclasses."""
    if not issubclass(declared, (_V.DataObject, _V.ManagedObject)):
        raise _invalid(text)
    candidates = [declared]
    while candidates:
        cls = candidates.pop(0)
        try:
            info = cls._GetPropertyInfo(name)
        except AttributeError:
            if issubclass(declared, _V.DataObject):
                candidates.extend(cls.__subclasses__())
            continue
        if knows(version, info.version):
            return info.type
        raise _invalid(text)
    raise _invalid(text)


def value_at(obj: ManagedObject, path: Path, session: Any) -> Any:
    """The value of a property, coerced to its declared type; None when unset anywhere on the way."""
    value = obj.read(path.head, session)
    declared = obj.property_info(path.head).type
    for index, step in enumerate(path.steps):
        if index:
            info = _property(value, step.name)
            if info is None:
                return None
            value, declared = getattr(value, step.name), info.type
        if step.key is not None and value is not None:
            value, declared = _item(value, step.key), declared.Item
        if value is None:
            return None
    return obj.registry.service.accounts.shown(session, coerce(declared, value))


def _property(value: Any, name: str) -> Any:
    try:
        return type(value)._GetPropertyInfo(name)
    except AttributeError:
        return None


def _item(items: list, key: str) -> Any:
    for item in items:
        if isinstance(item, _V.ManagedObject):
            found = item._moId
        elif isinstance(item, _V.DataObject):
            found = getattr(item, "key", None)
        else:
            break
        if str(found) == key:
            return item
    if key.isdigit() and int(key) < len(items):
        return items[int(key)]
    return None


# -- traversal -------------------------------------------------------------------------------


def select(
    spec: Any, registry: Registry, session: Any, version: str, visited: dict[str, ManagedObject] | None = None
) -> dict[str, ManagedObject]:
    """The objects a PropertyFilterSpec selects, by moid, in the order they are met.

    `visited` is filled with all that were met on the way, those to be skipped too. Faults
    ManagedObjectNotFound for a start that is not there, InvalidArgument for a name of a selection that is
    defined nowhere, InvalidProperty for a traversal path that does not exist.
    """
    result: dict[str, ManagedObject] = {}
    met = {} if visited is None else visited
    for start in spec.objectSet:
        walk = _Walk(registry, session, version, _named(start.selectSet))
        walk.visit(registry.get(start.obj), bool(start.skip), start.selectSet, result, met)
    return result


def _named(selections: list) -> dict[str, Any]:
    names: dict[str, Any] = {}
    pending = list(selections or [])
    while pending:
        one = pending.pop()
        if _is_traversal(one):
            if one.name:
                names[one.name] = one
            pending.extend(one.selectSet or [])
    return names


def _is_traversal(selection: Any) -> bool:
    return hasattr(selection, "path")


class _Walk:
    """One traversal; an object is entered once by each selection, so loops in the inventory end."""

    def __init__(self, registry: Registry, session: Any, version: str, named: dict[str, Any]):
        self._registry, self._session, self._version, self._named = registry, session, version, named
        self._seen: set[tuple[str, int]] = set()

    def visit(
        self,
        start: ManagedObject,
        skip: bool,
        selections: list,
        result: dict[str, ManagedObject],
        met: dict[str, ManagedObject],
    ) -> None:
        pending = [(start, skip, selections)]
        while pending:
            obj, skip, selections = pending.pop()
            met[obj.moid] = obj
            if not skip:
                result.setdefault(obj.moid, obj)
            following = []
            for selection in selections or []:
                following.extend(self._follow(obj, selection))
            pending.extend(reversed(following))

    def _follow(self, obj: ManagedObject, selection: Any) -> list[tuple[ManagedObject, bool, list]]:
        if not _is_traversal(selection):
            if selection.name not in self._named:
                raise invalid_argument("specSet.objectSet.selectSet")
            selection = self._named[selection.name]
        if not issubclass(obj.cls, selection.type):
            return []
        path = checked_path(selection.type, selection.path, self._version)
        if self._registry.service.hidden_property(obj, path.text, self._session) is not None:
            return []
        value = value_at(obj, path, self._session)
        found = []
        for ref in value if isinstance(value, list) else [value]:
            target = self._registry.find(ref._moId) if isinstance(ref, _V.ManagedObject) else None
            if target is None or (target.moid, id(selection)) in self._seen:
                continue
            self._seen.add((target.moid, id(selection)))
            found.append((target, bool(selection.skip), selection.selectSet))
        return found


def leads_to(spec: Any, obj: ManagedObject, session: Any, version: str) -> list[Any]:
    """The values of all properties of an object along which a walk by this spec may go on."""
    found = []
    for start in spec.objectSet:
        for selection in _all_traversals(start.selectSet):
            if issubclass(obj.cls, selection.type):
                found.append(value_at(obj, checked_path(selection.type, selection.path, version), session))
    return found


def _all_traversals(selections: list) -> list[Any]:
    result, pending = [], list(selections or [])
    while pending:
        one = pending.pop()
        if _is_traversal(one):
            result.append(one)
            pending.extend(one.selectSet or [])
    return result


# -- properties ------------------------------------------------------------------------------


def property_paths(spec: Any, obj: ManagedObject, version: str) -> list[Path]:
    """The paths a PropertyFilterSpec asks of an object: those of the most derived PropertySpec that fits."""
    fitting = [p for p in spec.propSet if issubclass(obj.cls, p.type)]
    if not fitting:
        return []
    best = fitting[0]
    for other in fitting[1:]:
        if issubclass(other.type, best.type):
            best = other
    if best.all:
        names = [p.name for p in obj.cls._GetPropertyList() if knows(version, p.version)]
        return [checked_path(obj.cls, name, version) for name in names]
    return [checked_path(best.type, text, version) for text in best.pathSet or []]


def check_spec(spec: Any, version: str) -> None:
    """Check every path of a spec, also those no object is there for. Fault InvalidProperty."""
    for prop in spec.propSet:
        if not issubclass(prop.type, _V.ManagedObject):
            raise invalid_argument("specSet.propSet.type")
        for text in prop.pathSet or []:
            checked_path(prop.type, text, version)
