# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What a hostile server makes of a true reply: functions from bytes to bytes, for any SOAP method.

They work on the text of the envelope as `esxkit.wire` writes it (one prefix, no comments, no sections of CDATA), so
that one function serves names, paths, aliases, portals, IQNs, LUN names, fault texts, task errors and tickets alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from esxkit.wire.serializer import escape

_OBJECT = re.compile(rb'(?=<obj type=")')
_RESULT = re.compile(rb"(<returnval[^>]*)/>|(<returnval[^>]*>)")


def filler(fill: str, length: int) -> str:
    """`fill` again and again, `length` bytes of UTF-8 at most; shorter by less than one character."""
    unit = fill.encode() or b"x"
    return (unit * (length // len(unit) + 1))[: max(length, 0)].decode("utf-8", "ignore")


def _element(name: str) -> bytes:
    """The pattern of an element and all that is in it; elements of one name are not nested in replies."""
    escaped = re.escape(name).encode()
    return rb"<%b(?:\s[^>]*)?>.*?</%b>" % (escaped, escaped)


def _in_objects(body: bytes, of: str, change: Callable[[bytes], bytes]) -> bytes:
    """`change` of the properties of objects of the type `of`, and of nothing else; "" is everything."""
    if not of:
        return change(body)
    start = b'<obj type="%b"' % of.encode()
    parts = _OBJECT.split(body)
    return b"".join(change(part) if part.startswith(start) else part for part in parts)


def swollen(body: bytes, field: str, size: int, fill: str = "x", most: int = -1, of: str = "") -> bytes:
    """The reply with `size` bytes of text in every element named `field`, and in every property of that name.

    The true text stays in front. `most`: in so many of them only; `of`: in objects of that type only.
    """
    name = re.escape(field).encode()
    # The names of properties themselves stay, or nothing would be known of them any more.
    element = re.compile(rb"(?<!<propSet>)(?<!<changeSet>)(<%b(?:\s[^>]*)?>)([^<]*)(</%b>)" % (name, name))
    own = re.compile(rb"(<name>%b</name>(?:<op>\w+</op>)?<val(?:\s[^>]*)?>)([^<]*)(</val>)" % name)
    left = most

    def longer(found: re.Match[bytes]) -> bytes:
        nonlocal left
        if left == 0:
            return found[0]
        left -= 1
        more = escape(filler(fill, size - len(found[2]))).encode()
        return found[1] + found[2] + more + found[3]

    return _in_objects(body, of, lambda part: own.sub(longer, element.sub(longer, part)))


def multiplied(
    body: bytes, field: str, times: int, distinct: Sequence[str] = (), most: int = -1, of: str = "", first: int = 0
) -> bytes:
    """The reply with every element named `field` there `times` times.

    In each copy but the first the text of the elements `distinct` has a number appended, counted from `first`.
    """
    pattern = re.compile(_element(field), re.DOTALL)
    inner = [re.compile(rb"(<%b(?:\s[^>]*)?>[^<]*)(</)" % re.escape(one).encode()) for one in distinct]

    def copy(text: bytes, number: int) -> bytes:
        for one in inner:
            text = one.sub(rb"\g<1>-%d\g<2>" % number, text)
        return text

    def repeated(found: re.Match[bytes]) -> bytes:
        return b"".join(copy(found[0], n) if n else found[0] for n in range(first, first + times))

    return _in_objects(body, of, lambda part: pattern.sub(repeated, part, count=max(most, 0)))


def backwards(body: bytes, field: str) -> bytes:
    """The reply with each run of neighbouring elements named `field` in reverse order."""
    one = _element(field)
    single = re.compile(one, re.DOTALL)
    return re.compile(b"(?:%b)+" % one, re.DOTALL).sub(lambda run: b"".join(reversed(single.findall(run[0]))), body)


def renamed(body: bytes, method: str, other: str) -> bytes:
    """The reply under the name of another method's response."""
    old, new = f"{method}Response".encode(), f"{other}Response".encode()
    return body.replace(b"<" + old, b"<" + new).replace(b"</" + old, b"</" + new)


def page_of(body: bytes, method: str, number: int, size: int = 0) -> bytes:
    """Page `number` of an answer that has no end: a token of a retrieval, or a truncated update with a version.

    `body` is a true answer of RetrievePropertiesEx, ContinueRetrievePropertiesEx or WaitForUpdatesEx. `size`: the
    length it has at least, by elements that no release has.
    """
    waits = method == "WaitForUpdatesEx"
    if waits:
        body = re.sub(rb"<version>[^<]*</version>|<truncated>[^<]*</truncated>", b"", body)
        begin, end = b"<version>endless-%d</version>" % number, b"<truncated>true</truncated>"
    else:
        body = re.sub(rb"<token>[^<]*</token>", b"", body)
        begin, end = b"<token>endless-%d</token>" % number, b""
    while len(body) + len(end) < size:
        end += b"<filler>%b</filler>" % (b"x" * min(1_000_000, size - len(body) - len(end)))
    if b"<returnval" not in body:
        body = body.replace(b"Response xmlns", b"Response  xmlns", 1)
        body = re.sub(rb"(Response  xmlns[^>]*>)", rb"\1<returnval></returnval>", body, count=1)
    body = _RESULT.sub(lambda m: m[1] + b"></returnval>" if m[1] else m[2], body, count=1)
    head, opened, rest = body.partition(b"<returnval")
    attributes, _, inside = rest.partition(b">")
    inside, closed, tail = inside.rpartition(b"</returnval>")
    return head + opened + attributes + b">" + begin + inside + end + closed + tail
