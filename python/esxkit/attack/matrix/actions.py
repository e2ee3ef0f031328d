# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The verbs as they run in the client's process: functions of a connection and of names, with plain results."""

from __future__ import annotations

import hashlib
from typing import Any

import libvirt

from esxkit.attack.matrix.names import CLONE, DISK, FILE, FOLDER, KIB, NEW_DISK, NEW_FILE, Names
from esxkit.harness.contents import download as read_contents
from esxkit.harness.contents import download_sparse as read_sparse
from esxkit.harness.contents import upload as write_contents
from esxkit.harness.contents import upload_sparse as write_sparse
from esxkit.harness.volumes import some_bytes, volume_xml


def _digest(data: bytes) -> tuple[int, str]:
    return len(data), hashlib.sha256(data).hexdigest()


def _pool(conn: Any, names: Names) -> Any:
    return conn.storagePoolLookupByName(names.store)


def _volume(conn: Any, names: Names, name: str) -> Any:
    return _pool(conn, names).storageVolLookupByName(name)


# -- the host and its pools --------------------------------------------------------------------


def open_close(names: Names) -> Any:
    """A connection, and its end."""
    conn = libvirt.open(names.uri)
    try:
        return conn.getHostname()
    finally:
        conn.close()


def first_list(names: Names) -> Any:
    """What a client does that lists the pools and ends."""
    conn = libvirt.open(names.uri)
    try:
        return pool_list(conn, names)
    finally:
        conn.close()


def host(conn: Any, _names: Names) -> Any:
    """What is known of the host."""
    return conn.getInfo(), conn.getVersion(), conn.getHostname(), conn.isAlive()


def pool_list(conn: Any, _names: Names) -> Any:
    """All pools."""
    return sorted((pool.name(), pool.UUIDString()) for pool in conn.listAllStoragePools(0))


def pool_names(conn: Any, _names: Names) -> Any:
    """The older listing."""
    return conn.numOfStoragePools(), sorted(conn.listStoragePools())


def pool_info(conn: Any, names: Names) -> Any:
    """A datastore as a pool."""
    pool = _pool(conn, names)
    state, capacity, *_free = pool.info()
    return pool.UUIDString(), state, capacity, pool.isActive(), pool.isPersistent(), pool.autostart()


def pool_xml(conn: Any, names: Names) -> Any:
    """A datastore as XML, without what changes."""
    lines = _pool(conn, names).XMLDesc(0).splitlines()
    return [line for line in lines if "<allocation" not in line and "<available" not in line]


def target_xml(conn: Any, names: Names) -> Any:
    """A target as a pool."""
    pool = conn.storagePoolLookupByName(names.iqn)
    return pool.XMLDesc(0), pool.info()


def pool_refresh(conn: Any, names: Names) -> Any:
    """RefreshDatastore."""
    return _pool(conn, names).refresh(0)


def target_refresh(conn: Any, names: Names) -> Any:
    """RescanHba."""
    return conn.storagePoolLookupByName(names.iqn).refresh(0)


# -- looking at volumes ------------------------------------------------------------------------


def vol_list(conn: Any, names: Names) -> Any:
    """The volumes of a datastore."""
    return sorted((volume.name(), volume.key()) for volume in _pool(conn, names).listAllVolumes(0))


def vol_names(conn: Any, names: Names) -> Any:
    """The older listing."""
    pool = _pool(conn, names)
    return pool.numOfVolumes(), sorted(pool.listVolumes())


def target_vol_list(conn: Any, names: Names) -> Any:
    """The LUNs of a target."""
    pool = conn.storagePoolLookupByName(names.iqn)
    return sorted((volume.name(), volume.key(), tuple(volume.info())) for volume in pool.listAllVolumes(0))


def vol_info(conn: Any, names: Names) -> Any:
    """A disk: sizes, path, XML."""
    volume = _volume(conn, names, DISK)
    return volume.info(), volume.path(), volume.key(), volume.XMLDesc(0)


def vol_by_key(conn: Any, names: Names) -> Any:
    """A volume by its key, and the pool it is in."""
    volume = conn.storageVolLookupByKey(names.key(FILE))
    return volume.name(), volume.storagePoolLookupByVolume().name()


def vol_by_path(conn: Any, names: Names) -> Any:
    """A volume by its path."""
    return conn.storageVolLookupByPath(names.key(DISK)).name()


