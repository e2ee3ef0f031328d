# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Trouble to order: faults, wrong HTTP answers, broken and hostile replies, for the next calls of a method.

Instead of an answer: "fault" (a VI fault, its message `size` bytes long), "http" (any status, `headers` and body, of
`size` bytes), "html" (a login page), "garbage" (bytes that are no XML), "deep" (elements nested too deep), "entities"
(an entity bomb), "doctype", "invalid-utf8", "huge" (endless), "empty" (200 without body).

Of the true answer: "cut" (the first `cut_at` bytes of it, then the connection closes), "slow" (after `seconds`), "drip"
(`step_bytes` each `step_ms`, head and body, after the first `cut_at` bytes), "silent" (status and headers, then
nothing), "lie" (another `status`, other `headers`, where null takes one away, and `cut_at` bytes of the body),
"shift" (of a file: the range that begins `size` bytes later than the one asked for, and its headers say so).

Made of the true SOAP answer (see distortion.py): "swell" (each element and property named `field` has `size` bytes of
text, the true one and then `fill`; "header:NAME" is `times` such headers, "reason" the phrase beside the status, "body"
a file's contents), "multiply" (each element `field` comes `times` times; in copies the elements `distinct` have a
number), "reverse" (neighbouring elements `field` in reverse order), "other" (the valid reply of another method),
"previous" (the reply before this one again), "endless" (a token with every page, truncated=true with every update, of
`size` bytes at least; `times` copies of what is in it, n times that in the n-th with `grow`; each after `step_ms`).
`most` and `of` pick elements; `also` has further orders for the same reply, of which the kind and its fields count.

"pretend": success without effect; a PUT keeps the first `cut_at` bytes. "expire": all sessions end before the call.
Without an answer: "close" (the connection closes), "stall" (nothing comes).

Orders for the file API name an HTTP method: "PUT", or "folder:PUT", or "folder:*" for all; `path` picks the files, as a
pattern on "[datastore] folder/file". There "cut" closes the connection after `cut_at` bytes of the body that is on its
way, of the request (PUT) or of the answer (GET); "stall" stops there for good (default: before anything is sent), and
"expire" ends all sessions there, while the transfer goes on. `expire` ends them with a cut or a stall, too.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from esxkit.fake import distortion
from esxkit.wire.faults import VimFault

REPLACING = ("http", "html", "garbage", "deep", "entities", "doctype", "invalid-utf8", "huge", "empty")
DISTORTING = ("swell", "multiply", "reverse", "other", "previous", "endless")
KINDS = (
    *("fault", *REPLACING, "cut", "slow", "close", "stall", "expire"),
    *("drip", "silent", "lie", "shift", "pretend", *DISTORTING),
)
FILE_METHODS = ("GET", "HEAD", "PUT", "DELETE")
PAGED = ("RetrievePropertiesEx", "ContinueRetrievePropertiesEx", "WaitForUpdatesEx")
"""What an "endless" order is for."""
_NOT_FOR_FILES = ("fault", "multiply", "reverse", "other", "previous", "endless")
_FOR_FILES = ("shift",)
_LISTS = {"WaitForUpdatesEx": "objectSet"}

_ENVELOPE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n%s<soapenv:Envelope '
    b'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<soapenv:Body>\n%s\n</soapenv:Body></soapenv:Envelope>'
)
_A_TIME = b"2026-01-01T00:00:00Z"
_HTML = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Welcome</h1><br>"
    b"<form>Please sign in&nbsp;here.</form></body></html>\n"
)


def _method(value: str | None) -> str:
    return f"folder:{value}" if value in FILE_METHODS else value or "*"


