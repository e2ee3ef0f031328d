# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""ServiceInstance: the root of everything, readable without a session."""

from __future__ import annotations

import datetime
from typing import Any

from esxkit.fake.call import Call
from esxkit.fake.registry import ManagedObject


def now() -> datetime.datetime:
    """The server's clock, in UTC."""
    return datetime.datetime.now(datetime.UTC)


class ServiceInstance(ManagedObject):
    """The service instance; its moid is always "ServiceInstance"."""

    vi_name = "ServiceInstance"

    def prop_serverClock(self, session: Any) -> datetime.datetime:
        return now()

    async def RetrieveServiceContent(self, call: Call) -> Any:
        return self.read("content")

    async def CurrentTime(self, call: Call) -> datetime.datetime:
        return now()
