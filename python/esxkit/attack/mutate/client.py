# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The client of ``./dev mutate``, in a worker process: everything the driver can do, whatever comes back.

Each part opens with good replies in mind and takes every libvirt error as an answer; what it hands back is all the
messages, to be searched for secrets.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import libvirt

from esxkit.harness import contents

_SIZE = 1 << 20
_MOST = 8 << 20
"""Bytes that are uploaded, however large the volume says it is."""
_DISK = "<volume><name>{}</name><capacity>1048576</capacity><allocation>0</allocation></volume>"

Done = list[tuple[str, float, str]]
"""What was called, the seconds that it took, and what the error said; "" where there was none."""


class Caller:
    """Calls one thing after another and notes how it went."""

    def __init__(self) -> None:
        self.done: Done = []

    def __call__(self, name: str, call: Callable[[], Any]) -> Any:
        """What the call returns, or None on an error."""
        begun = time.monotonic()
        text, result = "", None
        try:
            result = call()
        except libvirt.libvirtError as error:
            text = f"{error.get_error_code()}: {error.get_error_message()}"
        self.done.append((name, time.monotonic() - begun, text))
        return result


def _by_key(conn: Any, volume: Any) -> Any:
    return conn.storageVolLookupByKey(volume.key())


def _by_path(conn: Any, volume: Any) -> Any:
    return conn.storageVolLookupByPath(volume.path())


def _by_name(pool: Any, volume: Any) -> Any:
    return pool.storageVolLookupByName(volume.name())


def _pools(call: Caller, conn: libvirt.virConnect) -> libvirt.virStoragePool | None:
    """Look at all pools. Returns: the datastore that is written to, or any pool."""
    pools = call("listAllStoragePools", conn.listAllStoragePools) or []
    call("listStoragePools", conn.listStoragePools)
    call("numOfStoragePools", conn.numOfStoragePools)
    for pool in pools[:3]:
        call("pool.info", pool.info)
        call("pool.XMLDesc", pool.XMLDesc)
        call("pool.isActive", pool.isActive)
    named = call("storagePoolLookupByName", lambda: conn.storagePoolLookupByName("datastore1"))
    return named or (pools[0] if pools else None)


def read(call: Caller, conn: libvirt.virConnect, number: int) -> None:
    """All that reads."""
    pool = _pools(call, conn)
    call("getHostname", conn.getHostname)
    call("getVersion", conn.getVersion)
    if pool is None:
        return
    call("pool.refresh", pool.refresh)
    volumes = call("listAllVolumes", pool.listAllVolumes) or []
    call("listVolumes", pool.listVolumes)
    call("numOfVolumes", pool.numOfVolumes)
    for volume in volumes[:4]:
        call("vol.info", volume.info)
        call("vol.XMLDesc", volume.XMLDesc)
        call("vol.key", volume.key)
        call("vol.path", volume.path)
        call("storageVolLookupByKey", functools.partial(_by_key, conn, volume))
        call("storageVolLookupByPath", functools.partial(_by_path, conn, volume))
        call("pool.storageVolLookupByName", functools.partial(_by_name, pool, volume))
    targets = (
        call(
            "listAllStoragePools iscsi", lambda: conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI)
        )
        or []
    )
    for target in targets[:1]:
        call("lun list", target.listAllVolumes)
        call("lun refresh", target.refresh)
        call("target XMLDesc", target.XMLDesc)


def _upload(call: Caller, volume: Any) -> None:
    size = (call("vol.info", volume.info) or [0, _SIZE])[1]
    call("vol.upload", lambda: contents.upload(volume, b"u" * min(size, _MOST), 0, size))


def _download(call: Caller, volume: Any) -> None:
    call("vol.download", lambda: contents.download(volume))
    call("vol.download of a part", lambda: contents.download(volume, 4096, 8192))


def write(call: Caller, conn: libvirt.virConnect, number: int) -> None:
    """All that changes something, on a disk of its own."""
    pool = call("storagePoolLookupByName", lambda: conn.storagePoolLookupByName("datastore1"))
    if pool is None:
        return
    name = f"mutate/{number}.vmdk"
    disk = call("createXML", lambda: pool.createXML(_DISK.format(name)))
    disk = disk or call("lookup", lambda: pool.storageVolLookupByName(name))
    if disk is not None:
        call("createXMLFrom", lambda: pool.createXMLFrom(_DISK.format(f"mutate/{number}-copy.vmdk"), disk))
        call("resize", lambda: disk.resize(2 << 20))
        _upload(call, disk)
        _download(call, disk)
        call("wipe", disk.wipe)
        call("delete", disk.delete)
    plain = call("createXML plain", lambda: pool.createXML(_DISK.format(f"mutate/{number}.iso")))
    if plain is not None:
        _upload(call, plain)
        _download(call, plain)
        call("delete plain", plain.delete)


def run(uri: str, number: int, changes: bool, password: str) -> Done:
    """One round: opens `uri`, does everything, and closes."""
    call = Caller()

    def ask(credentials: list[list[Any]], _opaque: object) -> int:
        for credential in credentials:
            credential[4] = "root" if credential[0] == libvirt.VIR_CRED_AUTHNAME else password
        return 0

    kinds = [libvirt.VIR_CRED_AUTHNAME, libvirt.VIR_CRED_PASSPHRASE]
    conn = call("open", lambda: libvirt.openAuth(uri, [kinds, ask, None], 0))
    if conn is not None:
        (write if changes else read)(call, conn, number)
        call("close", conn.close)
    return call.done
