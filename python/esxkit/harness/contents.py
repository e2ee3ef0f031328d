# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Contents of volumes through libvirt's streams; run in the worker by ``client.run("esxkit.harness.contents:…")``.

Contents with holes are a list of pieces: ``bytes`` for data, ``int`` for the length of a hole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import libvirt

Pieces = Sequence[bytes | int]

_PIECE = 256 * 1024


def _transfer(volume: Any, work: Callable[[Any], None]) -> None:
    """Run `work` on a new stream of the connection; the stream ends with finish, or with abort on an error."""
    stream = volume.connect().newStream(0)
    try:
        work(stream)
        stream.finish()
    except BaseException:
        # The stream may be at its end already; the error that counts is on its way.
        try:
            stream.abort()
        except libvirt.libvirtError:
            pass
        raise


def _send(stream: Any, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[stream.send(bytes(view[:_PIECE])) :]


def upload(volume: Any, data: bytes, offset: int = 0, length: int = 0) -> None:
    """Replace the contents of a volume."""

    def work(stream: Any) -> None:
        volume.upload(stream, offset, length, 0)
        _send(stream, data)

    _transfer(volume, work)


def upload_sparse(volume: Any, pieces: Pieces) -> None:
    """Replace the contents of a volume by data and holes."""

    def work(stream: Any) -> None:
        volume.upload(stream, 0, 0, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
        for piece in pieces:
            if isinstance(piece, int):
                stream.sendHole(piece)
            else:
                _send(stream, piece)

    _transfer(volume, work)


def download(volume: Any, offset: int = 0, length: int = 0) -> bytes:
    """The contents of a volume, or a part of them."""
    data = bytearray()

    def work(stream: Any) -> None:
        volume.download(stream, offset, length, 0)
        stream.recvAll(lambda _stream, piece, _opaque: data.extend(piece), None)

    _transfer(volume, work)
    return bytes(data)


def download_sparse(volume: Any) -> list[bytes | int]:
    """The contents of a volume as data and holes; neighbours of one kind are one piece."""
    pieces: list[bytearray | int] = []

    def data(_stream: Any, piece: bytes, _opaque: Any) -> None:
        if pieces and isinstance(pieces[-1], bytearray):
            pieces[-1].extend(piece)
        else:
            pieces.append(bytearray(piece))

    def hole(_stream: Any, length: int, _opaque: Any) -> None:
        if pieces and isinstance(pieces[-1], int):
            pieces[-1] += length
        else:
            pieces.append(length)

    def work(stream: Any) -> None:
        volume.download(stream, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
        stream.sparseRecvAll(data, hole, None)

    _transfer(volume, work)
    return [bytes(piece) if isinstance(piece, bytearray) else piece for piece in pieces]


def filled(pieces: Pieces) -> bytes:
    """What a reader sees of contents with holes."""
    return b"".join(bytes(piece) if isinstance(piece, int) else piece for piece in pieces)
