# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Typed VI data objects out of plain JSON, and copy-on-write changes to them.

The rule of the fake: a data object that was handed to the registry never changes in place. Who wants
another value builds a new object (`replaced`), so that identity says whether something changed.
"""

from __future__ import annotations

import copy
import datetime
import functools
from collections.abc import Iterator, Mapping
from typing import Any

from pyVmomi import VmomiSupport as _V

NAMESPACE = "urn:vim25"


def vi_type(wsdl_name: str) -> type[Any]:
    """The pyVmomi class of a VI type by its WSDL name, e.g. "HostScsiDisk". KeyError if there is none."""
    found: type[Any] = _V.GetWsdlType(NAMESPACE, wsdl_name)
    return found


def reference(wsdl_name: str, moid: str) -> Any:
    """A managed object reference, without any connection behind it."""
    return vi_type(wsdl_name)(moid)


def wsdl_name(value_or_type: Any) -> str:
    """The WSDL name of a pyVmomi class or of an object's class."""
    cls = value_or_type if isinstance(value_or_type, type) else type(value_or_type)
    return str(_V.GetWsdlName(cls))


def make(name: str, /, **fields: Any) -> Any:
    """One data object by WSDL name; a field that is None stays unset."""
    cls = vi_type(name)
    given = {field: value for field, value in fields.items() if value is not None}
    return cls(**{field: coerce(cls._GetPropertyInfo(field).type, value) for field, value in given.items()})


def build(declared: type[Any] | str, plain: Mapping[str, Any]) -> Any:
    """A data object from plain JSON.

    "_type" in the mapping names a subtype; keys the type does not have are ours and are skipped; a value
    of None means unset. Strings become references, dates or enums as the field's type asks.
    ValueError for an enum string that the type does not know.
    """
    cls: Any = vi_type(plain["_type"]) if "_type" in plain else declared
    if isinstance(cls, str):
        cls = vi_type(cls)
    result = trusted(cls)
    for prop in _properties(cls):
        value = plain.get(prop.name)
        if value is None:
            continue
        value = _convert(prop.type, value)
        if type(value) is not prop.type:
            _V.CheckField(prop, value)
        object.__setattr__(result, prop.name, value)
    return result


@functools.cache
def _properties(cls: Any) -> list[Any]:
    """What pyVmomi works out at each call."""
    return list(cls._GetPropertyList())


def _convert(declared: type[Any], value: Any) -> Any:
    if issubclass(declared, _V.Array):
        return declared([_convert(declared.Item, item) for item in value])
    if isinstance(value, Mapping):
        return build(declared, value)
    if issubclass(declared, _V.ManagedObject):
        return declared(value) if isinstance(value, str) else value
    if issubclass(declared, datetime.datetime):
        return datetime.datetime.fromisoformat(value) if isinstance(value, str) else value
    if issubclass(declared, _V.Enum):
        if value not in declared.values:
            raise ValueError(f"{wsdl_name(declared)} has no value '{value}'.")
        return declared(value)
    if declared in PRIMITIVES and not isinstance(value, declared):
        return declared(value)
    return value


# The scalar types whose exact class decides the xsd: name; a plain int in a long field must become a long.
PRIMITIVES = (_V.byte, _V.short, _V.long, _V.double, float, _V.URI)


def coerce(declared: type[Any], value: Any) -> Any:
    """The value as its declared type wants it on the wire (lists become typed arrays, ints longs)."""
    if value is None:
        return None
    if issubclass(declared, _V.Array):
        return value if isinstance(value, _V.Array) else declared(value)
    if declared in PRIMITIVES and not isinstance(value, declared):
        return declared(value)
    if issubclass(declared, _V.Enum) and type(value) is str:
        return declared(value)
    return value


def replaced(data: Any, path: str, value: Any) -> Any:
    """A copy of a data object with the field at the dotted path set; everything off the path is shared."""
    head, _, rest = path.partition(".")
    result = copy.copy(data)
    info = result._GetPropertyInfo(head)
    if rest:
        inner = getattr(data, head)
        if inner is None:
            inner = info.type()
        value = replaced(inner, rest, value)
    object.__setattr__(result, head, coerce(info.type, value))
    return result


def shared(array_name: str, items: list[Any]) -> Any:
    """A typed array ("ArrayOfOptionDef") that many objects hold; a serializer writes it once and knows it again."""
    result = vi_type(array_name)(items)
    result.shared = True
    return result


def unset_required(data: Any, path: str = "") -> Iterator[str]:
    """Names of required fields that are unset, as "path.field of Type": a check for worlds."""
    for prop in type(data)._GetPropertyList():
        value = getattr(data, prop.name)
        where = f"{path}.{prop.name}"
        if not prop.flags & _V.F_OPTIONAL and (value is None or (isinstance(value, list) and not value)):
            yield f"{where} of {wsdl_name(data)}"
        elif isinstance(value, _V.DataObject):
            yield from unset_required(value, where)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, _V.DataObject):
                    yield from unset_required(item, f"{where}[{index}]")


_DEFAULTS: dict[type, dict[str, Any]] = {}


def trusted(cls: type[Any], **fields: Any) -> Any:
    """A data object whose fields are known to be right: no checks, hence cheap. Lists must be typed arrays."""
    defaults = _DEFAULTS.get(cls)
    if defaults is None:
        defaults = _DEFAULTS[cls] = dict(cls().__dict__)
    result: Any = object.__new__(cls)
    result.__dict__.update(defaults)
    result.__dict__.update(fields)
    return result
