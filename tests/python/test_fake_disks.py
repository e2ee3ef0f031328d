# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The fake's VirtualDiskManager as pyVmomi's client uses it; each test ends at the real files."""

from __future__ import annotations

import base64

import pytest
from pyVmomi import vim, vmodl
from vi_client import GIB, MIB, disk_spec, done, failed, put, text, tree, with_data

DS = "[datastore-0000] "


@pytest.fixture
def esx(serve, connect):
    return connect(serve("small"))


@pytest.fixture
def vc(serve, connect):
    return connect(serve("vcenter"))


# -- create ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "allocated", "thin"),
    [
        ("thin", 0, True),
        ("preallocated", 3 * GIB, False),
        ("thick", 3 * GIB, False),
        ("eagerZeroedThick", 3 * GIB, False),
    ],
)
def test_a_new_disk_is_a_descriptor_and_a_flat_extent(esx, kind, allocated, thin):
    free = esx.free("datastore-0000")
    assert esx.made(f"{DS}t.vmdk", 3 * GIB, kind) == f"{DS}t.vmdk"
    found = tree(esx)
    assert set(found) == {"t.vmdk", "t-flat.vmdk"}
    assert (found["t-flat.vmdk"]["size"], found["t-flat.vmdk"]["allocated"]) == (3 * GIB, allocated)
    said = text(esx, "t.vmdk")
    assert f'RW {3 * GIB // 512} VMFS "t-flat.vmdk"' in said
    assert ('ddb.thinProvisioned = "1"' in said) is thin
    assert free - esx.free("datastore-0000") == allocated + len(said)


@pytest.mark.parametrize(
    ("adapter", "word"), [("ide", "ide"), ("busLogic", "buslogic"), ("lsiLogic", "lsilogic")]
)
def test_the_adapter_of_a_new_disk_is_in_its_descriptor(esx, adapter, word):
    esx.made(f"{DS}t.vmdk", MIB, adapter=adapter)
    assert f'ddb.adapterType = "{word}"' in text(esx, "t.vmdk")


def test_each_new_disk_has_a_uuid_of_its_own(esx):
    names = [esx.made(f"{DS}t{i}.vmdk", MIB) for i in range(3)]
    assert len({esx.disks.QueryVirtualDiskUuid(name, None) for name in names}) == 3


def test_a_search_finds_the_new_disk_with_what_was_asked_for(esx):
    esx.made(f"{DS}t.vmdk", 5 * MIB, "preallocated", "busLogic")
    details = vim.VmDiskFileQueryFlags(
        diskType=True, capacityKb=True, hardwareVersion=True, controllerType=True, diskExtents=True, thin=True
    )
    info = esx.search("[datastore-0000]", vim.VmDiskFileQuery(details=details))["t.vmdk"]
    assert (info.capacityKb, info.fileSize, info.thin) == (5 * 1024, 5 * MIB, False)
    assert info.controllerType == vim.VirtualBusLogicController
    assert list(info.diskExtents) == ["[datastore-0000] t-flat.vmdk"]


@pytest.mark.parametrize("name", ["Grüße & co+%.vmdk", "it's \"quoted\".vmdk", "日本語 #1?.vmdk", "a;b=c.vmdk"])
def test_odd_names_are_made_found_grown_and_deleted(esx, name):
    path = f"{DS}t {name}"
    assert esx.made(path, MIB) == path
    assert f"t {name}" in esx.search("[datastore-0000]", vim.VmDiskFileQuery())
    done(esx.disks.ExtendVirtualDisk_Task(path, None, 2048, False))
    assert tree(esx)[f"t {name[:-5]}-flat.vmdk"]["size"] == 2 * MIB
    done(esx.disks.DeleteVirtualDisk_Task(path, None))
    assert tree(esx) == {}


def test_a_disk_that_is_there_is_not_made_again(esx):
    esx.made(f"{DS}t.vmdk", MIB)
    before = tree(esx)
    fault = failed(esx.create(f"{DS}t.vmdk", 2 * MIB))
    assert (type(fault), fault.file) == (vim.fault.FileAlreadyExists, f"{DS}t.vmdk")
    assert tree(esx) == before


def test_a_lost_extent_is_in_the_way_of_a_new_disk(esx):
    put(esx, "t-flat.vmdk", b"old")
    assert isinstance(failed(esx.create(f"{DS}t.vmdk", MIB)), vim.fault.FileAlreadyExists)
    assert set(tree(esx)) == {"t-flat.vmdk"}


