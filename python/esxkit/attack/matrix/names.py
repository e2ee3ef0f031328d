# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What the verbs of the matrix work on: two files in a folder of their own, on a datastore with a neighbour."""

from __future__ import annotations

import attrs

KIB = 1024
FOLDER = "matrix"
DISK, FILE = f"{FOLDER}/disk.vmdk", f"{FOLDER}/file.raw"
NEW_DISK, NEW_FILE, CLONE = f"{FOLDER}/made.vmdk", f"{FOLDER}/made.raw", f"{FOLDER}/clone.vmdk"
DISK_SIZE, FILE_SIZE = 1024 * KIB, 192 * KIB


@attrs.frozen
class Names:
    """One way to one server, and the names there."""

    uri: str
    store: str
    other: str
    iqn: str
    uuid: str = ""
    disk_size: int = DISK_SIZE
    file_size: int = FILE_SIZE

    def key(self, name: str) -> str:
        """Key and path of a volume."""
        return f"[{self.store}] {name}"
