# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What /folder does to files: PUT and DELETE.

A PUT is written to the file as it comes, piece by piece, under the name it was sent to. When it breaks, what has come
stays there (switch partial_put).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from aiohttp import web

from esxkit.fake.folder_refusal import Refusal, refusing
from esxkit.fake.options import FakeOptions
from esxkit.fake.places import Place, check_top_level, check_writable
from esxkit.fake.transfer import Broken, Transfer
from esxkit.fake.volume_space import NoSpace
from esxkit.wire.faults import VimFault


async def put(request: web.BaseRequest, place: Place, transfer: Transfer, options: FakeOptions) -> int:
    """Write the body into the file; 201 if it is new, 200 if it was replaced. Refusal, Broken."""
    if "Content-Range" in request.headers:
        raise Refusal(400, "A part of a file cannot be written.")
    with refusing(place):
        _check_allowed(place, options)
        if not place.path:
            raise IsADirectoryError(place.path)
        new = not place.files.real(place.path).exists()
        if new:
            check_top_level(place)
        if transfer.kept == 0:
            async for _ in transfer.receive():
                pass
            return 201 if new else 200
        with _whole_or(place, options.partial_put), place.files.write(place.path) as writer:
            left = transfer.kept
            async for data in transfer.receive():
                writer.write(data if left is None else data[:left])
                left = None if left is None else max(left - len(data), 0)
    return 201 if new else 200


@contextlib.contextmanager
def _whole_or(place: Place, partial: str) -> Iterator[None]:
    """By the switch partial_put, a file that was begun and not finished in the block is deleted."""
    try:
        yield
    except (Broken, NoSpace):
        if partial == "drop":
            place.files.delete(place.path)
        raise


def delete(place: Place, transfer: Transfer, options: FakeOptions) -> int:
    """Delete a file; 200. Refusal."""
    with refusing(place):
        _check_allowed(place, options)
        if place.files.entry(place.path).is_dir:
            raise IsADirectoryError(place.path)
        if transfer.kept is None:
            place.files.delete(place.path)
    return 200


def _check_allowed(place: Place, options: FakeOptions) -> None:
    if options.restricted:
        raise VimFault("RestrictedVersion")
    if place.kind == "PMEM":
        raise Refusal(500, "Files cannot be written to a persistent memory datastore.")
    check_writable(place.datastore)
