# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A reply on its way through the mutating proxy."""

from __future__ import annotations

import random
from collections.abc import Callable

import attrs

Header = tuple[str, str]

LARGE = (64 << 10, 128 << 10, 256 << 10, 1 << 20)
"""Bytes of what is meant to be large."""


@attrs.define
class ProxiedReply:
    """A reply on its way to the client.

    `wire`, once set, is sent instead of what the other fields say. Of what is sent, `cut` bytes at the end are left
    out; then the connection is closed, or stays silent where `silent`.
    """

    status: int
    reason: str
    headers: list[Header]
    body: bytes
    earlier: list[bytes] = attrs.field(factory=list)
    """Bodies of replies before this one."""
    chunked: bool = False
    chunks: bytes | None = None
    wire: bytes | None = None
    cut: int = 0
    silent: bool = False
    lie: bool = False
    """Whether the headers say what they say, whatever the length of the body."""

    @property
    def is_xml(self) -> bool:
        """Whether the body is SOAP."""
        return b"<" in self.body[:200]

    def header(self, name: str, value: str) -> None:
        """Set a header in the place of the one before."""
        self.headers = [(n, v) for n, v in self.headers if n.lower() != name.lower()] + [(name, value)]

    def bytes(self) -> bytes:
        """What goes out."""
        if self.wire is None:
            headers = [(n, v) for n, v in self.headers if n.lower() != "transfer-encoding" or self.lie]
            if self.chunked:
                headers = [(n, v) for n, v in headers if n.lower() != "content-length"]
                headers.append(("Transfer-Encoding", "chunked"))
            elif not self.lie:
                headers = [(n, v) for n, v in headers if n.lower() != "content-length"]
                headers.append(("Content-Length", str(len(self.body))))
            head = f"HTTP/1.1 {self.status} {self.reason}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers) + "\r\n"
            self.wire = head.encode("utf-8", "replace") + (self.chunks if self.chunks is not None else self.body)
        return self.wire[: max(0, len(self.wire) - self.cut)]


Mutation = Callable[[ProxiedReply, random.Random], None]
