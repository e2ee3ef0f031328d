# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""How things of the VI API are called and declared in C."""

from __future__ import annotations

import re

from esxkit.model.vim import Field, Kind

# C's keywords, what gcc predefines in gnu11 mode, and the names of the structs' own members.
_RESERVED_WORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline
    int long register restrict return short signed sizeof static struct switch typedef union unsigned
    void volatile while asm typeof linux unix base object self
"""
_RESERVED = frozenset(_RESERVED_WORDS.split())

_SCALAR_TYPES = {
    Kind.BOOL: "gboolean",
    Kind.INT: "gint32",
    Kind.LONG: "gint64",
    Kind.DOUBLE: "gdouble",
}


def struct_name(wire_name: str) -> str:
    """NasDatastoreInfo → VimNasDatastoreInfo."""
    return f"Vim{wire_name}"


def type_symbol(wire_name: str) -> str:
    """The SoapType of it: NasDatastoreInfo → vimNasDatastoreInfoType."""
    return f"vim{wire_name}Type"


def member(field: Field) -> str:
    """The struct member of a field; what a method is called on is ``self`` in C."""
    if field.name == "_this":
        return "self"
    return f"{field.name}_" if field.name in _RESERVED else field.name


def is_scalar(field: Field) -> bool:
    """Whether the value itself is in the struct, so that absence needs a flag beside it."""
    return field.kind in _SCALAR_TYPES


def extra_member(field: Field) -> str | None:
    """The count of an array, the presence flag of an optional scalar."""
    if field.array:
        return f"n_{field.name}"
    if field.optional and is_scalar(field):
        return f"has_{field.name}"
    return None


def value_type(field: Field) -> str:
    """The C type of one value, ready for a name behind it: ``gint32 `` or ``SoapMoRef *``."""
    if is_scalar(field):
        return f"{_SCALAR_TYPES[field.kind]} "
    if field.kind is Kind.STRING:
        return "const char *"
    if field.kind is Kind.MOREF:
        return "SoapMoRef *"
    if field.kind is Kind.ANY:
        return "SoapAny *"
    return f"{struct_name(field.type)} *"


def member_type(field: Field) -> str:
    """The C type of the member: that of one value, or of the vector."""
    return f"{value_type(field)}*" if field.array else value_type(field)


def enum_macro(enum_name: str, value: str) -> str:
    """TaskInfoState, success → VIM_TASK_INFO_STATE_SUCCESS."""
    return f"VIM_{_shout(enum_name)}_{_shout(value)}"


def _shout(name: str) -> str:
    words = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", _split_words, name)
    return re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_").upper()


def _split_words(match: re.Match[str]) -> str:
    if match[1]:
        return f"{match[1]}_{match[2]}"
    return f"{match[3]}_{match[4]}"
