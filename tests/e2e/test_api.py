# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Every reading call of the storage API by libvirt-python, on the default world, in both modes."""

from __future__ import annotations

import libvirt
import pytest

from esxkit.harness.client import Remote
from esxkit.harness.oracle import World

WORLD = World.load()
NAMES = sorted(pool.name for pool in WORLD.pools)
IQN = "iqn.1992-08.com.netapp:sn.1574163012:vs.3"


def flag(name: str) -> int:
    return getattr(libvirt, f"VIR_CONNECT_LIST_STORAGE_POOLS_{name}")


def of_types(*types: str):
    return [pool.name for pool in WORLD.pools if pool.type in types]


def that_are(accessible: bool):
    return [pool.name for pool in WORLD.pools if pool.accessible == accessible]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), NAMES),
        (("ACTIVE",), that_are(True)),
        (("INACTIVE",), that_are(False)),
        (("ACTIVE", "INACTIVE"), NAMES),
        (("PERSISTENT",), NAMES),
        (("TRANSIENT",), []),
        (("PERSISTENT", "TRANSIENT"), NAMES),
        (("AUTOSTART",), NAMES),
        (("NO_AUTOSTART",), []),
        (("DIR",), of_types("dir")),
        (("FS",), of_types("fs")),
        (("NETFS",), of_types("netfs")),
        (("ISCSI",), of_types("iscsi")),
        (("LOGICAL",), []),
        (("DIR", "ISCSI"), of_types("dir", "iscsi")),
        (("ACTIVE", "PERSISTENT", "AUTOSTART", "FS"), sorted({*of_types("fs")} & {*that_are(True)})),
        (("ACTIVE", "TRANSIENT", "FS"), []),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else "",
)
def test_list_all_storage_pools(conn: Remote, flags, expected):
    found = conn.listAllStoragePools(sum(flag(name) for name in flags))
    assert sorted(pool.name() for pool in found) == sorted(expected)


def test_names_and_numbers_of_pools(conn: Remote):
    active, inactive = sorted(that_are(True)), sorted(that_are(False))
    assert conn.numOfStoragePools() == len(active)
    assert sorted(conn.listStoragePools()) == active
    assert conn.numOfDefinedStoragePools() == len(inactive)
    assert sorted(conn.listDefinedStoragePools()) == inactive


def test_no_pool_is_listed_twice(conn: Remote):
    assert len(set(conn.listStoragePools())) == len(conn.listStoragePools())
    pools = conn.listAllStoragePools(0)
    assert len({pool.UUIDString() for pool in pools}) == len(pools)


@pytest.mark.parametrize("expected", WORLD.pools, ids=lambda pool: pool.name)
def test_pool(conn: Remote, expected):
    pool = conn.storagePoolLookupByName(expected.name)
    assert pool.UUIDString() == expected.uuid
    state = libvirt.VIR_STORAGE_POOL_RUNNING if expected.accessible else libvirt.VIR_STORAGE_POOL_INACCESSIBLE
    assert pool.info() == [state, expected.capacity, expected.allocation, expected.available]
    assert pool.isActive() == expected.accessible
    assert pool.isPersistent() == 1
    assert pool.autostart() == 1
    if expected.accessible:
        assert pool.numOfVolumes() == len(expected.volumes)
        assert sorted(pool.listVolumes()) == sorted(volume.name for volume in expected.volumes)


@pytest.mark.parametrize("expected", WORLD.pools, ids=lambda pool: pool.name)
def test_pool_lookups(conn: Remote, expected):
    assert conn.storagePoolLookupByUUIDString(expected.uuid).name() == expected.name
    sharing = {pool.name for pool in WORLD.pools if pool.target_path == expected.target_path}
    assert conn.storagePoolLookupByTargetPath(expected.target_path).name() in sharing


def test_lookup_by_target_path_takes_unclean_paths(conn: Remote):
    path = WORLD.pool("datastore1").target_path
    assert path
    for unclean in (path + "/", path.replace("/volumes/", "//volumes//")):
        assert conn.storagePoolLookupByTargetPath(unclean).name() == "datastore1"


@pytest.mark.parametrize("expected", [p for p in WORLD.pools if p.accessible], ids=lambda pool: pool.name)
def test_list_all_volumes(conn: Remote, expected):
    volumes = conn.storagePoolLookupByName(expected.name).listAllVolumes(0)
    assert sorted((v.name(), v.key()) for v in volumes) == sorted((v.name, v.key) for v in expected.volumes)


@pytest.mark.parametrize("pool_name", ["datastore1", "nfs-datastore", IQN])
def test_volumes_answer_alike_however_they_were_found(conn: Remote, pool_name: str):
    pool = conn.storagePoolLookupByName(pool_name)
    for expected in filter(lambda volume: volume.exact, WORLD.pool(pool_name).volumes):
        by_name = pool.storageVolLookupByName(expected.name)
        kind = libvirt.VIR_STORAGE_VOL_FILE if expected.type == "file" else libvirt.VIR_STORAGE_VOL_BLOCK
        for volume in (
            by_name,
            conn.storageVolLookupByKey(expected.key),
            conn.storageVolLookupByPath(expected.path),
        ):
            assert (volume.name(), volume.key(), volume.path()) == (expected.name, expected.key, expected.path)
            assert volume.info() == [kind, expected.capacity, expected.allocation]
        assert by_name.storagePoolLookupByVolume().name() == pool_name


def test_info_flags(conn: Remote):
    expected = next(volume for volume in WORLD.pool("datastore1").volumes if volume.name == "Fedora/Fedora.vmdk")
    volume = conn.storageVolLookupByPath(expected.path)
    assert volume.infoFlags(0) == [libvirt.VIR_STORAGE_VOL_FILE, expected.capacity, expected.allocation]
    physical = volume.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)
    assert physical == [libvirt.VIR_STORAGE_VOL_FILE, expected.capacity, expected.allocation]


def test_paths_may_lack_the_blank_or_have_more(conn: Remote):
    for path in ("[datastore1]Fedora/Fedora.vmdk", "[datastore1]   Fedora/Fedora.vmdk"):
        volume = conn.storageVolLookupByPath(path)
        assert (volume.name(), volume.key()) == ("Fedora/Fedora.vmdk", "[datastore1] Fedora/Fedora.vmdk")


def test_about_the_connection(conn: Remote, site, fake):
    assert conn.getType() == "ESX"
    assert conn.getVersion() == WORLD.version
    assert conn.getHostname() in (WORLD.host_name, fake.host)
    assert conn.isAlive() == 1
    # Through a local socket the remote driver's own verdict counts as well.
    assert conn.isEncrypted() == (1 if site.mode == "embedded" else 0)
    assert conn.isSecure() == 1
    assert "<capabilities>" in conn.getCapabilities()
    assert "embed" in conn.getURI()


def test_there_are_no_domains(conn: Remote):
    assert conn.listAllDomains(0) == []
    assert conn.numOfDomains() == 0
    assert conn.listDomainsID() == []
    assert conn.numOfDefinedDomains() == 0
    assert conn.listDefinedDomains() == []
