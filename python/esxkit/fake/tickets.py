# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Service tickets: what a vCenter hands out so that one request for a file goes straight to a host.

A ticket is for one method and one file, and for one use.
"""

from __future__ import annotations

import re
import secrets
from urllib.parse import unquote, unquote_plus

import attrs
from aiohttp import web

from esxkit.fake.options import FakeOptions

_COOKIE = re.compile(r'vmware_cgi_ticket\s*=\s*"?([^";\s]+)"?')
_KEPT = 1000
_UNREACHABLE = "127.0.0.1:1"
_LOCALHOST = "localhost.localdomain"


@attrs.frozen
class HostListener:
    """The hosts' own web server: its address as HOST:PORT, thumbprints with colons."""

    address: str
    sha1: str
    sha256: str


@attrs.frozen
class _Purpose:
    """What a ticket is good for."""

    method: str
    path: str
    datastore: str


class Tickets:
    """The tickets that were handed out and not used."""

    def __init__(self, options: FakeOptions):
        self._options = options
        self._open: dict[str, _Purpose] = {}
        self.listener: HostListener | None = None
        """Set by the server that runs the service."""

    def issue(self, method: str | None, path: str, query: str) -> str:
        """A ticket's id, good for one request with that method ("httpGet", the default, and the like) and address."""
        ticket = secrets.token_hex(20)
        self._open[ticket] = _Purpose((method or "httpGet").removeprefix("http").upper(), *file_of(path, query))
        while len(self._open) > _KEPT:
            del self._open[next(iter(self._open))]
        return ticket

    def redeem(self, ticket: str | None, request: web.BaseRequest) -> bool:
        """Whether the ticket is good for that request; from then on it is good for nothing."""
        path, _, query = request.path_qs.partition("?")
        purpose = _Purpose(request.method, *file_of(path, query))
        if ticket is None or self._open.get(ticket) != purpose:
            return False
        del self._open[ticket]
        return True

    def host_name(self) -> str:
        """What tickets say about where to go."""
        names = {"unreachable": _UNREACHABLE, "localhost": _LOCALHOST}
        return names.get(self._options.tickets, self.listener.address if self.listener else _LOCALHOST)


def ticket_of(request: web.BaseRequest) -> str | None:
    """The ticket that a request brings."""
    match = _COOKIE.search(request.headers.get("Cookie", ""))
    return match[1] if match else None


def file_of(path: str, query: str) -> tuple[str, str]:
    """(path, datastore) of an address below /folder."""
    pairs = dict(pair.partition("=")[::2] for pair in query.split("&"))
    return unquote(path.removeprefix("/folder")).strip("/"), unquote_plus(unquote_plus(pairs.get("dsName", "")))
