# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Control verbs about the bytes of datastores, in process and over HTTP; searches with a plain FileQuery."""

from __future__ import annotations

import base64
import hashlib

import pytest
from pyVmomi import vim, vmodl
from vi_client import GIB, MIB

from esxkit.fake import HttpControl

A = "datastore-0000"


@pytest.fixture(params=["in process", "http"])
def control(request, serve):
    server = serve("small")
    return server.control if request.param == "in process" else HttpControl(server.address.control)


def encoded(data):
    return base64.b64encode(data).decode()


def test_a_tree_tells_what_is_there(control):
    control.put_file(datastore=A, path="a.iso", content=encoded(b"iso"), size=2 * MIB)
    control.make_folder(datastore=A, path="folder")
    control.add_file(datastore=A, path="folder/zeros", size=GIB)
    tree = control.tree(datastore=A)
    digest = hashlib.sha256(b"iso" + bytes(2 * MIB - 3)).hexdigest()
    assert tree["a.iso"] == {
        "kind": "file", "size": 2 * MIB, "allocated": 2 * MIB, "holes": False, "sha256": digest
    }
    assert tree["folder"] == {"kind": "dir"}
    assert tree["folder/zeros"] == {
        "kind": "file", "size": GIB, "allocated": GIB, "holes": True, "sha256": None
    }
    assert list(control.tree(datastore=A, folder="folder")) == ["folder/zeros"]
    assert tree["vm-0000/vm-0000-flat.vmdk"]["allocated"] == GIB // 4


def test_bytes_of_a_file(control):
    control.put_file(datastore=A, path="f", content=encoded(b"0123456789"))
    assert control.read_file(datastore=A, path="f") == encoded(b"0123456789")
    assert control.read_file(datastore=A, path="f", offset=3, length=4) == encoded(b"3456")


def test_a_machine_takes_a_disk_with_its_extents(control):
    assert control.lock_file(datastore=A, path="vm-0000/vm-0000.vmdk") == [
        "vm-0000/vm-0000.vmdk", "vm-0000/vm-0000-flat.vmdk"
    ]
    assert control.locks(datastore=A) == ["vm-0000/vm-0000-flat.vmdk", "vm-0000/vm-0000.vmdk"]
    with pytest.raises(ValueError, match="in use"):
        control.lock_file(datastore=A, path="vm-0000/vm-0000.vmdk")
    control.unlock_file(datastore=A, path="vm-0000/vm-0000-flat.vmdk")
    assert control.locks(datastore=A) == ["vm-0000/vm-0000.vmdk"]
    control.unlock_file(datastore=A, path="vm-0000/vm-0000.vmdk")
    assert control.locks(datastore=A) == []


def test_arguments_may_come_by_position(control):
    control.put_file(A, "f", encoded(b"x"), size=3)
    assert control.read_file(A, "f") == encoded(b"x\0\0")
    assert control.list_files(A, folder="vm-0000") == ["vm-0000-flat.vmdk", "vm-0000.vmdk"]


def test_orders_without_sense_get_a_sentence(control):
    for wrong in (
        lambda: control.tree(datastore="none"),
        lambda: control.tree(datastore=A, folder="none"),
        lambda: control.read_file(datastore=A, path="none"),
        lambda: control.read_file(datastore=A, path="../x"),
        lambda: control.put_file(datastore=A, path="f", content="no base64!"),
        lambda: control.put_file(datastore=A, path="none/f", content=""),
        lambda: control.make_folder(datastore=A, path="vm-0000"),
        lambda: control.lock_file(datastore=A, path="none"),
        lambda: control.fail_task(method="*", fault="NoSuchFault"),
        lambda: control.set_access_mode(datastore="none", mode="readOnly"),
    ):
        with pytest.raises(ValueError, match=r"Control verb '.*': .+"):
            wrong()


def test_a_plain_query_beside_typed_ones_gives_every_file_once(serve, connect):
    client = connect(serve("small"))
    for name in ("a.iso", "b.flp", "c.log", "d.bin", "e é+%&.img"):
        client.control.add_file(datastore=A, path=f"dir/{name}", size=10)
    client.made(f"[{A}] dir/disk.vmdk", MIB)
    client.control.make_folder(datastore=A, path="dir/inner")
    typed = (vim.VmDiskFileQuery(), vim.IsoImageFileQuery(), vim.FloppyImageFileQuery())
    found = client.search(f"[{A}] dir", *typed, vim.FileQuery())
    kinds = {name: type(info) for name, info in found.items()}
    assert kinds == {
        "a.iso": vim.IsoImageFileInfo,
        "b.flp": vim.FloppyImageFileInfo,
        "c.log": vim.VmLogFileInfo,
        "d.bin": vim.FileInfo,
        "disk.vmdk": vim.VmDiskFileInfo,
        "disk-flat.vmdk": vim.FileInfo,
        "e é+%&.img": vim.FloppyImageFileInfo,
    }
    assert set(client.search(f"[{A}] dir", *typed)) == {"a.iso", "b.flp", "disk.vmdk", "e é+%&.img"}
    with_folders = client.search(f"[{A}] dir", *typed, vim.FileQuery(), vim.FolderFileQuery())
    assert set(with_folders) == {*found, "inner"}


def test_a_server_may_refuse_the_plain_query(serve, connect):
    client = connect(serve("small", refuse_base_query=True))
    assert set(client.search(f"[{A}] vm-0000", vim.VmDiskFileQuery())) == {"vm-0000.vmdk"}
    with pytest.raises(vmodl.fault.InvalidArgument):
        client.search(f"[{A}] vm-0000", vim.VmDiskFileQuery(), vim.FileQuery())
