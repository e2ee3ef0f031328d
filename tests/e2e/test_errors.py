# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Error codes of calls that cannot succeed, on the default world, in both modes."""

from __future__ import annotations

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.virsh import Virsh

IQN = "iqn.1992-08.com.netapp:sn.1574163012:vs.3"
LUN = "/vmfs/devices/disks/naa.60a98000375436442d5d476a4f785a44"
NO_POOL = libvirt.VIR_ERR_NO_STORAGE_POOL
NO_VOLUME = libvirt.VIR_ERR_NO_STORAGE_VOL
NO_SUPPORT = libvirt.VIR_ERR_NO_SUPPORT
INVALID = libvirt.VIR_ERR_INVALID_ARG


@pytest.mark.parametrize("name", ["nope", "", "DATASTORE1", "datastore1 ", "iqn.2099-01.org:none", "x" * 5000, "%s%n"])
def test_pool_by_unknown_name(conn: Remote, name: str):
    with raises_error(NO_POOL, mentions=name[:20]):
        conn.storagePoolLookupByName(name)


def test_pool_by_unknown_uuid(conn: Remote):
    unknown = "01234567-89ab-cdef-0123-456789abcdef"
    with raises_error(NO_POOL, mentions=unknown):
        conn.storagePoolLookupByUUIDString(unknown)


@pytest.mark.parametrize("path", ["/nowhere", "/vmfs/volumes", "relative"])
def test_pool_by_unknown_target_path(conn: Remote, path: str):
    with raises_error(NO_POOL, mentions=path):
        conn.storagePoolLookupByTargetPath(path)


@pytest.mark.parametrize(
    "name",
    [
        "nope.vmdk",
        "Fedora/nope.vmdk",
        "Fedora",
        "Fedora/",
        "fedora/fedora.vmdk",
        "iso/*.iso",
        "iso/drivers.fl?",
        "iso/[d]rivers.flp",
        "../datastore1/Fedora/Fedora.vmdk",
        "Fedora/../Fedora/Fedora.vmdk",
        "Fedora//Fedora.vmdk",
        "/Fedora/Fedora.vmdk",
        "./Fedora/Fedora.vmdk",
        "..",
        "",
        "[datastore1] Fedora/Fedora.vmdk",
        "]",
        "%s%s%n",
        LUN,
    ],
)
def test_volume_by_unknown_name(conn: Remote, name: str):
    pool = conn.storagePoolLookupByName("datastore1")
    with raises_error(NO_VOLUME, mentions=name):
        pool.storageVolLookupByName(name)


@pytest.mark.parametrize("name", ["nope", "/vmfs/devices/disks/naa.6090a088006f910fe8df241e1a01d012", "naa.*", ""])
def test_lun_by_a_name_its_target_does_not_have(conn: Remote, name: str):
    pool = conn.storagePoolLookupByName(IQN)
    with raises_error(NO_VOLUME, mentions=name):
        pool.storageVolLookupByName(name)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("[datastore1] nope.vmdk", NO_VOLUME),
        ("[datastore1] iso/*.iso", NO_VOLUME),
        ("[datastore1] ../nfs-ro/tools.iso", NO_VOLUME),
        ("[nope] a/b.vmdk", NO_VOLUME),
        ("[datastore1]", NO_VOLUME),
        ("/vmfs/devices/disks/naa.none", NO_VOLUME),
        ("/vmfs/devices/disks/*", NO_VOLUME),
        ("no/brackets.vmdk", NO_VOLUME),
        ("[unclosed a.vmdk", NO_VOLUME),
    ],
)
def test_volume_by_unknown_path(conn: Remote, path: str, code: int):
    with raises_error(code, mentions=path):
        conn.storageVolLookupByPath(path)


@pytest.mark.parametrize(
    "key", ["nope", "[datastore1] nope.vmdk", "[nope] a.vmdk", "01234567-89ab-cdef-0123-456789abcdef", "]["]
)
def test_volume_by_unknown_key(conn: Remote, key: str):
    with raises_error(NO_VOLUME, mentions=key):
        conn.storageVolLookupByKey(key)


POOL_XML = "<pool type='dir'><name>new</name><target><path>/new</path></target></pool>"
VOLUME_XML = (
    "<volume><name>a/b.vmdk</name><capacity>1048576</capacity>"
    "<target><format type='vmdk'/></target></volume>"
)  # fmt: skip

# What later versions add: until then each of these says that it does not exist.
UNSUPPORTED_POOL_VERBS = {
    "define": lambda conn, pool: conn.storagePoolDefineXML(POOL_XML, 0),
    "create": lambda conn, pool: conn.storagePoolCreateXML(POOL_XML, 0),
    "build": lambda conn, pool: pool.build(0),
    "stop": lambda conn, pool: pool.destroy(),
    "delete": lambda conn, pool: pool.delete(0),
    "undefine": lambda conn, pool: pool.undefine(),
}
UNSUPPORTED_LUN_VERBS = {
    "delete": lambda volume: volume.delete(0),
    "wipe": lambda volume: volume.wipe(0),
    "wipe pattern": lambda volume: volume.wipePattern(libvirt.VIR_STORAGE_VOL_WIPE_ALG_DOD, 0),
    "resize": lambda volume: volume.resize(2**40, 0),
    "upload": lambda volume: volume.upload(volume.connect().newStream(0), 0, 0, 0),
    "download": lambda volume: volume.download(volume.connect().newStream(0), 0, 0, 0),
    "create": lambda volume: volume.storagePoolLookupByVolume().createXML(VOLUME_XML, 0),
    "clone": lambda volume: volume.storagePoolLookupByVolume().createXMLFrom(VOLUME_XML, volume, 0),
}


