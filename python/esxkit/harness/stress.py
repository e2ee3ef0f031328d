# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What runs inside a worker process: many threads on one connection, and calls libvirt-python cannot make."""

from __future__ import annotations

import ctypes
import random
import threading
import time
from collections import Counter
from typing import Any

import libvirt

# What a reader expects of a pool: its UUID, its info (None: not looked at) and the keys of its volumes by name.
Expected = dict[str, tuple[str, list[int], dict[str, str]]]


def misses(conn: Any, seconds: float, threads: int, expected: Expected) -> tuple[dict[str, int], list[str]]:
    """As :func:`hammer`, but half of the calls look up a volume that is there and half one that is not."""
    return hammer(conn, seconds, threads, expected, ("look_up_volume", "miss_volume"))


def hammer(
    conn: Any, seconds: float, threads: int, expected: Expected, kinds: tuple[str, ...] = ()
) -> tuple[dict[str, int], list[str]]:
    """List and look up with several threads on one connection; `kinds` narrows what they do.

    Returns how often each kind of call was made, and what was wrong (at most ten sentences).
    """
    deadline = time.monotonic() + seconds
    done: Counter[str] = Counter()
    wrong: list[str] = []
    lock = threading.Lock()

    def read(number: int) -> None:
        reader = _Reader(conn, expected, random.Random(number))
        while time.monotonic() < deadline and len(wrong) < 10:
            kind = reader.chance.choice(kinds or _Reader.KINDS)
            try:
                problem = getattr(reader, kind)()
            except libvirt.libvirtError as error:
                problem = f"{kind}: libvirt error {error.get_error_code()}: {error}"
            with lock:
                done[kind] += 1
                if problem:
                    wrong.append(problem)

    workers = [threading.Thread(target=read, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return dict(done), wrong


class _Reader:
    """One thread's way of reading: each method is one kind of call and returns what was wrong with the answer."""

    KINDS = ("list_pools", "look_up_pool", "list_volumes", "look_up_volume", "miss_pool", "miss_volume")

    def __init__(self, conn: Any, expected: Expected, chance: random.Random) -> None:
        self._conn = conn
        self._expected = expected
        self.chance = chance

    def _any_pool(self) -> str:
        return self.chance.choice([name for name, (_, _, volumes) in self._expected.items() if volumes])

    def list_pools(self) -> str | None:
        names = sorted(pool.name() for pool in self._conn.listAllStoragePools(0))
        return None if names == sorted(self._expected) else f"list_pools: {names}"

    def look_up_pool(self) -> str | None:
        name = self.chance.choice(list(self._expected))
        uuid, info, _ = self._expected[name]
        pool = self._conn.storagePoolLookupByName(name)
        same = self._conn.storagePoolLookupByUUIDString(uuid)
        got = (pool.UUIDString(), same.name(), pool.info())
        return None if got == (uuid, name, info) else f"look_up_pool {name}: {got}"

    def list_volumes(self) -> str | None:
        name = self._any_pool()
        listed = self._conn.storagePoolLookupByName(name).listAllVolumes(0)
        got = {volume.name(): volume.key() for volume in listed}
        return None if got == self._expected[name][2] else f"list_volumes {name}: {got}"

    def look_up_volume(self) -> str | None:
        pool = self._any_pool()
        name, key = self.chance.choice(list(self._expected[pool][2].items()))
        volume = self._conn.storagePoolLookupByName(pool).storageVolLookupByName(name)
        got = (volume.key(), self._conn.storageVolLookupByKey(key).key())
        return None if got == (key, key) else f"look_up_volume {name}: {got}"

    def miss_pool(self) -> str | None:
        return self._miss(libvirt.VIR_ERR_NO_STORAGE_POOL, lambda: self._conn.storagePoolLookupByName("nope"))

    def miss_volume(self) -> str | None:
        pool = self._conn.storagePoolLookupByName(self._any_pool())
        return self._miss(libvirt.VIR_ERR_NO_STORAGE_VOL, lambda: pool.storageVolLookupByName("no/such.vmdk"))

    @staticmethod
    def _miss(code: int, call: Any) -> str | None:
        try:
            call()
        except libvirt.libvirtError as error:
            return None if error.get_error_code() == code else f"expected error {code}, got {error}"
        return f"expected error {code}, but it succeeded"


def while_busy(slow: Any, quick: Any) -> tuple[float, int]:
    """Run a slow listing of volumes in a thread and meanwhile quick ones of pools.

    Args:
        slow: a pool whose volumes take long to list.
        quick: a connection, the same or another.

    Returns the seconds the slow one took, and how many of the quick ones came back before it did.
    """
    took: list[float] = []

    def list_volumes() -> None:
        started = time.monotonic()
        slow.listAllVolumes(0)
        took.append(time.monotonic() - started)

    thread = threading.Thread(target=list_volumes)
    thread.start()
    time.sleep(0.2)
    came = 0
    while thread.is_alive():
        quick.listAllStoragePools(0)
        came += not took
        time.sleep(0.05)
    thread.join()
    return took[0], came


def few_names(uri: str, maxnames: int, pool: str | None) -> tuple[int, int]:
    """Ask the C library for at most `maxnames` names of pools, or of volumes of `pool`, into a guarded array.

    Returns what the call returned and how many entries of the array, guards included, were written.
    """
    library = ctypes.CDLL("libvirt.so.0")
    library.virConnectOpen.restype = ctypes.c_void_p
    library.virConnectOpen.argtypes = [ctypes.c_char_p]
    library.virStoragePoolLookupByName.restype = ctypes.c_void_p
    library.virStoragePoolLookupByName.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    for call in (library.virConnectListStoragePools, library.virStoragePoolListVolumes):
        call.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_int]
    conn = library.virConnectOpen(uri.encode())
    guard = 0xDEAD
    names = (ctypes.c_void_p * 100)(*[guard] * 100)
    if pool is None:
        count = library.virConnectListStoragePools(conn, names, maxnames)
    else:
        found = library.virStoragePoolLookupByName(conn, pool.encode())
        count = library.virStoragePoolListVolumes(found, names, maxnames)
        library.virStoragePoolFree(ctypes.c_void_p(found))
    library.virConnectClose(ctypes.c_void_p(conn))
    written = [name for name in names if name != guard]
    # The process's own free(), which a sanitizer may have replaced; through `library` it would be libc's.
    process = ctypes.CDLL(None)
    for name in written:
        process.free(ctypes.c_void_p(name))
    return count, len(written)
