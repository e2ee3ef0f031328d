# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Work on the fake's disks that takes its time: progress, cancelling, locks meanwhile, failures to order."""

from __future__ import annotations

import time

import pytest
from pyVmomi import vim, vmodl
from vi_client import MIB, done, ended, failed, tree, with_data

DS = "[datastore-0000] "
ELSEWHERE = "[datastore-0001] t2.vmdk"


@pytest.fixture
def esx(serve, connect):
    return connect(serve("small"))


def busy(client, **rate):
    client.control.set(task_ms=1, **rate)


def until(condition):
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_a_copy_takes_time_and_tells_how_far_it_is(esx):
    esx.made(f"{DS}t.vmdk", 256 * MIB, "preallocated")
    busy(esx, task_bytes_per_second=128 * MIB)
    started = time.monotonic()
    task = esx.copy(f"{DS}t.vmdk", f"{DS}t2.vmdk")
    seen = set()
    until(lambda: seen.add(task.info.progress) or task.info.state != "running")
    assert ended(task).state == "success"
    assert 1.9 < time.monotonic() - started < 20
    assert len({p for p in seen if p}) > 3


@pytest.mark.parametrize(
    ("kind", "begin"),
    [
        ("preallocated", lambda c: c.copy(f"{DS}t.vmdk", f"{DS}t2.vmdk")),
        ("preallocated", lambda c: c.create(f"{DS}t2.vmdk", 8 * MIB, "eagerZeroedThick")),
        ("preallocated", lambda c: c.disks.ExtendVirtualDisk_Task(f"{DS}t.vmdk", None, 16 * 1024, True)),
        ("thin", lambda c: c.disks.InflateVirtualDisk_Task(f"{DS}t.vmdk", None)),
        ("preallocated", lambda c: c.files.CopyDatastoreFile_Task(f"{DS}t.iso", None, f"{DS}t2.iso", None, False)),
        ("preallocated", lambda c: c.disks.MoveVirtualDisk_Task(f"{DS}t.vmdk", None, ELSEWHERE, None, False)),
    ],
)
def test_cancelled_work_is_taken_back(esx, kind, begin):
    with_data(esx, "t", b"contents", kind)
    esx.control.add_file(datastore="datastore-0000", path="t.iso", size=8 * MIB)
    free, before = esx.control.free_space(datastore="datastore-0000"), tree(esx)
    others = esx.control.tree(datastore="datastore-0001")
    esx.control.set(task_ms=1, task_bytes_per_second=1024)
    task = begin(esx)
    until(lambda: task.info.state == "running")
    time.sleep(0.05)
    task.CancelTask()
    info = ended(task)
    assert (info.state, info.cancelled, type(info.error)) == ("error", True, vmodl.fault.RequestCanceled)
    assert tree(esx) == before
    assert esx.control.tree(datastore="datastore-0001") == others
    assert esx.control.free_space(datastore="datastore-0000")["free"] == free["free"]
    esx.control.set(task_ms=0, task_bytes_per_second=0)
    done(esx.disks.DeleteVirtualDisk_Task(f"{DS}t.vmdk", None))


def test_a_disk_being_made_is_locked_and_already_there(esx):
    busy(esx, task_bytes_per_second=1024)
    task = esx.create(f"{DS}t.vmdk", MIB, "eagerZeroedThick")
    until(lambda: task.info.state == "running" and len(tree(esx)) == 2)
    assert isinstance(failed(esx.create(f"{DS}t.vmdk", MIB)), vim.fault.FileAlreadyExists)
    assert isinstance(failed(esx.disks.DeleteVirtualDisk_Task(f"{DS}t.vmdk", None)), vim.fault.FileLocked)
    task.CancelTask()
    ended(task)
    assert tree(esx) == {}


@pytest.mark.parametrize("percent", [0, 50, 100])
def test_a_task_fails_to_order(esx, percent):
    esx.control.fail_task(
        method="CreateVirtualDisk_Task", fault="CannotCreateFile", fields={"file": "x"}, at_percent=percent
    )
    fault = failed(esx.create(f"{DS}t.vmdk", 64 * MIB, "eagerZeroedThick"))
    assert (type(fault), fault.file) == (vim.fault.CannotCreateFile, "x")
    assert tree(esx) == {}
    esx.made(f"{DS}t.vmdk", MIB)
