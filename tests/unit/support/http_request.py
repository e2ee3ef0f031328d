# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What the parts of http_server.py share: a request, the counters, and ways to answer."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from typing import NamedTuple


class Request(NamedTuple):
    """A request as it came, and the connection to answer on."""

    sock: socket.socket
    connection: int
    served: int
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    head: str
    body: bytes


class State:
    """What listeners share: counters, and the meeting of /barrier."""

    def __init__(self) -> None:
        self.lock = threading.Condition()
        self.hits: Counter[str] = Counter()
        self.connections = 0
        self.waiting: Counter[str] = Counter()

    def next_connection(self) -> int:
        with self.lock:
            self.connections += 1
            return self.connections

    def hit(self, name: str) -> int:
        with self.lock:
            self.hits[name] += 1
            return self.hits[name]

    def meet(self, name: str, count: int, timeout: float) -> bool:
        """Wait until `count` requests are here at once; each meeting has a name of its own."""
        with self.lock:
            self.waiting[name] += 1
            self.lock.notify_all()
            return self.lock.wait_for(lambda: self.waiting[name] >= count, timeout)


STATE = State()


def reply(request: Request, body: bytes, status: str = "200 OK", *headers: str) -> bool:
    """Send a whole reply; the connection stays open."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    request.sock.sendall("\r\n".join(head).encode() + (b"" if request.method == "HEAD" else body))
    return True


def linger(request: Request, seconds: float) -> bool:
    """Say nothing until the client gives up or the time is over."""
    request.sock.settimeout(seconds)
    try:
        request.sock.recv(1)
    except OSError:
        pass
    return False