@pytest.mark.parametrize("pool", ["datastore1", IQN, "vmhba2"])
@pytest.mark.parametrize("verb", UNSUPPORTED_POOL_VERBS)
def test_changing_pools_is_not_supported(conn: Remote, verb: str, pool: str):
    with raises_error(NO_SUPPORT, mentions="this version does not"):
        UNSUPPORTED_POOL_VERBS[verb](conn, conn.storagePoolLookupByName(pool))


def test_finding_sources_is_not_supported(conn: Remote):
    with raises_error(NO_SUPPORT):
        conn.findStoragePoolSources("netfs", None, 0)


@pytest.mark.parametrize("pool", ["datastore1", IQN, "vmhba2"])
def test_starting_a_running_pool_says_that_it_is_active(conn: Remote, pool: str):
    """Scripts that start a pool each time expect that."""
    with raises_error(libvirt.VIR_ERR_OPERATION_INVALID, mentions=f"storage pool '{pool}' is already active"):
        conn.storagePoolLookupByName(pool).create(0)


@pytest.mark.parametrize("verb", UNSUPPORTED_LUN_VERBS)
def test_changing_luns_is_not_supported(conn: Remote, verb: str):
    with raises_error(NO_SUPPORT, mentions="array"):
        UNSUPPORTED_LUN_VERBS[verb](conn.storageVolLookupByPath(LUN))


FLAG_CALLS = {
    "list pools": lambda conn, pool, volume: conn.listAllStoragePools(1 << 30),
    "pool xml": lambda conn, pool, volume: pool.XMLDesc(1 << 8),
    "refresh": lambda conn, pool, volume: pool.refresh(1),
    "list volumes": lambda conn, pool, volume: pool.listAllVolumes(1),
    "volume xml": lambda conn, pool, volume: volume.XMLDesc(1),
    "volume info": lambda conn, pool, volume: volume.infoFlags(1 << 5),
    "capabilities": lambda conn, pool, volume: conn.getStoragePoolCapabilities(1),
    "create": lambda conn, pool, volume: pool.createXML(VOLUME_XML, 1 << 9),
    "clone": lambda conn, pool, volume: pool.createXMLFrom(VOLUME_XML, volume, 1 << 9),
    "delete": lambda conn, pool, volume: volume.delete(1 << 9),
    "wipe": lambda conn, pool, volume: volume.wipe(1 << 9),
    "wipe pattern": lambda conn, pool, volume: volume.wipePattern(0, 1 << 9),
    "resize": lambda conn, pool, volume: volume.resize(2**40, 1 << 9),
    "upload": lambda conn, pool, volume: volume.upload(conn.newStream(0), 0, 0, 1 << 9),
    "download": lambda conn, pool, volume: volume.download(conn.newStream(0), 0, 0, 1 << 9),
}


@pytest.mark.parametrize("path", ["[datastore1] Fedora/Fedora.vmdk", LUN])
@pytest.mark.parametrize("call", FLAG_CALLS)
def test_unknown_flags_are_refused(conn: Remote, call: str, path: str):
    volume = conn.storageVolLookupByPath(path)
    with raises_error(INVALID, mentions="flags"):
        FLAG_CALLS[call](conn, volume.storagePoolLookupByVolume(), volume)


def test_autostart_may_be_confirmed_but_not_switched_off(conn: Remote):
    pool = conn.storagePoolLookupByName("datastore1")
    pool.setAutostart(1)
    with raises_error(None):
        pool.setAutostart(0)
    assert pool.autostart() == 1


def test_a_read_only_connection_reads_and_refuses_to_change(client: Client, site, fake):
    conn = client.open(site.uri(fake), readonly=True)
    pool = conn.storagePoolLookupByName("datastore1")
    assert pool.numOfVolumes() > 0
    assert pool.listAllVolumes(0)[0].info()
    for change in (lambda: pool.refresh(0), lambda: pool.setAutostart(1), lambda: pool.createXML(VOLUME_XML, 0)):
        with raises_error(libvirt.VIR_ERR_OPERATION_DENIED):
            change()


def test_a_pool_that_has_just_gone_is_no_pool(client: Client, site, new_fake):
    """Also while the driver still knows it from before."""
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl=60))
    pool = conn.storagePoolLookupByName("localdir")
    server.control.remove_datastore(name="localdir")
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_POOL, mentions="localdir"):
        pool.refresh(0)


def test_virsh_says_the_name_that_was_asked_for(virsh: Virsh):
    for arguments, name in [
        (("pool-info", "no such pool"), "no such pool"),
        (("vol-info", "--pool", "datastore1", "no/such.vmdk"), "no/such.vmdk"),
        (("vol-pool", "[datastore1] no/such.vmdk"), "no/such.vmdk"),
    ]:
        result = virsh(*arguments)
        assert not result.ok
        assert name in result.err
        assert "unknown" not in result.err
