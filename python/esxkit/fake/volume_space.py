# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The room on a volume, counted by what its files say they have allocated.

Real disk usage plays no part: a world's terabytes are sparse files on a small disk.
"""

from __future__ import annotations


class NoSpace(OSError):
    """What was to be written does not fit."""

    def __init__(self, wanted: int, free: int):
        super().__init__(f"{wanted} bytes were to be allocated and {free} are free.")


class VolumeSpace:
    """Capacity and free bytes of one volume. None as capacity: as much as anybody wants."""

    def __init__(self, capacity: int | None = None, free: int = 0):
        self.capacity, self.free = capacity, free

    def change(self, allocated: int) -> None:
        """That many bytes more (or fewer) are allocated. NoSpace, and nothing changed, if they do not fit."""
        if self.capacity is None:
            return
        if allocated > max(self.free, 0):
            raise NoSpace(allocated, self.free)
        self.free = min(self.free - allocated, self.capacity)

    def force(self, allocated: int) -> None:
        """As `change`, but as much as fits: a test put the file there, or less is allocated now."""
        if self.capacity is not None:
            self.free = min(max(self.free - allocated, 0), self.capacity)
