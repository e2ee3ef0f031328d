# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A port on which connections are accepted by a thread: the socket work of all servers that are no ESX host."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self


class LoopbackServer:
    """Accepts connections on a free port of `host` until it is closed; what becomes of one is its subclass's.

    Raises OSError where the machine has no such address.
    """

    host = "127.0.0.1"

    def __init__(self, name: str, host: str = host) -> None:
        self._listener = socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=64
        )
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True, name=name).start()

    def serve(self, connection: socket.socket) -> None:
        """Serve a new connection, on the thread that accepts: what takes long begins one of its own."""
        raise NotImplementedError

    def close(self) -> None:
        """Accept no more connections."""
        # Closing alone would not wake the thread in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.serve(connection)
