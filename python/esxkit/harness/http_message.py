# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""As much of HTTP/1.1 as it takes to tell where a message ends, its bytes left as they are."""

from __future__ import annotations

import asyncio
import re

import attrs

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close[ \t]*\r\n", re.IGNORECASE)
_METHOD = re.compile(rb"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)")
_END = b"\r\n\r\n"


class BadMessage(ValueError):
    """What came is not a message this module understands."""


@attrs.frozen
class Message:
    """A request: its first line, all of its head, and its body."""

    line: bytes
    head: bytes
    body: bytes

    @property
    def key(self) -> tuple[bytes, bytes]:
        """What makes two requests the same: what is asked, not who asks (cookies and agents are in the head)."""
        return self.line, self.body

    @property
    def name(self) -> str:
        """The SOAP method, or the first line where there is none."""
        found = _METHOD.search(self.body)
        return found[1].decode() if found else self.line.decode(errors="replace").rsplit(" ", 1)[0]

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return len(self.head) + len(self.body)


def closes(head: bytes) -> bool:
    """Whether the connection ends with this message."""
    return _CLOSE.search(head) is not None


def take_request(buffer: bytearray) -> Message | None:
    """Take the first whole request out of the buffer; None while it is not all there."""
    end = buffer.find(_END)
    if end < 0:
        return None
    head = bytes(buffer[: end + len(_END)])
    if _CHUNKED.search(head):
        raise BadMessage("A request came in chunks, which this server does not take.")
    found = _LENGTH.search(head)
    whole = len(head) + (int(found[1]) if found else 0)
    if len(buffer) < whole:
        return None
    body = bytes(buffer[len(head) : whole])
    del buffer[:whole]
    return Message(head[: head.index(b"\r\n")], head, body)


async def read_reply(reader: asyncio.StreamReader) -> bytes:
    """Read one reply, whole and as it came."""
    raw = head = await reader.readuntil(_END)
    found = _LENGTH.search(head)
    if found:
        return raw + await reader.readexactly(int(found[1]))
    if not _CHUNKED.search(head):
        return raw
    while True:
        line = await reader.readuntil(b"\r\n")
        chunk = await reader.readexactly(int(line.split(b";")[0], 16) + 2)
        raw += line + chunk
        if chunk == b"\r\n":
            return raw
