# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The /folder file API: who may, which file is meant, and what is done with it.

    /folder/PATH?dcPath=DATACENTER&dsName=DATASTORE      GET, HEAD (ranges), PUT, DELETE

PATH is percent-encoded once, dcPath and dsName twice (the server decodes them twice, "+" as a blank).
A caller has a session's cookie or sends a name and password, which makes a session; a host behind a vCenter takes
tickets only, and knows no dcPath.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, unquote_plus

import attrs
from aiohttp import web

from esxkit.fake import folder_read, folder_refusal, folder_write
from esxkit.fake.accounts import FILES, acting
from esxkit.fake.core import Service
from esxkit.fake.folder_refusal import Refusal
from esxkit.fake.objects.entities import Datacenter
from esxkit.fake.objects.service_instance import now
from esxkit.fake.places import Place, datastore_by_name
from esxkit.fake.sessions import Session
from esxkit.fake.tickets import ticket_of
from esxkit.fake.transfer import Broken, Transfer

METHODS = ("GET", "HEAD", "PUT", "DELETE")


@attrs.frozen
class Target:
    """What the address of a request means, before anybody has looked whether it is there."""

    path: str
    datastore: str | None
    datacenter: str | None

    def __str__(self) -> str:
        return f"[{self.datastore or ''}] {self.path}"


def target_of(path_and_query: str) -> Target:
    """The meaning of an address below /folder."""
    raw_path, _, raw_query = path_and_query.partition("?")
    pairs = (part.partition("=") for part in raw_query.split("&") if part)
    query = {unquote_plus(key): unquote_plus(unquote_plus(value)) for key, _, value in pairs}
    path = unquote(raw_path.removeprefix("/folder")).strip("/")
    return Target(path, query.get("dsName"), query.get("dcPath"))


class FolderApi:
    """Handler of everything below /folder."""

    def __init__(self, service: Service):
        self._service = service
        self._in_flight = 0

    async def __call__(self, request: web.BaseRequest, cookie: str | None) -> web.StreamResponse:
        """Answer who has a session, or makes one by its name and password."""
        self._service.counters.files[request.method] += 1
        self._service.asked.append(f"folder:{request.method}")
        headers: dict[str, str] = {}
        door = self._session(request, cookie, headers)
        return await self._answer(request, headers, door, self._service.is_vcenter)

    async def serve_host(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer, as a host of a vCenter, who shows a ticket."""
        self._service.counters.host_files[request.method] += 1
        self._service.asked.append(f"folder:{request.method}")
        return await self._answer(request, {"Connection": "close"}, self._ticket(request), False)

    async def _answer(
        self,
        request: web.BaseRequest,
        headers: dict[str, str],
        door: contextlib.AbstractContextManager[None],
        datacenter_needed: bool,
    ) -> web.StreamResponse:
        """Answer who comes through the door; `headers` go with whatever is answered."""
        self._in_flight += 1
        try:
            target = target_of(request.path_qs)
            transfer = Transfer(self._service, request, self._service.rules.take_file(request.method, str(target)))
            await transfer.begin()
            self._check_limit()
            with door:
                response = await self._serve(request, target, transfer, headers, datacenter_needed)
        except Refusal as refusal:
            how = self._service.options.put_refusal
            response = await folder_refusal.answer(request, refusal, headers, how)
        except Broken as broken:
            response = folder_refusal.drop(request, flush=broken.flush)
        except ConnectionError:
            response = folder_refusal.drop(request)
        finally:
            self._in_flight -= 1
        self._service.events.happen(f"answer of {request.method} {request.path}")
        return response

    def _check_limit(self) -> None:
        limit = self._service.options.folder_limit
        if limit and self._in_flight > limit:
            raise Refusal(503)

    # -- who ---------------------------------------------------------------------------------
    @contextlib.contextmanager
    def _session(self, request: web.BaseRequest, cookie: str | None, headers: dict[str, str]) -> Iterator[None]:
        """The caller's session, kept alive in the block; `headers` get the cookie of a new one."""
        session = self._service.sessions.find(cookie)
        if session is None:
            if self._service.sessions.full():
                raise Refusal(503)
            session = self._basic_login(request)
            if session is None:
                raise Refusal(401, headers={"WWW-Authenticate": 'Basic realm="VMware HTTP server"'})
            headers["Set-Cookie"] = f'vmware_soap_session="{session.cookie}"; Path=/; HttpOnly; Secure;'
        session.in_flight += 1
        acting.set(session)
        try:
            yield
        finally:
            session.in_flight -= 1

    @contextlib.contextmanager
    def _ticket(self, request: web.BaseRequest) -> Iterator[None]:
        """Whoever has a ticket for this very request, once."""
        if not self._service.tickets.redeem(ticket_of(request), request):
            raise Refusal(401)
        acting.set(None)
        yield

    def _basic_login(self, request: web.BaseRequest) -> Session | None:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        if not self._service.sessions.try_password(user, password):
            return None
        agent = request.headers.get("User-Agent", "")
        return self._service.sessions.open(user, None, now(), agent, request.remote or "127.0.0.1")

    # -- which -------------------------------------------------------------------------------
    def _datacenter(self, path: str | None, needed: bool) -> Datacenter | None:
        """The datacenter of a dcPath; None where it is left out and may be."""
        if path is None and not needed:
            return None
        for datacenter in self._service.registry.of_type(Datacenter):
            if path is not None and self._inventory_path(datacenter) == path.strip("/"):
                return datacenter
        raise Refusal(404)

    def _inventory_path(self, entity: Any) -> str:
        names = []
        while entity is not None and entity is not self._service.root_folder:
            names.append(entity.read("name"))
            parent = entity.read("parent")
            entity = self._service.registry.find(parent._moId) if parent is not None else None
        return "/".join(reversed(names))

    def _place(self, target: Target, datacenter: Datacenter | None) -> Place:
        reference = datacenter.ref if datacenter is not None else None
        store = datastore_by_name(self._service, target.datastore or "", reference)
        if store is None or not store.accessible or store.files is None:
            raise Refusal(404)
        if not self._service.accounts.may(acting.get(), store, FILES):
            raise Refusal(401)
        place = Place(store, store.files, target.path)
        with folder_refusal.refusing(place):
            return place.sibling(store.files.canonical(place.path))

    # -- what --------------------------------------------------------------------------------
    async def _serve(
        self,
        request: web.BaseRequest,
        target: Target,
        transfer: Transfer,
        headers: dict[str, str],
        datacenter_needed: bool,
    ) -> web.StreamResponse:
        if request.method not in METHODS:
            raise Refusal(405, headers={"Allow": ", ".join(METHODS)})
        datacenter = self._datacenter(target.datacenter, datacenter_needed)
        if target.datastore is None:
            if request.method in ("PUT", "DELETE"):
                raise Refusal(404)
            return folder_read.datastore_list(self._service, headers)
        place = self._place(target, datacenter)
        match request.method:
            case "PUT":
                status = await folder_write.put(request, place, transfer, self._service.options)
            case "DELETE":
                status = folder_write.delete(place, transfer, self._service.options)
            case _:
                return await folder_read.send(request, place, transfer, headers)
        return await transfer.finish(status, headers)
