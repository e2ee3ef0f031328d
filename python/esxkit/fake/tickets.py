# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors

"""Service tickets: what a vCenter hands out so that one request for a file goes straight to a host.

A ticket is for one method and one file, and for one use.
"""

import re
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus, urlsplit

import attrs
from aiohttp import web

from esxkit.fake.objects.datastore import Datastore
from esxkit.wire.faults import invalid_argument

if TYPE_CHECKING:
    from esxkit.fake.service import Service

_COOKIE = re.compile(r'vmware_cgi_ticket\s*=\s*"?([^";\s]+)"?')
_KEPT = 1000
_UNREACHABLE = "127.0.0.1:1"
_LOCALHOST = "localhost.localdomain"


@attrs.frozen
class Listener:
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

    def __init__(self, service: "Service"):
        self._service = service
        self._open: dict[str, _Purpose] = {}
        self.listener: Listener | None = None
        """Set by the server that runs the service."""

    def issue(self, method: str | None, url: str | None) -> str:
        """A ticket's id. Fault InvalidArgument where the URL is not that of a file a host can get at."""
        parts = urlsplit(url or "")
        path, datastore = _file_of(parts.path, parts.query)
        if parts.scheme != "https" or not parts.path.startswith("/folder/"):
            raise invalid_argument("url")
        if not any(self._mounts(parts.hostname or "", store) for store in self._stores(datastore)):
            raise invalid_argument("url")
        ticket = secrets.token_hex(20)
        self._open[ticket] = _Purpose((method or "httpGet").removeprefix("http").upper(), path, datastore)
        while len(self._open) > _KEPT:
            del self._open[next(iter(self._open))]
        return ticket

    def redeem(self, ticket: str | None, request: web.BaseRequest) -> bool:
        """Whether the ticket is good for that request; from then on it is good for nothing."""
        path, _, query = request.path_qs.partition("?")
        purpose = _Purpose(request.method, *_file_of(path, query))
        if ticket is None or self._open.get(ticket) != purpose:
            return False
        del self._open[ticket]
        return True

    def host_name(self) -> str:
        """What tickets say about where to go."""
        names = {"unreachable": _UNREACHABLE, "localhost": _LOCALHOST}
        return names.get(self._service.options.tickets, self.listener.address if self.listener else _LOCALHOST)

    def _stores(self, name: str) -> list[Datastore]:
        stores = self._service.registry.of_type(Datastore)
        return [store for store in stores if store.plain_name == name and store.accessible]

    def _mounts(self, host: str, store: Datastore) -> bool:
        mounted = (self._service.registry.get(mount.key) for mount in store.read("host"))
        return host.lower() in {one.read("name").lower() for one in mounted}


class HostFrontend:
    """The web server of the hosts behind a vCenter: files by ticket, and nothing else."""

    def __init__(self, service: "Service", folder: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]):
        self._service, self._folder = service, folder

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self._service.events.happen(f"{request.method} {request.path} on a host")
        if not request.path.startswith("/folder/"):
            return web.Response(status=404, text="404 Not Found")
        return await self._folder(request)


def ticket_of(request: web.BaseRequest) -> str | None:
    """The ticket that a request brings."""
    match = _COOKIE.search(request.headers.get("Cookie", ""))
    return match[1] if match else None


def _file_of(path: str, query: str) -> tuple[str, str]:
    """(path, datastore) of an address below /folder."""
    pairs = dict(pair.partition("=")[::2] for pair in query.split("&"))
    return unquote(path.removeprefix("/folder")).strip("/"), unquote_plus(unquote_plus(pairs.get("dsName", "")))
