# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Prints vim_types.h: the structs, the enumerations' values, and what the tables are called."""

from __future__ import annotations

from collections.abc import Iterable

from esxkit.codegen import cnames
from esxkit.codegen.check import all_types
from esxkit.codegen.closure import Closure
from esxkit.model.vim import Enum, Field, Type

_TOP = """\
/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 *
 * Generated from roots.toml and the installed pyVmomi; changes here are lost.
 */

#pragma once

#include "soap_table.h"

/*
 * A struct on the stack that knows its type, with members set or not:
 *   VimTraversalSpec step = VIM_INIT(TraversalSpec, .path = "parent", .base.name = "up");
 */
#define VIM_INIT(Name, ...) { VIM_TYPE_##Name, ##__VA_ARGS__ }

/* All of them, for tests and tools. */
extern const SoapMethod *const vimMethods[];
extern const size_t vimMethodsCount;
extern const SoapType *const vimTypes[];
extern const size_t vimTypesCount;
"""


def print_header(closure: Closure) -> str:
    """The whole text of vim_types.h."""
    parts = [_TOP]
    parts += [_enum(enum) for enum in closure.enums]
    parts.append("".join(_forward(found) for found in all_types(closure)))
    parts += [_struct(closure, found) for found in all_types(closure)]
    parts.append("".join(_method(method.name) for method, _replay in closure.methods))
    return "\n".join(parts)


def _enum(enum: Enum) -> str:
    lines = [f"/* {enum.name}, since {enum.since} */\n"]
    lines += [f'#define {cnames.enum_macro(enum.name, value)} "{value}"\n' for value in enum.values]
    return "".join(lines)


def _forward(found: Type) -> str:
    name = cnames.struct_name(found.name)
    return f"typedef struct _{name} {name};\n"


def _struct(closure: Closure, found: Type) -> str:
    name = cnames.struct_name(found.name)
    symbol = cnames.type_symbol(found.name)
    lines = [f"/* since {found.since} */\n", f"struct _{name} {{\n", f"    {_first(found)}\n"]
    for field in found.fields:
        lines += _members(field)
    lines.append("};\n")
    lines.append(f"extern const SoapType {symbol};\n")
    lines.append(f"#define VIM_TYPE_{found.name} {_depth(closure, found)}.type = &{symbol}\n")
    return "".join(lines)


def _first(found: Type) -> str:
    if found.parent is None:
        return "SoapObject object;"
    return f"{cnames.struct_name(found.parent)} base;"


def _depth(closure: Closure, found: Type) -> str:
    """The designator of the SoapObject in the struct: .base.base.object"""
    if found.parent is None:
        return ".object"
    return ".base" * len(closure.ancestors(found.name)) + ".object"


def _members(field: Field) -> Iterable[str]:
    extra = cnames.extra_member(field)
    if extra is not None:
        yield f"    {'size_t' if field.array else 'gboolean'} {extra};\n"
    yield f"    {cnames.member_type(field)}{cnames.member(field)};{_remark(field)}\n"


def _remark(field: Field) -> str:
    remarks = []
    if field.enum:
        remarks.append(field.type)
    if field.optional:
        remarks.append("optional")
    if field.since != "2.0":
        remarks.append(f"since {field.since}")
    return f"    /* {', '.join(remarks)} */" if remarks else ""


def _method(name: str) -> str:
    return f"extern const SoapMethod vimMethod{name};\n"
