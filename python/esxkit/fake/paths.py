# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Datastore paths, "[datastore] folder/file"."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from esxkit.wire.faults import VimFault


@attrs.frozen
class DatastorePath:
    """A datastore's name and a path in it, "/"-separated, without slashes at the ends."""

    datastore: str
    path: str

    def __str__(self) -> str:
        return f"[{self.datastore}] {self.path}" if self.path else f"[{self.datastore}]"


def parse_path(text: str, known: Iterable[str] = ()) -> DatastorePath:
    """Read a path: the longest of the `known` names that fits, else what the first bracket ends.

    Fault InvalidDatastorePath if it has no datastore in brackets.
    """
    fitting = [name for name in known if name and text.startswith(f"[{name}]")]
    close = 1 + len(max(fitting, key=len)) if fitting else text.find("]")
    if not text.startswith("[") or close < 2:
        raise VimFault("InvalidDatastorePath", f"Invalid datastore path '{text}'.", datastorePath=text)
    return DatastorePath(text[1:close], text[close + 1 :].removeprefix(" ").strip("/"))
