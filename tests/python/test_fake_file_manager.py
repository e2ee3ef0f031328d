# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The fake's FileManager and DatastoreNamespaceManager as pyVmomi's client uses them, down to the real files."""

from __future__ import annotations

import base64

import pytest
from pyVmomi import vim, vmodl
from vi_client import MIB, done, failed

A, B = "datastore-0000", "datastore-0001"
VSAN, VVOL = "vsanDatastore", "VVOL-DS"


@pytest.fixture
def esx(serve, connect):
    return connect(serve("small"))


@pytest.fixture
def objects(serve, connect):
    """A client of a world with stores that keep objects."""
    return connect(serve("default"))


def names(client, datastore=A):
    """Paths of what tests made."""
    return {path for path in client.control.tree(datastore=datastore) if path.startswith("t")}


def put(client, path, data, datastore=A):
    client.control.put_file(datastore=datastore, path=path, content=base64.b64encode(data).decode())


def content(client, path, datastore=A):
    return base64.b64decode(client.control.read_file(datastore=datastore, path=path))


def delete(client, path):
    return client.files.DeleteDatastoreFile_Task(path, client.dc)


def move(client, source, target, force=None):
    return client.files.MoveDatastoreFile_Task(source, client.dc, target, client.dc, force)


def copy(client, source, target, force=None):
    return client.files.CopyDatastoreFile_Task(source, client.dc, target, client.dc, force)


# -- folders -----------------------------------------------------------------------------------
def test_a_folder_is_made_below_one_that_is_there(esx):
    esx.files.MakeDirectory(f"[{A}] t", None, False)
    esx.files.MakeDirectory(f"[{A}] t/Grüße &+%", None)
    assert names(esx) == {"t", "t/Grüße &+%"}


def test_missing_folders_above_are_made_on_demand_only(esx):
    with pytest.raises(vim.fault.FileNotFound) as caught:
        esx.files.MakeDirectory(f"[{A}] t/a/b", None, False)
    assert caught.value.file == f"[{A}] t/a/b"
    assert names(esx) == set()
    esx.files.MakeDirectory(f"[{A}] t/a/b", None, True)
    assert names(esx) == {"t", "t/a", "t/a/b"}


@pytest.mark.parametrize("parents", [False, True])
def test_a_folder_or_file_that_is_there(esx, parents):
    esx.files.MakeDirectory(f"[{A}] t", None, False)
    put(esx, "t/f", b"x")
    for path in ("t", "t/f", ""):
        with pytest.raises(vim.fault.FileAlreadyExists):
            esx.files.MakeDirectory(f"[{A}] {path}", None, parents)
    with pytest.raises(vim.fault.FileNotFound):
        esx.files.MakeDirectory(f"[{A}] t/f/g", None, parents)


def test_folders_where_none_can_be(esx):
    with pytest.raises(vim.fault.InvalidDatastore):
        esx.files.MakeDirectory("[none] t", None, False)
    for path in ("t", f"[{A}] t/../u", "[] t"):
        with pytest.raises(vim.fault.InvalidDatastorePath):
            esx.files.MakeDirectory(path, None, True)
    esx.control.set_access_mode(datastore=A, mode="readOnly")
    with pytest.raises(vim.fault.DatastoreNotWritableOnHost):
        esx.files.MakeDirectory(f"[{A}] t", None, False)
    assert names(esx) == set()


@pytest.mark.parametrize("store", [VSAN, VVOL])
def test_stores_of_objects_take_no_folder_at_the_top(objects, store):
    with pytest.raises(vim.fault.CannotCreateFile):
        objects.files.MakeDirectory(f"[{store}] t", None, False)
    with pytest.raises(vim.fault.CannotCreateFile):
        objects.files.MakeDirectory(f"[{store}] t/a", None, True)


# -- delete ------------------------------------------------------------------------------------
def test_a_deleted_file_gives_its_space_back(esx):
    free = esx.free(A)
    put(esx, "t.iso", bytes(3 * MIB))
    done(delete(esx, f"[{A}] t.iso"))
    assert names(esx) == set()
    assert esx.free(A) == free


def test_a_folder_is_deleted_with_all_in_it(esx):
    free = esx.free(A)
    esx.files.MakeDirectory(f"[{A}] t/a", None, True)
    put(esx, "t/a/f", b"x" * 1000)
    esx.made(f"[{A}] t/d.vmdk", MIB, "preallocated")
    done(delete(esx, f"[{A}] t"))
    assert names(esx) == set()
    assert esx.free(A) == free


