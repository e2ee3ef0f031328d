# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What the file manager does to files and folders. Interrupted copies are taken back; killed, they cannot be."""

from __future__ import annotations

import contextlib

from esxkit.fake.contents import copy_data
from esxkit.fake.files import BadPath, Entry
from esxkit.fake.places import Place
from esxkit.fake.progress import Progress


def make_folder(place: Place, *, parents: bool) -> None:
    """A new folder, with what is missing above it if `parents`. FileExistsError, FileNotFoundError."""
    files, path = place.files, place.path
    if files.real(path).exists():
        raise FileExistsError(path)
    missing = [path]
    while parents and (above := missing[-1].rpartition("/")[0]) and not files.real(above).exists():
        missing.append(above)
    for one in reversed(missing):
        files.make_folder(one)
    files.on_change()


async def move(source: Place, target: Place, force: bool, progress: Progress) -> None:
    """Move a file or a folder with all in it; across datastores it is copied, then removed."""
    if source.files is target.files:
        await progress.begun()
        with source.faults():
            source.files.entry(source.path)
            source.files.locks.check(source.path, writing=True)
        with target.faults():
            source.files.rename(source.path, target.path, force=force)
        return
    with source.faults():
        source.files.locks.check(source.path, writing=True)
    await copy(source, target, force, progress)
    with source.faults():
        source.files.delete(source.path)


async def copy(source: Place, target: Place, force: bool, progress: Progress) -> None:
    """Copy a file or a folder with all in it."""
    with source.faults():
        entry = source.files.entry(source.path)
        entries = _all_below(source, entry)
    with target.faults():
        if source.files is target.files and (target.path + "/").startswith(source.path + "/"):
            raise BadPath(f"'{target.path}' is inside '{source.path}'.")
        target.files.check_target(entry, target.path, force=force)
    with contextlib.ExitStack() as stack:
        with source.faults():
            stack.enter_context(source.files.locks.reading(*(e.path for e in entries if not e.is_dir)))
        begun: list[str] = []
        try:
            with target.faults():
                pairs = _begin(entries, source, target, begun)
                stack.enter_context(target.files.locks.writing(*(new for _, new in pairs)))
            await progress.begun(sum(old.allocated for old, _ in pairs))
            for old, new in pairs:
                await copy_data(source.files.real(old.path), target.files.real(new), old.allocated, progress)
        except BaseException:
            for path in reversed(begun):
                target.files.remove(path)
            raise
        finally:
            target.files.on_change()


def _all_below(place: Place, entry: Entry) -> list[Entry]:
    """The entry and, of a folder, everything in it, parents first."""
    if not entry.is_dir:
        return [entry]
    inner = [_all_below(place, one) for one in place.files.entries(entry.path)]
    return [entry, *(one for part in inner for one in part)]


def _begin(entries: list[Entry], source: Place, target: Place, begun: list[str]) -> list[tuple[Entry, str]]:
    """Make folders and empty files of the right sizes; (entry, new path) of the files."""
    files, pairs = target.files, []
    for entry in entries:
        new = target.path + entry.path[len(source.path) :]
        if entry.is_dir:
            files.make_folder(new)
        else:
            if files.real(new).exists():
                files.delete(new)
            files.create(new, entry.size, entry.allocated)
            pairs.append((entry, new))
        begun.append(new)
    return pairs