def test_a_disk_needs_its_folder(esx):
    fault = failed(esx.create(f"{DS}t/none/d.vmdk", MIB))
    assert (type(fault), fault.file) == (vim.fault.FileNotFound, f"{DS}t/none/d.vmdk")
    esx.control.make_folder(datastore="datastore-0000", path="t")
    esx.made(f"{DS}t/d.vmdk", MIB)
    assert set(tree(esx)) == {"t", "t/d.vmdk", "t/d-flat.vmdk"}


def test_where_no_disk_can_be(esx):
    assert isinstance(failed(esx.create("[none] t.vmdk", MIB)), vim.fault.InvalidDatastore)
    for name in ("t.vmdk", f"{DS}../t.vmdk", f"{DS}t.iso", f"{DS}t-flat.vmdk"):
        assert isinstance(failed(esx.create(name, MIB)), vim.fault.InvalidDatastorePath), name
    assert isinstance(failed(esx.create(f"{DS}{'t' * 300}.vmdk", MIB)), vim.fault.FileNameTooLong)
    assert tree(esx) == {}


@pytest.mark.parametrize("spec", [disk_spec(0), disk_spec(MIB, "rdm"), disk_spec(MIB, "thin", "nvme")])
def test_a_spec_without_sense_is_the_calls_fault(esx, spec):
    with pytest.raises(vmodl.fault.InvalidArgument):
        esx.disks.CreateVirtualDisk_Task(f"{DS}t.vmdk", None, spec)


def test_a_disk_that_does_not_fit_leaves_nothing(esx):
    esx.control.set_capacity(name="datastore-0000", capacity=10 * MIB, free=2 * MIB)
    fault = failed(esx.create(f"{DS}t.vmdk", 3 * MIB, "preallocated"))
    assert (type(fault), fault.datastore) == (vim.fault.NoDiskSpace, "datastore-0000")
    assert tree(esx) == {}
    assert esx.free("datastore-0000") == 2 * MIB
    esx.made(f"{DS}t.vmdk", 3 * MIB, "thin")


def test_a_disk_larger_than_the_datastore_allows(esx):
    assert isinstance(failed(esx.create(f"{DS}t.vmdk", 63 * 1024 * GIB)), vim.fault.FileTooLarge)


def test_a_read_only_datastore_takes_nothing_and_gives(esx):
    esx.made(f"{DS}t.vmdk", MIB)
    esx.control.set_access_mode(datastore="datastore-0000", mode="readOnly")
    for task in (
        esx.create(f"{DS}t2.vmdk", MIB),
        esx.disks.DeleteVirtualDisk_Task(f"{DS}t.vmdk", None),
        esx.disks.ExtendVirtualDisk_Task(f"{DS}t.vmdk", None, 2048, False),
    ):
        assert isinstance(failed(task), vim.fault.DatastoreNotWritableOnHost)
    done(esx.copy(f"{DS}t.vmdk", "[datastore-0001] t.vmdk", "thin"))


def test_a_lost_datastore(esx):
    esx.control.set_accessible(name="datastore-0000", accessible=False)
    assert isinstance(failed(esx.create(f"{DS}t.vmdk", MIB)), vim.fault.InaccessibleDatastore)


def test_a_free_licence_refuses_the_call(esx):
    esx.control.set(restricted=True)
    with pytest.raises(vim.fault.RestrictedVersion):
        esx.create(f"{DS}t.vmdk", MIB)


# -- copy --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("source", "spec", "thin"),
    [
        ("thin", "thin", True),
        ("thin", None, False),
        ("thin", "eagerZeroedThick", False),
        ("preallocated", "preallocated", False),
        ("preallocated", "thin", True),
    ],
)
def test_a_copy_has_the_contents_and_the_kind_asked_for(esx, source, spec, thin):
    with_data(esx, "t", b"contents" * 1000, source)
    assert done(esx.copy(f"{DS}t.vmdk", "[datastore-0001] copy.vmdk", spec)) == "[datastore-0001] copy.vmdk"
    there = esx.control.tree(datastore="datastore-0001")
    assert there["copy-flat.vmdk"]["sha256"] == tree(esx)["t-flat.vmdk"]["sha256"]
    assert ("thinProvisioned" in text(esx, "copy.vmdk", "datastore-0001")) is thin
    assert (there["copy-flat.vmdk"]["allocated"] == 8 * MIB) is not thin
    uuids = {esx.disks.QueryVirtualDiskUuid(n, None) for n in (f"{DS}t.vmdk", "[datastore-0001] copy.vmdk")}
    assert len(uuids) == 2


