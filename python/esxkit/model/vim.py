# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The one door to pyVmomi's type metadata.

Everything that wants to know what a VI type, method or fault looks like asks here and gets frozen
value objects; nothing else in the project reads pyVmomi's tables for that. Names are wire names
("NasDatastoreInfo", "SearchDatastore_Task"); fields come in the order the schema has them.

Where pyVmomi's view differs from the wire, this module says what the wire has:

* ``LocalizedMethodFault`` is what a field holds that pyVmomi types as ``MethodFault``;
* ``MethodFault.msg`` is pyVmomi's own (the wire has ``localizedMessage`` and ``faultstring``);
* ``DynamicData`` is the root of everything and carries nothing worth reading, so it is not shown.
"""

from __future__ import annotations

import enum
import functools
from typing import Any, Protocol

import attrs
from pyVmomi import VmomiSupport, vmodl

NAMESPACE = "urn:vim25"
LOCALIZED_FAULT = "LocalizedMethodFault"
MOREF = "ManagedObjectReference"


class Kind(enum.Enum):
    """How a value lies in memory; the C side has the same eight."""

    BOOL = "bool"
    INT = "int"
    LONG = "long"
    DOUBLE = "double"
    STRING = "string"
    MOREF = "moref"
    OBJECT = "object"
    ANY = "any"


@attrs.frozen
class Field:
    """One field of a type or parameter of a method.

    ``type`` is the declared type's wire name: an XSD name ("long"), an enum, a managed object type
    (of a MOREF) or a data type (of an OBJECT).
    """

    name: str
    kind: Kind
    type: str
    since: str = "2.0"
    array: bool = False
    optional: bool = False
    secret: bool = False
    enum: bool = False


@attrs.frozen
class Type:
    """One data type; ``fields`` are its own, the parent's come before them on the wire."""

    name: str
    parent: str | None
    fields: tuple[Field, ...]
    since: str = "2.0"


@attrs.frozen
class Enum:
    """One enumeration and its values as the wire has them."""

    name: str
    values: tuple[str, ...]
    since: str = "2.0"


@attrs.frozen
class Method:
    """One VI method; ``owner`` is the managed object type that has it.

    ``result`` is what the call returns (None: nothing); ``task_result`` is what the task's
    info.result holds, as a wire name, where the method starts a task that has one.
    """

    name: str
    owner: str
    params: tuple[Field, ...]
    result: Field | None
    task_result: str | None = None
    faults: tuple[str, ...] = ()
    since: str = "2.0"


class Schema(Protocol):
    """What the generator needs to know; each call raises KeyError for a name it does not have."""

    def type(self, name: str) -> Type: ...

    def enum(self, name: str) -> Enum: ...

    def method(self, name: str) -> Method: ...


_SCALARS: dict[type, tuple[Kind, str]] = {
    bool: (Kind.BOOL, "boolean"),
    VmomiSupport.byte: (Kind.INT, "byte"),
    VmomiSupport.short: (Kind.INT, "short"),
    int: (Kind.INT, "int"),
    VmomiSupport.long: (Kind.LONG, "long"),
    float: (Kind.DOUBLE, "float"),
    VmomiSupport.double: (Kind.DOUBLE, "double"),
    str: (Kind.STRING, "string"),
    VmomiSupport.URI: (Kind.STRING, "anyURI"),
    VmomiSupport.binary: (Kind.STRING, "base64Binary"),
    VmomiSupport.datetime: (Kind.STRING, "dateTime"),
    VmomiSupport.PropertyPath: (Kind.STRING, "string"),
    VmomiSupport.ManagedMethod: (Kind.STRING, "string"),
    VmomiSupport.Link: (Kind.STRING, "string"),
    type: (Kind.STRING, "string"),
    object: (Kind.ANY, "anyType"),
}


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


@functools.cache
def _api_versions() -> tuple[tuple[str, str], ...]:
    """(pyVmomi's version, API version), oldest first."""
    ids = [
        (version, text)
        for version, text in VmomiSupport.versionIdMap.items()
        if version.startswith("vim.version.") and text.replace(".", "").isdigit()
    ]
    return tuple(sorted(ids, key=lambda pair: _version_key(pair[1])))


