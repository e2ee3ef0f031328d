# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""One request of the file API on its way: how fast its body moves, what is counted, and where it breaks.

Bodies go by in pieces, in either direction. A piece ends where a rule of troubles wants to act, so that "at byte N"
is meant literally.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import ClientPayloadError, web

from esxkit.fake.core import Service
from esxkit.fake.events import PIECE
from esxkit.fake.folder_refusal import Refusal
from esxkit.fake.rawreply import RawReply, is_raw, send_endless
from esxkit.fake.troubles import Rule

_PACED_PIECES = 50
"""Pieces a second at which a connection with a limit moves its bytes."""
_CATCH_UP = 0.03
"""Seconds a transfer may be behind its pace and then hurry: what timers are late by."""

_LOOKS_EVERY = 0.05
"""Seconds between two looks whether the client of a stalled request is still there."""

BROKEN = (OSError, web.RequestPayloadError, ClientPayloadError)
"""What reading a request's body raises when the client is gone."""


class Broken(Exception):
    """The connection is gone, or is to go without an answer."""

    def __init__(self, *, flush: bool = False):
        super().__init__()
        self.flush = flush
        """Whether what was written before is still to arrive."""


class Transfer:
    """The body of one request, or of its answer. Broken if its connection is closed."""

    def __init__(self, service: Service, request: web.BaseRequest, trouble: Rule | None):
        self._service, self._request, self._trouble = service, request, trouble
        self.order = trouble
        """What was ordered for this request, whether or not it was carried out."""
        connection = service.connections.find(request.protocol)
        if connection is None:
            raise Broken
        self._connection = connection
        self._moved = 0

    async def begin(self) -> None:
        """What an order wants to happen before anything else. Refusal, Broken."""
        trouble = self._trouble
        if trouble is None:
            return
        self._service.counters.troubles[f"{trouble.kind} {self._request.method}"] += 1
        if trouble.kind == "slow":
            await asyncio.sleep(trouble.seconds)
        elif trouble.kind == "close":
            raise Broken
        elif trouble.replaces and trouble.kind not in ("stall", "huge"):
            text = trouble.body(self._request.method).decode("utf-8", "replace")
            headers = {name: value for name, value in trouble.headers.items() if value is not None}
            raise Refusal(trouble.status, text, {"Content-Type": trouble.content_type, **headers})
        await self._act()

    def reply(self, status: int, headers: dict[str, str], length: int) -> web.StreamResponse:
        """The answer to be prepared, with `length` bytes of body to be written; as was ordered."""
        if is_raw(self.order):
            return RawReply(self.order, status, headers, length)
        response = web.StreamResponse(status=status, headers=headers)
        response.content_length = length
        return response

    async def finish(self, status: int, headers: dict[str, str]) -> web.StreamResponse:
        """The answer to a request that changed something, without a body; as was ordered."""
        if self.order is not None and self.order.kind == "huge":
            return await send_endless(self._request, self._request.method, headers, self._service.counters)
        if is_raw(self.order):
            response = self.reply(status, headers, 0)
            await response.prepare(self._request)
            return response
        return web.Response(status=status, headers=headers)

    @property
    def kept(self) -> int | None:
        """How many bytes of what comes are really written; None: all of them."""
        return self.order.cut_at if self.order is not None and self.order.kind == "pretend" else None

    def room(self) -> int:
        """How many bytes the next piece may have."""
        rate = self._service.options.rate_limit
        most = PIECE - self._moved % PIECE
        if rate:
            most = max(1, min(most, int(rate / _PACED_PIECES)))
        for at in (self._acts_at, self._service.options.expire_at_byte):
            if at > self._moved:
                most = min(most, at - self._moved)
        return most

    @property
    def _untroubled(self) -> bool:
        """Whether pieces may be as they come."""
        options = self._service.options
        return self._trouble is None and not options.rate_limit and not options.expire_at_byte

    async def sent(self, length: int) -> None:
        """So many bytes of the answer's body have gone out. Broken."""
        self._service.counters.file_bytes_out += length
        await self._after(length)

    async def receive(self) -> AsyncIterator[bytes]:
        """The request's body, piece by piece. Broken where it ends before its end."""
        while True:
            try:
                content = self._request.content
                piece = await (content.readany() if self._untroubled else content.read(self.room()))
            except BROKEN:
                raise Broken from None
            if not piece:
                return
            self._service.counters.file_bytes_in += len(piece)
            yield piece
            await self._after(len(piece))

    async def _after(self, length: int) -> None:
        self._service.counters.file_connections.add(self._connection.number)
        before, self._moved = self._moved // PIECE, self._moved + length
        for piece in range(before + 1, self._moved // PIECE + 1):
            self._service.events.happen(f"{self._request.method}: {piece * PIECE} bytes")
        await self._keep_pace(length)
        await self._act()

    async def _keep_pace(self, length: int) -> None:
        rate = self._service.options.rate_limit
        if not rate:
            return
        now = asyncio.get_running_loop().time()
        slack = _CATCH_UP if self._moved > length else 0.0
        self._connection.free_at = max(self._connection.free_at, now - slack) + length / rate
        await asyncio.sleep(self._connection.free_at - now)

    @property
    def _acts_at(self) -> int:
        """The byte at which the order is carried out, -1 when there is none or it was."""
        trouble = self._trouble
        return trouble.cut_at if trouble is not None and trouble.kind in ("cut", "stall", "expire") else -1

    async def _act(self) -> None:
        options = self._service.options
        if options.expire_at_byte and self._moved == options.expire_at_byte:
            options.expire_at_byte = 0
            self._service.sessions.end_all()
        trouble = self._trouble
        if trouble is None or self._moved != self._acts_at:
            return
        self._trouble = None
        if trouble.kind == "expire" or trouble.expire:
            self._service.sessions.end_all()
        if trouble.kind == "stall":
            await self._client_gone()
            raise Broken
        if trouble.kind == "cut":
            raise Broken(flush=self._moved > 0)

    async def _client_gone(self) -> None:
        """Wait until the client has closed the connection."""
        while self._request.transport is not None:
            await asyncio.sleep(_LOOKS_EVERY)
