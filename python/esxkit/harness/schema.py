# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Checks documents against libvirt's own RELAX NG schemas and its own parser.

libxml2 is asked through ctypes: libvirt itself depends on that library, so it is there wherever the driver can run, and
these are the very checks libvirt makes.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import re
from functools import cache
from pathlib import Path

from esxkit.harness.environment import HarnessError

SCHEMAS = Path("/usr/share/libvirt/schemas")

_XML_PARSE_NONET = 1 << 11
_SAY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


@cache
def _libxml2() -> ctypes.CDLL:
    name = ctypes.util.find_library("xml2")
    if name is None:
        raise HarnessError("There is no libxml2, though libvirt needs it; install the package libxml2.")
    library = ctypes.CDLL(name)
    for function in ("NewParserCtxt", "Parse", "NewValidCtxt"):
        getattr(library, f"xmlRelaxNG{function}").restype = ctypes.c_void_p
    library.xmlReadMemory.restype = ctypes.c_void_p
    library.xmlRelaxNGNewParserCtxt.argtypes = [ctypes.c_char_p]
    library.xmlRelaxNGParse.argtypes = [ctypes.c_void_p]
    library.xmlRelaxNGNewValidCtxt.argtypes = [ctypes.c_void_p]
    library.xmlRelaxNGValidateDoc.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.xmlReadMemory.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]
    library.xmlFreeDoc.argtypes = library.xmlRelaxNGFreeValidCtxt.argtypes = [ctypes.c_void_p]
    return library


@cache
def _schema(name: str) -> int:
    library = _libxml2()
    path = SCHEMAS / f"{name}.rng"
    schema = library.xmlRelaxNGParse(library.xmlRelaxNGNewParserCtxt(str(path).encode()))
    if not schema:
        raise HarnessError(f"libvirt's schema {path} is missing or broken; install the package libvirt0.")
    return schema


def is_valid(name: str, xml: str) -> bool:
    """Whether a document is valid against libvirt's schema `name`, such as "storagepool"."""
    library = _libxml2()
    data = xml.encode()
    document = library.xmlReadMemory(data, len(data), b"document.xml", None, _XML_PARSE_NONET)
    if not document:
        return False
    context = library.xmlRelaxNGNewValidCtxt(_schema(name))
    try:
        return library.xmlRelaxNGValidateDoc(context, document) == 0
    finally:
        library.xmlRelaxNGFreeValidCtxt(context)
        library.xmlFreeDoc(document)


def validate(name: str, xml: str) -> None:
    """Assert that a document is valid; libxml2 says on standard error what is wrong."""
    assert is_valid(name, xml), f"This is not valid against {name}.rng:\n{xml}"


def validate_volume(xml: str) -> None:
    """Assert that a volume document is valid but for what no ESX name can be.

    libvirt's schema forbids "/" in volume names, which "directory/file" has by contract, and wants a URI or an absolute
    path where ESX has "[datastore] directory/file". Everything else is checked.
    """
    plain = re.sub(r"(?<=<name>)[^<]*(?=</name>)", "name", xml)
    validate("storagevol", re.sub(r"(?<=<path>)\[[^<]*(?=</path>)", "/path", plain))


def parse_pool(xml: str) -> None:
    """Assert that libvirt's own parser takes a pool document, by defining it with libvirt's test driver."""
    import libvirt

    conn = libvirt.open("test:///default")
    try:
        conn.storagePoolDefineXML(xml, 0).undefine()
    finally:
        conn.close()
