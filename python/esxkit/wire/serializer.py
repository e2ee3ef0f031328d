# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""VI data objects to XML, written as hostd and vpxd write them.

Same data and order as pyVmomi's own serializer, with the habits of the servers (seen in captures):
`"` and `'` are escaped in text; the items of an array held in an anyType always carry xsi:type; a
reference in an anyType is a ManagedObjectReference with type= before xsi:type=; no versionId attribute.
The layout of each type is worked out once per version, so that large inventories are cheap.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping
from typing import Any

import attrs
from pyVmomi import Iso8601
from pyVmomi import VmomiSupport as _V
from pyVmomi.SoapAdapter import XMLNS_XSD, isDynamicType

from esxkit.wire.versions import knows

_FRAGMENTS_LIMIT = 64 * 1024 * 1024
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})


def escape(text: str) -> str:
    """Text with the five XML specials escaped, both quotes included."""
    return text.translate(_ESCAPES)


@attrs.frozen
class Style:
    """Liberties a VI server may take; a correct client does not notice any of them."""

    item_types: bool = True
    """Whether array items in an anyType carry xsi:type (real servers: yes; vcsim: no)."""
    unknown_elements: bool = False
    """Whether every data object has an element more than the schema says."""
    renamed_types: Mapping[str, str] = attrs.field(factory=dict)
    """xsi:type names to send in place of the real ones, as a newer server's unknown subtypes."""
    xsi_prefix: str = "xsi"


@attrs.frozen
class _Field:
    name: str
    type: type[Any]
    optional: bool


@attrs.frozen
class _Plan:
    """How objects of one class look in one version."""

    cls: type
    wsdl: str
    fields: tuple[_Field, ...]


