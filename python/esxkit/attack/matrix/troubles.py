# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The troubles of the matrix, one row each: an order for the fake (`esxkit.fake.troubles`), and what it fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from esxkit.fake.troubles import PAGED
from esxkit.harness.usage import MIB


def is_file(method: str) -> bool:
    """Whether a request is one of the file API."""
    return method.startswith("folder:")


def _soap(method: str) -> bool:
    return not is_file(method)


def _not_a_search(method: str) -> bool:
    """A server that refuses a search may do so because of one of its queries, which is left out then, for good."""
    return _soap(method) and not method.startswith("SearchDatastore")


def _with_body(method: str) -> bool:
    return method not in ("folder:HEAD", "folder:DELETE")


@attrs.frozen
class Trouble:
    """One trouble.

    Args:
        order: for the fake, without method, after and count.
        fits: for which requests, by method, it makes sense.
        lasts: whether it stays until the verb has ended; else it hits one request.
        parts: whether a listing may lack what the server told of in a way that is refused.
    """

    order: dict[str, Any]
    fits: Callable[[str], bool] = attrs.field(default=lambda _method: True)
    lasts: bool = False
    parts: bool = False


def _only(*methods: str) -> Callable[[str], bool]:
    return lambda method: method in methods


def _status(number: int, **more: Any) -> dict[str, Any]:
    return {"kind": "http", "status": number, "text": f"status {number}", **more}


def _lie(*methods: str, **order: Any) -> Trouble:
    return Trouble({"kind": "lie", **order}, _only(*methods) if methods else (lambda _method: True))


def _swell(field: str, *methods: str, parts: bool = False, **more: Any) -> Trouble:
    order = {"kind": "swell", "field": field, "size": MIB, **more}
    return Trouble(order, _only(*methods) if methods else (lambda _method: True), parts=parts)


_PART = ("folder:GET", "folder:PUT")
_WITH_VALUES = (*PAGED, "RetrieveProperties")

TROUBLES: dict[str, Trouble] = {
    # Said by the server
    "fault": Trouble({"kind": "fault", "fault": "SystemError", "message": "It broke."}, _soap),
    "fault, lasting": Trouble({"kind": "fault", "fault": "SystemError", "message": "It broke."}, _soap, lasts=True),
    "fault NoPermission": Trouble({"kind": "fault", "fault": "NoPermission"}, _soap),
    "fault NotSupported": Trouble({"kind": "fault", "fault": "NotSupported"}, _not_a_search),
    "fault NotAuthenticated": Trouble({"kind": "fault", "fault": "NotAuthenticated"}, _soap),
    "fault of 1 MB": Trouble({"kind": "fault", "fault": "ResourceInUse", "size": MIB}, _soap),
    "status 302": Trouble(_status(302, headers={"Location": "https://127.0.0.1:1/"})),
    "status 401": Trouble(_status(401)),
    "status 403": Trouble(_status(403)),
    "status 404": Trouble(_status(404)),
    "status 500 of 1 MB": Trouble(_status(500, size=MIB)),
    "status 503": Trouble(_status(503)),
    "status 503, lasting": Trouble(_status(503), lasts=True),
    "session ends before": Trouble({"kind": "expire"}),
    "session ends within": Trouble({"kind": "expire", "cut_at": 4096}, _only(*_PART)),
    # No answer of the API
    "login page": Trouble({"kind": "html"}),
    "bytes": Trouble({"kind": "garbage"}),
    "empty": Trouble({"kind": "empty"}),
    "deep": Trouble({"kind": "deep"}, _soap),
    "entities": Trouble({"kind": "entities"}, _soap),
    "document type": Trouble({"kind": "doctype"}, _soap),
    "invalid UTF-8": Trouble({"kind": "invalid-utf8"}, _soap),
    "another method's reply": Trouble({"kind": "other"}, _soap),
    "the reply before": Trouble({"kind": "previous"}, _soap),
    "items in reverse": Trouble({"kind": "reverse", "field": "objects"}, _only(*_WITH_VALUES)),
    "updates in reverse": Trouble({"kind": "reverse", "field": "objectSet"}, _only("WaitForUpdatesEx")),
    # Broken off, silent, slow
    "closed before": Trouble({"kind": "close"}),
    "closed before, lasting": Trouble({"kind": "close"}, lasts=True),
    "closed after the head": Trouble({"kind": "cut", "cut_at": 0}),
    "closed after 100 bytes": Trouble({"kind": "cut", "cut_at": 100}, _with_body),
    "closed within": Trouble({"kind": "cut", "cut_at": 40_000}, _only(*_PART)),
    "silence": Trouble({"kind": "stall"}),
    "silence, lasting": Trouble({"kind": "stall"}, lasts=True),
    "silence within": Trouble({"kind": "stall", "cut_at": 40_000}, _only(*_PART)),
    "silence after the head": Trouble({"kind": "silent"}),
    "late": Trouble({"kind": "slow", "seconds": 0.2}),
    "drip": Trouble({"kind": "drip", "step_ms": 20}),
    "drip within": Trouble({"kind": "drip", "step_ms": 20, "step_bytes": 50_000, "cut_at": 1000}, _only("folder:GET")),
    # Too much
    "header of 1 MB": _swell("header:X-Long"),
    "1,000 headers": _swell("header:X-Many", size=500, times=1000),
    "reason of 1 MB": _swell("reason"),
    "cookie of 1 MB": _swell("header:Set-Cookie"),
    "no end": Trouble({"kind": "huge"}, _with_body),
    "pages without end": Trouble({"kind": "endless", "distinct": ["obj"]}, _only(*PAGED), lasts=True),
    "names of 1 MB": _swell("name", *_WITH_VALUES, parts=True),
    "paths of 1 MB": _swell("path", *_WITH_VALUES, parts=True, fill="a/"),
    "folders of 1 MB": _swell("folderPath", *_WITH_VALUES, parts=True, fill="a/"),
    "messages of 1 MB": _swell("localizedMessage", *_WITH_VALUES),
    "body of 1 MB": _swell("body", "folder:GET", "folder:HEAD", size=MIB + 65536),
    # Lies
    "success without effect": Trouble({"kind": "pretend"}, lambda m: m not in ("folder:GET", "folder:HEAD")),
    "half a PUT": Trouble({"kind": "pretend", "cut_at": 50_000}, _only("folder:PUT")),
    "a byte that is all": _lie(headers={"Content-Length": "1"}, cut_at=1),
    "a length that is longer": _lie(headers={"Content-Length": "99999999"}),
    "no length": _lie(headers={"Content-Length": None}),
    "gzip that is none": _lie(headers={"Content-Encoding": "gzip"}),
    "status 204": _lie(status=204),
    "status 206": _lie("folder:GET", "folder:HEAD", status=206),
    "status 200": _lie("folder:GET", "folder:HEAD", status=200),
    "a wrong Content-Range": _lie("folder:GET", headers={"Content-Range": "bytes 1-2/3"}),
    "another range": Trouble({"kind": "shift", "size": 512}, _only("folder:GET")),
}