def test_a_copy_of_what_is_no_disk(esx):
    put(esx, "t.iso", b"iso")
    put(esx, "t.vmdk", b"no descriptor")
    for name in ("t.iso", "t.vmdk"):
        fault = failed(esx.copy(f"{DS}{name}", f"{DS}t2.vmdk", "thin"))
        assert isinstance(fault, vim.fault.InvalidDiskFormat)
    assert isinstance(failed(esx.copy(f"{DS}tnone.vmdk", f"{DS}t2.vmdk")), vim.fault.FileNotFound)
    assert set(tree(esx)) == {"t.iso", "t.vmdk"}


def test_a_copy_replaces_nothing_even_by_force(esx):
    esx.made(f"{DS}t1.vmdk", MIB)
    esx.made(f"{DS}t2.vmdk", 2 * MIB)
    before = tree(esx)
    task = esx.disks.CopyVirtualDisk_Task(f"{DS}t1.vmdk", None, f"{DS}t2.vmdk", None, None, True)
    assert isinstance(failed(task), vim.fault.FileAlreadyExists)
    assert tree(esx) == before


def test_a_copy_that_does_not_fit(esx):
    with_data(esx, "t", b"x")
    esx.control.set_capacity(name="datastore-0001", capacity=GIB, free=MIB)
    fault = failed(esx.copy(f"{DS}t.vmdk", "[datastore-0001] copy.vmdk"))
    assert (type(fault), fault.datastore) == (vim.fault.NoDiskSpace, "datastore-0001")
    assert "copy.vmdk" not in esx.control.tree(datastore="datastore-0001")


def test_a_copy_of_a_snapshot_has_its_bases_contents(esx):
    with_data(esx, "t", b"base")
    delta = 'createType="vmfsSparse"\nparentFileNameHint="t.vmdk"\nRW 16384 VMFSSPARSE "t-000001-delta.vmdk"\n'
    put(esx, "t-000001.vmdk", delta.encode())
    put(esx, "t-000001-delta.vmdk", b"delta")
    done(esx.copy(f"{DS}t-000001.vmdk", f"{DS}t2.vmdk", "thin"))
    found = tree(esx)
    assert found["t2-flat.vmdk"]["sha256"] == found["t-flat.vmdk"]["sha256"]


# -- extend, zero, inflate ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "eager", "allocated"), [("thin", False, 0), ("thin", True, 2 * MIB), ("preallocated", False, 10 * MIB)]
)
def test_a_disk_grows(esx, kind, eager, allocated):
    with_data(esx, "t", b"kept", kind)
    free = esx.free("datastore-0000")
    before = tree(esx)["t-flat.vmdk"]["allocated"]
    done(esx.disks.ExtendVirtualDisk_Task(f"{DS}t.vmdk", None, 10 * 1024, eager))
    flat = tree(esx)["t-flat.vmdk"]
    assert (flat["size"], flat["allocated"]) == (10 * MIB, allocated)
    assert f"RW {10 * MIB // 512} VMFS" in text(esx, "t.vmdk")
    assert abs(free - esx.free("datastore-0000") - (allocated - before)) < 10
    assert base64.b64decode(esx.control.read_file(datastore="datastore-0000", path="t-flat.vmdk", length=4)) == b"kept"
    details = vim.VmDiskFileQueryFlags(capacityKb=True, diskType=False, hardwareVersion=False)
    assert esx.search("[datastore-0000]", vim.VmDiskFileQuery(details=details))["t.vmdk"].capacityKb == 10 * 1024


@pytest.mark.parametrize("capacity", [1, 8 * 1024])
def test_a_disk_does_not_shrink(esx, capacity):
    with_data(esx, "t", b"kept")
    before = tree(esx)
    fault = failed(esx.disks.ExtendVirtualDisk_Task(f"{DS}t.vmdk", None, capacity, False))
    assert isinstance(fault, vmodl.fault.InvalidArgument)
    assert tree(esx) == before


