# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Mutations of a SOAP body: its elements, its values, its XML. See :mod:`~esxkit.attack.mutate.rules`."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from esxkit.attack.mutate.reply import LARGE, ProxiedReply

_TAG = re.compile(rb"<(/?)([\w:.-]+)([^<>]*?)(/?)>")
_LEAF = re.compile(rb"<([\w:.-]+)([^<>]*)>([^<]*)</\1>")
_TYPE = re.compile(rb'(xsi:type|type)="([^"]*)"')
_TYPES = (
    b"xsd:string",
    b"xsd:int",
    b"xsd:long",
    b"xsd:boolean",
    b"xsd:dateTime",
    b"xsd:base64Binary",
    b"ArrayOfString",
    b"ArrayOfAnyType",
    b"ManagedObjectReference",
    b"ArrayOfManagedObjectReference",
    b"TaskInfoState",
    b"Datastore",
    b"LocalizedMethodFault",
    b"VmDiskFileInfo",
    b"FolderFileInfo",
    b"HostDatastoreBrowserSearchResults",
    b"NoSuchType",
    b"ArrayOfHostDatastoreBrowserSearchResults",
    b"DatastoreSummary",
    b"VmfsDatastoreInfo",
    b"HostMountInfo",
    b"",
    b"HostInternetScsiHbaStaticTarget",
    b"ArrayOfHostHostBusAdapter",
    b"HostScsiDisk",
    b"DynamicProperty",
)
_NUMBERS = (
    b"-1",
    b"0",
    b"2147483647",
    b"2147483648",
    b"-2147483649",
    b"9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775808",
    b"18446744073709551615",
    b"99999999999999999999999999",
    b"NaN",
    b"INF",
    b"1e308",
    b"0x10",
    b"",
    b" 7 ",
    b"007",
    b"1.5",
    b"true",
    b"+3",
)
_DATES = (
    b"0000-00-00T00:00:00Z",
    b"9999-12-31T23:59:60Z",
    b"2026-02-30T25:61:61+99:99",
    b"-0001-01-01T00:00:00Z",
    b"now",
    b"2026-01-01",
    b"99999999999-01-01T00:00:00Z",
)
_ODD = (
    "\u202egnp.exe",
    "\u2028",
    "\u0085",
    "\x7f",
    "\u200b",
    "%n%s%x",
    "../../etc/passwd",
    "[ds] ../x",
    "]",
    "\u00e9",
    "e\u0301",
    "\U0001f4be",
    "&#1;",
    "&#xFFFF;",
    "&#x110000;",
    "&amp;&lt;",
    "'\"",
    "\r\n",
    "\t",
    "",
)


def _between(text: bytes, start: int, end: int, middle: bytes) -> bytes:
    return text[:start] + middle + text[end:]


def _elements(text: bytes) -> list[tuple[int, int]]:
    """Where whole elements begin and end."""
    found, stack = [], []
    for tag in _TAG.finditer(text):
        if tag[4]:
            found.append(tag.span())
        elif not tag[1]:
            stack.append((tag[2], tag.start()))
        elif stack and stack[-1][0] == tag[2]:
            found.append((stack.pop()[1], tag.end()))
    return found


def _leaf(reply: ProxiedReply, rng: random.Random, pattern: bytes = rb".*") -> re.Match[bytes] | None:
    leaves = [leaf for leaf in _LEAF.finditer(reply.body) if re.fullmatch(pattern, leaf[3], re.DOTALL)]
    return rng.choice(leaves) if leaves else None


def _set_leaf(reply: ProxiedReply, rng: random.Random, text: bytes, pattern: bytes = rb".*") -> None:
    leaf = _leaf(reply, rng, pattern)
    if leaf:
        reply.body = _between(reply.body, *leaf.span(3), text)


# ---- elements ----


