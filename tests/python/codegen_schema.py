# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A schema one can see whole, for the tests of the generator."""

from __future__ import annotations

from collections.abc import Iterable

from esxkit.codegen.roots import Roots
from esxkit.model.vim import Enum, Field, Kind, Method, Type


class StaticSchema:
    """The schema that it is given."""

    def __init__(self, types: Iterable[Type], enums: Iterable[Enum] = (), methods: Iterable[Method] = ()) -> None:
        self._types = {found.name: found for found in types}
        self._enums = {found.name: found for found in enums}
        self._methods = {found.name: found for found in methods}

    def type(self, name: str) -> Type:
        return self._types[name]

    def enum(self, name: str) -> Enum:
        return self._enums[name]

    def method(self, name: str) -> Method:
        return self._methods[name]


TINY = StaticSchema(
    types=[
        Type(
            "Hba",
            None,
            (
                Field("key", Kind.STRING, "string", optional=True),
                Field("status", Kind.STRING, "Status", enum=True),
                Field("bus", Kind.INT, "int"),
                Field("speed", Kind.LONG, "long", since="7.0", optional=True),
            ),
        ),
        Type(
            "IscsiHba",
            "Hba",
            (
                Field("target", Kind.OBJECT, "Target", array=True, optional=True),
                Field("options", Kind.OBJECT, "Option", array=True, optional=True),
                Field("default", Kind.BOOL, "boolean"),
            ),
            since="4.0",
        ),
        Type(
            "Target",
            None,
            (
                Field("address", Kind.STRING, "string", array=True),
                Field("weight", Kind.DOUBLE, "double", array=True),
                Field("extra", Kind.ANY, "anyType", optional=True),
                Field("host", Kind.MOREF, "HostSystem"),
                Field("object", Kind.MOREF, "HostSystem", array=True),
            ),
        ),
        Type("Option", None, ()),
        Type("Unwanted", "Hba", ()),
        Type("MethodFault", None, (Field("faultCause", Kind.OBJECT, "LocalizedMethodFault", optional=True),)),
        Type("NotFound", "MethodFault", ()),
        Type("LocalizedMethodFault", None, (Field("fault", Kind.OBJECT, "MethodFault"),)),
    ],
    enums=[Enum("Status", ("online", "off-line")), Enum("Unwanted", ("x",))],
    methods=[
        Method(
            "Rescan",
            "HostStorageSystem",
            (
                Field("hba", Kind.STRING, "string"),
                Field("password", Kind.STRING, "string", optional=True, secret=True),
            ),
            Field("returnval", Kind.OBJECT, "Hba", array=True, optional=True),
            faults=("NotFound",),
        ),
        Method("Unwanted", "Folder", (), None),
    ],
)

TINY_ROOTS = Roots(
    replay={"Rescan": "safe"},
    types={"Hba": ("IscsiHba",)},
    faults=("NotFound",),
    skipped_fields=frozenset({("IscsiHba", "options")}),
)
