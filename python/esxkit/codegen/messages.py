# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A method's request and result as ordinary types, so that one table serves for all."""

from __future__ import annotations

from esxkit.model.vim import Field, Kind, Method, Type


def request_type(method: Method) -> Type:
    """What the method is called on, then its parameters."""
    this = Field("_this", Kind.MOREF, method.owner)
    return Type(f"{method.name}Request", None, (this, *method.params), method.since)


def response_type(method: Method) -> Type:
    """One field returnval, or nothing."""
    fields = (method.result,) if method.result else ()
    return Type(f"{method.name}Response", None, fields, method.since)
