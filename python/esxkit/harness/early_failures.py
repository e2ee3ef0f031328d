# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Transfers that fail at once, many of them; run in the worker by ``client.run("esxkit.harness.early_failures:…")``."""

from __future__ import annotations

from typing import Any

import libvirt

BROKEN = ("message type", "socket is closed", "connection closed", "end of file while reading")
"""What libvirt's client says when its connection to a daemon is broken."""


def try_often(volume: Any, what: str, size: int, rounds: int) -> dict[str, int]:
    """Make transfers that fail; how often each error was met. End early with a broken connection."""
    met: dict[str, int] = {}
    conn = volume.connect()
    for _ in range(rounds):
        stream = conn.newStream(0)
        try:
            _transfer(volume, stream, what, size)
            message = "no error"
        except libvirt.libvirtError as error:
            message = str(error)
            try:
                stream.abort()
            except libvirt.libvirtError:
                pass
        met[message] = met.get(message, 0) + 1
        if any(phrase in message for phrase in BROKEN):
            break
    return met


def _transfer(volume: Any, stream: Any, what: str, size: int) -> None:
    if what == "download":
        volume.download(stream, 0, 0, 0)
        stream.recvAll(lambda _stream, _data, _opaque: None, None)
    elif what == "sparse download":
        volume.download(stream, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
        stream.sparseRecvAll(lambda _stream, _data, _opaque: None, lambda _stream, _length, _opaque: None, None)
    elif what == "upload":
        volume.upload(stream, 0, 0, 0)
        stream.send(b"x" * size)
    else:
        volume.upload(stream, 0, 0, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
        stream.sendHole(size)
    stream.finish()
