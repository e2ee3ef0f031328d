# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A server that gives recorded replies again, byte by byte: a process that obeys one line of JSON at a time.

First it stands between a client and the fake host and writes down each request with its reply (``record``). From then
on (``replay``) it looks a request up by its first line and its body, waits for the latency asked for, and writes the
reply as it came, session ids, versions and tasks included. The same question asked again gets the next of its
recorded replies, and at last the last one again. A long poll that was not answered when it was recorded is held until
its time is over, and then answered with nothing, as servers do. A request that was never recorded gets 500 and is
told in the counters; but for what ends a long poll, which a daemon may or may not get round to before its connection
is closed: that is answered.

TLS is that of the fake. The server measures itself: the seconds between the last byte of a request and its reply's
being written, the latency not counted, and its CPU time, TLS included.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs

from esxkit.fake import tls
from esxkit.harness.http_message import BadMessage, Message, closes, read_reply, take_request

_UNKNOWN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Recording = dict[tuple[bytes, bytes], list[bytes]]
State = tuple[int, int, int]
"""Open connections, requests that are held, and logins without a logout."""

_GOOD = b"HTTP/1.1 200 "
_LONG_POLL = re.compile(rb"<WaitForUpdatesEx .*<maxWaitSeconds>([1-9]\d*)<", re.DOTALL)
_ANSWERED_WITH_NOTHING = ("CancelWaitForUpdates", "DestroyPropertyFilter")
_NOTHING = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>\
<{}Response xmlns="urn:vim25"></{}Response></soapenv:Body></soapenv:Envelope>"""


def nothing(method: str) -> bytes:
    """The reply of a method that returns nothing."""
    body = _NOTHING.format(method, method).encode()
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nCache-Control: no-cache\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@attrs.define
class ReplayCounters:
    """What happened since they were last read."""

    methods: Counter[str] = attrs.field(factory=Counter)
    connections: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    unknown: list[str] = attrs.field(factory=list)
    own: list[float] = attrs.field(factory=list)
    cpu_begun: float = attrs.field(factory=time.process_time)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "methods": dict(self.methods),
            "requests": self.methods.total(),
            "connections": self.connections,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "unknown": self.unknown,
            "own_seconds": sum(self.own),
            "own_worst": max(self.own, default=0.0),
            "cpu": time.process_time() - self.cpu_begun,
        }


class Server:
    """What all connections share: the recordings, which one is used and how, and the counters."""

    def __init__(self) -> None:
        self.recordings: dict[str, Recording] = {}
        self.requests: dict[str, list[Message]] = {}
        self.name = ""
        self.upstream: int | None = None
        self.latency = 0.0
        self.counters = ReplayCounters()
        self.open: set[ReplayConnection] = set()
        self.held = 0
        self.sessions = 0
        self.changed = asyncio.Event()
        self._next: Counter[tuple[bytes, bytes]] = Counter()

    def state(self) -> State:
        """What is going on."""
        return len(self.open), self.held, self.sessions

    def tell(self) -> None:
        """Wake whoever waits for a number of connections or held requests."""
        self.changed.set()

    def use(self, name: str, upstream: int | None, latency: float) -> None:
        """Choose what is recorded or replayed from now on, from its beginning."""
        if upstream is not None:
            self.recordings[name], self.requests[name] = {}, []
        elif name not in self.recordings:
            raise ValueError(f"Nothing was recorded as '{name}'.")
        self.name, self.upstream, self.latency = name, upstream, latency
        self._next.clear()

    def find(self, message: Message) -> bytes:
        """The reply to a request that is no long poll."""
        replies = self.recordings[self.name].get(message.key)
        if replies is None and message.name in _ANSWERED_WITH_NOTHING:
            return nothing(message.name)
        if replies is None:
            self.counters.unknown.append(message.name)
            return _UNKNOWN
        place = min(self._next[message.key], len(replies) - 1)
        self._next[message.key] += 1
        return replies[place]

    def knows(self, message: Message) -> bool:
        """Whether the request was recorded with a reply."""
        return message.key in self.recordings[self.name]

    def note(self, message: Message, reply: bytes) -> None:
        """Write a request down with its reply, unless that is how a long poll ends with its session."""
        if _LONG_POLL.search(message.body) and not reply.startswith(_GOOD):
            return
        self.recordings[self.name].setdefault(message.key, []).append(reply)


class ReplayConnection(asyncio.Protocol):
    """A client. Requests are answered one after another."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = bytearray()
        self._transport: asyncio.Transport
        self._born: ReplayCounters
        self._upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._forwarding: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None
        self._holds = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._born = transport, self._server.counters
        self._server.counters.connections += 1
        self._server.open.add(self)
        self._server.tell()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.open.discard(self)
        self._hold(False)
        for pending in (self._later, self._forwarding):
            if pending is not None:
                pending.cancel()
        if self._upstream is not None:
            self._upstream[1].close()
        self._server.tell()

    def data_received(self, data: bytes) -> None:
        begun = time.perf_counter()
        self._buffer += data
        try:
            message = take_request(self._buffer)
        except BadMessage as error:
            self._server.counters.unknown.append(str(error))
            self._transport.abort()
            return
        if message is not None:
            self._take(message, begun)

    def _take(self, message: Message, begun: float) -> None:
        poll = _LONG_POLL.search(message.body)
        counters = self._server.counters
        # Who polls on and on while another client is counted is not that client.
        if not poll or self._born is counters:
            counters.methods[message.name] += 1
            counters.bytes_in += message.size
        self._server.sessions += (message.name == "Login") - (message.name == "Logout")
        if self._server.upstream is not None:
            self._server.requests[self._server.name].append(message)
            self._forwarding = asyncio.get_running_loop().create_task(self._forward(message))
            return
        loop = asyncio.get_running_loop()
        if poll and not self._server.knows(message):
            self._hold(True)
            self._later = loop.call_later(int(poll[1]), self._end_poll, message)
            return
        reply = self._server.find(message)
        prepared = time.perf_counter() - begun
        if self._server.latency:
            self._later = loop.call_later(self._server.latency, self._answer, reply, prepared)
        else:
            self._answer(reply, prepared)

    def _end_poll(self, message: Message) -> None:
        self._hold(False)
        self._transport.write(nothing(message.name))

    def _hold(self, holds: bool) -> None:
        """Whether the client waits for a reply that may never come."""
        self._server.held += holds - self._holds
        self._holds = holds
        self._server.tell()

    def _answer(self, reply: bytes, prepared: float) -> None:
        if self._transport.is_closing():
            return
        begun = time.perf_counter()
        self._transport.write(reply)
        if closes(reply[: reply.index(b"\r\n\r\n") + 4]):
            self._transport.close()
        counters = self._server.counters
        counters.bytes_out += len(reply)
        counters.own.append(prepared + time.perf_counter() - begun)

    async def _forward(self, message: Message) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if self._upstream is None:
                port = self._server.upstream
                self._upstream = await asyncio.open_connection("127.0.0.1", port, limit=1 << 28)
            reader, writer = self._upstream
            self._hold(True)
            writer.write(message.head + message.body)
            reply = await read_reply(reader)
            self._hold(False)
            self._server.note(message, reply)
            self._answer(reply, 0)


