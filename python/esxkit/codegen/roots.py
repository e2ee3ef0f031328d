# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Reads roots.toml: what the C side shall know, each name with its reason."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import attrs

REPLAY_RULES = ("safe", "once", "session")

_SECTIONS = ("methods", "types", "enums", "faults", "skip")


class RootsError(Exception):
    """What is wrong with the list: one line a problem, each naming the entry."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@attrs.frozen
class Roots:
    """The list as it stands, before any look at the schema."""

    replay: dict[str, str] = attrs.field(factory=dict)
    """Method to replay rule."""
    types: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    """Type to the subclasses that are wanted too."""
    enums: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    skipped_fields: frozenset[tuple[str, str]] = frozenset()
    skipped_types: frozenset[str] = frozenset()


def read_roots(path: Path) -> Roots:
    """Read the file at *path*; RootsError says all that is wrong with it at once."""
    try:
        text = path.read_text(encoding="utf-8")
        return parse_roots(tomllib.loads(text))
    except (OSError, tomllib.TOMLDecodeError) as problem:
        raise RootsError([f"{path}: {problem}"]) from problem


def parse_roots(document: dict[str, Any]) -> Roots:
    """Turn a TOML document into Roots, or raise RootsError."""
    problems = [f"{name}: there is no such section" for name in document if name not in _SECTIONS]
    skip = document.get("skip", {})
    roots = Roots(
        replay=_parse_methods(document.get("methods", {}), problems),
        types=_parse_types(document.get("types", {}), problems),
        enums=_parse_names("enums", document.get("enums", {}), problems),
        faults=_parse_names("faults", document.get("faults", {}), problems),
        skipped_fields=frozenset(
            _split_field(name, problems) for name in _parse_names("skip.fields", skip.get("fields", {}), problems)
        ),
        skipped_types=frozenset(_parse_names("skip.types", skip.get("types", {}), problems)),
    )
    if problems:
        raise RootsError(problems)
    return roots


def _tables(section: str, entries: dict[str, Any], problems: list[str]) -> dict[str, dict[str, Any]]:
    """The entries that are tables; the others are problems."""
    for name, entry in entries.items():
        if not isinstance(entry, dict):
            problems.append(f"{section}.{name}: must be a table in braces")
    return {name: entry for name, entry in entries.items() if isinstance(entry, dict)}


def _parse_methods(entries: dict[str, Any], problems: list[str]) -> dict[str, str]:
    entries = _tables("methods", entries, problems)
    for name, entry in entries.items():
        _check_keys(f"methods.{name}", entry, {"replay", "why"}, problems)
        if entry.get("replay") not in REPLAY_RULES:
            problems.append(f"methods.{name}: replay must be one of {', '.join(REPLAY_RULES)}")
    return {name: entry.get("replay", "") for name, entry in entries.items()}


def _parse_types(entries: dict[str, Any], problems: list[str]) -> dict[str, tuple[str, ...]]:
    entries = _tables("types", entries, problems)
    for name, entry in entries.items():
        _check_keys(f"types.{name}", entry, {"subtypes", "why"}, problems)
    return {name: tuple(entry.get("subtypes", ())) for name, entry in entries.items()}


def _check_keys(where: str, entry: dict[str, Any], known: set[str], problems: list[str]) -> None:
    problems += [f"{where}: there is no such key as {key}" for key in sorted(set(entry) - known)]
    _check_reason(where, entry.get("why"), problems)


def _check_reason(where: str, reason: object, problems: list[str]) -> None:
    if not isinstance(reason, str) or not reason.strip():
        problems.append(f"{where}: say why it is wanted")


def _parse_names(section: str, entries: dict[str, Any], problems: list[str]) -> tuple[str, ...]:
    for name, reason in entries.items():
        _check_reason(f"{section}.{name}", reason, problems)
    return tuple(entries)


def _split_field(name: str, problems: list[str]) -> tuple[str, str]:
    owner, dot, field_name = name.partition(".")
    if not (owner and dot and field_name):
        problems.append(f"skip.fields.{name}: must read Type.field")
    return owner, field_name
