# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Files of the fake: real files, descriptors, paths."""

from __future__ import annotations

import pytest

from esxkit.fake import vmdk
from esxkit.fake.files import BadPath, FileStore
from esxkit.fake.paths import DatastorePath, parse_path
from esxkit.wire.faults import VimFault

GIB = 1024**3


@pytest.fixture
def store(tmp_path):
    tree = [
        {"name": "vm", "kind": "dir", "children": vmdk.disk_files("vm", 2 * GIB, seed="x", allocated=5)},
        {"name": "b.txt", "kind": "other", "text": "hello", "mtime": "2020-01-02T03:04:05.678Z"},
        {"name": "a.iso", "kind": "iso", "size": 100 * GIB, "owner": "me"},
    ]
    return FileStore(tmp_path / "ds", tree)


def test_files_are_real_and_sparse(store):
    assert (store.root / "a.iso").stat().st_size == 100 * GIB
    assert (store.root / "a.iso").stat().st_blocks * 512 < 1024 * 1024
    assert (store.root / "b.txt").read_text() == "hello"
    assert (store.root / "vm" / "vm-flat.vmdk").stat().st_size == 2 * GIB


def test_entries(store):
    a, b, vm = store.entries("")
    assert [a.name, b.name, vm.name] == ["a.iso", "b.txt", "vm"]
    assert (vm.is_dir, a.is_dir) == (True, False)
    assert b.modified.isoformat(timespec="milliseconds") == "2020-01-02T03:04:05.678+00:00"
    assert a.attributes["owner"] == "me"
    assert [e.path for e in store.entries("/vm/")] == ["vm/vm-flat.vmdk", "vm/vm.vmdk"]
    assert list(store.folders("")) == ["", "vm"]


def test_disk(store):
    disk = store.disk(store.entry("vm/vm.vmdk"))
    assert (disk.capacity_kb, disk.file_size, disk.thin) == (2 * 1024**2, 5, True)
    assert disk.extents == ("vm/vm-flat.vmdk",)
    assert disk.disk_type == "VirtualDiskFlatVer2BackingInfo"
    assert store.uuid(store.entry("vm/vm.vmdk")) == vmdk.derived_uuid("x")


def test_a_changed_descriptor_is_read_again(store):
    store.disk(store.entry("vm/vm.vmdk"))
    store.make_file("vm/vm.vmdk", vmdk.disk_files("vm", 7 * GIB, seed="another")[0] | {"mtime": "2025-01-01T00:00:00Z"})
    assert store.disk(store.entry("vm/vm.vmdk")).capacity_kb == 7 * 1024**2


@pytest.mark.parametrize("path", ["..", "vm/../../etc", "./a", "a\0b"])
def test_paths_stay_inside(store, path):
    with pytest.raises(BadPath):
        store.entry(path)


def test_remove(store):
    store.remove("vm")
    assert [e.name for e in store.entries("")] == ["a.iso", "b.txt"]
    with pytest.raises(FileNotFoundError):
        store.entry("vm/vm.vmdk")
    with pytest.raises(FileNotFoundError):
        store.remove("vm")


def test_descriptor_round_trip():
    text = vmdk.compose("d-flat.vmdk", 10 * GIB, uuid=vmdk.derived_uuid("u"), thin=False, adapter="pvscsi")
    read = vmdk.parse(text)
    assert (read.capacity_kb, read.extents, read.thin) == (10 * 1024**2, ("d-flat.vmdk",), False)
    assert (read.controller, read.hardware_version) == ("ParaVirtualSCSIController", 13)
    assert (read.uuid, read.parent, read.deletable) == (vmdk.derived_uuid("u"), None, True)


def test_descriptor_of_several_extents_with_a_parent():
    read = vmdk.parse(
        'parentFileNameHint="base.vmdk"\ncreateType="vmfsSparse"\nRW 2048 VMFSSPARSE "a-s001.vmdk"\n'
        'RW 1024 VMFSSPARSE "a-s002.vmdk"\nddb.deletable = "false"\n'
    )
    assert (read.capacity_kb, read.parent, read.deletable) == (1536, "base.vmdk", False)


def test_no_descriptor():
    read = vmdk.parse("\x7fELF")
    assert (read.capacity_kb, read.extents, read.disk_type) == (None, (), None)


def test_derived_uuid():
    uuid = vmdk.derived_uuid("seed")
    assert uuid == vmdk.derived_uuid("seed") != vmdk.derived_uuid("other")
    assert len(uuid) == 47
    assert uuid[23] == "-"


@pytest.mark.parametrize(
    ("text", "datastore", "path"),
    [
        ("[ds] a/b.vmdk", "ds", "a/b.vmdk"),
        ("[ds]a", "ds", "a"),
        ("[ds]   a b/", "ds", "  a b"),
        ("[ds]", "ds", ""),
        ("[d s+&] ü", "d s+&", "ü"),
    ],
)
def test_datastore_path(text, datastore, path):
    assert parse_path(text) == DatastorePath(datastore, path)


def test_datastore_path_of_the_longest_known_name():
    known = ("a", "a] b", "[SSD] fast", "ds [old]")
    assert parse_path("[a] b] c", known) == DatastorePath("a] b", "c")
    assert parse_path("[a] c] b", known) == DatastorePath("a", "c] b")
    assert parse_path("[[SSD] fast] x/y", known) == DatastorePath("[SSD] fast", "x/y")
    assert parse_path("[ds [old]]", known) == DatastorePath("ds [old]", "")
    assert parse_path("[unknown] x", known) == DatastorePath("unknown", "x")


@pytest.mark.parametrize("text", ["", "ds", "[] x", "x [ds] y", "[ds"])
def test_no_datastore_path(text):
    with pytest.raises(VimFault, match="InvalidDatastorePath"):
        parse_path(text)


def test_datastore_path_as_text():
    assert str(DatastorePath("ds", "a/b")) == "[ds] a/b"
    assert str(DatastorePath("ds", "")) == "[ds]"
