# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What runs in the client's process for ``./dev scale``: calls timed where they are made. Returns (count, seconds)."""

from __future__ import annotations

import time
from typing import Any


def pools(conn: Any) -> tuple[int, float]:
    """virConnectListAllStoragePools."""
    begun = time.perf_counter()
    found = conn.listAllStoragePools(0)
    return len(found), time.perf_counter() - begun


def volumes(pool: Any) -> tuple[int, float]:
    """virStoragePoolListAllVolumes."""
    begun = time.perf_counter()
    found = pool.listAllVolumes(0)
    return len(found), time.perf_counter() - begun


def look_up(conn: Any, name: str) -> tuple[int, float]:
    """virStoragePoolLookupByName and virStoragePoolGetInfo."""
    begun = time.perf_counter()
    conn.storagePoolLookupByName(name).info()
    return 1, time.perf_counter() - begun
