# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What /folder shows: files and ranges of them, and lists as HTML for people."""

from __future__ import annotations

import contextlib
import html
import re
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from esxkit.fake.core import Service
from esxkit.fake.distortion import filler
from esxkit.fake.files import Entry
from esxkit.fake.folder_refusal import refusing
from esxkit.fake.objects.datastore import Datastore
from esxkit.fake.places import Place
from esxkit.fake.transfer import Transfer

_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")


async def send(
    request: web.BaseRequest, place: Place, transfer: Transfer, headers: dict[str, str]
) -> web.StreamResponse:
    """A file, a range of it, or the list of a folder. Refusal, Broken, ConnectionError."""
    with refusing(place):
        entry = place.files.entry(place.path)
        if entry.is_dir:
            return _file_list(place, headers)
        opened = contextlib.ExitStack()
        if request.method == "GET":
            opened.enter_context(place.files.read(place.path))
    with opened:
        return await _send_file(request, place, entry, transfer, headers)


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
    request: web.BaseRequest, place: Place, entry: Entry, transfer: Transfer, headers: dict[str, str]
) -> web.StreamResponse:
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", **headers}
    order = transfer.order
    more = 0
    if order is not None and order.kind == "swell" and order.field == "body":
        more = max(order.size - entry.size, 0)
    size = entry.size + more
    try:
        wanted = _wanted_range(request, size)
    except ValueError:
        return web.Response(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    first, last = wanted or (0, size - 1)
    if wanted is not None and order is not None and order.kind == "shift":
        first, last = min(first + order.size, size - 1), min(last + order.size, size - 1)
    if wanted is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    if order is not None and order.kind == "huge" and request.method == "GET":
        return await transfer.finish(200, headers)
    response = transfer.reply(200 if wanted is None else 206, headers, last - first + 1)
    await response.prepare(request)
    if request.method == "GET":
        await _send_contents(place.files.real(entry.path), response, transfer, first, min(last, entry.size - 1))
        if order is not None and more and last >= entry.size:
            await response.write(filler(order.fill, last - max(first, entry.size) + 1).encode())
    await response.write_eof()
    return response


async def _send_contents(
    real: Path, response: web.StreamResponse, transfer: Transfer, first: int, last: int
) -> None:
    """The bytes of a file from the first to the last."""
    left = last - first + 1
    with real.open("rb", buffering=0) as file:
        file.seek(first)
        while left > 0 and (piece := file.read(min(transfer.room(), left))):
            await response.write(piece)
            left -= len(piece)
            await transfer.sent(len(piece))


# -- for people --------------------------------------------------------------------------------
def datastore_list(service: Service, headers: dict[str, str]) -> web.Response:
    """The datastores, with links."""
    rows = ""
    for store in service.registry.of_type(Datastore):
        name, summary = store.plain_name, store.read("summary")
        link = f"/folder?dcPath=ha%252ddatacenter&amp;dsName={quote(quote(name, safe=''), safe='')}"
        rows += (
            f'<tr><td><a href="{link}">{html.escape(name)}</a></td>'
            f"<td align=right>{summary.capacity}</td><td align=right>{summary.freeSpace}</td></tr>\n"
        )
    return _page("Datastores", rows, headers)


def _file_list(place: Place, headers: dict[str, str]) -> web.Response:
    rows, datastore = "", quote(quote(place.datastore.plain_name, safe=""), safe="")
    for entry in place.files.entries(place.path):
        link = f"/folder/{quote(entry.path)}?dsName={datastore}"
        rows += f'<tr><td><a href="{link}">{html.escape(entry.name)}</a></td><td align=right>{entry.size}</td></tr>\n'
    return _page("Index", rows, headers)


def _page(title: str, rows: str, headers: dict[str, str]) -> web.Response:
    text = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><table>\n{rows}</table></body></html>\n"
    return web.Response(text=text, content_type="text/html", headers=headers)
