# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What of a datastore is a volume, and under which names it is found."""

from __future__ import annotations

import libvirt
import pytest

from esxkit.fake import vmdk
from esxkit.harness.check import raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.oracle import World
from esxkit.harness.volumes import volume_xml

# Names that are easily read as something else.
ODD = [
    " leading blank.iso",
    "trailing blank ",
    "  two blanks/ one more.bin",
    "a+b&c%d?e#f'g\"h.img",
    "100%25/%2e%2e.bin",
    "[datastore1] again.iso",
    "<&>.raw",
    "*?[a].raw",
    "ünï/中文 ∞.bin",
    "x" * 251 + ".bin",
    "no ending",
]
NO_VOLUMES = ["a-flat.vmdk", "A-CTK.VMDK", "a-s001.vmdk", "a.vmx", "a.NVRAM", "vmware.log", "...", ".folder/a.iso"]
SEARCH = "SearchDatastoreSubFolders_Task"


def test_odd_names_are_found_under_the_very_name(client: Client, site, new_fake):
    server = new_fake()
    for name in [*ODD, *NO_VOLUMES]:
        server.control.add_file(datastore="vmfs-empty", path=name, size=512)
    pool = client.open(site.uri(server)).storagePoolLookupByName("vmfs-empty")
    assert sorted(pool.listVolumes()) == sorted(ODD)
    for name in ODD:
        volume = pool.storageVolLookupByName(name)
        assert volume.name() == name
        assert volume.path() == volume.key() == f"[vmfs-empty] {name}"
        assert volume.info()[1:] == [512, 512]
    for name in NO_VOLUMES:
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions=name):
            pool.storageVolLookupByName(name)


def test_odd_names_are_found_by_path_and_key(client: Client, site, new_fake):
    server = new_fake()
    for name in ODD:
        server.control.add_file(datastore="vmfs-empty", path=name, size=512)
    conn = client.open(site.uri(server))
    for name in ODD:
        path = f"[vmfs-empty] {name}"
        assert conn.storageVolLookupByPath(path).name() == name
        assert conn.storageVolLookupByKey(path).name() == name