def test_a_disk_that_cannot_grow_for_lack_of_room_stays(esx):
    esx.made(f"{DS}t.vmdk", MIB, "preallocated")
    esx.control.set_capacity(name="datastore-0000", capacity=GIB, free=MIB)
    before = tree(esx)
    fault = failed(esx.disks.ExtendVirtualDisk_Task(f"{DS}t.vmdk", None, 4096, False))
    assert isinstance(fault, vim.fault.NoDiskSpace)
    assert tree(esx) == before


def test_a_disk_of_the_world_grows_in_searches_too(serve, connect):
    client = connect(serve("default"))
    details = vim.VmDiskFileQueryFlags(capacityKb=True, diskType=False, hardwareVersion=False)
    found = client.search("[vmfs-empty]", vim.VmDiskFileQuery(details=details))
    assert found == {}
    folder = "[datastore1] rdm-vm"
    name, info = next(iter(client.search(folder, vim.VmDiskFileQuery(details=details)).items()))
    fault = failed(client.disks.ExtendVirtualDisk_Task(f"{folder}/rdm-vm_1.vmdk", None, info.capacityKb * 4, False))
    assert isinstance(fault, vmodl.fault.InvalidArgument)
    done(client.disks.ExtendVirtualDisk_Task(f"{folder}/{name}", None, info.capacityKb + 1024, False))
    assert client.search(folder, vim.VmDiskFileQuery(details=details))[name].capacityKb == info.capacityKb + 1024


def test_a_wiped_disk_is_all_zero_and_all_allocated(esx):
    with_data(esx, "t", b"secret" * 100_000)
    done(esx.disks.ZeroFillVirtualDisk_Task(f"{DS}t.vmdk", None))
    flat = tree(esx)["t-flat.vmdk"]
    assert (flat["size"], flat["allocated"], flat["holes"]) == (8 * MIB, 8 * MIB, True)


def test_an_inflated_disk_is_thick_and_keeps_its_contents(esx):
    with_data(esx, "t", b"kept")
    before = tree(esx)["t-flat.vmdk"]["sha256"]
    done(esx.disks.InflateVirtualDisk_Task(f"{DS}t.vmdk", None))
    assert tree(esx)["t-flat.vmdk"]["allocated"] == 8 * MIB
    assert tree(esx)["t-flat.vmdk"]["sha256"] == before
    assert "thinProvisioned" not in text(esx, "t.vmdk")
    assert isinstance(failed(esx.disks.InflateVirtualDisk_Task(f"{DS}t.vmdk", None)), vmodl.fault.InvalidArgument)


def test_geometry(esx):
    esx.made(f"{DS}t.vmdk", GIB)
    shape = esx.disks.QueryVirtualDiskGeometry(f"{DS}t.vmdk", None)
    assert (shape.cylinder, shape.head, shape.sector) == (130, 255, 63)


# -- delete, move ------------------------------------------------------------------------------
def test_a_deleted_disk_takes_its_extents_along(esx):
    free = esx.free("datastore-0000")
    esx.made(f"{DS}t.vmdk", MIB, "preallocated")
    put(esx, "t-ctk.vmdk", b"tracking")
    flat = esx.control.real_path(datastore="datastore-0000", path="t.vmdk")
    with open(flat, "a") as file:
        file.write('changeTrackPath="t-ctk.vmdk"\n')
    put(esx, "t-other.vmdk", b"of another disk")
    done(esx.disks.DeleteVirtualDisk_Task(f"{DS}t.vmdk", None))
    assert set(tree(esx)) == {"t-other.vmdk"}
    assert abs(esx.free("datastore-0000") - free) < 100


def test_what_is_no_disk_is_not_deleted_as_one(esx):
    esx.made(f"{DS}t.vmdk", MIB)
    put(esx, "t.iso", b"iso")
    put(esx, "tbroken.vmdk", b"no descriptor")
    for name in ("t.iso", "tbroken.vmdk", "t-flat.vmdk"):
        fault = failed(esx.disks.DeleteVirtualDisk_Task(f"{DS}{name}", None))
        assert (type(fault), fault.file) == (vim.fault.FileFault, f"{DS}{name}")
    assert isinstance(failed(esx.disks.DeleteVirtualDisk_Task(f"{DS}tnone.vmdk", None)), vim.fault.FileNotFound)
    assert len(tree(esx)) == 4


