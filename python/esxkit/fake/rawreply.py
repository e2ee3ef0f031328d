# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""An HTTP reply written byte by byte: what aiohttp would not send.

Its status line, headers and body may lie about each other, be of any length, come a byte at a time, or stop. A reply
that is whole leaves the connection open, any other closes it.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, TypeGuard

from aiohttp import web

from esxkit.fake.distortion import filler
from esxkit.fake.troubles import Rule, endless

RAW_KINDS = ("drip", "silent", "lie", "swell")
"""Orders that a RawReply carries out; "swell" only for headers and the reason phrase."""

_PHRASES = {int(status): status.phrase for status in HTTPStatus}
_LOOKS_EVERY = 0.05
_BLOCK = 256 * 1024


def is_raw(rule: Rule | None) -> TypeGuard[Rule]:
    """Whether the order is about the reply as bytes."""
    if rule is None:
        return False
    return rule.kind in RAW_KINDS and (rule.kind != "swell" or rule.field == "reason" or bool(rule.header))


async def client_gone(request: web.BaseRequest) -> None:
    """Wait until the client has closed the connection."""
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(_LOOKS_EVERY)


async def send_endless(
    request: web.BaseRequest, method: str, headers: dict[str, str], counters: Any
) -> web.StreamResponse:
    """A "huge" reply of `method`, of which `counters` count the bytes."""
    response = web.StreamResponse(status=200, headers=headers)
    response.enable_chunked_encoding()
    try:
        await response.prepare(request)
        for piece in endless(method):
            counters.sent(method, len(piece))
            await response.write(piece)
        await response.write_eof()
    except ConnectionError:
        pass  # the client had enough, which is what it should do
    return response


class RawReply(web.StreamResponse):
    """A reply under an order of a kind of RAW_KINDS; `headers` are all it has, with Content-Length."""

    def __init__(self, rule: Rule, status: int, headers: dict[str, str], length: int):
        super().__init__(status=status, headers=headers)
        self._rule = rule
        self._declared = str(length)
        self._fast = rule.cut_at if rule.kind == "drip" else 0
        self._sent = 0
        self._request: web.BaseRequest | None = None
        self._whole = False

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send the head. ConnectionError when the client is gone."""
        if self._request is not None:
            return
        self._request = request
        silent = self._rule.kind == "silent"
        if silent and self._declared == "0":
            self._declared = "1"
        head = self._head()
        # A reply to HEAD ends with its head, so that this one stops within.
        await self._put(head[:-2] if silent and request.method == "HEAD" else head)
        if silent:
            await client_gone(request)
            raise ConnectionResetError

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a part of the body, as far as the order lets it go."""
        data = bytes(data)
        if self._rule.kind == "lie" and self._rule.cut_at >= 0:
            data = data[: max(self._rule.cut_at - self._sent, 0)]
        self._sent += len(data)
        await self._put(data)

    async def write_eof(self, data: bytes = b"") -> None:
        """The end of the reply."""
        if self._request is None or self._request.transport is None:
            return
        expected = 0 if self._request.method == "HEAD" else self._sent
        self._whole = self.headers.get("Content-Length", self._declared) == str(expected)
        if self._request.method == "HEAD":
            self._whole = True

    @property
    def keep_alive(self) -> bool:
        return self._whole

    @property
    def prepared(self) -> bool:
        return self._request is not None

    def _head(self) -> bytes:
        rule = self._rule
        status = (rule.status if rule.kind == "lie" else 0) or self.status
        reason = _PHRASES.get(status, "Unknown")
        if rule.kind == "swell" and rule.field == "reason":
            reason += filler(rule.fill, rule.size)
        lines = [f"HTTP/1.1 {status} {reason}"]
        headers: dict[str, str | None] = {"Content-Length": self._declared, **self.headers}
        if rule.kind == "lie":
            headers |= rule.headers
        if rule.header:
            value = headers.pop(rule.header, "") or ""
            front, quote, back = value.rpartition('"')
            front, back = (front, quote + back) if quote else (value, "")
            lines += [f"{rule.header}: {front}{filler(rule.fill, rule.size)}{back}"] * rule.times
        lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
        if rule.kind == "lie" and "Content-Length" in rule.headers:
            self.headers["Content-Length"] = str(rule.headers["Content-Length"])
        return "\r\n".join([*lines, "", ""]).encode()

    async def _put(self, data: bytes) -> None:
        """Send bytes at the pace of the order. ConnectionError when the client is gone."""
        step, pause = _BLOCK, 0.0
        if self._rule.kind == "drip":
            fast, data = data[: self._fast], data[self._fast :]
            self._fast -= len(fast)
            self._write(fast)
            step, pause = max(self._rule.step_bytes, 1), self._rule.step_ms / 1000
        for start in range(0, len(data), step):
            self._write(data[start : start + step])
            await asyncio.sleep(pause)

    def _write(self, data: bytes) -> None:
        transport = self._request.transport if self._request is not None else None
        if transport is None or transport.is_closing():
            raise ConnectionResetError
        if data:
            transport.write(data)
