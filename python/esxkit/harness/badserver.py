# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Servers that are no ESX host: what a wrong port may lead to, and a way to reach a host by another address.

Trouble on the level of HTTP and SOAP is the fake host's own (``esxkit.fake.troubles``); here is what happens below.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from esxkit.harness.loopback import LoopbackServer


class RawServer(LoopbackServer):
    """Accepts connections on a loopback port, sends a greeting and falls silent until the client goes away.

    Args:
        greeting: what every client gets at once; empty for a server that accepts and says nothing at all.
        hang_up: whether the connection is closed after the greeting.
    """

    def __init__(self, greeting: bytes = b"", *, hang_up: bool = False) -> None:
        self._greeting = greeting
        self._hang_up = hang_up
        self._open: list[socket.socket] = []
        super().__init__("raw server")

    def close(self) -> None:
        """Stop, and let every client go."""
        super().close()
        for connection in self._open:
            connection.close()

    def serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(self._greeting)
        if self._hang_up:
            connection.close()
        else:
            self.hold(connection)

    def hold(self, connection: socket.socket) -> None:
        """Keep a greeted connection open."""
        self._open.append(connection)


class Dripper(RawServer):
    """Never silent and never ready: behind the greeting a byte every `pause` seconds, until the client goes away."""

    def __init__(self, greeting: bytes, *, pause: float = 0.2) -> None:
        self._pause = pause
        super().__init__(greeting)

    def hold(self, connection: socket.socket) -> None:
        super().hold(connection)
        threading.Thread(target=self._drip, args=(connection,), daemon=True, name="dripper").start()

    def _drip(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"x")
                time.sleep(self._pause)


class Relay(LoopbackServer):
    """Passes what comes to a port of `host` on to a port of 127.0.0.1, and counts the connections.

    Raises OSError where the machine has no such address.
    """

    def __init__(self, host: str, to_port: int) -> None:
        self.connections = 0
        self._to_port = to_port
        super().__init__("relay", host)

    def serve(self, near: socket.socket) -> None:
        self.connections += 1
        far = socket.create_connection(("127.0.0.1", self._to_port))
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def closed_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
