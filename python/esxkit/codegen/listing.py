# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Prints a closure for people: the golden text that shows a new pyVmomi as a small diff."""

from __future__ import annotations

from esxkit.codegen.closure import Closure
from esxkit.model.vim import Enum, Field, Kind, Method, Type


def print_listing(closure: Closure) -> str:
    """Methods, types, faults and enumerations, each with its first API version.

    ``name?`` is optional, ``name[]`` an array, ``&Type`` a reference to a managed object.
    """
    types = [found for found in closure.types if found.name not in closure.faults]
    faults = [found for found in closure.types if found.name in closure.faults]
    lines = [f"# {len(closure.methods)} methods\n"]
    lines += [_method(method, replay) for method, replay in closure.methods]
    lines.append(f"\n# {len(types)} types\n")
    lines += [_type(found) for found in sorted(types, key=lambda t: t.name)]
    lines.append(f"\n# {len(faults)} faults\n")
    lines += [_type(found) for found in sorted(faults, key=lambda t: t.name)]
    lines.append(f"\n# {len(closure.enums)} enumerations\n")
    lines += [_enum(enum) for enum in closure.enums]
    return "".join(lines)


def _method(method: Method, replay: str) -> str:
    result = f" -> {_declared(method.result)}" if method.result else ""
    task = f" giving {method.task_result}" if method.task_result else ""
    faults = f" raises {', '.join(method.faults)}" if method.faults else ""
    head = f"{method.owner}.{method.name}{result}{task}{faults}  [{replay}, since {method.since}]\n"
    return head + "".join(_field(field) for field in method.params)


def _type(found: Type) -> str:
    parent = f" : {found.parent}" if found.parent else ""
    return f"{found.name}{parent}  [since {found.since}]\n" + "".join(_field(f) for f in found.fields)


def _field(field: Field) -> str:
    since = f"  [since {field.since}]" if field.since != "2.0" else ""
    secret = " secret" if field.secret else ""
    optional = "?" if field.optional else ""
    array = "[]" if field.array else ""
    return f"    {field.name}{array}{optional}: {_declared(field)}{secret}{since}\n"


def _declared(field: Field) -> str:
    if field.kind is Kind.MOREF:
        return f"&{field.type}"
    if field.enum:
        return f"{field.type} (string)"
    return field.type


def _enum(enum: Enum) -> str:
    return f"{enum.name}  [since {enum.since}]\n    {' | '.join(enum.values)}\n"