def repeat_element(reply: ProxiedReply, rng: random.Random) -> None:
    """An element comes twice, or a thousand times."""
    elements = _elements(reply.body)
    if elements:
        start, end = rng.choice(elements)
        times = min(rng.choice([2, 2, 3, 100, 1000]), 1 + (2 << 20) // (end - start))
        reply.body = _between(reply.body, start, end, reply.body[start:end] * times)


def remove_element(reply: ProxiedReply, rng: random.Random) -> None:
    """An element is missing."""
    elements = _elements(reply.body)
    if elements:
        reply.body = _between(reply.body, *rng.choice(elements), b"")


def swap_elements(reply: ProxiedReply, rng: random.Random) -> None:
    """Two elements change places."""
    elements = _elements(reply.body)
    if len(elements) < 2:
        return
    first, second = sorted(rng.sample(elements, 2))
    if first[1] <= second[0]:
        text = reply.body
        reply.body = (
            text[: first[0]]
            + text[slice(*second)]
            + text[first[1] : second[0]]
            + text[slice(*first)]
            + text[second[1] :]
        )


def exchange_type(reply: ProxiedReply, rng: random.Random) -> None:
    """A value has another type than it should."""
    types = list(_TYPE.finditer(reply.body))
    if types:
        reply.body = _between(reply.body, *rng.choice(types).span(2), rng.choice(_TYPES))


def exchange_text(reply: ProxiedReply, rng: random.Random) -> None:
    """Two values change places: references, names, states."""
    leaves = list(_LEAF.finditer(reply.body))
    if len(leaves) >= 2:
        first, second = sorted(rng.sample(leaves, 2), key=lambda leaf: leaf.start())
        reply.body = _between(reply.body, *second.span(3), first[3])
        reply.body = _between(reply.body, *first.span(3), second[3])


def rename_element(reply: ProxiedReply, rng: random.Random) -> None:
    """A tag that nobody knows, or one that is open no more."""
    tags = list(_TAG.finditer(reply.body))
    if tags:
        reply.body = _between(reply.body, *rng.choice(tags).span(2), rng.choice([b"x", b"returnval", b"val", b"token"]))


# ---- values ----


def odd_number(reply: ProxiedReply, rng: random.Random) -> None:
    """A number that is huge, negative, or none."""
    _set_leaf(reply, rng, rng.choice(_NUMBERS), rb"\s*-?\d+\s*")


def odd_date(reply: ProxiedReply, rng: random.Random) -> None:
    """A moment that does not exist."""
    _set_leaf(reply, rng, rng.choice(_DATES), rb"\d{4}-\d\d-\d\dT.*")


def odd_truth(reply: ProxiedReply, rng: random.Random) -> None:
    """True is false."""
    _set_leaf(reply, rng, rng.choice([b"true", b"false", b"1", b"0", b"maybe"]), rb"true|false")


def odd_text(reply: ProxiedReply, rng: random.Random) -> None:
    """A text with characters that steer terminals, paths and formats."""
    leaf = _leaf(reply, rng)
    if leaf:
        odd = rng.choice(_ODD).encode()
        at = leaf.start(3) + rng.randint(0, len(leaf[3]))
        reply.body = reply.body[:at] + odd + reply.body[at:]


def long_text(reply: ProxiedReply, rng: random.Random) -> None:
    """A text of 64 KiB to 1 MiB: one word, a path of many parts, or escapes."""
    unit = rng.choice([b"A", b"a/", b"../", b"%25", b"&amp;", b"\xc3\xa9", b" ", b"] [", b"%2f"])
    long = unit * (rng.choice(LARGE) // len(unit))
    leaf = _leaf(reply, rng)
    if leaf:
        start, end = leaf.span(3)
        reply.body = _between(reply.body, end if rng.random() < 0.5 else start, end, long)


def odd_state(reply: ProxiedReply, rng: random.Random) -> None:
    """A task is in another state, or a connection in one that is unknown."""
    _set_leaf(
        reply,
        rng,
        rng.choice([b"success", b"error", b"running", b"queued", b"odd"]),
        rb"success|error|running|queued|connected|poweredOn|readWrite",
    )


def another_page(reply: ProxiedReply, rng: random.Random) -> None:
    """There is more to come, again and again."""
    more = rng.choice([b"<token>1</token>", b"<truncated>true</truncated>", b"<version>1</version>"])
    reply.body = reply.body.replace(b"</returnval>", more * rng.choice([1, 2, 50]) + b"</returnval>", 1)


def fault(reply: ProxiedReply, rng: random.Random) -> None:
    """A fault instead, with a text of some length."""
    name = rng.choice(
        [
            "NotAuthenticated",
            "InvalidLogin",
            "NoPermission",
            "ManagedObjectNotFound",
            "FileLocked",
            "InvalidCollectorVersion",
            "RequestCanceled",
            "TaskInProgress",
            "Odd\u202eFault",
            "x" * 5000,
        ]
    )
    text = rng.choice(["", "No.", "\u202e\u2028", "t" * rng.choice(LARGE), "%s%n"])
    reply.status, reply.reason = 500, "Internal Server Error"
    reply.body = (
        '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body><e:Fault><faultcode>ServerFaultCode</faultcode>'
        f'<faultstring>{text}</faultstring><detail><{name[:40]}Fault xmlns="urn:vim25" xsi:type="{name}"/></detail>'
        "</e:Fault></e:Body></e:Envelope>"
    ).encode()


# ---- XML ----


def _insert(reply: ProxiedReply, rng: random.Random, what: bytes) -> None:
    tags = list(_TAG.finditer(reply.body))
    at = rng.choice(tags).end() if tags else 0
    reply.body = reply.body[:at] + what + reply.body[at:]


def nest_deeply(reply: ProxiedReply, rng: random.Random) -> None:
    """Elements in elements, closed or not."""
    depth = rng.choice([63, 64, 65, 1000, 100000])
    _insert(reply, rng, b"<a>" * depth + (b"</a>" * depth if rng.random() < 0.7 else b""))


def odd_markup(reply: ProxiedReply, rng: random.Random) -> None:
    """CDATA, comments, instructions, entities and declarations."""
    _insert(
        reply,
        rng,
        rng.choice(
            [
                b"<![CDATA[" + b"]" * rng.choice([1, 70000]) + b"]]>",
                b"<![CDATA[",
                b"<!--" + b"-" * 70000 + b"-->",
                b"<!-- ",
                b"<?php " + b"x" * 70000 + b"?>",
                b"&unknown;",
                b"&#0;",
                b"&#x0;",
                b"&lt",
                b"<!DOCTYPE x>",
                b"</",
                b"<",
                b"<a b=",
                b"<a " + b" ".join(b'a%d="1"' % i for i in range(rng.choice([64, 65, 5000]))) + b"/>",
                b"<a b='" + b"v" * rng.choice(LARGE) + b"'/>",
                b"<" + b"n" * rng.choice(LARGE) + b"/>",
                b"<a xmlns='urn:" + b"u" * 70000 + b"'/>",
                b"<x:y/>",
            ]
        ),
    )


def declare_entities(reply: ProxiedReply, rng: random.Random) -> None:
    """Entities that grow, or that name a file."""
    laughs = (
        b'<!DOCTYPE l [<!ENTITY a "lol">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
        + b"]>"
    )
    outside = b'<!DOCTYPE l [<!ENTITY j SYSTEM "file:///etc/passwd">]>'
    head, sep, rest = reply.body.partition(b"?>")
    reply.body = head + sep + rng.choice([laughs, outside]) + rest
    _insert(reply, rng, b"&j;")


def odd_charset(reply: ProxiedReply, rng: random.Random) -> None:
    """Another encoding than the one it says, or a byte order mark."""
    text = reply.body.decode("utf-8", "replace")
    ways: list[Callable[[], bytes]] = [
        lambda: b"\xef\xbb\xbf" + reply.body,
        lambda: text.encode("utf-16"),
        lambda: text.replace("UTF-8", "UTF-16", 1).encode("utf-16"),
        lambda: text.replace("UTF-8", "x-odd", 1).encode(),
        lambda: text.replace("UTF-8", "ISO-8859-1", 1).encode("latin-1", "replace"),
        lambda: text.replace("UTF-8", "UTF-7", 1).encode(),
        lambda: text.encode("utf-32"),
        lambda: b"\xfe\xff" + reply.body,
    ]
    reply.body = rng.choice(ways)()


def bad_utf8(reply: ProxiedReply, rng: random.Random) -> None:
    """Bytes that are no UTF-8 in a text."""
    _set_leaf(
        reply, rng, rng.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\xaf", b"a\0b"])
    )
