# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What the tests of the write side share: the XML of new volumes, contents to recognise, what a fake holds."""

from __future__ import annotations

import random
from xml.sax.saxutils import escape

from esxkit.harness.servers import Fake

Tree = dict[str, tuple[int, str] | None]
"""Everything on a datastore: size and digest of files, None for folders, by path."""


def volume_xml(name: str, capacity: int, *, format: str | None = None, thin: bool = False) -> str:
    """A volume for createXML and createXMLFrom; without a format the driver goes by the name."""
    target = f"<target><format type='{format}'/></target>" if format else ""
    allocation = "<allocation>0</allocation>" if thin else ""
    return f"<volume><name>{escape(name)}</name><capacity>{capacity}</capacity>{allocation}{target}</volume>"


def some_bytes(length: int, seed: object = 1) -> bytes:
    """Contents without zero blocks; the same for the same seed."""
    return random.Random(f"{seed}").randbytes(length)


def flat(name: str) -> str:
    """The file with the contents of a disk; a plain file is its own."""
    return f"{name[:-5]}-flat.vmdk" if name.endswith(".vmdk") else name


def tree(fake: Fake, datastore: str) -> Tree:
    """Everything on a datastore, folders too."""
    found = fake.control.tree(datastore)
    return {
        path: None if entry["kind"] == "dir" else (entry["size"], entry["sha256"] or "not read")
        for path, entry in found.items()
    }