def test_a_disk_marked_as_not_deletable_stays(esx):
    esx.made(f"{DS}t.vmdk", MIB)
    esx.control.set_deletable(datastore="datastore-0000", path="t.vmdk", deletable=False)
    fault = failed(esx.disks.DeleteVirtualDisk_Task(f"{DS}t.vmdk", None))
    assert (type(fault), fault.file) == (vim.fault.CannotDeleteFile, f"{DS}t.vmdk")
    assert set(tree(esx)) == {"t.vmdk", "t-flat.vmdk"}
    esx.control.set_deletable(datastore="datastore-0000", path="t.vmdk", deletable=True)
    done(esx.disks.DeleteVirtualDisk_Task(f"{DS}t.vmdk", None))
    assert tree(esx) == {}


def test_a_disk_a_machine_uses_is_locked(esx):
    esx.made(f"{DS}t.vmdk", MIB)
    before = tree(esx)
    assert esx.control.lock_file(datastore="datastore-0000", path="t.vmdk") == ["t.vmdk", "t-flat.vmdk"]
    for task in (
        esx.disks.DeleteVirtualDisk_Task(f"{DS}t.vmdk", None),
        esx.disks.ExtendVirtualDisk_Task(f"{DS}t.vmdk", None, 2048, False),
        esx.disks.ZeroFillVirtualDisk_Task(f"{DS}t.vmdk", None),
        esx.disks.MoveVirtualDisk_Task(f"{DS}t.vmdk", None, f"{DS}t2.vmdk", None, False),
        esx.disks.MoveVirtualDisk_Task(f"{DS}t.vmdk", None, "[datastore-0001] t2.vmdk", None, False),
        esx.copy(f"{DS}t.vmdk", f"{DS}t2.vmdk"),
    ):
        fault = failed(task)
        assert (type(fault), fault.file) == (vim.fault.FileLocked, f"{DS}t.vmdk")
    assert tree(esx) == before
    esx.control.unlock_file(datastore="datastore-0000", path="t.vmdk")
    assert esx.control.locks(datastore="datastore-0000") == []
    done(esx.disks.DeleteVirtualDisk_Task(f"{DS}t.vmdk", None))


@pytest.mark.parametrize("target", [f"{DS}t2/moved.vmdk", "[datastore-0001] t2/moved.vmdk"])
def test_a_disk_moves_with_its_extents(esx, target):
    datastore = target[1 : target.index("]")]
    with_data(esx, "t", b"contents")
    before = tree(esx)["t-flat.vmdk"]
    esx.control.make_folder(datastore=datastore, path="t2")
    done(esx.disks.MoveVirtualDisk_Task(f"{DS}t.vmdk", None, target, None, False))
    found = tree(esx, datastore)
    assert set(found) == {"t2", "t2/moved.vmdk", "t2/moved-flat.vmdk"}
    assert found["t2/moved-flat.vmdk"]["sha256"] == before["sha256"]
    assert 'VMFS "moved-flat.vmdk"' in text(esx, "t2/moved.vmdk", datastore)
    assert "t.vmdk" not in tree(esx)
    assert "t-flat.vmdk" not in tree(esx)


# -- vCenter -----------------------------------------------------------------------------------
def test_a_vcenter_wants_a_datacenter(vc):
    spec = disk_spec(MIB)
    calls = (
        lambda: vc.disks.CreateVirtualDisk_Task("[vmfs-empty] t.vmdk", None, spec),
        lambda: vc.disks.DeleteVirtualDisk_Task("[vmfs-empty] t.vmdk", None),
        lambda: vc.disks.QueryVirtualDiskUuid("[vmfs-empty] t.vmdk", None),
        lambda: vc.disks.CopyVirtualDisk_Task("[vmfs-empty] t.vmdk", None, "[vmfs-empty] u.vmdk", None, None, False),
        lambda: vc.files.MakeDirectory("[vmfs-empty] t", None, False),
        lambda: vc.files.DeleteDatastoreFile_Task("[vmfs-empty] t", None),
    )
    for call in calls:
        with pytest.raises(vmodl.fault.InvalidArgument) as caught:
            call()
        assert caught.value.invalidProperty.lower().endswith("datacenter")
    vc.made("[vmfs-empty] t.vmdk", MIB)
    assert "t-flat.vmdk" in vc.control.tree(datastore="vmfs-empty")