class Serializer:
    """Writes values of one API version. Not thread-safe; one per version and style is enough."""

    def __init__(self, version: str, style: Style | None = None):
        self.version = version
        self.style = style or Style()
        self._plans: dict[type, _Plan] = {}
        self._fragments: dict[int, tuple[Any, str]] = {}
        self._fragments_size = 0
        self._lists: dict[tuple[int, str], tuple[list[Any], str]] = {}
        self._xsi = self.style.xsi_prefix

    def element(self, tag: str, value: Any, declared: type = object, attributes: str = "") -> str:
        """One element. `declared` is the schema's type of it; object means anyType.

        TypeError when a required field somewhere in the value is unset.
        """
        out: list[str] = []
        self._write(out, tag, value, declared, attributes)
        return "".join(out)

    # -- one value ---------------------------------------------------------------------------
    def _write(self, out: list[str], tag: str, value: Any, declared: type[Any], attr: str = "") -> None:
        if isinstance(value, _V.DataObject):
            if isinstance(value, Exception):
                self._write_wrapped_fault(out, tag, value, declared is object, attr)
            else:
                self._write_object(out, tag, value, declared, attr)
        elif isinstance(value, list):
            self._write_array(out, tag, value, declared, attr)
        elif isinstance(value, _V.ManagedObject):
            self._write_reference(out, tag, value, declared is object, attr)
        else:
            text, type_name = _scalar(value)
            if declared is object:
                attr += f' {self._xsi}:type="{type_name}"'
            out.append(f"<{tag}{attr}>{text}</{tag}>")

    def _write_reference(self, out: list[str], tag: str, ref: Any, is_any: bool, attr: str) -> None:
        attr += f' type="{_V.GetWsdlName(type(ref))}"'
        if is_any:
            attr += f' {self._xsi}:type="ManagedObjectReference"'
        out.append(f"<{tag}{attr}>{escape(ref._moId)}</{tag}>")

    def _write_object(self, out: list[str], tag: str, value: Any, declared: type[Any], attr: str) -> None:
        plan = self._plan(type(value))
        if plan.cls is not declared:
            attr += f' {self._xsi}:type="{self.style.renamed_types.get(plan.wsdl, plan.wsdl)}"'
        out.append(f"<{tag}{attr}>")
        self._write_fields(out, plan, value)
        out.append(f"</{tag}>")

    def _write_fields(self, out: list[str], plan: _Plan, value: Any) -> None:
        for field in plan.fields:
            item = getattr(value, field.name)
            if item is None:
                if not field.optional:
                    raise TypeError(f"Required field {field.name} of {plan.wsdl} is unset.")
            elif field.type is object:
                self._write_any(out, field.name, item)
            elif not isinstance(item, list):
                self._write(out, field.name, item, field.type)
            elif getattr(item, "shared", False):
                out.append(self._shared(field, item))
            else:
                for one in item:
                    self._write(out, field.name, one, field.type.Item)
        if self.style.unknown_elements:
            out.append(f'<somethingNew {self._xsi}:type="SomethingNew"><a>1</a><b></b></somethingNew>')

    def _shared(self, field: _Field, items: list[Any]) -> str:
        """A list that many objects hold, which is kept apart from the fragments since it pays more."""
        key = id(items), field.name
        known = self._lists.get(key)
        if known is None:
            out: list[str] = []
            for one in items:
                self._write(out, field.name, one, field.type.Item)
            self._lists[key] = known = (items, "".join(out))
        return known[1]

    def _write_any(self, out: list[str], tag: str, item: Any) -> None:
        """A value in an anyType field. Data objects never change, so what was written once can be used again."""
        if not isinstance(item, (_V.DataObject, list)) or isinstance(item, Exception):
            self._write(out, tag, item, object)
            return
        known = self._fragments.get(id(item))
        if known is None or known[0] is not item or not known[1].startswith(f"<{tag} "):
            fragment = self.element(tag, item)
            if self._fragments_size > _FRAGMENTS_LIMIT:
                self._fragments.clear()
                self._fragments_size = 0
            self._fragments[id(item)] = known = (item, fragment)
            self._fragments_size += len(fragment)
        out.append(known[1])

    def _write_array(self, out: list[str], tag: str, items: Any, declared: type[Any], attr: str) -> None:
        if declared is not object:
            for item in items:
                self._write(out, tag, item, declared.Item, attr)
            return
        item_type = items.Item
        item_tag, array_name = _array_names(item_type, type(items))
        out.append(f'<{tag}{attr} {self._xsi}:type="{array_name}">')
        shown = object if self.style.item_types else item_type
        for item in items:
            self._write(out, item_tag, item, shown)
        out.append(f"</{tag}>")

    def _write_wrapped_fault(self, out: list[str], tag: str, fault: Any, is_any: bool, attr: str) -> None:
        """A fault inside data travels in a LocalizedMethodFault; its message is beside it."""
        if is_any:
            attr += f' {self._xsi}:type="LocalizedMethodFault"'
        out.append(f"<{tag}{attr}>")
        self.write_fault(out, "fault", fault)
        if fault.msg is not None:
            out.append(f"<localizedMessage>{escape(fault.msg)}</localizedMessage>")
        out.append(f"</{tag}>")

    def write_fault(self, out: list[str], tag: str, fault: Any, attr: str = "") -> None:
        """A fault itself, always with its xsi:type and without its message."""
        plan = self._plan(type(fault))
        out.append(f'<{tag}{attr} {self._xsi}:type="{self.style.renamed_types.get(plan.wsdl, plan.wsdl)}">')
        for field in plan.fields:
            item = getattr(fault, field.name)
            if field.name == "msg" or item is None:
                continue
            self._write(out, field.name, item, field.type)
        out.append(f"</{tag}>")

    def _plan(self, cls: type) -> _Plan:
        plan = self._plans.get(cls)
        if plan is None:
            known = _V.GetCompatibleType(cls, self.version)
            fields = tuple(
                _Field(p.name, p.type, bool(p.flags & _V.F_OPTIONAL))
                for p in known._GetPropertyList()
                if knows(self.version, p.version)
            )
            plan = self._plans[cls] = _Plan(known, _V.GetWsdlName(known), fields)
        return plan


def _scalar(value: Any) -> tuple[str, str]:
    """(text, xsi:type name) of a value that is no object, array or reference."""
    if isinstance(value, bool):
        return ("true" if value else "false"), "xsd:boolean"
    if isinstance(value, type):
        return _V.GetWsdlName(value), "xsd:string"
    if isinstance(value, _V.ManagedMethod):
        return value.info.wsdlName, "xsd:string"
    if isinstance(value, datetime.datetime):
        return Iso8601.ISO8601Format(value), "xsd:dateTime"
    if isinstance(value, _V.binary):
        return base64.b64encode(value).decode(), "xsd:base64Binary"
    if isinstance(value, (int, float)):
        return str(value), _xsd_name(type(value))
    if isinstance(value, _V.PropertyPath):
        return escape(value), "xsd:string"
    return escape(value), _xsd_name(type(value))


def _xsd_name(cls: type) -> str:
    namespace, name = _V.GetQualifiedWsdlName(cls)
    return f"xsd:{name}" if namespace == XMLNS_XSD else name


def _array_names(item_type: type, array_type: type) -> tuple[str, str]:
    """(tag of an item, name of the array type) of an array in an anyType."""
    if isDynamicType(item_type):
        return "string", "ArrayOfString"
    if issubclass(item_type, _V.ManagedObject):
        return "ManagedObjectReference", "ArrayOfManagedObjectReference"
    return _V.GetWsdlName(item_type), _V.GetWsdlName(array_type)
