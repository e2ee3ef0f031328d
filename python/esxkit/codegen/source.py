# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Prints vim_types.c: the tables, with an assertion beside every row that it fits its struct."""

from __future__ import annotations

from esxkit.codegen import cnames
from esxkit.codegen.check import all_types
from esxkit.codegen.closure import Closure
from esxkit.model.vim import Field, Kind, Type

_TOP = """\
/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 *
 * Generated from roots.toml and the installed pyVmomi; changes here are lost.
 */

#include "vim_types.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A row may only say what the struct is: a member within 16 bits' reach, of the row's type. */
#define CHECK(Struct, member, Type) \\
    _Static_assert(offsetof(Struct, member) <= G_MAXUINT16, #Struct "." #member " is too far"); \\
    _Static_assert(sizeof(((Struct *)NULL)->member) == sizeof(Type), #Struct "." #member); \\
    _Static_assert(__builtin_types_compatible_p(__typeof__(((Struct *)NULL)->member), Type), \\
                   #Struct "." #member " has another type")

/* The interpreter takes every object for a SoapObject, and every child for its parent. */
#define CHECK_FIRST(Struct, member, Type) \\
    _Static_assert(offsetof(Struct, member) == 0, #Struct " must begin with " #member); \\
    CHECK(Struct, member, Type)
"""

_LOOKUP = """\
typedef struct {
    const char *name;
    size_t length;
} Name;

static int
compareName(const void *key, const void *element)
{
    const Name *name = key;
    const SoapType *const *type = element;
    int order = strncmp(name->name, (*type)->name, name->length);

    if (order == 0 && (*type)->name[name->length] != '\\0')
        return -1;
    return order;
}

const SoapType *
vimTypeByName(const char *name, size_t length)
{
    const Name key = { name, length };
    const SoapType *const *found = bsearch(&key, vimTypes, vimTypesCount, sizeof(vimTypes[0]),
                                           compareName);

    return found ? *found : NULL;
}
"""

_KINDS = {
    Kind.BOOL: "SOAP_KIND_BOOL",
    Kind.INT: "SOAP_KIND_INT",
    Kind.LONG: "SOAP_KIND_LONG",
    Kind.DOUBLE: "SOAP_KIND_DOUBLE",
    Kind.STRING: "SOAP_KIND_STRING",
    Kind.MOREF: "SOAP_KIND_MOREF",
    Kind.OBJECT: "SOAP_KIND_OBJECT",
    Kind.ANY: "SOAP_KIND_ANY",
}


def print_source(closure: Closure) -> str:
    """The whole text of vim_types.c."""
    parts = [_TOP]
    parts += [_table(found) for found in all_types(closure)]
    parts += [_method(method.name, replay) for method, replay in closure.methods]
    parts.append(_list("SoapMethod", "vimMethods", [f"vimMethod{m.name}" for m, _ in closure.methods]))
    names = sorted(found.name for found in closure.types)
    parts.append(_list("SoapType", "vimTypes", [cnames.type_symbol(name) for name in names]))
    parts.append(_LOOKUP)
    return "\n".join(parts)


def _table(found: Type) -> str:
    struct = cnames.struct_name(found.name)
    first = "object" if found.parent is None else "base"
    first_type = "SoapObject" if found.parent is None else cnames.struct_name(found.parent)
    lines = [f"CHECK_FIRST({struct}, {first}, {first_type});\n"]
    for field in found.fields:
        lines += _checks(struct, field)
    if found.fields:
        lines.append(f"static const SoapField fields{found.name}[] = {{\n")
        lines += [_row(struct, field) for field in found.fields]
        lines.append("};\n")
    lines.append(_type(found, struct))
    return "".join(lines)


def _checks(struct: str, field: Field) -> list[str]:
    lines = [f"CHECK({struct}, {cnames.member(field)}, {cnames.member_type(field).rstrip()});\n"]
    extra = cnames.extra_member(field)
    if extra is not None:
        lines.append(f"CHECK({struct}, {extra}, {'size_t' if field.array else 'gboolean'});\n")
    return lines


def _row(struct: str, field: Field) -> str:
    extra = cnames.extra_member(field)
    extra_offset = f"offsetof({struct}, {extra})" if extra else "0"
    declared = f"&{cnames.type_symbol(field.type)}" if field.kind is Kind.OBJECT else "NULL"
    return (
        f'    {{ "{field.name}", {_KINDS[field.kind]}, {_flags(field)},\n'
        f"      offsetof({struct}, {cnames.member(field)}), {extra_offset},\n"
        f'      {declared}, "{xsd_type(field)}" }},\n'
    )


def _flags(field: Field) -> str:
    flags = [
        name
        for name, is_set in (
            ("SOAP_FIELD_OPTIONAL", field.optional),
            ("SOAP_FIELD_ARRAY", field.array),
            ("SOAP_FIELD_SECRET", field.secret),
        )
        if is_set
    ]
    return " | ".join(flags) or "0"


def xsd_type(field: Field) -> str:
    """What xsi:type would say of the declared type."""
    if field.kind is Kind.OBJECT or field.enum:
        return field.type
    if field.kind is Kind.MOREF:
        return "ManagedObjectReference"
    return f"xsd:{field.type}"


def _type(found: Type, struct: str) -> str:
    parent = f"&{cnames.type_symbol(found.parent)}" if found.parent else "NULL"
    fields = f"fields{found.name}, G_N_ELEMENTS(fields{found.name})" if found.fields else "NULL, 0"
    return (
        f"const SoapType {cnames.type_symbol(found.name)} = {{\n"
        f'    "{found.name}", {parent}, sizeof({struct}), {fields}\n'
        "};\n"
    )


def _method(name: str, replay: str) -> str:
    return (
        f"const SoapMethod vimMethod{name} = {{\n"
        f'    "{name}", &vim{name}RequestType, &vim{name}ResponseType,\n'
        f"    SOAP_REPLAY_{replay.upper()}\n"
        "};\n"
    )


def _list(element: str, name: str, symbols: list[str]) -> str:
    rows = "".join(f"    &{symbol},\n" for symbol in symbols)
    return f"const {element} *const {name}[] = {{\n{rows}}};\nconst size_t {name}Count = G_N_ELEMENTS({name});\n"
