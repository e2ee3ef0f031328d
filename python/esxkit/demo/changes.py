# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The part of the demo that changes volumes; it leaves the datastore with the volumes it had."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from esxkit.harness.usage import MIB
from esxkit.harness.virsh import Result, human

DISK, CLONE, IMAGE = "demo/disk.vmdk", "demo/clone.vmdk", "demo/image.iso"

Check = Callable[[Result], Iterator[str]]


@attrs.frozen
class Change:
    """One command that changes something, and a check that yields a sentence for whatever is wrong."""

    title: str
    command: tuple[str, ...]
    check: Check
    refused: bool = False


def _nothing(_result: Result) -> Iterator[str]:
    """What a command prints that only has to succeed; the next steps look at what it did."""
    yield from ()


def _size(capacity: int) -> Check:
    def check(result: Result) -> Iterator[str]:
        if result.fields().get("Capacity") != human(capacity):
            yield f"the volume has a capacity of {result.fields().get('Capacity')}, not of {human(capacity)}."

    return check


def _contents(got: Path, expected: bytes) -> Check:
    def check(_result: Result) -> Iterator[str]:
        if got.read_bytes() != expected:
            yield "what was downloaded is not what it must be."

    return check


def _listed(*names: str) -> Check:
    def check(result: Result) -> Iterator[str]:
        shown = sorted(row["Name"] for row in result.table() if row["Name"].startswith("demo/"))
        if shown != sorted(names):
            yield f"in the folder are {shown}, not {sorted(names)}."

    return check


def _says(words: str) -> Check:
    def check(result: Result) -> Iterator[str]:
        if words not in result.err:
            yield f"the refusal does not say '{words}'."

    return check


def changes(pool: str, folder: Path) -> list[Change]:
    """The commands; local files are in `folder`."""
    disk, iso = random.Random(3).randbytes(4 * MIB), random.Random(4).randbytes(MIB)
    source, image, back = folder / "disk.img", folder / "image.iso", folder / "download.img"
    source.write_bytes(disk)
    image.write_bytes(iso)

    def verb(name: str, volume: str, *rest: object) -> tuple[str, ...]:
        return (name, "--pool", pool, volume, *map(str, rest))

    def download(title: str, volume: str, expected: bytes) -> Change:
        return Change(title, verb("vol-download", volume, back), _contents(back, expected))

    create = ("vol-create-as", pool, DISK, "4M", "--allocation", "0")
    listing = ("vol-list", pool)
    return [
        Change("A thin disk in a new folder", create, _nothing),
        Change("The new disk", verb("vol-info", DISK), _size(4 * MIB)),
        Change("A raw image into the disk", verb("vol-upload", DISK, source), _nothing),
        download("The same image out of it", DISK, disk),
        Change("A larger disk", verb("vol-resize", DISK, "8M"), _nothing),
        Change("The larger disk", verb("vol-info", DISK), _size(8 * MIB)),
        Change("A clone of it", verb("vol-clone", DISK, CLONE), _nothing),
        download("The contents of the clone", CLONE, disk + bytes(4 * MIB)),
        Change("A plain file", ("vol-create-as", pool, IMAGE, "1M", "--format", "iso"), _nothing),
        Change("Contents for the plain file", verb("vol-upload", IMAGE, image), _nothing),
        download("The plain file back", IMAGE, iso),
        Change("The volumes now", listing, _listed(DISK, CLONE, IMAGE)),
        Change("A refusal: a disk cannot shrink", verb("vol-resize", DISK, "1M"), _says("can only enlarge"), True),
        Change("Zeros over the disk", verb("vol-wipe", DISK), _nothing),
        download("The wiped disk", DISK, bytes(8 * MIB)),
        *(Change(f"{name} away", verb("vol-delete", name), _nothing) for name in (DISK, CLONE, IMAGE)),
        Change("The volumes at the end", listing, _listed()),
    ]
