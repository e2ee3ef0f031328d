# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""pyVmomi's own client for tests that change files and disks on the fake."""

from __future__ import annotations

import base64
import ssl
import time
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

from esxkit.fake import FakeServer

GIB = 1024**3
MIB = 1024**2
KIB = 1024


class ViClient:
    """A logged-in client; `dc` is the datacenter to name, None on ESXi."""

    def __init__(self, server: FakeServer):
        context = ssl.create_default_context(cafile=server.cacert)
        self.server, self.control = server, server.control
        self.instance = SmartConnect(
            host="127.0.0.1", port=server.port, user=server.username, pwd=server.password, sslContext=context
        )
        content = self.instance.content
        self.disks, self.files = content.virtualDiskManager, content.fileManager
        self.namespaces = content.datastoreNamespaceManager
        inventory = content.rootFolder.childEntity[0]
        self.datacenter = inventory if isinstance(inventory, vim.Datacenter) else inventory.childEntity[0]
        self.dc = self.datacenter if self.instance.content.about.apiType == "VirtualCenter" else None

    def close(self) -> None:
        """Log out."""
        Disconnect(self.instance)

    def store(self, name: str) -> Any:
        """A datastore by name."""
        return next(d for d in self.datacenter.datastore if d.summary.name == name)

    def free(self, name: str) -> int:
        """What the datastore's summary says is free."""
        return self.store(name).summary.freeSpace

    # -- disks -------------------------------------------------------------------------------
    def create(self, name: str, capacity: int, kind: str = "thin", adapter: str = "lsiLogic") -> Any:
        """Start making a disk; the task."""
        return self.disks.CreateVirtualDisk_Task(name, self.dc, disk_spec(capacity, kind, adapter))

    def made(self, name: str, capacity: int, kind: str = "thin", adapter: str = "lsiLogic") -> str:
        """Make a disk; its path."""
        return done(self.create(name, capacity, kind, adapter))

    def copy(self, source: str, target: str, kind: str | None = None) -> Any:
        """Start copying a disk; the task."""
        spec = None if kind is None else vim.VirtualDiskSpec(diskType=kind, adapterType="lsiLogic")
        return self.disks.CopyVirtualDisk_Task(source, self.dc, target, self.dc, spec, False)

    def search(self, path: str, *queries: Any) -> dict[str, Any]:
        """FileInfo by name of what a search of one folder finds."""
        name = path[1 : path.index("]")]
        details = vim.FileQueryFlags(fileType=True, fileSize=True, modification=True, fileOwner=True)
        spec = vim.HostDatastoreBrowserSearchSpec(query=list(queries), details=details)
        found = done(self.store(name).browser.SearchDatastore_Task(path, spec))
        return {info.path: info for info in found.file}


def disk_spec(capacity: int, kind: str = "thin", adapter: str = "lsiLogic") -> Any:
    """What CreateVirtualDisk_Task wants."""
    return vim.FileBackedVirtualDiskSpec(diskType=kind, adapterType=adapter, capacityKb=capacity // KIB)


def ended(task: Any) -> Any:
    """The info of a task that has come to its end, however that was."""
    limit = time.monotonic() + 20
    while (info := task.info).state not in ("success", "error"):
        assert time.monotonic() < limit, f"the task is still {info.state}"
        time.sleep(0.01)
    return info


def done(task: Any) -> Any:
    """The result of a task that has to succeed."""
    info = ended(task)
    assert info.state == "success", info.error
    return info.result


def failed(task: Any) -> Any:
    """The fault of a task that has to fail."""
    info = ended(task)
    assert info.state == "error"
    return info.error


def tree(client: ViClient, datastore: str = "datastore-0000") -> dict[str, Any]:
    """The datastore's files whose names begin with "t": those the world came with do not."""
    return {path: one for path, one in client.control.tree(datastore=datastore).items() if path.startswith("t")}


def put(client: ViClient, path: str, data: bytes, datastore: str = "datastore-0000") -> None:
    """Place a file."""
    client.control.put_file(datastore=datastore, path=path, content=base64.b64encode(data).decode())


def with_data(client: ViClient, name: str, data: bytes, kind: str = "thin", capacity: int = 8 * MIB) -> None:
    """A disk whose first bytes are `data`."""
    client.made(f"[datastore-0000] {name}.vmdk", capacity, kind)
    flat = client.control.real_path(datastore="datastore-0000", path=f"{name}-flat.vmdk")
    with open(flat, "r+b") as file:
        file.write(data)


def text(client: ViClient, path: str, datastore: str = "datastore-0000") -> str:
    """A descriptor."""
    return base64.b64decode(client.control.read_file(datastore=datastore, path=path)).decode()
