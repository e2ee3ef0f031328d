# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What somebody writes who begins with pyVmomi's community samples; the password comes by standard input.

It imitates what they have in common: ``SmartConnect``; a container view over the root folder, whose objects are asked
for one property after another (each attribute of a managed object is a request of its own), as in the samples that
list datastores and hosts; finding an object by comparing the name of each; ``SearchDatastoreSubFolders_Task`` on the
datastore's browser and ``WaitForTask`` for its outcome, as in the samples that look for files. A summary is read once
and kept in a variable, as they do. iSCSI targets come from the host's ``storageDeviceInfo``, read whole.
"""

from __future__ import annotations

import argparse
import ssl
import sys
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import vim


def objects(content: vim.ServiceInstanceContent, kind: type) -> list[Any]:
    """All managed objects of a kind."""
    view = content.viewManager.CreateContainerView(content.rootFolder, [kind], True)
    found = list(view.view)
    view.Destroy()
    return found


def by_name(content: vim.ServiceInstanceContent, kind: type, name: str) -> Any:
    """The first object of a kind with that name."""
    for one in objects(content, kind):
        if one.name == name:
            return one
    raise SystemExit(f"There is no {kind.__name__} '{name}'.")


def list_pools(content: vim.ServiceInstanceContent, details: bool) -> None:
    """Datastores and iSCSI targets; with details their state, type, capacity and free space, too."""
    for datastore in objects(content, vim.Datastore):
        if details:
            summary = datastore.summary
            print(datastore.name, summary.accessible, summary.type, summary.capacity, summary.freeSpace)
        else:
            print(datastore.name)
    for host in objects(content, vim.HostSystem):
        for adapter in host.configManager.storageSystem.storageDeviceInfo.hostBusAdapter:
            if isinstance(adapter, vim.host.InternetScsiHba):
                for target in adapter.configuredStaticTarget:
                    print(target.iScsiName)


def disks(content: vim.ServiceInstanceContent, name: str) -> list[tuple[str, int, int]]:
    """Path, capacity and size of each disk of a datastore."""
    datastore = by_name(content, vim.Datastore, name)
    details = vim.host.DatastoreBrowser.VmDiskQuery.Details(
        diskType=True, capacityKb=True, hardwareVersion=True, controllerType=True, diskExtents=True, thin=True
    )
    flags = vim.host.DatastoreBrowser.FileInfo.Details(fileType=True, fileSize=True, modification=True, fileOwner=False)
    search = vim.host.DatastoreBrowser.SearchSpec(
        query=[vim.host.DatastoreBrowser.VmDiskQuery(details=details)], details=flags, matchPattern=["*.vmdk"]
    )
    task = datastore.browser.SearchDatastoreSubFolders_Task(f"[{name}]", search)
    WaitForTask(task)
    return [
        (f"{folder.folderPath.rstrip('/')}/{file.path}", file.capacityKb, file.fileSize)
        for folder in task.info.result
        for file in folder.file
    ]


def main() -> None:
    """Log in, do what the command line says, log out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("command", choices=("pool-list", "pool-details", "vol-list", "vol-info"))
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    password = sys.stdin.read()
    # The samples have --disable-ssl-verification, which most who try them use.
    context = ssl._create_unverified_context()
    instance = SmartConnect(host=given.host, port=given.port, user=given.user, pwd=password, sslContext=context)
    content = instance.RetrieveContent()
    if given.command in ("pool-list", "pool-details"):
        list_pools(content, given.command == "pool-details")
    elif given.command == "vol-list":
        for path, capacity, size in disks(content, given.names[0]):
            print(path, capacity, size)
    else:
        pool, volume = given.names
        for path, capacity, size in disks(content, pool):
            if path.endswith(volume):
                print(path, capacity, size)
    Disconnect(instance)


if __name__ == "__main__":
    main()