def vol_by_uuid(conn: Any, names: Names) -> Any:
    """A volume by the UUID of its disk, for which every disk is asked."""
    return conn.storageVolLookupByKey(names.uuid).name()


# -- contents ----------------------------------------------------------------------------------


def download_disk(conn: Any, names: Names) -> Any:
    """The contents of a disk."""
    return _digest(read_contents(_volume(conn, names, DISK)))


def download_file(conn: Any, names: Names) -> Any:
    """The contents of a plain file."""
    return _digest(read_contents(_volume(conn, names, FILE)))


def download_range(conn: Any, names: Names) -> Any:
    """A part of a disk."""
    return _digest(read_contents(_volume(conn, names, DISK), 4096, 64 * KIB))


def download_sparse(conn: Any, names: Names) -> Any:
    """A disk with its holes."""
    pieces = read_sparse(_volume(conn, names, DISK))
    return [piece if isinstance(piece, int) else _digest(piece) for piece in pieces]


def upload_disk(conn: Any, names: Names) -> Any:
    """New contents of a disk."""
    return write_contents(_volume(conn, names, DISK), some_bytes(names.disk_size, "new"))


def upload_file(conn: Any, names: Names) -> Any:
    """New contents of a plain file."""
    return write_contents(_volume(conn, names, FILE), some_bytes(names.file_size, "new"))


def upload_known(conn: Any, names: Names) -> Any:
    """The same, with the length said before."""
    return write_contents(_volume(conn, names, FILE), some_bytes(names.file_size, "new"), 0, names.file_size)


def upload_sparse(conn: Any, names: Names) -> Any:
    """Data, a hole, data."""
    half = names.disk_size // 2
    pieces: list[bytes | int] = [some_bytes(64 * KIB, "a"), half, some_bytes(half - 64 * KIB, "b")]
    return write_sparse(_volume(conn, names, DISK), pieces)


# -- changes -----------------------------------------------------------------------------------


def create_file(conn: Any, names: Names) -> Any:
    """A plain file in a folder that is there."""
    return _pool(conn, names).createXML(volume_xml(NEW_FILE, 64 * KIB), 0).key()


def create_file_in_folders(conn: Any, names: Names) -> Any:
    """A plain file in two folders that are not there."""
    return _pool(conn, names).createXML(volume_xml(f"{FOLDER}/f1/f2/new.iso", 64 * KIB), 0).key()


def create_disk(conn: Any, names: Names) -> Any:
    """A thin disk."""
    return _pool(conn, names).createXML(volume_xml(NEW_DISK, 1024 * KIB, thin=True), 0).key()


def create_disk_in_folder(conn: Any, names: Names) -> Any:
    """A thick disk in a folder that is not there."""
    return _pool(conn, names).createXML(volume_xml(f"{FOLDER}/f1/thick.vmdk", 1024 * KIB), 0).key()


def clone_disk(conn: Any, names: Names) -> Any:
    """A copy of a disk."""
    xml = volume_xml(CLONE, names.disk_size)
    return _pool(conn, names).createXMLFrom(xml, _volume(conn, names, DISK), 0).key()


def clone_larger(conn: Any, names: Names) -> Any:
    """A larger copy of a disk: copied, then extended."""
    xml = volume_xml(CLONE, names.disk_size * 2)
    return _pool(conn, names).createXMLFrom(xml, _volume(conn, names, DISK), 0).key()


def clone_file(conn: Any, names: Names) -> Any:
    """A copy of a plain file."""
    xml = volume_xml(NEW_FILE, names.file_size)
    return _pool(conn, names).createXMLFrom(xml, _volume(conn, names, FILE), 0).key()


def clone_elsewhere(conn: Any, names: Names) -> Any:
    """A copy of a disk on another datastore, in a folder that is not there."""
    xml = volume_xml(CLONE, names.disk_size)
    return conn.storagePoolLookupByName(names.other).createXMLFrom(xml, _volume(conn, names, DISK), 0).key()


def resize(conn: Any, names: Names) -> Any:
    """A larger disk."""
    return _volume(conn, names, DISK).resize(names.disk_size * 2, 0)


def wipe(conn: Any, names: Names) -> Any:
    """Zeros over a disk."""
    return _volume(conn, names, DISK).wipe(0)


def delete_disk(conn: Any, names: Names) -> Any:
    """A disk, both its files."""
    return _volume(conn, names, DISK).delete(0)


def delete_file(conn: Any, names: Names) -> Any:
    """A plain file."""
    return _volume(conn, names, FILE).delete(0)
