# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Request envelopes to typed calls.

pyVmomi's deserializer does the values; what it needs is a class with the method's parameters as fields,
made here once per method. Everything a strict server refuses becomes BadRequest with the server's kind of
sentence (no method was run).
"""

from __future__ import annotations

import functools
import re
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate

import attrs
from pyVmomi import SoapAdapter as _S
from pyVmomi import VmomiSupport as _V
from pyVmomi.VmomiSupport import F_OPTIONAL, DataObject, ManagedObject, Object

MAX_BODY = 20_000_000
MAX_ELEMENTS = 500_000

FETCH = Object(
    name="Fetch",
    wsdlName="Fetch",
    type=ManagedObject,
    version=_V.BASE_VERSION,
    isTask=False,
    privId="System.Anonymous",
    faults=[],
    params=(Object(name="prop", type=str, version=_V.BASE_VERSION, flags=0, privId=None),),
    result=object,
    methodResult=object,
    resultFlags=F_OPTIONAL,
)
"""The accessor pyVmomi clients use for every property read; the public WSDL does not have it."""


class BadRequest(Exception):
    """The request could not be understood. `str()` of it is the faultstring."""


class UnknownMethod(BadRequest):
    """Well-formed, but no such method in the API."""

    def __init__(self, name: str, moid: str):
        super().__init__(f'Unable to resolve WSDL method name {name} with namespace "urn:vim25"')
        self.name = name
        self.moid = moid


@attrs.frozen
class Request:
    """One call: method metadata, receiver, and every declared parameter (None when unset)."""

    info: Any
    target: Any
    args: dict[str, Any]
    headers: dict[str, str]


def method_info(name: str) -> Any:
    """Metadata of a method by WSDL name, Fetch included. KeyError if the API has no such method."""
    return FETCH if name == "Fetch" else _V.GetWsdlMethod("urn:vim25", name).info


@functools.cache
def _holder(name: str) -> type:
    info = method_info(name)
    props = [Object(name="_this", type=ManagedObject, version=info.version, flags=0)]
    props += [
        Object(name=p.name, type=p.type, version=p.version, flags=p.flags | F_OPTIONAL) for p in info.params
    ]
    members = {
        "_wsdlName": f"{name}RequestType",
        "_version": _V.BASE_VERSION,
        "_propList": props,
        "_propInfo": {p.name: p for p in props},
    }
    return type(f"{name}RequestType", (DataObject,), members)


class _Parser(_S.ExpatDeserializerNSHandlers):
    """Finds header and method element, then lets pyVmomi's deserializer build the parameters."""

    def __init__(self, version: str):
        super().__init__()
        self.version = version
        self.info: Any = None
        self.unknown: str | None = None
        self.headers: dict[str, str] = {}
        self._where: str | None = None
        self._header_name: str | None = None
        self._values: Any = None
        self._text = ""

    def parse(self, data: bytes) -> Request:
        self.parser = ParserCreate(namespace_separator=_S.NS_SEP)
        self.parser.buffer_text = True
        _S.SetHandlers(self.parser, _S.GetHandlers(self))
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.Parse(data, True)
        if self._values is None:
            raise BadRequest("No method was found in the body of the request.")
        holder = self._values.GetResult()
        args = {p.name: _given(getattr(holder, p.name)) for p in self.info.params}
        return Request(self.info, holder._this, args, self.headers)

    def _refuse_doctype(self, *_: Any) -> None:
        raise BadRequest("A document type declaration is not allowed in a request.")

    def StartElementHandler(self, tag: str, attr: dict[str, str]) -> None:  # noqa: N802 (expat's name)
        self._text = ""
        namespace, _, name = tag.rpartition(" ")
        if namespace == _S.XMLNS_SOAPENV and name in ("Header", "Body"):
            self._where = name
        elif self._where == "Header":
            self._header_name = name
        elif self._where == "Body" and self._values is None:
            try:
                self.info = method_info(name)
            except KeyError:
                raise UnknownMethod(name, "") from None
            if namespace not in ("urn:vim25", "urn:vim2"):
                raise UnknownMethod(name, "")
            self._values = _S.SoapDeserializer(stub=None, version=self.version)
            self._values.Deserialize(self.parser, _holder(name), False, self.nsMap)
            # The element just opened is the root of what the deserializer builds.
            self._values.StartElementHandler(tag, attr)

    def CharacterDataHandler(self, data: str) -> None:  # noqa: N802
        self._text += data

    def EndElementHandler(self, tag: str) -> None:  # noqa: N802
        if self._header_name and tag.endswith(self._header_name):
            self.headers[self._header_name] = self._text
            self._header_name = None


def _given(value: Any) -> Any:
    """pyVmomi shows an array that was not sent as an empty list; for us both are None."""
    return None if isinstance(value, list) and not value else value


def parse_request(data: bytes, version: str) -> Request:
    """A request body as a typed call.

    BadRequest with a sentence for broken XML, unknown methods, elements or types, bad numbers, missing
    required parameters, and bodies beyond a server's limits.
    """
    if len(data) > MAX_BODY:
        raise BadRequest(f"The length of HTTP request body exceeds configured maximum {MAX_BODY}")
    if data.count(b"<") > 2 * MAX_ELEMENTS:
        raise BadRequest(f"XML document element count exceeds configured maximum {MAX_ELEMENTS}")
    parser = _Parser(version)
    try:
        request = parser.parse(data)
    except ExpatError as error:
        raise BadRequest(_expat_message(error, parser.info)) from None
    except UnknownMethod as error:
        raise UnknownMethod(error.name, _this_moid(data)) from None
    except BadRequest:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        name = parser.info.wsdlName if parser.info else "?"
        text = f"Unexpected element or value {error}\n\nwhile parsing call information for method {name}"
        raise BadRequest(text) from None
    _check_required(request)
    return request


def _expat_message(error: ExpatError, info: Any) -> str:
    what = str(error).split(":", 1)[0]
    where = f"call information for method {info.wsdlName}" if info else "HTTP request before method was determined"
    return (
        f"\nError returned by expat parser: {what}\n\nwhile parsing {where}\n"
        f"at line {error.lineno}, column {error.offset}"
    )


def _this_moid(data: bytes) -> str:
    match = re.search(rb"<_this[^>]*>([^<]*)<", data)
    return match[1].decode("utf-8", "replace") if match else ""


def _check_required(request: Request) -> None:
    if request.target is None:
        raise BadRequest(f"No receiver was given for method {request.info.wsdlName}.")
    for param in request.info.params:
        value = request.args[param.name]
        if value is None and not param.flags & F_OPTIONAL:
            raise BadRequest(_missing("parameter", param.name, f"method {request.info.wsdlName}"))
        _check_object(value)


def _check_object(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _check_object(item)
    elif isinstance(value, DataObject):
        for prop in type(value)._GetPropertyList():
            field = getattr(value, prop.name)
            if field is None and not prop.flags & F_OPTIONAL:
                name = _V.GetVmodlName(type(value))
                raise BadRequest(_missing("property", prop.name, f"data object of type {name}"))
            _check_object(field)


def _missing(kind: str, name: str, owner: str) -> str:
    return f"Required {kind} {name} is missing from {owner}"
