# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors

"""The /folder file API: GET and HEAD with ranges over the real files; lists as HTML for people.

    /folder/PATH?dcPath=DATACENTER&dsName=DATASTORE

PATH is percent-encoded once, dcPath and dsName twice (the server decodes them twice, "+" as a blank).
A caller has a session's cookie or sends a name and password, which makes a session.
"""

import base64
import binascii
import html
import re
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from aiohttp import web

from esxkit.fake.files import BadPath, Entry, FileStore
from esxkit.fake.objects.datastore import Datastore
from esxkit.fake.objects.entities import Datacenter
from esxkit.fake.objects.service_instance import now
from esxkit.fake.service import Service
from esxkit.fake.sessions import Session

_PIECE = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")


class FolderApi:
    """Handler of everything below /folder."""

    def __init__(self, service: Service):
        self._service = service

    async def __call__(self, request: web.BaseRequest, cookie: str | None) -> web.StreamResponse:
        self._service.counters.files[request.method] += 1
        session = self._service.sessions.find(cookie)
        headers: dict[str, str] = {}
        if session is None:
            if self._service.sessions.full():
                return web.Response(status=503, text="503 Service Unavailable")
            session = self._basic_login(request)
            if session is None:
                challenge = {"WWW-Authenticate": 'Basic realm="VMware HTTP server"'}
                return web.Response(status=401, text="401 Unauthorized", headers=challenge)
            headers["Set-Cookie"] = f'vmware_soap_session="{session.cookie}"; Path=/; HttpOnly; Secure;'
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD", **headers})
        session.in_flight += 1
        try:
            return await self._read(request, headers)
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

    async def _read(self, request: web.BaseRequest, headers: dict[str, str]) -> web.StreamResponse:
        raw_path, _, raw_query = request.path_qs.partition("?")
        query = _decoded_twice(raw_query)
        if not self._known_datacenter(query.get("dcPath")):
            return web.Response(status=404, text="404 Not Found", headers=headers)
        name = query.get("dsName")
        if name is None:
            return web.Response(text=self._datastore_list(), content_type="text/html", headers=headers)
        files = self._files(name)
        path = unquote(raw_path.removeprefix("/folder")).strip("/")
        try:
            entry = files.entry(path) if files is not None else None
        except (FileNotFoundError, NotADirectoryError, BadPath):
            entry = None
        if files is None or entry is None:
            return web.Response(status=404, text="404 Not Found", headers=headers)
        if entry.is_dir:
            text = _file_list(files, entry, name)
            return web.Response(text=text, content_type="text/html", headers=headers)
        return await _send_file(request, files, entry, headers)

    def _known_datacenter(self, path: str | None) -> bool:
        if path is None:
            return not self._service.is_vcenter
        wanted = path.strip("/")
        return any(self._inventory_path(dc) == wanted for dc in self._service.registry.of_type(Datacenter))

    def _inventory_path(self, entity: Any) -> str:
        names = []
        while entity is not None and entity is not self._service.root_folder:
            names.append(entity.read("name"))
            parent = entity.read("parent")
            entity = self._service.registry.find(parent._moId) if parent is not None else None
        return "/".join(reversed(names))

    def _files(self, name: str) -> FileStore | None:
        for store in self._service.registry.of_type(Datastore):
            if store.plain_name == name and store.accessible:
                return store.files
        return None

    def _datastore_list(self) -> str:
        rows = ""
        for store in self._service.registry.of_type(Datastore):
            name, summary = store.plain_name, store.read("summary")
            link = f"/folder?dcPath=ha%252ddatacenter&amp;dsName={quote(quote(name, safe=''), safe='')}"
            rows += (
                f'<tr><td><a href="{link}">{html.escape(name)}</a></td>'
                f"<td align=right>{summary.capacity}</td><td align=right>{summary.freeSpace}</td></tr>\n"
            )
        return _page("Datastores", rows)


def _decoded_twice(raw_query: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in raw_query.split("&") if part)
    return {unquote_plus(key): unquote_plus(unquote_plus(value)) for key, _, value in pairs}


def _page(title: str, rows: str) -> str:
    return f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><table>\n{rows}</table></body></html>\n"


def _file_list(files: FileStore, folder: Entry, datastore: str) -> str:
    rows = ""
    for entry in files.entries(folder.path):
        link = f"/folder/{quote(entry.path)}?dsName={quote(quote(datastore, safe=''), safe='')}"
        rows += f'<tr><td><a href="{link}">{html.escape(entry.name)}</a></td><td align=right>{entry.size}</td></tr>\n'
    return _page("Index", rows)


def _wanted_range(request: web.BaseRequest, size: int) -> tuple[int, int] | None:
    """(first, last) byte of a Range header, None without one. ValueError if it lies beyond the end."""
    match = _RANGE.match(request.headers.get("Range", ""))
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        return max(size - int(match[2]), 0), size - 1
    first = int(match[1])
    last = min(int(match[2]), size - 1) if match[2] else size - 1
    if first >= size or last < first:
        raise ValueError("range")
    return first, last


async def _send_file(
    request: web.BaseRequest, files: FileStore, entry: Entry, headers: dict[str, str]
) -> web.StreamResponse:
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", **headers}
    try:
        wanted = _wanted_range(request, entry.size)
    except ValueError:
        return web.Response(status=416, headers={**headers, "Content-Range": f"bytes */{entry.size}"})
    first, last = wanted or (0, entry.size - 1)
    if wanted is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{entry.size}"
    response = web.StreamResponse(status=200 if wanted is None else 206, headers=headers)
    response.content_length = last - first + 1
    await response.prepare(request)
    if request.method == "GET":
        left = last - first + 1
        with files.real(entry.path).open("rb") as file:
            file.seek(first)
            while left > 0 and (piece := file.read(min(_PIECE, left))):
                await response.write(piece)
                left -= len(piece)
    await response.write_eof()
    return response