def test_a_path_as_it_is_comes_before_one_with_less_blanks(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    assert conn.storageVolLookupByPath("[datastore1]   iso/drivers.flp").name() == "iso/drivers.flp"
    server.control.add_file(datastore="datastore1", path="  iso/drivers.flp", size=1)
    assert conn.storageVolLookupByPath("[datastore1]   iso/drivers.flp").name() == "  iso/drivers.flp"
    assert conn.storageVolLookupByPath("[datastore1] iso/drivers.flp").name() == "iso/drivers.flp"


@pytest.mark.parametrize(
    ("pool", "folder", "friendly", "file"),
    [
        ("vsanDatastore", "5f0d7c64-9a31-e2bb-11c0-0050569b1c2f", "web", "web.vmdk"),
        ("VVOL-DS", "naa.60002AC0000000000001705700026282", "win2008_vvol_vm2", "win2008_vvol_vm2.vmdk"),
    ],
)
def test_a_folder_is_found_by_the_name_people_gave_it(conn: Remote, pool: str, folder: str, friendly: str, file: str):
    real = f"{folder}/{file}"
    assert conn.storagePoolLookupByName(pool).storageVolLookupByName(f"{friendly}/{file}").name() == real
    assert conn.storageVolLookupByPath(f"[{pool}] {friendly}/{file}").name() == real
    assert conn.storagePoolLookupByName(pool).listVolumes() == [real]


def test_a_server_that_refuses_the_plain_query(client: Client, site, new_fake, world: World):
    server = new_fake(refuse_base_query=True)
    pool = client.open(site.uri(server, cache_ttl="0")).storagePoolLookupByName("datastore1")
    images = (".vmdk", ".iso", ".flp", ".img")
    expected = sorted(v.name for v in world.pool("datastore1").volumes if v.name.lower().endswith(images))
    before = server.requests()[SEARCH]
    assert sorted(pool.listVolumes()) == expected
    asked = server.requests()[SEARCH]
    # Refused, and asked again without it, once; then it is known.
    pool.listVolumes()
    assert server.requests()[SEARCH] - asked == asked - before - 1


BRACKETS = ["ds [old]", "[SSD] fast", "a]b", "[", "]", "a] b"]


@pytest.mark.parametrize("scheme", ["esx", "vpx"])
def test_datastores_with_brackets_are_found_by_every_lookup(client: Client, site, new_fake, scheme: str):
    server = new_fake(world="vcenter" if scheme == "vpx" else "default")
    for name in BRACKETS:
        server.control.add_datastore(name=name)
        server.control.add_disk(datastore=name, path="vm/d.vmdk", capacity=1024 * 1024)
        server.control.add_file(datastore=name, path="[x] y] z.iso", size=512)
    conn = client.open(site.uri(server, scheme=scheme))
    for name in BRACKETS:
        pool = conn.storagePoolLookupByName(name)
        assert sorted(pool.listVolumes()) == ["[x] y] z.iso", "vm/d.vmdk"]
        for volume_name in pool.listVolumes():
            key = f"[{name}] {volume_name}"
            volume = pool.storageVolLookupByName(volume_name)
            assert volume.key() == volume.path() == key
            for found in (conn.storageVolLookupByKey(key), conn.storageVolLookupByPath(key)):
                assert (found.name(), found.key()) == (volume_name, key)
                assert found.storagePoolLookupByVolume().name() == name


def test_a_path_means_the_longest_known_name_that_has_the_file(client: Client, site, new_fake):
    server = new_fake()
    for name in ("a", "a] b"):
        server.control.add_datastore(name=name)
    server.control.add_file(datastore="a", path="b] both.iso", size=1)
    server.control.add_file(datastore="a", path="b] one.iso", size=1)
    server.control.add_file(datastore="a] b", path="both.iso", size=2)
    conn = client.open(site.uri(server))
    longest = conn.storageVolLookupByPath("[a] b] both.iso")
    assert (longest.storagePoolLookupByVolume().name(), longest.info()[1]) == ("a] b", 2)
    shorter = conn.storageVolLookupByPath("[a] b] one.iso")
    assert (shorter.storagePoolLookupByVolume().name(), shorter.name()) == ("a", "b] one.iso")


def test_verbs_of_a_datastore_with_brackets(client: Client, site, new_fake):
    server = new_fake()
    server.control.add_datastore(name="ds [old]")
    conn = client.open(site.uri(server))
    pool = conn.storagePoolLookupByName("ds [old]")
    disk = pool.createXML(volume_xml("new/d.vmdk", 1024 * 1024))
    assert disk.key() == "[ds [old]] new/d.vmdk"
    disk.resize(2 * 1024 * 1024)
    copy = pool.createXMLFrom(volume_xml("new/copy.vmdk", 2 * 1024 * 1024), disk)
    assert copy.info()[1] == 2 * 1024 * 1024
    disk.delete()
    file = pool.createXML(volume_xml("f.raw", 512))
    assert sorted(pool.listVolumes()) == ["f.raw", "new/copy.vmdk"]
    file.delete()
    copy.wipe()
    copy.delete()
    assert pool.listVolumes() == []


LIKE_EXTENTS = ["web-s001.vmdk", "x-flat.vmdk", "node-ctk.vmdk", "app-delta.vmdk", "a/A-SESPARSE.VMDK", "r-rdmp.vmdk"]


def test_disks_that_are_called_like_an_extent_are_volumes(client: Client, site, new_fake):
    server = new_fake()
    for name in LIKE_EXTENTS:
        text = vmdk.compose("contents-flat.vmdk", 1024 * 1024, uuid=vmdk.derived_uuid(name))
        server.control.add_file(datastore="vmfs-empty", path=name, text=text)
    # What has the name alone is none: a file of zeros, of a binary, and an extent beside its disk.
    server.control.add_disk(datastore="vmfs-empty", path="disk.vmdk", capacity=1024 * 1024)
    server.control.add_file(datastore="vmfs-empty", path="z-flat.vmdk", size=4096)
    server.control.add_file(datastore="vmfs-empty", path="b-delta.vmdk", text="COWD")
    conn = client.open(site.uri(server))
    pool = conn.storagePoolLookupByName("vmfs-empty")
    assert sorted(pool.listVolumes()) == sorted(["disk.vmdk", *LIKE_EXTENTS])
    for name in LIKE_EXTENTS:
        volume = pool.storageVolLookupByName(name)
        assert volume.info()[1] == 1024 * 1024
        assert conn.storageVolLookupByPath(volume.path()).name() == name
    for name in ("disk-flat.vmdk", "z-flat.vmdk", "b-delta.vmdk"):
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions=name):
            pool.storageVolLookupByName(name)


def test_verbs_of_a_disk_that_is_called_like_an_extent(client: Client, site, new_fake):
    server = new_fake()
    text = vmdk.compose("x-flat-flat.vmdk", 1024 * 1024, uuid=vmdk.derived_uuid("x"))
    server.control.add_file(datastore="vmfs-empty", path="x-flat.vmdk", text=text)
    server.control.add_file(datastore="vmfs-empty", path="x-flat-flat.vmdk", size=1024 * 1024)
    conn = client.open(site.uri(server))
    pool = conn.storagePoolLookupByName("vmfs-empty")
    assert pool.listVolumes() == ["x-flat.vmdk"]
    disk = pool.storageVolLookupByName("x-flat.vmdk")
    pool.createXMLFrom(volume_xml("copy.vmdk", 1024 * 1024), disk)
    disk.resize(2 * 1024 * 1024)
    assert disk.info()[1] == 2 * 1024 * 1024
    disk.wipe()
    disk.delete()
    assert pool.listVolumes() == ["copy.vmdk"]
    left = server.control.list_files(datastore="vmfs-empty")
    assert sorted(name for name in left if name.endswith(".vmdk")) == ["copy-flat.vmdk", "copy.vmdk"]
