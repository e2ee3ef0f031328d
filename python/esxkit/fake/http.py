# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""HTTP in front of the dispatcher: /sdk, the version list, and replies that go wrong on order.

aiohttp's low-level server is used so that nothing is answered that ESX does not answer (no 100-continue)
and replies can be cut anywhere.
"""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from esxkit.fake.connections import Connection
from esxkit.fake.core import Service
from esxkit.fake.dispatch import Dispatcher, Reply
from esxkit.fake.rawreply import RawReply, client_gone, is_raw, send_endless
from esxkit.wire.versions import prior_versions

_COOKIE = re.compile(r'vmware_soap_session\s*=\s*"?([^";\s]+)"?')

Handler = Callable[[web.BaseRequest, "str | None"], Awaitable[web.StreamResponse]]


class CountingServer(web.Server):
    """aiohttp's server that tells the service how many connections were made."""

    def __init__(self, handler: Any, service: Service):
        super().__init__(handler, access_log=None)
        self._service = service

    def connection_made(self, handler: Any, transport: Any) -> None:
        super().connection_made(handler, transport)
        self._service.connections.add(handler, transport)
        self._service.counters.connections += 1
        self._service.events.transports.add(transport)

    def connection_lost(self, handler: Any, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self._service.connections.drop(handler)


class Frontend:
    """Turns HTTP requests into SOAP requests for the dispatcher; `folder` serves /folder."""

    def __init__(self, dispatcher: Dispatcher, folder: Handler):
        self._dispatcher, self._folder = dispatcher, folder
        self.service = dispatcher.service

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = self.service.connections.find(request.protocol)
        if connection is None:
            return web.Response(status=500)  # the client has gone, nobody will read it
        connection.busy()
        try:
            return await self._answer(request, connection)
        finally:
            connection.silent()

    async def _answer(self, request: web.BaseRequest, connection: Connection) -> web.StreamResponse:
        options = self.service.options
        if options.latency_ms:
            await asyncio.sleep(options.latency_ms / 1000)
        path = request.path.rstrip("/")
        self.service.events.happen(f"{request.method} {path}")
        if path == "/sdk" and request.method == "POST":
            return await self._soap(request, connection)
        if path == "/sdk/vimServiceVersions.xml" and request.method == "GET":
            return _version_list(self.service.api_version)
        if path == "/folder" or path.startswith("/folder/"):
            return await self._folder(request, session_cookie(request))
        return web.Response(status=404, text="404 Not Found")

    async def _soap(self, request: web.BaseRequest, connection: Connection) -> web.StreamResponse:
        body = await request.content.read()
        if self.service.connections.find(request.protocol) is None:
            return web.Response(status=500)
        connection.silent()
        reply = await self._dispatcher.handle(
            body,
            request.headers.get("SOAPAction"),
            session_cookie(request),
            agent=request.headers.get("User-Agent", ""),
            address=request.remote or "127.0.0.1",
            connection=connection,
        )
        connection.busy()
        return await self._send(request, reply)

    async def _send(self, request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
        trouble = reply.trouble
        kind = trouble.kind if trouble is not None else ""
        if kind == "stall":
            await client_gone(request)
            return _abort(request)
        if trouble is not None and kind == "slow":
            await asyncio.sleep(trouble.seconds)
        if trouble is not None and kind == "endless":
            await asyncio.sleep(trouble.step_ms / 1000)
        if kind == "close":
            return _abort(request)
        headers = {"Content-Type": reply.content_type, "Cache-Control": "no-cache", **reply.headers}
        if kind == "huge":
            return await send_endless(request, reply.method, headers, self.service.counters)
        body = self._compress(request, reply.body, headers)
        self.service.events.happen(f"answer of {reply.method}")
        self.service.counters.sent(reply.method, len(body))
        if trouble is not None and kind == "cut":
            return await _send_cut(request, reply.status, headers, body, trouble.cut_at)
        if is_raw(trouble):
            raw = RawReply(trouble, reply.status, headers, len(body))
            try:
                await raw.prepare(request)
                await raw.write(body)
            except ConnectionError:
                return _abort(request)
            return raw
        if len(body) <= self.service.options.chunk_above or request.version < (1, 1):
            return web.Response(status=reply.status, body=body, headers=headers)
        response = web.StreamResponse(status=reply.status, headers=headers)
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(body)
        await response.write_eof()
        return response

    def _compress(self, request: web.BaseRequest, body: bytes, headers: dict[str, str]) -> bytes:
        if not self.service.options.gzip or "gzip" not in request.headers.get("Accept-Encoding", ""):
            return body
        headers["Content-Encoding"] = "gzip"
        headers["Vary"] = "Accept-Encoding"
        return gzip.compress(body, compresslevel=1)


class HostFrontend:
    """The web server of the hosts behind a vCenter: files by ticket, and nothing else."""

    def __init__(self, service: Service, folder: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]):
        self._service, self._folder = service, folder

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self._service.events.happen(f"{request.method} {request.path} on a host")
        if not request.path.startswith("/folder/"):
            return web.Response(status=404, text="404 Not Found")
        return await self._folder(request)


def session_cookie(request: web.BaseRequest) -> str | None:
    """The session a request names. Clients send the cookie with quotes, without, or with its attributes."""
    match = _COOKIE.search(request.headers.get("Cookie", ""))
    return match[1] if match else None


def _abort(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _send_cut(
    request: web.BaseRequest, status: int, headers: dict[str, str], body: bytes, length: int
) -> web.StreamResponse:
    """Promise the whole body, send the first bytes of it, close."""
    response = web.StreamResponse(status=status, headers={**headers, "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[:length])
    if request.transport is not None:
        request.transport.close()
    return response


def _version_list(api_version: str) -> web.Response:
    first, *rest = prior_versions(api_version)
    inner = "".join(f"<version>{version}</version>" for version in rest)
    text = (
        '<?xml version="1.0" encoding="UTF-8" ?><namespaces version="1.0"><namespace><name>urn:vim25</name>'
        f"<version>{first}</version><priorVersions>{inner}</priorVersions></namespace></namespaces>"
    )
    return web.Response(text=text, content_type="text/xml")
