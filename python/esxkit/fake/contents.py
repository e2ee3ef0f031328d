# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The bytes of large sparse files: where data is, copying it and wiping it, a window at a time."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from esxkit.fake.progress import Progress

_WINDOW = 16 * 1024 * 1024
_WINDOWS = 1000
_PIECE = 1024 * 1024
_ZEROS = bytes(_PIECE)


def data_ranges(file: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """(first, beyond last) of the parts between start and end that are no holes."""
    while start < end:
        try:
            first = os.lseek(file, start, os.SEEK_DATA)
        except OSError:  # ENXIO: a hole up to the end of the file
            return
        if first >= end:
            return
        beyond = min(os.lseek(file, first, os.SEEK_HOLE), end)
        yield first, beyond
        start = beyond


def data_bytes(path: Path) -> int:
    """How much of a file is no hole."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return sum(beyond - first for first, beyond in data_ranges(file.fileno(), 0, size))


def digest(path: Path) -> str:
    """The SHA-256 of a file. One that is all holes is not read, and most of a world's files are."""
    if data_bytes(path) == 0:
        return _digest_of_zeros(path.stat().st_size)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=1024)
def _digest_of_zeros(size: int) -> str:
    found = hashlib.sha256()
    for start in range(0, size, _PIECE):
        found.update(_ZEROS[: size - start])
    return found.hexdigest()


def _windows(size: int) -> Iterator[tuple[int, int]]:
    step = max(_WINDOW, size // _WINDOWS)
    return ((start, min(start + step, size)) for start in range(0, size, step))


async def copy_data(source: Path, target: Path, cost: int, progress: Progress) -> None:
    """Copy a file's data into a file of the same size that is all holes; it takes as long as `cost` bytes."""
    with source.open("rb") as reader, target.open("r+b") as writer:
        size = os.fstat(reader.fileno()).st_size
        for start, end in _windows(size):
            for first, beyond in data_ranges(reader.fileno(), start, end):
                _copy_range(reader.fileno(), writer.fileno(), first, beyond)
            await progress.moved(cost * (end - start) // size)


def _copy_range(reader: int, writer: int, first: int, beyond: int) -> None:
    while first < beyond:
        piece = os.pread(reader, min(_PIECE, beyond - first), first)
        if not piece:
            return
        os.pwrite(writer, piece, first)
        first += len(piece)


async def zero_data(path: Path, cost: int, progress: Progress) -> None:
    """Wipe a file; what was wiped before an interruption stays wiped. At its end the file is all holes."""
    with path.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        for start, end in _windows(size):
            for first, beyond in data_ranges(file.fileno(), start, end):
                for at in range(first, beyond, _PIECE):
                    os.pwrite(file.fileno(), _ZEROS[: beyond - at], at)
            await progress.moved(cost * (end - start) // size)
        file.truncate(0)
        file.truncate(size)


async def fill(cost: int, progress: Progress) -> None:
    """Take the time of writing so many zeros where there are none but zeros."""
    for start, end in _windows(cost):
        await progress.moved(end - start)
