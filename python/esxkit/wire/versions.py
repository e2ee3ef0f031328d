# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""API versions: from "8.0.3.0" or a SOAPAction header to pyVmomi's internal version names.

What a server does with SOAPAction (seen in captures): "urn:vim25/X" picks version X; a version newer than
the server's own is answered as the server's own; plain "urn:vim25" means 2.5 update 2; no SOAPAction at
all means the server's default version, which is 2.5 update 2 too.
"""

from __future__ import annotations

import functools
import re

import pyVmomi  # noqa: F401  (loading it registers the versions)
from pyVmomi import VmomiSupport as _V

LEGACY = "vim.version.version3"
OLDEST = "vim.version.version1"

_BY_NUMBER: dict[str, str] = {uri.split("/", 1)[1]: v for uri, v in _V.versionMap.items() if uri.startswith("vim25/")}
_ACTION = re.compile(r'^"?\s*urn:(vim25|vim2)(?:/([^"\s]+))?\s*"?$')


def _key(number: str) -> tuple[int, ...] | None:
    """"6.7.3" as a tuple of four numbers for comparing; None for names such as "2.5u2"."""
    parts = number.split(".")
    if not all(part.isdigit() for part in parts):
        return None
    numbers = tuple(int(part) for part in parts[:4])
    return numbers + (0,) * (4 - len(numbers))


_ORDERED = sorted((key, number) for number in _BY_NUMBER if (key := _key(number)) and key >= (2, 5, 0, 0))


@functools.cache
def version_for(number: str) -> str:
    """pyVmomi's version for an API version number, or for the newest known one that is not newer.

    ValueError when the text is no version number at all.
    """
    if number in _BY_NUMBER:
        return _BY_NUMBER[number]
    wanted = _key(number)
    if wanted is None:
        raise ValueError(f"'{number}' is not an API version; expected something like 6.7 or 8.0.3.0.")
    older = [name for key, name in _ORDERED if key <= wanted]
    return _BY_NUMBER[older[-1]] if older else OLDEST


@functools.cache
def negotiate(action: str | None, server_number: str) -> tuple[str, str]:
    """(pyVmomi version, response namespace) for a SOAPAction header on a server of that API version."""
    server = version_for(server_number)
    match = _ACTION.match(action.strip()) if action else None
    if match is None:
        return LEGACY if _V.IsChildVersion(server, LEGACY) else server, "urn:vim25"
    namespace, number = f"urn:{match[1]}", match[2]
    if number is None:
        version = OLDEST if match[1] == "vim2" else LEGACY
    else:
        try:
            version = version_for(number)
        except ValueError:
            version = server
    return (version if _V.IsChildVersion(server, version) else server), namespace


@functools.cache
def knows(version: str, needed: str) -> bool:
    """Whether a thing introduced in `needed` exists in `version`."""
    return bool(_V.IsChildVersion(version, needed))


def prior_versions(server_number: str) -> list[str]:
    """Version numbers a server of that version announces, newest first (vimServiceVersions.xml)."""
    limit = _key(server_number) or (0,)
    return [name for key, name in reversed(_ORDERED) if (4,) <= key <= limit]