@attrs.define(kw_only=True)
class Rule:
    """One order. `method` and `moid` may be "*"; `after` calls pass first, then `count` are hit (-1: all)."""

    kind: str = attrs.field(validator=attrs.validators.in_(KINDS))
    method: str = attrs.field(default="*", converter=_method)
    moid: str = "*"
    count: int = 1
    after: int = 0
    fault: str = "RuntimeFault"
    message: str | None = None
    fields: dict[str, Any] = attrs.field(factory=dict)
    status: int = 0
    """Of "http" 200 by default, of a "lie" the true one."""
    text: str = ""
    content_type: str = "text/xml; charset=utf-8"
    cut_at: int = -1
    """Bytes of the body before the trouble: of a "cut" 100 by default, of "stall" and "expire" none."""
    path: str = "*"
    """Which files, for the file API."""
    expire: bool = False
    """Whether all sessions end, too, where a transfer is cut or stalls."""
    seconds: float = 1.0
    headers: dict[str, str | None] = attrs.field(factory=dict)
    field: str = ""
    size: int = 0
    fill: str = "x"
    times: int = 1
    distinct: list[str] = attrs.field(factory=list)
    most: int = -1
    """In how many elements of a reply; -1: in all of them."""
    of: str = ""
    """Objects of which type in a reply of the property collector; "": everywhere."""
    grow: bool = False
    step_ms: float = 0
    step_bytes: int = 1
    hits: int = 0
    also: list[dict[str, Any]] = attrs.field(factory=list)
    """Further orders of DISTORTING for the same reply."""
    page: bytes = attrs.field(default=b"", init=False, repr=False)
    """What an "endless" order repeats, once it has seen it."""

    def __attrs_post_init__(self) -> None:
        if self.kind == "html":
            self.content_type = "text/html; charset=utf-8"
        if self.cut_at < 0 and self.kind != "lie":
            self.cut_at = 100 if self.kind == "cut" else 0
        if self.status == 0 and self.kind != "lie":
            self.status = 200
        if self.for_files and self.kind in _NOT_FOR_FILES:
            raise ValueError(f"The file API has no trouble of the kind '{self.kind}'.")
        if any(Rule(**order).kind not in DISTORTING for order in self.also):
            raise ValueError(f"A further order is of a kind among {', '.join(DISTORTING)}.")
        if self.kind in _FOR_FILES and not self.for_files:
            raise ValueError(f"A trouble of the kind '{self.kind}' is for the file API alone.")
        if self.kind == "swell" and self.for_files and self.field not in ("body", "reason") and not self.header:
            raise ValueError("Of the file API the body, the reason and headers can swell.")

    @property
    def for_files(self) -> bool:
        """Whether the order is one for the file API."""
        return self.method.startswith("folder:")

    @property
    def replaces(self) -> bool:
        """Whether the true answer is not even worked out."""
        return self.kind in REPLACING or self.kind in ("close", "stall")

    @property
    def header(self) -> str:
        """The header that swells; "" for anything else."""
        return self.field.removeprefix("header:") if self.field.startswith("header:") else ""

    def vim_fault(self) -> VimFault:
        """The fault of a "fault" rule."""
        more = distortion.filler(self.fill, self.size - len((self.message or "").encode()))
        return VimFault(self.fault, (self.message or "") + more or None, **self.fields)

    def distorted(self, method: str, body: bytes, previous: bytes) -> bytes:
        """What is made of the true reply of `method`; `previous` is the reply before it."""
        body = self._distorted(method, body, previous)
        for order in self.also:
            body = Rule(**order)._distorted(method, body, previous)
        return body

    def _distorted(self, method: str, body: bytes, previous: bytes) -> bytes:
        match self.kind:
            case "swell" if not self.header and self.field != "reason":
                return distortion.swollen(body, self.field, self.size, self.fill, self.most, self.of)
            case "multiply":
                return distortion.multiplied(body, self.field, self.times, self.distinct, self.most, self.of)
            case "reverse":
                return distortion.backwards(body, self.field)
            case "other":
                return _in_envelope("AcquireSession" if method == "CurrentTime" else "CurrentTime", _A_TIME)
            case "previous":
                return previous or body
            case "endless":
                self.page = body
                return self.next_page(method)
        return body

    def next_page(self, method: str) -> bytes:
        """The next page of an "endless" order, which has a page already."""
        body, name = self.page, next((m for m in PAGED if f"<{m}Response".encode() in self.page), method)
        copies = self.times * (self.hits if self.grow else 1)
        if copies != 1:
            field = _LISTS.get(method, "objects")
            body = distortion.multiplied(body, field, copies, self.distinct, self.most, self.of, self.hits * copies)
        return distortion.page_of(distortion.renamed(body, name, method), method, self.hits, self.size)

    def body(self, method: str) -> bytes:
        """The body of a replacing rule, as an answer of `method` ("huge" is streamed: see `endless`)."""
        match self.kind:
            case "http":
                return (self.text + distortion.filler(self.fill, self.size - len(self.text.encode()))).encode()
            case "html":
                return _HTML
            case "garbage":
                return bytes(range(256)) * 8
            case "deep":
                return _in_envelope(method, b"<a>" * 100_000 + b"</a>" * 100_000)
            case "entities":
                return _in_envelope(method, b"&a9;", _entity_bomb())
            case "doctype":
                return _in_envelope(method, b"&f;", b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>\n')
            case "invalid-utf8":
                return _in_envelope(method, b"a\xff\xfe\xc3b")
        return b""


def _in_envelope(method: str, value: bytes, doctype: bytes = b"") -> bytes:
    """A response of the method with `value` in its returnval."""
    name = f"{method}Response".encode()
    return _ENVELOPE % (doctype, b'<%s xmlns="urn:vim25"><returnval>%s</returnval></%s>' % (name, value, name))


def _entity_bomb() -> bytes:
    """A document type in which &a9; stands for ten thousand million letters."""
    entities = b'<!ENTITY a0 "aaaaaaaaaa">\n'
    for level in range(1, 10):
        entities += b'<!ENTITY a%d "%s">\n' % (level, b"&a%d;" % (level - 1) * 10)
    return b"<!DOCTYPE lolz [\n" + entities + b"]>\n"


def endless(method: str, total: int = 100 * 1024 * 1024) -> Iterator[bytes]:
    """The body of a "huge" reply of `method` in pieces: well-formed up to its last byte, and then not finished.

    It is that method's response with nothing but elements that no release has, which a client skips: no limit
    but the one on the whole reply's length stands in its way.
    """
    head, _, _ = (_ENVELOPE % (b"", b"@")).partition(b"@")
    yield head + f'<{method}Response xmlns="urn:vim25">'.encode()
    piece = b"<filler>%s</filler>" % (b"x" * 65_000)
    sent = 0
    while sent < total:
        yield piece
        sent += len(piece)


class Rules:
    """The orders not yet carried out."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, **order: Any) -> None:
        """Place an order (fields of Rule). TypeError or ValueError if it makes no sense."""
        self._rules.append(Rule(**order))

    def clear(self) -> int:
        """Drop all orders; how many were left."""
        left = len(self._rules)
        self._rules.clear()
        return left

    def left(self) -> list[dict[str, Any]]:
        """Orders still open, as JSON."""
        return [attrs.asdict(rule, filter=attrs.filters.exclude("page")) for rule in self._rules]

    def take(self, method: str, moid: str) -> Rule | None:
        """The order that hits this call, counted down; None if there is none."""
        return self._take(
            lambda rule: rule.method in ("*", method)
            and rule.moid in ("*", moid)
            and (rule.kind != "endless" or method in PAGED)
        )

    def take_file(self, method: str, name: str) -> Rule | None:
        """The order that hits this request for the file "[datastore] path", counted down; None if there is none."""
        methods = ("folder:*", f"folder:{method}")
        return self._take(lambda rule: rule.method in methods and _matches(name, rule.path))

    def _take(self, hits: Callable[[Rule], bool]) -> Rule | None:
        for rule in self._rules:
            if not hits(rule):
                continue
            if rule.after > 0:
                rule.after -= 1
                continue
            rule.hits += 1
            if rule.count > 0:
                rule.count -= 1
                if rule.count == 0:
                    self._rules.remove(rule)
            return rule
        return None


def _matches(name: str, pattern: str) -> bool:
    """Whether the name fits a pattern with * and ?; brackets, which names begin with, stand for themselves."""
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))
