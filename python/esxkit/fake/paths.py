# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Datastore paths, "[datastore] folder/file"."""

from __future__ import annotations

import re

import attrs

from esxkit.wire.faults import VimFault

_PATH = re.compile(r"\[([^\]]*)\] ?(.*)\Z", re.DOTALL)


@attrs.frozen
class DatastorePath:
    """A datastore's name and a path in it, "/"-separated, without slashes at the ends."""

    datastore: str
    path: str

    def __str__(self) -> str:
        return f"[{self.datastore}] {self.path}" if self.path else f"[{self.datastore}]"


def parse_path(text: str) -> DatastorePath:
    """Read a path. Fault InvalidDatastorePath if it has no datastore in brackets."""
    match = _PATH.match(text)
    if match is None or not match[1]:
        raise VimFault("InvalidDatastorePath", f"Invalid datastore path '{text}'.", datastorePath=text)
    return DatastorePath(match[1], match[2].strip("/"))
