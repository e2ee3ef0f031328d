# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""How /folder says no.

A request that carries a body is refused before the body is read. Real servers then close the connection, so a client
may find it reset before it has seen the answer ("early-close"); a polite server reads the body first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from aiohttp import web

from esxkit.fake.places import Place
from esxkit.wire.faults import VimFault

_STATUS = {"FileNotFound": 404, "InvalidDatastorePath": 404}
"""Of the faults the file store knows; all others are 500."""
_TEXTS = {404: "404 Not Found", 401: "401 Unauthorized", 503: "503 Service Unavailable"}


class Refusal(Exception):
    """A status, with a sentence as its body."""

    def __init__(self, status: int, text: str | None = None, headers: dict[str, str] | None = None):
        super().__init__(status, text)
        self.status, self.headers = status, headers or {}
        self.text = _TEXTS.get(status, f"{status}") if text is None else text


@contextlib.contextmanager
def refusing(place: Place) -> Iterator[None]:
    """Errors of the file store in the block, and VI faults, are refusals."""
    try:
        with place.faults():
            yield
    except VimFault as fault:
        text = "No space left on device" if fault.name == "NoDiskSpace" else fault.data.msg
        raise Refusal(_STATUS.get(fault.name, 500), text) from None


async def answer(request: web.BaseRequest, refusal: Refusal, headers: dict[str, str], how: str) -> web.StreamResponse:
    """Send a refusal; `how` is the switch put_refusal."""
    response = web.Response(status=refusal.status, text=refusal.text, headers={**headers, **refusal.headers})
    if not request.body_exists or request.content.is_eof():
        return response
    if how == "polite":
        with contextlib.suppress(OSError, web.RequestPayloadError):
            while await request.content.readany():
                pass
        return response
    response.force_close()
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        await response.write_eof()
    drop(request)
    return response


def drop(request: web.BaseRequest, *, flush: bool = False) -> web.StreamResponse:
    """Close the connection at once; what was not read is answered with a reset. `flush`: what is written goes out."""
    if request.transport is not None:
        if flush:
            request.transport.close()
        else:
            request.transport.abort()
    return web.Response(status=500)
