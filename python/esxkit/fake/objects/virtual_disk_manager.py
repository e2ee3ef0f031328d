# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""VirtualDiskManager: the methods; what they do to files is in esxkit.fake.disks.

What is wrong with a call (no datacenter, a spec without sense) is the call's fault; what is wrong with files and
datastores is the error of its task.
"""

from __future__ import annotations

from typing import Any

from esxkit.fake import disks
from esxkit.fake.call import Call
from esxkit.fake.faults import file_fault
from esxkit.fake.objects.task import Job
from esxkit.fake.places import Place, check_top_level, locate, locate_writable
from esxkit.fake.progress import Progress
from esxkit.fake.registry import ManagedObject
from esxkit.model.objects import make
from esxkit.wire.faults import VimFault, invalid_argument


class VirtualDiskManager(ManagedObject):
    """The virtual disk manager."""

    vi_name = "VirtualDiskManager"

    # -- making ----------------------------------------------------------------------------
    async def CreateVirtualDisk_Task(self, call: Call, name: str, datacenter: Any, spec: Any) -> Any:
        _need_datacenter(call, name, datacenter)
        kind, adapter = _type_of(spec), _adapter_of(spec)
        capacity = getattr(spec, "capacityKb", None)
        if capacity is None or capacity <= 0:
            raise invalid_argument("spec")

        async def job(progress: Progress) -> str:
            place = locate_writable(call.service, name, datacenter)
            return await disks.create(_named_as_disk(place), capacity * 1024, kind, adapter, progress)

        return await self._start(call, job)

    async def CopyVirtualDisk_Task(
        self,
        call: Call,
        sourceName: str,
        sourceDatacenter: Any,
        destName: str,
        destDatacenter: Any,
        destSpec: Any,
        force: bool | None,
    ) -> Any:
        _need_datacenter(call, sourceName, sourceDatacenter, "sourceDatacenter")
        destDatacenter = destDatacenter or sourceDatacenter
        _need_datacenter(call, destName, destDatacenter, "destDatacenter")
        style = call.service.options.destspec_vcenter
        if destSpec is not None and call.service.is_vcenter and style != "accept":
            if style == "notimplemented":
                raise VimFault("NotImplemented", "The method is not implemented.")
            destSpec = None
        kind = disks.THICK if destSpec is None else _type_of(destSpec)
        adapter = None if destSpec is None else _adapter_of(destSpec)

        async def job(progress: Progress) -> str:
            source = locate(call.service, sourceName, sourceDatacenter, parameter="sourceDatacenter")
            target = locate_writable(call.service, destName, destDatacenter, parameter="destDatacenter")
            return await disks.copy(source, _named_as_disk(target), kind, adapter, progress)

        return await self._start(call, job)

    # -- changing --------------------------------------------------------------------------
    async def ExtendVirtualDisk_Task(
        self, call: Call, name: str, datacenter: Any, newCapacityKb: int, eagerZero: bool | None
    ) -> Any:
        async def job(progress: Progress) -> None:
            place = locate_writable(call.service, name, datacenter)
            await disks.extend(place, newCapacityKb * 1024, bool(eagerZero), progress)

        _need_datacenter(call, name, datacenter)
        return await self._start(call, job)

    async def ZeroFillVirtualDisk_Task(self, call: Call, name: str, datacenter: Any) -> Any:
        async def job(progress: Progress) -> None:
            await disks.zero_fill(locate_writable(call.service, name, datacenter), progress)

        _need_datacenter(call, name, datacenter)
        return await self._start(call, job)

    async def InflateVirtualDisk_Task(self, call: Call, name: str, datacenter: Any) -> Any:
        async def job(progress: Progress) -> None:
            await disks.inflate(locate_writable(call.service, name, datacenter), progress)

        _need_datacenter(call, name, datacenter)
        return await self._start(call, job)

    # -- removing and moving ---------------------------------------------------------------
    async def DeleteVirtualDisk_Task(self, call: Call, name: str, datacenter: Any) -> Any:
        _need_datacenter(call, name, datacenter)
        return call.service.tasks.start(
            call, self, lambda: disks.delete(locate_writable(call.service, name, datacenter))
        )

    async def MoveVirtualDisk_Task(
        self,
        call: Call,
        sourceName: str,
        sourceDatacenter: Any,
        destName: str,
        destDatacenter: Any,
        force: bool | None,
        profile: Any = None,
    ) -> Any:
        _need_datacenter(call, sourceName, sourceDatacenter, "sourceDatacenter")
        destDatacenter = destDatacenter or sourceDatacenter
        _need_datacenter(call, destName, destDatacenter, "destDatacenter")

        async def job(progress: Progress) -> None:
            source = locate_writable(call.service, sourceName, sourceDatacenter, parameter="sourceDatacenter")
            target = locate_writable(call.service, destName, destDatacenter, parameter="destDatacenter")
            if source.files is not target.files:
                await disks.move_across(source, _named_as_disk(target), progress)
                return
            await progress.begun()
            disks.rename(source, _named_as_disk(target))

        return await self._start(call, job)

    # -- asking ----------------------------------------------------------------------------
    async def QueryVirtualDiskUuid(self, call: Call, name: str, datacenter: Any) -> str:
        place = locate(call.service, name, datacenter)
        with place.faults():
            entry = place.files.entry(place.path)
            if not disks.is_disk(place.files, entry):
                raise file_fault("FileFault", str(place))
            return place.files.uuid(entry)

    async def QueryVirtualDiskGeometry(self, call: Call, name: str, datacenter: Any) -> Any:
        sectors = disks.open_disk(locate(call.service, name, datacenter)).capacity // 512
        return make("HostDiskDimensionsChs", cylinder=sectors // 255 // 63, head=255, sector=63)

    async def _start(self, call: Call, job: Job) -> Any:
        return await call.service.tasks.start_job(call, self, job)


def _need_datacenter(call: Call, name: str, datacenter: Any, parameter: str = "datacenter") -> None:
    """Fault InvalidArgument from the call itself where a vCenter is not told which datacenter is meant."""
    if call.service.is_vcenter and datacenter is None and name.startswith("["):
        raise invalid_argument(parameter)


def _type_of(spec: Any) -> str:
    """The disk type a spec asks for. Fault InvalidArgument for one that cannot be made."""
    if spec.diskType not in disks.TYPES:
        raise invalid_argument("spec.diskType")
    return disks.TYPES[spec.diskType]


def _adapter_of(spec: Any) -> str:
    """The adapter a spec asks for, as descriptors write it. Fault InvalidArgument."""
    if spec.adapterType not in disks.ADAPTERS:
        raise invalid_argument("spec.adapterType")
    return disks.ADAPTERS[spec.adapterType]


def _named_as_disk(place: Place) -> Place:
    """The place of a disk to be. Faults InvalidDatastorePath (not NAME.vmdk, or an extent's), CannotCreateFile."""
    if not disks.is_disk_name(place.path):
        raise VimFault("InvalidDatastorePath", f"Invalid datastore path '{place}'.", datastorePath=str(place))
    check_top_level(place)
    return place
