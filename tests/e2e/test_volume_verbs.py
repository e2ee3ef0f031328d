# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Every reading verb of virsh on volumes, on the default world, in both modes."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from esxkit.harness import schema
from esxkit.harness.check import text_of
from esxkit.harness.oracle import Pool, Volume, World
from esxkit.harness.virsh import Virsh, human

WORLD = World.load()
# Volumes of every kind, and with names that have been trouble: blanks, brackets, percent signs, umlauts, markup.
SOME = [
    ("datastore1", "Fedora/Fedora.vmdk"),
    ("datastore1", "win 2016 (dc)/win 2016 (dc)_1.vmdk"),
    ("datastore1", "snap/snap-000002.vmdk"),
    ("datastore1", "rdm-vm/rdm-vm_1.vmdk"),
    ("datastore1", "iso/virtio-win.ISO"),
    ("datastore1", "iso/floppy.img"),
    ("datastore1", "kickstart/a/b/c/deep.iso"),
    ("datastore1", 'Ünïcode-Überraschung/größe & <tag> "x".iso'),
    ("datastore1", "Ünïcode-Überraschung/it's.flp"),
    ("datastore1", "100% [brackets]+plus/a%2fb#c?.iso"),
    ("of-vmfs5", "legacy/legacy.vmdk"),
    ("sp ace+plus & <x>%2f", "vm one/vm one.vmdk"),
    ("nfs-ro", "tools.iso"),
    ("vsanDatastore", "5f0d7c64-9a31-e2bb-11c0-0050569b1c2f/web.vmdk"),
    ("VVOL-DS", "naa.60002AC0000000000001705700026282/win2008_vvol_vm2.vmdk"),
    ("localdir", "floppies/boot.flp"),
    ("iqn.2006-01.com.openfiler:tsn.bdb5a2a2f8e6",
     "/vmfs/devices/disks/t10.F405E46494C45425F49615840723D214D476A4D2E457B416"),
    ("iqn.2003-01.org.linux-iscsi.store1.x8664:sn.4b0a2f1e9c3d",
     "/vmfs/devices/disks/naa.6001405a8f0c2d9e7b64f1ab93c5d7e2"),
    ("iqn.1986-03.com.hp:storage.msa2040.1447245a12", "/vmfs/devices/genscsi/naa.600c0ff00011a2b30000000000000000"),
]  # fmt: skip
SOME_VOLUMES = pytest.mark.parametrize(
    "volume",
    [next(v for v in WORLD.pool(pool).volumes if v.name == name) for pool, name in SOME],
    ids=lambda volume: volume.name,
)
EVERY_POOL = pytest.mark.parametrize("pool", [p for p in WORLD.pools if p.accessible], ids=lambda pool: pool.name)


@EVERY_POOL
def test_vol_list(virsh: Virsh, pool: Pool):
    rows = virsh("vol-list", pool.name).check().table()
    assert sorted((row["Name"], row["Path"]) for row in rows) == sorted((v.name, v.path) for v in pool.volumes)


@EVERY_POOL
def test_vol_list_details(virsh: Virsh, pool: Pool):
    rows = {row["Name"]: row for row in virsh("vol-list", pool.name, "--details").check().table()}
    assert sorted(rows) == sorted(volume.name for volume in pool.volumes)
    for volume in filter(lambda volume: volume.exact, pool.volumes):
        sizes = [human(volume.capacity), human(volume.allocation)]
        assert list(rows[volume.name].values()) == [volume.name, volume.path, volume.type, *sizes]


@SOME_VOLUMES
def test_vol_info_by_name_path_and_key(virsh: Virsh, volume: Volume):
    expected = {
        "Name": volume.name,
        "Type": volume.type,
        "Capacity": f"{volume.capacity} bytes",
        "Allocation": f"{volume.allocation} bytes",
    }
    by_name = virsh("vol-info", "--bytes", "--pool", volume.pool, volume.name).check()
    assert by_name.fields() == expected
    for handle in {volume.path, volume.key}:
        assert virsh("vol-info", "--bytes", handle).check().fields() == expected


@SOME_VOLUMES
def test_vol_info_physical(virsh: Virsh, volume: Volume):
    fields = virsh("vol-info", "--bytes", "--physical", "--pool", volume.pool, volume.name).check().fields()
    assert fields["Physical"] == f"{volume.allocation} bytes"


@SOME_VOLUMES
def test_vol_path_key_name_pool(virsh: Virsh, volume: Volume):
    assert virsh("vol-path", "--pool", volume.pool, volume.name).check().out.rstrip("\n") == volume.path
    assert virsh("vol-key", "--pool", volume.pool, volume.name).check().out.rstrip("\n") == volume.key
    for handle in {volume.path, volume.key}:
        assert virsh("vol-name", handle).check().out.rstrip("\n") == volume.name
        pool = virsh("vol-pool", handle).check().out.rstrip("\n")
        assert any(volume.key == other.key for other in WORLD.pool(pool).volumes)


@SOME_VOLUMES
def test_vol_pool_uuid(virsh: Virsh, volume: Volume):
    holders = {pool.uuid for pool in WORLD.pools if any(volume.key == other.key for other in pool.volumes)}
    assert virsh("vol-pool", "--uuid", volume.path).check().out.strip() in holders


@SOME_VOLUMES
def test_vol_dumpxml(virsh: Virsh, volume: Volume):
    xml = virsh("vol-dumpxml", "--pool", volume.pool, volume.name).check().out
    root = ElementTree.fromstring(xml)
    assert root.get("type") == volume.type
    assert root.findtext("name") == volume.name
    assert root.findtext("key") == volume.key
    assert int(text_of(root, "capacity")) == volume.capacity
    assert int(text_of(root, "allocation")) == volume.allocation
    assert root.findtext("target/path") == volume.path
    found = root.find("target/format")
    assert (found.get("type") if found is not None else None) == volume.format
    assert root.find("target/permissions") is None
    schema.validate_volume(xml)


@pytest.mark.parametrize(
    "volume", [v for v in WORLD.volumes if v.type == "block"], ids=lambda volume: f"{volume.pool}-{volume.name}"
)
def test_a_lun_is_found_by_its_canonical_name(virsh: Virsh, volume: Volume):
    (canonical,) = volume.aliases
    assert virsh("vol-key", "--pool", volume.pool, canonical).check().out.strip() == volume.key
    assert virsh("vol-key", canonical).check().out.strip() == volume.key


def test_vol_list_of_a_pool_without_volumes_is_an_empty_table(virsh: Virsh):
    assert virsh("vol-list", "vmfs-empty", "--details").check().table() == []


def test_a_volume_whose_extents_are_lost_is_listed_and_described(virsh: Virsh):
    fields = virsh("vol-info", "--pool", "datastore1", "orphan/broken.vmdk").check().fields()
    assert fields["Type"] == "file"
    assert "orphan/broken.vmdk" in virsh("vol-dumpxml", "--pool", "datastore1", "orphan/broken.vmdk").check().out


def test_files_that_are_no_volumes_are_not_listed(virsh: Virsh):
    listed = {row["Name"] for row in virsh("vol-list", "datastore1").check().table()}
    for name in ("Fedora/Fedora-flat.vmdk", "Fedora/Fedora-ctk.vmdk", "Fedora/Fedora.vmx", ".fbb.sf", "Fedora"):
        assert name not in listed
        assert not virsh("vol-info", "--pool", "datastore1", name).ok
