# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors

"""The /folder file API: who may, which file is meant, and what is done with it.

    /folder/PATH?dcPath=DATACENTER&dsName=DATASTORE      GET, HEAD (ranges), PUT, DELETE

PATH is percent-encoded once, dcPath and dsName twice (the server decodes them twice, "+" as a blank).
A caller has a session's cookie or sends a name and password, which makes a session.
"""

import base64
import binascii
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import unquote, unquote_plus

from aiohttp import web

from esxkit.fake import folder_read, folder_refusal, folder_write
from esxkit.fake.folder_refusal import Refusal
from esxkit.fake.locating import Place, datastore_by_name
from esxkit.fake.objects.entities import Datacenter
from esxkit.fake.objects.service_instance import now
from esxkit.fake.service import Service
from esxkit.fake.sessions import Session

METHODS = ("GET", "HEAD", "PUT", "DELETE")


class FolderApi:
    """Handler of everything below /folder."""

    def __init__(self, service: Service):
        self._service = service

    async def __call__(self, request: web.BaseRequest, cookie: str | None) -> web.StreamResponse:
        """Answer who has a session, or makes one by its name and password."""
        headers: dict[str, str] = {}

        async def serve() -> web.StreamResponse:
            with self._session(request, cookie, headers):
                return await self._serve(request, headers, self._service.is_vcenter)

        return await self._answer(request, headers, serve)

    async def serve_host(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer, as a host of a vCenter, who has shown a ticket."""
        return await self._answer(request, {}, lambda: self._serve(request, {}, False))

    async def _answer(
        self, request: web.BaseRequest, headers: dict[str, str], serve: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self._service.counters.files[request.method] += 1
        try:
            return await serve()
        except Refusal as refusal:
            return await folder_refusal.answer(request, refusal, headers, self._service.options.put_refusal)
        except folder_write.BodyBroken:
            folder_refusal.abort(request)
            return web.Response(status=500)

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
        try:
            yield
        finally:
            session.in_flight -= 1

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

    def _place(self, raw_path: str, name: str, datacenter: Datacenter | None) -> Place:
        reference = datacenter.ref if datacenter is not None else None
        store = datastore_by_name(self._service, name, reference)
        if store is None or not store.accessible or store.files is None:
            raise Refusal(404)
        place = Place(store, store.files, unquote(raw_path.removeprefix("/folder")).strip("/"))
        with folder_refusal.refusing(place):
            return place.sibling(store.files.canonical(place.path))

    # -- what --------------------------------------------------------------------------------
    async def _serve(
        self, request: web.BaseRequest, headers: dict[str, str], datacenter_needed: bool
    ) -> web.StreamResponse:
        if request.method not in METHODS:
            raise Refusal(405, headers={"Allow": ", ".join(METHODS)})
        raw_path, _, raw_query = request.path_qs.partition("?")
        query = _decoded_twice(raw_query)
        datacenter = self._datacenter(query.get("dcPath"), datacenter_needed)
        name = query.get("dsName")
        if name is None:
            if request.method in ("PUT", "DELETE"):
                raise Refusal(404)
            return folder_read.datastore_list(self._service, headers)
        place = self._place(raw_path, name, datacenter)
        match request.method:
            case "PUT":
                status = await folder_write.put(request, place, self._service.options)
            case "DELETE":
                status = folder_write.delete(place, self._service.options)
            case _:
                return await folder_read.send(request, place, headers)
        return web.Response(status=status, headers=headers)


def _decoded_twice(raw_query: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in raw_query.split("&") if part)
    return {unquote_plus(key): unquote_plus(unquote_plus(value)) for key, _, value in pairs}