@functools.cache
def since(version: str) -> str:
    """The first API version ("4.1") that knows what pyVmomi says appeared in *version*."""
    for candidate, text in _api_versions():
        if VmomiSupport.IsChildVersion(candidate, version):
            return text
    return "?"


def _wire_field(name: str, declared: type[Any], version: str, flags: int) -> Field:
    array = issubclass(declared, VmomiSupport.Array)
    item = declared.Item if array else declared
    is_enum = False
    if item in _SCALARS:
        kind, type_name = _SCALARS[item]
    elif issubclass(item, VmomiSupport.Enum):
        kind, type_name, is_enum = Kind.STRING, VmomiSupport.GetWsdlName(item), True
    elif issubclass(item, VmomiSupport.ManagedObject):
        kind, type_name = Kind.MOREF, VmomiSupport.GetWsdlName(item)
    elif issubclass(item, vmodl.MethodFault):
        kind, type_name = Kind.OBJECT, LOCALIZED_FAULT
    else:
        kind, type_name = Kind.OBJECT, VmomiSupport.GetWsdlName(item)
    return Field(
        name=name,
        kind=kind,
        type=type_name,
        since=since(version),
        array=array,
        optional=bool(flags & VmomiSupport.F_OPTIONAL),
        secret=bool(flags & VmomiSupport.F_SECRET),
        enum=is_enum,
    )


class VimSchema:
    """The schema of the installed pyVmomi."""

    def type(self, name: str) -> Type:
        if name == LOCALIZED_FAULT:
            return _localized_fault()
        found = VmomiSupport.GetWsdlType(NAMESPACE, name)
        if not issubclass(found, VmomiSupport.DataObject):
            raise KeyError(name)
        return _data_type(name, found)

    def enum(self, name: str) -> Enum:
        found = VmomiSupport.GetWsdlType(NAMESPACE, name)
        if not issubclass(found, VmomiSupport.Enum):
            raise KeyError(name)
        values = tuple(value for value in found.values if value != "unset")
        return Enum(name, values, since(found._version))

    def method(self, name: str) -> Method:
        info = VmomiSupport.GetWsdlMethod(NAMESPACE, name).info
        result = None
        if info.result is not type(None):
            result = _wire_field("returnval", info.result, info.version, info.resultFlags)
        return Method(
            name=info.wsdlName,
            owner=VmomiSupport.GetWsdlName(info.type),
            params=tuple(_wire_field(p.name, p.type, p.version, p.flags) for p in info.params),
            result=result,
            task_result=_task_result(info),
            faults=tuple(VmomiSupport.GetWsdlName(VmomiSupport.GetVmodlType(f)) for f in info.faults),
            since=since(info.version),
        )


def _localized_fault() -> Type:
    """pyVmomi takes this type for a fault; on the wire it is a pair of its own."""
    return Type(
        LOCALIZED_FAULT,
        None,
        (
            Field("fault", Kind.OBJECT, "MethodFault"),
            Field("localizedMessage", Kind.STRING, "string", optional=True),
        ),
    )


def _data_type(name: str, found: type[Any]) -> Type:
    parent = found.__bases__[0]
    is_root = parent in (VmomiSupport.DataObject, vmodl.DynamicData)
    fields = tuple(
        _wire_field(p.name, p.type, p.version, p.flags)
        for p in found._propList
        if not (found is vmodl.MethodFault and p.name == "msg")
    )
    return Type(
        name=name,
        parent=None if is_root else VmomiSupport.GetWsdlName(parent),
        fields=fields,
        since=since(found._version),
    )


def _task_result(info: Any) -> str | None:
    if not info.isTask or info.methodResult is type(None):
        return None
    return str(VmomiSupport.GetWsdlName(info.methodResult))


__all__ = ["Enum", "Field", "Kind", "Method", "Schema", "Type", "VimSchema", "since"]
