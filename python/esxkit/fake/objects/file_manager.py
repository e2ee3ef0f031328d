# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""FileManager: folders, and files as they are. Of disks it knows nothing: it takes a descriptor for a text file."""

from __future__ import annotations

from typing import Any

from esxkit.fake import plain_files
from esxkit.fake.call import Call
from esxkit.fake.disks import is_disk
from esxkit.fake.places import Place, check_top_level, locate, locate_writable
from esxkit.fake.progress import Progress
from esxkit.fake.registry import ManagedObject
from esxkit.wire.faults import invalid_argument


class FileManager(ManagedObject):
    """The file manager."""

    vi_name = "FileManager"

    async def MakeDirectory(
        self, call: Call, name: str, datacenter: Any, createParentDirectories: bool | None
    ) -> None:
        place = locate_writable(call.service, name, datacenter)
        check_top_level(place)
        with place.faults():
            plain_files.make_folder(place, parents=bool(createParentDirectories))

    async def DeleteDatastoreFile_Task(self, call: Call, name: str, datacenter: Any) -> Any:
        def work() -> None:
            place = locate_writable(call.service, name, datacenter)
            with place.faults():
                entry = place.files.entry(place.path)
                left = call.service.options.disk_file_delete == "nothing"
                if left and is_disk(place.files, entry):
                    return
                place.files.delete(place.path)

        _need_datacenter(call, name, datacenter, "datacenter")
        return call.service.tasks.start(call, self, work)

    async def MoveDatastoreFile_Task(
        self,
        call: Call,
        sourceName: str,
        sourceDatacenter: Any,
        destinationName: str,
        destinationDatacenter: Any,
        force: bool | None,
    ) -> Any:
        destinationDatacenter = destinationDatacenter or sourceDatacenter

        async def job(progress: Progress) -> None:
            source = locate_writable(call.service, sourceName, sourceDatacenter, parameter="sourceDatacenter")
            target = _target(call, destinationName, destinationDatacenter)
            await plain_files.move(source, target, bool(force), progress)

        _need_datacenter(call, sourceName, sourceDatacenter, "sourceDatacenter")
        _need_datacenter(call, destinationName, destinationDatacenter, "destinationDatacenter")
        return await call.service.tasks.start_job(call, self, job)

    async def CopyDatastoreFile_Task(
        self,
        call: Call,
        sourceName: str,
        sourceDatacenter: Any,
        destinationName: str,
        destinationDatacenter: Any,
        force: bool | None,
    ) -> Any:
        destinationDatacenter = destinationDatacenter or sourceDatacenter

        async def job(progress: Progress) -> None:
            source = locate(call.service, sourceName, sourceDatacenter, parameter="sourceDatacenter")
            target = _target(call, destinationName, destinationDatacenter)
            await plain_files.copy(source, target, bool(force), progress)

        _need_datacenter(call, sourceName, sourceDatacenter, "sourceDatacenter")
        _need_datacenter(call, destinationName, destinationDatacenter, "destinationDatacenter")
        return await call.service.tasks.start_job(call, self, job)


def _target(call: Call, name: str, datacenter: Any) -> Place:
    place = locate_writable(call.service, name, datacenter, parameter="destinationDatacenter")
    check_top_level(place)
    return place


def _need_datacenter(call: Call, name: str, datacenter: Any, parameter: str) -> None:
    if call.service.is_vcenter and datacenter is None and name.startswith("["):
        raise invalid_argument(parameter)