def test_what_cannot_be_deleted(esx):
    esx.files.MakeDirectory(f"[{A}] t", None, False)
    put(esx, "t/f", b"x")
    assert isinstance(failed(delete(esx, f"[{A}] tnone")), vim.fault.FileNotFound)
    assert isinstance(failed(delete(esx, f"[{A}]")), vim.fault.InvalidDatastorePath)
    esx.control.lock_file(datastore=A, path="t/f")
    for path in ("t/f", "t"):
        assert isinstance(failed(delete(esx, f"[{A}] {path}")), vim.fault.FileLocked)
    assert names(esx) == {"t", "t/f"}


@pytest.mark.parametrize(("style", "left"), [("descriptor", {"t-flat.vmdk"}), ("nothing", {"t.vmdk", "t-flat.vmdk"})])
def test_a_disk_deleted_as_a_file_leaves_something_and_says_nothing(esx, style, left):
    esx.made(f"[{A}] t.vmdk", MIB)
    esx.control.set(disk_file_delete=style)
    done(delete(esx, f"[{A}] t.vmdk"))
    assert names(esx) == left


# -- move --------------------------------------------------------------------------------------
@pytest.mark.parametrize("target", [A, B])
def test_a_file_moves(esx, target):
    before = esx.control.free_space(datastore=A)["free"], esx.control.free_space(datastore=B)["free"]
    put(esx, "t.upload-0123abcd", b"contents" * 1000)
    done(move(esx, f"[{A}] t.upload-0123abcd", f"[{target}] t é.iso"))
    assert content(esx, "t é.iso", target) == b"contents" * 1000
    assert "t.upload-0123abcd" not in names(esx)
    after = esx.control.free_space(datastore=A)["free"], esx.control.free_space(datastore=B)["free"]
    assert sum(before) - sum(after) == 8000


def test_a_file_moves_over_another_by_force_only(esx):
    put(esx, "t1", b"new")
    put(esx, "t2", b"old" * 1000)
    free = esx.control.free_space(datastore=A)["free"]
    for force in (None, False):
        fault = failed(move(esx, f"[{A}] t1", f"[{A}] t2", force))
        assert (type(fault), fault.file) == (vim.fault.FileAlreadyExists, f"[{A}] t2")
    assert content(esx, "t2") == b"old" * 1000
    done(move(esx, f"[{A}] t1", f"[{A}] t2", True))
    assert content(esx, "t2") == b"new"
    assert names(esx) == {"t2"}
    assert esx.free(A) == free + 3000


def test_a_file_moved_over_a_disks_extent_becomes_its_contents(esx):
    esx.made(f"[{A}] t.vmdk", 4096)
    put(esx, "t.upload-00000000", b"y" * 4096)
    done(move(esx, f"[{A}] t.upload-00000000", f"[{A}] t-flat.vmdk", True))
    assert content(esx, "t-flat.vmdk") == b"y" * 4096
    assert isinstance(esx.search(f"[{A}]", vim.VmDiskFileQuery())["t.vmdk"], vim.VmDiskFileInfo)


def test_a_folder_moves_with_all_in_it(esx):
    for index, target in enumerate((f"[{A}] t2", f"[{B}] t2")):
        esx.files.MakeDirectory(f"[{A}] t{index}/a", None, True)
        put(esx, f"t{index}/a/f", b"x")
        done(move(esx, f"[{A}] t{index}", target))
    assert names(esx) == {"t2", "t2/a", "t2/a/f"}
    assert names(esx, B) == {"t2", "t2/a", "t2/a/f"}


def test_what_cannot_be_moved(esx):
    esx.files.MakeDirectory(f"[{A}] t", None, False)
    put(esx, "t1", b"x")
    put(esx, "t2", b"y")
    assert isinstance(failed(move(esx, f"[{A}] tnone", f"[{A}] t3")), vim.fault.FileNotFound)
    fault = failed(move(esx, f"[{A}] t1", f"[{A}] tnone/t3"))
    assert (type(fault), fault.file) == (vim.fault.FileNotFound, f"[{A}] tnone/t3")
    assert isinstance(failed(move(esx, f"[{A}] t1", f"[{A}] t", True)), vim.fault.FileAlreadyExists)
    assert isinstance(failed(move(esx, f"[{A}] t", f"[{A}] t/inner")), vim.fault.InvalidDatastorePath)
    esx.control.lock_file(datastore=A, path="t2")
    for source, target in (("t2", "t3"), ("t1", "t2")):
        fault = failed(move(esx, f"[{A}] {source}", f"[{A}] {target}", True))
        assert (type(fault), fault.file) == (vim.fault.FileLocked, f"[{A}] t2")
    assert names(esx) == {"t", "t1", "t2"}


# -- copy --------------------------------------------------------------------------------------
def test_a_file_is_copied_within_and_across(esx):
    put(esx, "t1", b"contents")
    done(copy(esx, f"[{A}] t1", f"[{A}] t2"))
    done(copy(esx, f"[{A}] t1", f"[{B}] t2"))
    assert content(esx, "t1") == content(esx, "t2") == content(esx, "t2", B) == b"contents"


