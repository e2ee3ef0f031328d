# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The URIs of the driver.

>>> embedded("127.0.0.1", 8443, cacert="/tmp/ca.pem")
'esx://root@127.0.0.1:8443/embed?root=/tmp/esxkit-root&cacert=/tmp/ca.pem'
>>> through_daemon("esx://h/embed?root=/x", "/tmp/d/sock")
'remote+unix:///?name=esx%3A%2F%2Fh%2Fembed%3Froot%3D%2Fx%26linger%3D0&socket=/tmp/d/sock'
>>> through_daemon("esx://h/embed?root=/x", "/tmp/d/sock", linger=None)
'remote+unix:///?name=esx%3A%2F%2Fh%2Fembed%3Froot%3D%2Fx&socket=/tmp/d/sock'
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

# libvirt demands some absolute folder; the driver keeps nothing there.
ROOT = "/tmp/esxkit-root"


def embedded(
    host: str,
    port: int,
    *,
    scheme: str = "esx",
    user: str | None = "root",
    **parameters: str | int | float | None,
) -> str:
    """The URI that makes libvirt load the driver into the calling process; parameters that are None are left out."""
    address = f"{user}@{host}" if user else host
    query = [f"root={ROOT}"]
    query += [f"{name}={quote(str(value), safe='/:.,@+')}" for name, value in parameters.items() if value is not None]
    return f"{scheme}://{address}:{port}/embed?{'&'.join(query)}"


def builtin(host: str, port: int, *, scheme: str = "esx", user: str = "root", path: str = "/") -> str:
    """The URI of libvirt's own ESX driver for the same server."""
    return f"{scheme}://{user}@{host}:{port}{path}?no_verify=1"


def through_daemon(embedded_uri: str, socket: str | Path, *, linger: float | None = 0) -> str:
    """The URI by which a client asks the daemon behind `socket` to open `embedded_uri`.

    Args:
        linger: for how many seconds the daemon stays logged in when its last connection has closed. Not at all unless
            a test asks for it, so that no test finds the session of another; None leaves it to the driver. What
            `embedded_uri` says itself counts more.
    """
    if linger is not None and "/embed?" in embedded_uri and "linger=" not in embedded_uri:
        embedded_uri += f"&linger={linger:g}"
    return f"remote+unix:///?name={quote(embedded_uri, safe='')}&socket={socket}"
