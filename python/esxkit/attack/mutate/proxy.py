# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A proxy in front of a host that makes hostile replies of good ones; TLS on both sides.

It passes each request on as it came and changes the reply by :mod:`~esxkit.attack.mutate.rules`. Which replies of a
round are changed, and how, depends on the seed of the round and on the number of the request in it alone.
"""

from __future__ import annotations

import contextlib
import http.client
import random
import socket
import ssl
import threading
from collections import deque
from pathlib import Path
from typing import BinaryIO

import attrs

from esxkit.attack.mutate.reply import ProxiedReply
from esxkit.attack.mutate.rules import mutate
from esxkit.fake import tls
from esxkit.harness.http_message import Message
from esxkit.harness.loopback import LoopbackServer

_SILENCE = 3.0
"""Seconds for which a connection stays that is silent."""
_PATIENCE = 60.0
_BODILESS = (b"HEAD ",)


@attrs.define
class Round:
    """Which replies are changed.

    `how`: "one" only the reply number `at`, "after" all from there on, "some" one in three, "none" not any.
    """

    seed: str
    how: str = "none"
    at: int = 0
    requests: int = 0
    changed: list[str] = attrs.field(factory=list)
    """What was done: "number method: rule, rule"."""

    def wants(self, number: int, rng: random.Random) -> bool:
        """Whether that reply is changed."""
        some = rng.random() < 0.33
        return {"one": number == self.at, "after": number >= self.at, "some": some}.get(self.how, False)


def read_request(stream: BinaryIO) -> Message | None:
    """One request as it came, its body without chunks; None at the end."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline(1 << 20)
        if not line:
            return None
        head += line
    fields = {n.strip().lower(): v.strip() for n, _, v in (line.partition(b":") for line in head.split(b"\r\n")[1:])}
    body = b""
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        while size := int(stream.readline().split(b";")[0], 16):
            body += stream.read(size)
            stream.readline()
        stream.readline()
    elif b"content-length" in fields:
        length = int(fields[b"content-length"])
        body = stream.read(length)
        if len(body) < length:
            return None
    return Message(head[: head.index(b"\r\n")], head, body)


class MutatingProxy(LoopbackServer):
    """Listens on a loopback port with a certificate of its own.

    Args:
        upstream: the host's port with TLS.
        folder: where the certificate goes.
    """

    def __init__(self, upstream: int, folder: Path) -> None:
        self._upstream = upstream
        self._certificates = tls.make("good", folder)
        self.cacert = str(self._certificates.cacert)
        self._outward = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._outward.check_hostname, self._outward.verify_mode = False, ssl.CERT_NONE
        self._lock = threading.Lock()
        self._round = Round("")
        self._earlier: deque[bytes] = deque(maxlen=8)
        self._open: set[socket.socket] = set()
        self.cookies: set[str] = set()
        """The secrets that the host has handed out."""
        super().__init__("mutating proxy")

    def begin(self, what: Round) -> None:
        """Begin a round; connections of the one before are closed, so that their requests do not count in this."""
        with self._lock:
            self._round = what
            self._earlier.clear()
            before, self._open = self._open, set()
        for connection in before:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop listening, and close all connections."""
        super().close()
        self.begin(Round(""))

    def serve(self, connection: socket.socket) -> None:
        threading.Thread(target=self._pass_on, args=(connection,), daemon=True).start()

    def _pass_on(self, plain: socket.socket) -> None:
        plain.settimeout(_PATIENCE)
        upstream = http.client.HTTPSConnection(self.host, self._upstream, timeout=_PATIENCE, context=self._outward)
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            near = self._certificates.context.wrap_socket(plain, server_side=True)
            with self._lock:
                mine = self._round
                self._open.add(near)
            with near.makefile("rb") as stream:
                while (request := read_request(stream)) and self._answer(near, request, upstream, mine):
                    pass
            with contextlib.suppress(OSError):
                near.unwrap()
        plain.close()
        upstream.close()

    def _answer(
        self, near: socket.socket, request: Message, upstream: http.client.HTTPSConnection, mine: Round
    ) -> bool:
        """Pass a request on and send its reply, changed or not. Returns: whether the connection stays."""
        with self._lock:
            number = mine.requests
            mine.requests += 1
        reply = self._ask(request, upstream)
        rng = random.Random(f"{mine.seed}:{number}")
        changed = mine.wants(number, rng)
        if changed:
            with self._lock:
                reply.earlier = list(self._earlier)
            names = mutate(reply, rng)
            mine.changed.append(f"{number} {request.name}: {', '.join(names)}")
        elif reply.is_xml:
            with self._lock:
                self._earlier.append(reply.body)
        bodiless = request.line.startswith(_BODILESS) and not changed
        if bodiless:
            reply.body, reply.lie = b"", True
        near.sendall(reply.bytes())
        if reply.silent:
            near.settimeout(_SILENCE)
            with contextlib.suppress(OSError):
                near.recv(1)
        return not changed

    def _ask(self, request: Message, upstream: http.client.HTTPSConnection) -> ProxiedReply:
        """The host's own reply."""
        method, path, _ = request.line.decode("latin-1").split(" ", 2)
        headers = {}
        for line in request.head.decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            # The body is sent with its length, and comes back as it is.
            if name and name.lower() not in ("transfer-encoding", "accept-encoding", "content-length", "connection"):
                headers[name] = value.strip()
        upstream.request(
            method, path, body=request.body or (b"" if method in ("PUT", "POST") else None), headers=headers
        )
        answer = upstream.getresponse()
        body = answer.read()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie" and '"' in value:
                self.cookies.add(value.split('"')[1])
        return ProxiedReply(answer.status, answer.reason, list(answer.getheaders()), body)
