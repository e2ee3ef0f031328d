# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Answers of http_server.py that give and take the contents of files.

The body of a request to "/put…" is left on the wire, for its answer to take it piece by piece: or not.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

from http_request import STATE, Request, reply

TAKES_ITSELF = "/put"

PIECE = 65536


class Body:
    """The body of a request as it comes: with a length, or in chunks."""

    def __init__(self, request: Request) -> None:
        self.sock = request.sock
        self.ready = request.body
        self.chunked = request.headers.get("transfer-encoding") == "chunked"
        self.left = 0 if self.chunked else int(request.headers["content-length"])

    def receive(self, size: int) -> bytes:
        """At most `size` bytes as they came over the wire."""
        data = self.ready or self.sock.recv(PIECE)
        if not data:
            raise ConnectionError("the client broke off")
        self.ready = data[size:]
        return data[:size]

    def line(self) -> bytes:
        line = b""
        while not line.endswith(b"\r\n"):
            line += self.receive(1)
        return line.strip()

    def pieces(self, size: int = PIECE) -> Iterator[bytes]:
        """All of it, at most `size` bytes at a time."""
        while self.left or self.chunked:
            if self.left == 0:
                self.left = int(self.line(), 16)
                if self.left == 0:
                    self.line()
                    return
            data = self.receive(min(size, self.left))
            self.left -= len(data)
            if self.left == 0 and self.chunked:
                self.line()
            yield data

    def take(self, count: int) -> None:
        """Its first `count` bytes, and little more."""
        for data in self.pieces():
            count -= len(data)
            if count <= 0:
                return


def answer_put(request: Request) -> bool:
    """Take all, `pause` seconds for each piece of `size` bytes; tell what came."""
    body, digest, length = Body(request), hashlib.sha256(), 0
    STATE.hit(request.query.get("id", ""))
    for data in body.pieces(int(request.query.get("size", PIECE))):
        digest.update(data)
        length += len(data)
        time.sleep(float(request.query.get("pause", "0")))
    kind = "chunked" if body.chunked else "whole"
    return reply(request, f"{request.method} {kind} {length} {digest.hexdigest()}".encode(), "201 Created")


def answer_putearly(request: Request) -> bool:
    """Take `n` bytes, answer with `status`, and close; with `polite`, take the rest before."""
    body = Body(request)
    body.take(int(request.query["n"]))
    reply(request, b"early", f"{request.query['status']} Early", "Connection: close")
    if "polite" in request.query:
        for _ in body.pieces():
            pass
    return False


def answer_putbreak(request: Request) -> bool:
    """Take `n` bytes and close without a word."""
    STATE.hit(request.query.get("id", ""))
    Body(request).take(int(request.query["n"]))
    return False


def answer_putstall(request: Request) -> bool:
    """Take `n` bytes, then nothing for `s` seconds, then the rest."""
    body = Body(request)
    body.take(int(request.query["n"]))
    time.sleep(float(request.query["s"]))
    for _ in body.pieces():
        pass
    return reply(request, b"taken")


def answer_putlate(request: Request) -> bool:
    """Take all; answer `s` seconds later."""
    for _ in Body(request).pieces():
        pass
    time.sleep(float(request.query["s"]))
    return reply(request, b"late")


def drip(request: Request, head: bytes, piece: bytes) -> bool:
    """Send `head`, and then a byte of `piece` every tenth of a second, over and over, until the client leaves."""
    try:
        request.sock.sendall(head)
        for n in range(300):
            request.sock.sendall(piece[n % len(piece):][:1])
            time.sleep(0.1)
    except OSError:
        pass
    return False


def answer_driphead(request: Request) -> bool:
    return drip(request, b"HTTP/1.1 200 OK\r\nX-Long: ", b"x")


def answer_dripinterim(request: Request) -> bool:
    return drip(request, b"", b"HTTP/1.1 102 Processing\r\n\r\n")


def answer_driprefusal(request: Request) -> bool:
    return drip(request, b"HTTP/1.1 404 Not Found\r\nContent-Length: 1000\r\n\r\n", b"no ")


def answer_dripextension(request: Request) -> bool:
    return drip(request, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"x")


def answer_driptrailer(request: Request) -> bool:
    return drip(request, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n", b"X: y\r\n")


def answer_putdrip(request: Request) -> bool:
    """Take all, then drip the head or the body of the reply; or take nothing, and drip interim replies."""
    if request.query["what"] == "interim":
        return drip(request, b"", b"HTTP/1.1 102 Processing\r\n\r\n")
    for _ in Body(request).pieces():
        pass
    if request.query["what"] == "body":
        return drip(request, b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n", b"done ")
    return answer_driphead(request)


def answer_file(request: Request) -> bool:
    """A file of `n` bytes, or the range of it that was asked for; byte 0 is "0", byte 1 is "1"…"""
    size = int(request.query["n"])
    wanted = request.headers.get("range")
    first, last = 0, size - 1
    if wanted:
        first, last = (int(number) for number in wanted.removeprefix("bytes=").split("-"))
    head = [f"HTTP/1.1 {'206 Partial Content' if wanted else '200 OK'}", f"Content-Length: {last + 1 - first}"]
    if wanted:
        head.append(f"Content-Range: bytes {first}-{last}/{size}")
    request.sock.sendall("\r\n".join([*head, "", ""]).encode())
    if request.method != "HEAD":
        request.sock.sendall(bytes(48 + n % 10 for n in range(first, last + 1)))
    return True
