# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors

"""Trouble to order: faults, wrong HTTP answers, broken replies, for the next calls of a method.

Kinds. Instead of an answer: "fault" (a VI fault), "http" (any status and body), "html" (a login page),
"garbage" (bytes that are no XML), "deep" (elements nested too deep), "entities" (an entity bomb),
"doctype", "invalid-utf8", "huge" (endless), "empty" (200 without body). To the true answer: "cut" (only
the first `cut_at` bytes of it, then the connection closes), "slow" (the answer after `seconds`). Without an
answer: "close" (the connection closes), "stall" (nothing ever comes).

Orders for the file API name an HTTP method: "PUT", or "folder:PUT", or "folder:*" for all; `path` picks the files, as a
pattern on "[datastore] folder/file". There "cut" closes the connection after `cut_at` bytes of the body that is on its
way, of the request (PUT) or of the answer (GET); "stall" stops there for good (default: before anything is sent), and
"expire" ends all sessions there, while the transfer goes on. `expire` ends them with a cut or a stall, too.
"""

import fnmatch
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from esxkit.wire.faults import VimFault

REPLACING = ("http", "html", "garbage", "deep", "entities", "doctype", "invalid-utf8", "huge", "empty")
KINDS = ("fault", *REPLACING, "cut", "slow", "close", "stall", "expire")
FILE_METHODS = ("GET", "HEAD", "PUT", "DELETE")
_NOT_FOR_FILES = ("fault", "huge")

_ENVELOPE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n%s<soapenv:Envelope '
    b'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<soapenv:Body>\n%s\n</soapenv:Body></soapenv:Envelope>'
)
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
    status: int = 200
    text: str = ""
    content_type: str = "text/xml; charset=utf-8"
    cut_at: int = -1
    """Bytes of the body before the trouble: of a "cut" 100 by default, of "stall" and "expire" none."""
    path: str = "*"
    """Which files, for the file API."""
    expire: bool = False
    """Whether all sessions end, too, where a transfer is cut or stalls."""
    seconds: float = 1.0
    hits: int = 0

    def __attrs_post_init__(self) -> None:
        if self.kind == "html":
            self.content_type = "text/html; charset=utf-8"
        if self.cut_at < 0:
            self.cut_at = 100 if self.kind == "cut" else 0
        if self.for_files and self.kind in _NOT_FOR_FILES:
            raise ValueError(f"The file API has no trouble of the kind '{self.kind}'.")
        if self.kind == "expire" and not self.for_files:
            raise ValueError("Sessions expire in the middle of the file API's transfers only.")

    @property
    def for_files(self) -> bool:
        """Whether the order is one for the file API."""
        return self.method.startswith("folder:")

    @property
    def replaces(self) -> bool:
        """Whether the true answer is not even worked out."""
        return self.kind in REPLACING or self.kind in ("close", "stall")

    def vim_fault(self) -> VimFault:
        """The fault of a "fault" rule."""
        return VimFault(self.fault, self.message, **self.fields)

    def body(self, method: str) -> bytes:
        """The body of a replacing rule, as an answer of `method` ("huge" is streamed: see `endless`)."""
        match self.kind:
            case "http":
                return self.text.encode()
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
        return [attrs.asdict(rule) for rule in self._rules]

    def take(self, method: str, moid: str) -> Rule | None:
        """The order that hits this call, counted down; None if there is none."""
        return self._take(lambda rule: rule.method in ("*", method) and rule.moid in ("*", moid))

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