def test_a_url_needs_no_datacenter(vc):
    vc.made("[vmfs-empty] t.vmdk", MIB)
    url = "https://vc.example.org/folder/t.vmdk?dcPath=Sites%2FBerlin&dsName=vmfs-empty"
    assert vc.disks.QueryVirtualDiskUuid(url, None) == vc.disks.QueryVirtualDiskUuid("[vmfs-empty] t.vmdk", vc.dc)
    other = vc.store("vmfs-empty").summary.url + "t.vmdk"
    done(vc.disks.DeleteVirtualDisk_Task(other, None))
    assert "t.vmdk" not in vc.control.tree(datastore="vmfs-empty")


def test_a_destspec_on_a_vcenter(vc):
    vc.made("[vmfs-empty] t.vmdk", MIB)
    with pytest.raises(vmodl.fault.NotImplemented):
        vc.copy("[vmfs-empty] t.vmdk", "[vmfs-empty] u.vmdk", "thin")
    done(vc.copy("[vmfs-empty] t.vmdk", "[vmfs-empty] u.vmdk"))
    assert "thinProvisioned" not in text(vc, "u.vmdk", "vmfs-empty")
    vc.control.set(destspec_vcenter="ignore")
    done(vc.copy("[vmfs-empty] t.vmdk", "[vmfs-empty] v.vmdk", "thin"))
    assert "thinProvisioned" not in text(vc, "v.vmdk", "vmfs-empty")
    vc.control.set(destspec_vcenter="accept")
    done(vc.copy("[vmfs-empty] t.vmdk", "[vmfs-empty] w.vmdk", "thin"))
    assert "thinProvisioned" in text(vc, "w.vmdk", "vmfs-empty")


def test_a_copy_crosses_datacenters(vc):
    moid = vc.control.add_datacenter(name="Paris")
    vc.control.add_datastore(name="ds-paris", datacenter=moid)
    paris = next(child for child in vc.instance.content.rootFolder.childEntity if child.name == "Paris")
    vc.made("[vmfs-empty] t.vmdk", MIB)
    args = "[vmfs-empty] t.vmdk", vc.dc, "[ds-paris] t.vmdk"
    assert isinstance(failed(vc.disks.CopyVirtualDisk_Task(*args, vc.dc, None, False)), vim.fault.InvalidDatastore)
    done(vc.disks.CopyVirtualDisk_Task(*args, paris, None, False))
    assert set(vc.control.tree(datastore="ds-paris")) == {"t.vmdk", "t-flat.vmdk"}
    done(vc.disks.DeleteVirtualDisk_Task("[ds-paris] t.vmdk", paris))
    assert vc.control.tree(datastore="ds-paris") == {}


# -- vSAN --------------------------------------------------------------------------------------
def test_a_disk_on_vsan_is_an_object(serve, connect):
    client = connect(serve("default"))
    free = client.free("vsanDatastore")
    path = client.made("[vsanDatastore] web/t.vmdk", 4 * MIB, "preallocated")
    folder = "5f0d7c64-9a31-e2bb-11c0-0050569b1c2f"
    assert path == f"[vsanDatastore] {folder}/t.vmdk"
    assert set(client.control.list_files(datastore="vsanDatastore", folder="web")) == {
        "t.vmdk", "web.vmx", "web.vmdk", "web-flat.vmdk"
    }
    assert 'VMFS "vsan://' in text(client, "web/t.vmdk", "vsanDatastore")
    details = vim.VmDiskFileQueryFlags(capacityKb=True, diskType=False, hardwareVersion=False, diskExtents=True)
    info = client.search("[vsanDatastore] web", vim.VmDiskFileQuery(details=details))["t.vmdk"]
    assert (info.capacityKb, info.fileSize, list(info.diskExtents)) == (4096, 4 * MIB, [])
    done(client.disks.ExtendVirtualDisk_Task("[vsanDatastore] web/t.vmdk", None, 8192, False))
    done(client.disks.ZeroFillVirtualDisk_Task("[vsanDatastore] web/t.vmdk", None))
    done(client.copy("[vsanDatastore] web/t.vmdk", "[vmfs-empty] t.vmdk", "thin"))
    assert client.control.tree(datastore="vmfs-empty")["t-flat.vmdk"]["size"] == 8 * MIB
    done(client.disks.DeleteVirtualDisk_Task("[vsanDatastore] web/t.vmdk", None))
    assert client.free("vsanDatastore") == free
    fault = failed(client.create("[vsanDatastore] t.vmdk", MIB))
    assert isinstance(fault, vim.fault.CannotCreateFile)
