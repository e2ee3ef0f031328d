# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Prints a libFuzzer dictionary: the words a reply is made of."""

from __future__ import annotations

from esxkit.codegen.check import all_types
from esxkit.codegen.closure import Closure

_FRAME = (
    '<?xml version="1.0" encoding="UTF-8"?>',
    "http://schemas.xmlsoap.org/soap/envelope/",
    "http://www.w3.org/2001/XMLSchema-instance",
    "http://www.w3.org/2001/XMLSchema",
    "urn:vim25",
    "xmlns=",
    "xmlns:xsi=",
    "xsi:type=",
    'xsi:nil="true"',
    "type=",
    "Envelope",
    "Header",
    "Body",
    "Fault",
    "faultcode",
    "faultstring",
    "detail",
    "ManagedObjectReference",
    "xsd:string",
    "xsd:boolean",
    "xsd:int",
    "xsd:long",
    "xsd:double",
    "xsd:dateTime",
    "ArrayOfString",
    "ArrayOfInt",
    "ArrayOfAnyType",
    "ArrayOfManagedObjectReference",
    "<!DOCTYPE",
    "<![CDATA[",
    "]]>",
    "&amp;",
    "&#10;",
)


def print_dictionary(closure: Closure) -> str:
    """One quoted word a line."""
    words = set(_FRAME)
    for found in all_types(closure):
        words.add(found.name)
        words.update(field.name for field in found.fields)
    words.update(f"ArrayOf{found.name}" for found in closure.types)
    words.update(f"{name}Fault" for name in closure.faults)
    quoted = sorted(word.replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return "".join(f'"{word}"\n' for word in quoted)
