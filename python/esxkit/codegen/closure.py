# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Completes the roots: every type that a wanted one needs, in an order C can be written in."""

from __future__ import annotations

import attrs

from esxkit.codegen.roots import Roots, RootsError
from esxkit.model.vim import Enum, Field, Kind, Method, Schema, Type


@attrs.frozen
class Closure:
    """What the visitors print. Skipped fields are gone; every name a field mentions is in here."""

    types: tuple[Type, ...]
    """A parent comes before its children, otherwise by name."""
    enums: tuple[Enum, ...]
    methods: tuple[tuple[Method, str], ...]
    """Each with its replay rule, by name."""
    faults: frozenset[str]
    """The types that are faults."""

    def type(self, name: str) -> Type:
        return next(t for t in self.types if t.name == name)

    def ancestors(self, name: str) -> list[Type]:
        """The type's parents, nearest first."""
        chain = []
        parent = self.type(name).parent
        while parent is not None:
            chain.append(self.type(parent))
            parent = chain[-1].parent
        return chain


def complete(roots: Roots, schema: Schema) -> Closure:
    """The closure of *roots*, or RootsError with all that does not fit the schema."""
    walk = _Walk(roots, schema)
    walk.start()
    walk.run()
    walk.check_skips()
    if walk.problems:
        raise RootsError(walk.problems)
    return Closure(
        types=tuple(_parents_first(walk.types)),
        enums=tuple(sorted(walk.enums.values(), key=lambda e: e.name)),
        methods=tuple((walk.methods[name], roots.replay[name]) for name in sorted(walk.methods)),
        faults=frozenset(name for name in walk.types if walk.derives(name, "MethodFault")),
    )


class _Walk:
    """One walk over the schema; collects problems instead of stopping at the first."""

    def __init__(self, roots: Roots, schema: Schema) -> None:
        self.roots = roots
        self.schema = schema
        self.types: dict[str, Type] = {}
        self.enums: dict[str, Enum] = {}
        self.methods: dict[str, Method] = {}
        self.problems: list[str] = []
        self.used_skips: set[tuple[str, str]] = set()
        self.used_skip_types: set[str] = set()
        self.todo: list[tuple[str, str]] = []
        """(type's name, who wants it)"""

    def start(self) -> None:
        """Put what the roots name on the list."""
        for name in self.roots.replay:
            self._start_method(name)
        for name, subtypes in self.roots.types.items():
            self.todo.append((name, f"types.{name}"))
            self.todo += [(subtype, f"types.{name}: subtypes") for subtype in subtypes]
        self.todo += [(name, f"faults.{name}") for name in self.roots.faults]
        for name in self.roots.enums:
            self._want_enum(name, f"enums.{name}")

    def _start_method(self, name: str) -> None:
        try:
            method = self.schema.method(name)
        except KeyError:
            self.problems.append(f"methods.{name}: the schema has no such method")
            return
        self.methods[name] = method
        for field in (*method.params, *((method.result,) if method.result else ())):
            self._want_field(f"methods.{name}", field)

    def run(self) -> None:
        """Work the list off, then look at what subtypes and faults claim to be."""
        while self.todo:
            name, wanted_by = self.todo.pop()
            if name not in self.types:
                self._take(name, wanted_by)
        for name, subtypes in self.roots.types.items():
            for subtype in subtypes:
                if subtype in self.types and not self.derives(subtype, name):
                    self.problems.append(f"types.{name}: {subtype} is not derived from it")
        for name in self.roots.faults:
            if name in self.types and not self.derives(name, "MethodFault"):
                self.problems.append(f"faults.{name}: it is not derived from MethodFault")

    def _take(self, name: str, wanted_by: str) -> None:
        try:
            found = self.schema.type(name)
        except KeyError:
            self.problems.append(f"{wanted_by}: the schema has no type {name}")
            return
        fields = tuple(field for field in found.fields if not self._skipped(name, field))
        self.types[name] = attrs.evolve(found, fields=fields)
        if found.parent:
            self.todo.append((found.parent, name))
        for field in fields:
            self._want_field(name, field)

    def _skipped(self, owner: str, field: Field) -> bool:
        if field.kind is Kind.OBJECT and field.type in self.roots.skipped_types:
            self.used_skip_types.add(field.type)
            return True
        if (owner, field.name) in self.roots.skipped_fields:
            self.used_skips.add((owner, field.name))
            return True
        return False

    def _want_field(self, owner: str, field: Field) -> None:
        if field.enum:
            self._want_enum(field.type, f"{owner}.{field.name}")
        elif field.kind is Kind.OBJECT:
            self.todo.append((field.type, f"{owner}.{field.name}"))

    def _want_enum(self, name: str, wanted_by: str) -> None:
        try:
            self.enums.setdefault(name, self.schema.enum(name))
        except KeyError:
            self.problems.append(f"{wanted_by}: the schema has no enumeration {name}")

    def check_skips(self) -> None:
        """An entry that skips nothing is stale, or a slip."""
        for owner, name in sorted(self.roots.skipped_fields - self.used_skips):
            self.problems.append(f"skip.fields.{owner}.{name}: no wanted type has such a field")
        for name in sorted(self.roots.skipped_types - self.used_skip_types):
            self.problems.append(f"skip.types.{name}: no wanted type has a field of it")

    def derives(self, name: str | None, ancestor: str) -> bool:
        while name is not None and name in self.types:
            if name == ancestor:
                return True
            name = self.types[name].parent
        return False


def _parents_first(types: dict[str, Type]) -> list[Type]:
    done: dict[str, Type] = {}

    def place(name: str) -> None:
        if name in done:
            return
        parent = types[name].parent
        if parent:
            place(parent)
        done[name] = types[name]

    for name in sorted(types):
        place(name)
    return list(done.values())