class ReplayControl:
    """The verbs of the process's input."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def record(self, name: str, port: int) -> None:
        """From now on pass everything on to the fake's port without TLS, and write it down as `name`."""
        self._server.use(name, port, 0)

    async def replay(self, name: str, latency_ms: float = 0) -> None:
        """From now on answer from `name`, from its beginning, each request after so many milliseconds."""
        self._server.use(name, None, latency_ms / 1000)

    async def counters(self) -> dict[str, Any]:
        """What happened since the last time, which begins anew.

        Long polls on connections that were open then are not counted.
        """
        before, self._server.counters = self._server.counters, ReplayCounters()
        return before.plain()

    async def state(self) -> State:
        """What is going on."""
        return self._server.state()

    async def requests(self, name: str) -> list[dict[str, str]]:
        """The requests of a recording, in order: method, first line and body."""
        return [
            {"method": m.name, "line": m.line.decode(), "body": m.body.decode()} for m in self._server.requests[name]
        ]

    async def settle(self, connections: int, sessions: int, seconds: float) -> bool:
        """Wait until there are no more connections than that, and so many sessions; False when not in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(self._server.open) > connections or self._server.sessions != sessions:
                    self._server.changed.clear()
                    await self._server.changed.wait()
                return True
        return False


async def _serve(server: Server, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    certificates = tls.make("good", folder)
    listener = await loop.create_server(lambda: ReplayConnection(server), "127.0.0.1", 0, ssl=certificates.context)
    port = listener.sockets[0].getsockname()[1]
    control = ReplayControl(server)
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(json.dumps({"port": port, "cacert": str(certificates.cacert)}), flush=True)
    while line := await reader.readline():
        print(json.dumps(await _obey(control, json.loads(line))), flush=True)
    listener.close()


async def _obey(control: ReplayControl, order: dict[str, Any]) -> dict[str, Any]:
    verb: Callable[..., Awaitable[Any]] = getattr(control, order.pop("verb"))
    try:
        return {"result": await verb(**order)}
    except (ValueError, KeyError) as error:
        return {"error": str(error)}


def main() -> None:
    """Serve until its input ends."""
    with tempfile.TemporaryDirectory(prefix="esxreplay-") as folder:
        asyncio.run(_serve(Server(), Path(folder)))


if __name__ == "__main__":
    main()
