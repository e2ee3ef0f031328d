# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What must hold of a closure before it can be written as C."""

from __future__ import annotations

from collections.abc import Iterable

from esxkit.codegen import cnames
from esxkit.codegen.closure import Closure
from esxkit.codegen.messages import request_type, response_type
from esxkit.codegen.roots import RootsError
from esxkit.model.vim import Type


def check(closure: Closure) -> None:
    """RootsError with everything that would not compile, or would mean two things."""
    problems: list[str] = []
    for found in all_types(closure):
        _check_members(found, problems)
    _check_unique_types(closure, problems)
    _check_enums(closure, problems)
    if problems:
        raise RootsError(problems)


def all_types(closure: Closure) -> Iterable[Type]:
    """The data types, then each method's request and result."""
    yield from closure.types
    for method, _replay in closure.methods:
        yield request_type(method)
        yield response_type(method)


def _check_members(found: Type, problems: list[str]) -> None:
    taken: dict[str, str] = {}
    for field in found.fields:
        for name in (cnames.member(field), cnames.extra_member(field)):
            if name is not None and name in taken:
                problems.append(f"{found.name}.{field.name}: its member {name} is that of {taken[name]} already")
            elif name is not None:
                taken[name] = field.name


def _check_unique_types(closure: Closure, problems: list[str]) -> None:
    seen: set[str] = set()
    for found in all_types(closure):
        if found.name in seen:
            problems.append(f"{found.name}: two types would be called {cnames.struct_name(found.name)}")
        seen.add(found.name)


def _check_enums(closure: Closure, problems: list[str]) -> None:
    taken: dict[str, str] = {}
    for enum in closure.enums:
        for value in enum.values:
            macro = cnames.enum_macro(enum.name, value)
            if macro in taken:
                problems.append(f"{enum.name}.{value}: {macro} is taken by {taken[macro]}")
            taken[macro] = f"{enum.name}.{value}"