def test_a_copy_replaces_by_force_only(esx):
    put(esx, "t1", b"new")
    put(esx, "t2", b"old")
    assert isinstance(failed(copy(esx, f"[{A}] t1", f"[{A}] t2")), vim.fault.FileAlreadyExists)
    assert content(esx, "t2") == b"old"
    done(copy(esx, f"[{A}] t1", f"[{A}] t2", True))
    assert content(esx, "t2") == b"new"


def test_a_folder_is_copied_with_all_in_it(esx):
    esx.files.MakeDirectory(f"[{A}] t/a", None, True)
    put(esx, "t/a/f", b"deep")
    done(copy(esx, f"[{A}] t", f"[{B}] t"))
    assert names(esx, B) == {"t", "t/a", "t/a/f"}
    assert content(esx, "t/a/f", B) == b"deep"
    assert isinstance(failed(copy(esx, f"[{A}] t", f"[{A}] t/inner")), vim.fault.InvalidDatastorePath)


def test_a_copy_that_does_not_fit_leaves_nothing(esx):
    esx.files.MakeDirectory(f"[{A}] t", None, False)
    put(esx, "t/f1", bytes(MIB))
    put(esx, "t/f2", bytes(MIB))
    esx.control.set_capacity(name=B, capacity=4 * MIB, free=MIB + 10)
    fault = failed(copy(esx, f"[{A}] t", f"[{B}] t"))
    assert (type(fault), fault.datastore) == (vim.fault.NoDiskSpace, B)
    assert names(esx, B) == set()
    assert esx.control.free_space(datastore=B) == {"free": MIB + 10, "published": MIB + 10}


def test_a_locked_file_is_not_copied(esx):
    put(esx, "t1", b"x")
    esx.control.lock_file(datastore=A, path="t1")
    assert isinstance(failed(copy(esx, f"[{A}] t1", f"[{A}] t2")), vim.fault.FileLocked)
    assert names(esx) == {"t1"}


# -- namespaces --------------------------------------------------------------------------------
@pytest.mark.parametrize("store", [VSAN, VVOL])
def test_a_folder_of_a_store_of_objects_has_two_names(objects, store):
    path = objects.namespaces.CreateDirectory(objects.store(store), "t data", None, None)
    mount, _, name = path.rpartition("/")
    assert mount == objects.store(store).summary.url.removeprefix("ds://").rstrip("/")
    info = objects.search(f"[{store}]", vim.FolderFileQuery())[name]
    assert (type(info), info.friendlyName) == (vim.FolderFileInfo, "t data")
    put(objects, "t data/f.iso", b"x", store)
    assert set(objects.search(f"[{store}] t data", vim.IsoImageFileQuery())) == {"f.iso"}
    assert set(objects.search(f"[{store}] {name}", vim.IsoImageFileQuery())) == {"f.iso"}
    with pytest.raises(vim.fault.FileAlreadyExists):
        objects.namespaces.CreateDirectory(objects.store(store), "t data", None, None)
    objects.files.MakeDirectory(f"[{store}] t data/inner", None, False)
    with pytest.raises(vim.fault.DirectoryNotEmpty):
        objects.namespaces.DeleteDirectory(None, path)
    for inner in ("f.iso", "inner"):
        done(delete(objects, f"[{store}] t data/{inner}"))
    objects.namespaces.DeleteDirectory(None, path)
    assert name not in objects.control.list_files(datastore=store)


def test_namespaces_are_for_stores_of_objects(objects):
    with pytest.raises(vim.fault.CannotCreateFile):
        objects.namespaces.CreateDirectory(objects.store("datastore1"), "t", None, None)
    with pytest.raises(vmodl.fault.InvalidArgument):
        objects.namespaces.CreateDirectory(objects.store(VSAN), "t/u", None, None)
    with pytest.raises(vim.fault.InvalidDatastorePath):
        objects.namespaces.DeleteDirectory(None, "[datastore1] web")
    with pytest.raises(vim.fault.FileNotFound):
        objects.namespaces.DeleteDirectory(None, f"[{VSAN}] none")
    objects.control.set_accessible(name=VSAN, accessible=False)
    with pytest.raises(vim.fault.InaccessibleDatastore):
        objects.namespaces.CreateDirectory(objects.store(VSAN), "t", None, None)


@pytest.mark.parametrize(("version", "there"), [("5.1", False), ("5.5", True), ("8.0.3.0", True)])
def test_namespaces_are_older_than_some_clients(serve, soap, version, there):
    client = soap(serve("small"), version)
    content = client.call("RetrieveServiceContent", ("ServiceInstance", "ServiceInstance")).result[0]
    assert ("datastoreNamespaceManager" in {one.tag for one in content}) is there
