# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""One call on its way through the fake."""

from __future__ import annotations

from typing import Any

import attrs

from esxkit.fake.connections import Connection
from esxkit.fake.core import Service
from esxkit.fake.sessions import Session


@attrs.define
class Call:
    """What a method of a managed object may know about its caller."""

    service: Service
    session: Session | None
    version: str
    method: str
    agent: str = ""
    address: str = "127.0.0.1"
    cookie: str | None = None
    """The cookie the caller sent, whether or not there is a session behind it."""
    new_cookie: str | None = None
    """The cookie to send with the reply, if any."""
    info: Any = None
    connection: Connection | None = None
    """The connection the call came by."""

    @property
    def login(self) -> Session:
        """The session of a call that the dispatcher answers only within one."""
        assert self.session is not None, f"{self.method} came without a session."
        return self.session
