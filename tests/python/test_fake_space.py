# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Free space of the fake's datastores: when it changes, when that is told, and what survives a restart."""

from __future__ import annotations

import time

import pytest
from pyVmomi import vim
from vi_client import GIB, MIB, done, failed

from esxkit.fake import FakeProcess

A, B = "datastore-0000", "datastore-0001"


@pytest.fixture
def esx(serve, connect):
    return connect(serve("small"))


def test_free_space_is_told_at_once_in_summary_and_info(esx):
    before = esx.free(A)
    esx.made(f"[{A}] t.vmdk", GIB, "preallocated")
    taken = before - esx.free(A)
    assert GIB <= taken < GIB + 4096
    assert esx.store(A).info.freeSpace == esx.free(A)
    done(esx.disks.DeleteVirtualDisk_Task(f"[{A}] t.vmdk", None))
    assert esx.free(A) == before


def test_lazy_free_space_waits_for_a_refresh(esx):
    esx.control.set(lazy_free_space=True)
    before = esx.free(A)
    esx.made(f"[{A}] t.vmdk", GIB, "preallocated")
    assert esx.free(A) == before
    assert esx.control.free_space(datastore=A)["free"] <= before - GIB
    esx.store(A).RefreshDatastore()
    assert esx.free(A) <= before - GIB


def test_files_of_tests_take_space_and_are_told_with_the_next_refresh(esx):
    before = esx.free(A)
    esx.control.add_file(datastore=A, path="t", size=MIB)
    assert esx.free(A) == before
    esx.store(A).RefreshDatastore()
    assert esx.free(A) == before - MIB
    esx.control.remove_file(datastore=A, path="t")
    esx.store(A).RefreshDatastore()
    assert esx.free(A) == before


def test_a_thin_disk_takes_what_it_has_allocated(esx):
    before = esx.free(A)
    esx.control.add_disk(datastore=A, path="t.vmdk", capacity=GIB, thin=True, allocated=100 * MIB)
    done(esx.copy(f"[{A}] t.vmdk", f"[{B}] t.vmdk", "thin"))
    assert 100 * MIB <= esx.control.free_space(datastore=B)["published"] * -1 + before < 101 * MIB


def test_moves_inside_a_datastore_need_no_space(esx):
    esx.made(f"[{A}] t.vmdk", GIB, "preallocated")
    esx.control.set_capacity(name=A, capacity=2 * GIB, free=4096)
    done(esx.disks.MoveVirtualDisk_Task(f"[{A}] t.vmdk", None, f"[{A}] u.vmdk", None, False))
    done(esx.files.MoveDatastoreFile_Task(f"[{A}] u-flat.vmdk", None, f"[{A}] v", None, False))


def test_a_lost_datastore_comes_back_with_what_was_free(esx):
    esx.made(f"[{A}] t.vmdk", GIB, "preallocated")
    free = esx.free(A)
    esx.control.set_accessible(name=A, accessible=False)
    assert esx.free(A) == 0
    esx.control.set_accessible(name=A, accessible=True)
    assert esx.free(A) == free


def test_wiping_a_thin_disk_needs_room_for_all_of_it(esx):
    esx.made(f"[{A}] t.vmdk", GIB)
    esx.control.set_capacity(name=A, capacity=2 * GIB, free=GIB // 2)
    assert isinstance(failed(esx.disks.ZeroFillVirtualDisk_Task(f"[{A}] t.vmdk", None)), vim.fault.NoDiskSpace)
    assert esx.free(A) == GIB // 2


def test_what_a_killed_server_left_is_there_for_the_next(tmp_path, connect):
    arguments = ("--world", "small", "--state", str(tmp_path / "state"), "--task-bytes-per-second", "1000")
    with FakeProcess(*arguments) as first:
        client = connect(first)
        client.create(f"[{A}] t.vmdk", 100 * MIB, "eagerZeroedThick")
        limit = time.monotonic() + 10
        while "t.vmdk" not in first.control.list_files(datastore=A):
            assert time.monotonic() < limit
            time.sleep(0.01)
        first.control.add_file(datastore=A, path="thin", size=GIB, allocated=5)
        free = first.control.free_space(datastore=A)["free"]
        first.kill()
    with FakeProcess(*arguments) as second:
        assert second.thumbprint_sha256 == first.thumbprint_sha256
        tree = second.control.tree(datastore=A)
        assert (tree["t-flat.vmdk"]["size"], tree["t-flat.vmdk"]["allocated"]) == (100 * MIB, 100 * MIB)
        assert tree["thin"]["allocated"] == 5
        assert second.control.free_space(datastore=A) == {"free": free, "published": free}
        client = connect(second)
        done(client.disks.DeleteVirtualDisk_Task(f"[{A}] t.vmdk", None))
        assert second.control.free_space(datastore=A)["free"] > free + 100 * MIB


def test_a_restart_alone_changes_no_space(serve, tmp_path):
    seen = []
    for _ in range(2):
        control = serve("default", state=str(tmp_path)).control
        stores = ("datastore1", "vsanDatastore", "nfs-datastore", "localdir")
        seen.append({name: control.free_space(datastore=name) for name in stores})
    assert seen[0] == seen[1]
