# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A datastore to work in: by a connection, and as the fake sees it."""

from __future__ import annotations

import functools
from typing import Any

import attrs

from esxkit.harness.client import Client, Remote
from esxkit.harness.servers import Fake


@attrs.define(slots=False)
class DatastorePlace:
    """One datastore of one server, by one connection."""

    client: Client
    conn: Remote
    fake: Fake
    store: str

    @functools.cached_property
    def pool(self) -> Remote:
        """The datastore as a pool."""
        return self.conn.storagePoolLookupByName(self.store)

    def run(self, function: str, *arguments: object) -> Any:
        """Call a function of esxkit.harness.contents in the client."""
        return self.client.run(f"esxkit.harness.contents:{function}", *arguments)
