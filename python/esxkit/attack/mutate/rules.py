# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What a hostile server may make of a good reply: the mutations of ``./dev mutate``.

A rule takes a :class:`~esxkit.attack.mutate.reply.Reply` and a generator of random numbers, and changes the reply in
place. What it does depends on nothing else, so a seed repeats it. :func:`mutate` picks one or several.
"""

from __future__ import annotations

import gzip
import random

from esxkit.attack.mutate import xml
from esxkit.attack.mutate.reply import LARGE, Mutation, ProxiedReply

_STATUSES = (
    0,
    99,
    100,
    101,
    102,
    200,
    201,
    202,
    204,
    205,
    206,
    301,
    302,
    304,
    307,
    400,
    401,
    403,
    404,
    405,
    408,
    413,
    416,
    423,
    500,
    502,
    503,
    507,
    599,
    600,
    999,
)


# ---- bytes ----


def flip_bytes(reply: ProxiedReply, rng: random.Random) -> None:
    """Some bytes of the body become others."""
    body = bytearray(reply.body)
    for _ in range(rng.randint(1, 20) if body else 0):
        body[rng.randrange(len(body))] = rng.randrange(256)
    reply.body = bytes(body)


def flip_wire(reply: ProxiedReply, rng: random.Random) -> None:
    """Some bytes of anything, header lines too."""
    wire = bytearray(reply.bytes())
    for _ in range(rng.randint(1, 6)):
        wire[rng.randrange(len(wire))] = rng.randrange(256)
    reply.wire = bytes(wire)


def cut_body(reply: ProxiedReply, rng: random.Random) -> None:
    """The body ends early, and its length is right."""
    reply.body = reply.body[: rng.randint(0, len(reply.body))]


def cut_wire(reply: ProxiedReply, rng: random.Random) -> None:
    """The connection closes early."""
    reply.cut = rng.randint(1, len(reply.bytes()))


def fall_silent(reply: ProxiedReply, rng: random.Random) -> None:
    """The rest does not come, and the connection stays."""
    reply.cut = rng.randint(1, len(reply.bytes()))
    reply.silent = True


def grow_body(reply: ProxiedReply, rng: random.Random) -> None:
    """More bytes than there are, or the same again."""
    reply.body += rng.choice([reply.body, b" " * rng.choice(LARGE), b"<x/>", b"\0" * 100, b"garbage"])


def earlier_body(reply: ProxiedReply, rng: random.Random) -> None:
    """The reply to something else."""
    if reply.earlier:
        reply.body = rng.choice(reply.earlier)


# ---- HTTP ----


def odd_length(reply: ProxiedReply, rng: random.Random) -> None:
    """A Content-Length that is not the body's."""
    length = len(reply.body)
    value = rng.choice(
        [length + 1, length + 100000, max(0, length - 1), length // 2, 0, -1, 2**31, 2**63, 2**64, "x", ""]
    )
    reply.lie = True
    reply.header("Content-Length", str(value))
    if rng.random() < 0.3:
        reply.headers.append(("Content-Length", str(length)))


def odd_status(reply: ProxiedReply, rng: random.Random) -> None:
    """Another status, with the same body."""
    reply.status = rng.choice(_STATUSES)
    reply.reason = rng.choice(["", "OK", "r" * 20000, "\u202e"])
    if rng.random() < 0.5:
        reply.header("Location", rng.choice(["/", "https://127.0.0.1:1/", "l" * 15000, "file:///etc/passwd"]))


def odd_headers(reply: ProxiedReply, rng: random.Random) -> None:
    """Header lines that are many, long, broken or somebody else's."""
    reply.headers += rng.choice(
        [
            [(f"X-{i}", "v") for i in range(rng.choice([100, 199, 200, 201, 1000]))],
            [("X-Long", "v" * rng.choice([16000, 16384, 20000, 200000]))],
            [("Set-Cookie", "vmware_soap_session=" + "c" * rng.choice([10, 4100, 16000]))],
            [("Set-Cookie", f'vmware_soap_session="{c}"; Path=/') for c in ("a\x01b", "\u202e", "", ";;")],
            [("Set-Cookie", f"c{i}={'v' * 4000}") for i in range(60)],
            [("Content-Encoding", rng.choice(["gzip", "deflate", "br", "x, y", "gzip, gzip"]))],
            [("Connection", "close")],
            [("Trailer", "X")],
            [("\tfolded", "x")],
            [("", "x")],
            [("X\0Y", "z")],
            [("Content-Type", rng.choice(["text/html", "text/xml; charset=utf-16", "", "t" * 9000]))],
            [("Content-Range", rng.choice(["bytes 0-0/1", "bytes 5-1/3", "bytes */*", "bytes 0-99999999999/1"]))],
            [("Upgrade", "h2c"), ("Connection", "Upgrade")],
            [("Retry-After", "99999999")],
        ]
    )


def odd_type(reply: ProxiedReply, rng: random.Random) -> None:
    """The body is of another type, it says."""
    reply.header(
        "Content-Type", rng.choice(["text/html", "application/octet-stream", "", "text/xml; charset=x", "x" * 9000])
    )


def odd_range(reply: ProxiedReply, rng: random.Random) -> None:
    """Another part of a file than the one asked for."""
    reply.header(
        "Content-Range",
        rng.choice(
            [
                "bytes 0-0/1",
                "bytes 1-2/3",
                "bytes 0-18446744073709551615/18446744073709551615",
                "bytes */5",
                "0-1",
                "bytes -1-5/6",
                f"bytes 0-{len(reply.body) - 1}/{len(reply.body) * 2}",
                f"bytes 0-{len(reply.body)}/{len(reply.body) + 1}",
            ]
        ),
    )
    reply.status = rng.choice([200, 206, 416])


def in_chunks(reply: ProxiedReply, rng: random.Random) -> None:
    """The body in chunks, good ones."""
    size = rng.choice([1 + len(reply.body) // 50, 100 + len(reply.body) // 9, 1 << 20])
    pieces = [reply.body[i : i + size] for i in range(0, len(reply.body), size)]
    reply.chunked = True
    reply.chunks = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def broken_chunks(reply: ProxiedReply, rng: random.Random) -> None:
    """Chunks whose sizes are wrong, and trailers without end."""
    body = reply.body
    reply.chunked = True
    reply.chunks = rng.choice(
        [
            b"ffffffffffffffff\r\n" + body,
            b"-1\r\n" + body,
            b"%x\r\n" % (len(body) + 9) + body + b"\r\n0\r\n\r\n",
            b"xyz\r\n",
            b"%x" % len(body) + body,
            b"%x\r\n%s0\r\n\r\n" % (len(body), body),
            b"0\r\n\r\n" + body,
            b"%x;%s\r\n%s\r\n0\r\n\r\n" % (len(body), b"e" * 70000, body),
            b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, b"".join(b"T%d: v\r\n" % i for i in range(500))),
        ]
    )


def compress(reply: ProxiedReply, rng: random.Random) -> None:
    """The body compressed: well, cut, broken, or much larger than it looks."""
    good = gzip.compress(reply.body, mtime=0)
    large = reply.body[:-30] + b" " * rng.choice([1 << 20, 70 << 20])
    bomb = gzip.compress(large, 1, mtime=0) if rng.random() < 0.3 else good
    reply.body = rng.choice(
        [good, good[: len(good) // 2], good[:-4] + b"1234", bomb, good + good, good[:20] + b"\xff" * 20]
    )
    reply.header("Content-Encoding", "gzip")


def not_http(reply: ProxiedReply, rng: random.Random) -> None:
    """Something else than HTTP."""
    reply.wire = rng.choice(
        [
            b"",
            b"SSH-2.0-x\r\n",
            b"\0" * 1000,
            b"HTTP/0.9 200\r\n\r\n",
            b"HTTP/2 200\r\n\r\n",
            b"HTTP/1.1\r\n\r\n",
            b"<html>",
            b"HTTP/1.1 100 Continue\r\n\r\n" * rng.choice([1, 5, 300]) + reply.bytes(),
            b"\r\n\r\n" + reply.bytes(),
        ]
    )


RULES: dict[str, tuple[int, Mutation]] = {
    rule.__name__: (weight, rule)
    for weight, rule in [
        (6, flip_bytes),
        (2, flip_wire),
        (3, cut_body),
        (2, cut_wire),
        (1, fall_silent),
        (1, grow_body),
        (3, earlier_body),
        (4, xml.repeat_element),
        (6, xml.remove_element),
        (4, xml.swap_elements),
        (6, xml.exchange_type),
        (6, xml.exchange_text),
        (3, xml.rename_element),
        (6, xml.odd_number),
        (3, xml.odd_date),
        (3, xml.odd_truth),
        (5, xml.odd_text),
        (4, xml.long_text),
        (4, xml.odd_state),
        (2, xml.another_page),
        (3, xml.fault),
        (2, xml.nest_deeply),
        (4, xml.odd_markup),
        (1, xml.declare_entities),
        (3, xml.odd_charset),
        (2, xml.bad_utf8),
        (3, odd_length),
        (3, odd_status),
        (4, odd_headers),
        (2, odd_type),
        (3, odd_range),
        (1, in_chunks),
        (3, broken_chunks),
        (3, compress),
        (1, not_http),
    ]
}
"""Every rule with how often it is taken, by its name."""


def mutate(reply: ProxiedReply, rng: random.Random) -> list[str]:
    """Change the reply by one to three rules. Returns: their names, in their order."""
    names = list(RULES)
    weights = [weight for weight, _ in RULES.values()]
    taken = rng.choices(names, weights, k=rng.choice([1, 1, 1, 2, 3]))
    for name in taken:
        RULES[name][1](reply, rng)
        if reply.wire is not None:
            break
    return taken
