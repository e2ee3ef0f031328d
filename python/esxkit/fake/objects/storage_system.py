# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""HostStorageSystem: rescans. The storage itself changes through the control interface."""

from __future__ import annotations

from typing import Any

from esxkit.fake.call import Call
from esxkit.fake.objects.host_system import HostSystem
from esxkit.fake.registry import ManagedObject
from esxkit.wire.faults import VimFault


class HostStorageSystem(ManagedObject):
    """The storage system of one host."""

    vi_name = "HostStorageSystem"

    def __init__(self, moid: str, host: HostSystem, **props: Any):
        super().__init__(moid, **props)
        self._host = host

    def prop_storageDeviceInfo(self, session: Any) -> Any:
        return self._host.storage_device

    async def RescanHba(self, call: Call, hbaDevice: str) -> None:
        if hbaDevice not in {hba.device for hba in self._host.storage_device.hostBusAdapter}:
            raise VimFault("NotFound")
        call.service.rescanned(self._host, hbaDevice)

    async def RescanAllHba(self, call: Call) -> None:
        for hba in self._host.storage_device.hostBusAdapter:
            call.service.rescanned(self._host, hba.device)

    async def RescanVmfs(self, call: Call) -> None:
        """There is nothing to find: a datastore of the fake is known as soon as it exists."""

    async def RefreshStorageSystem(self, call: Call) -> None:
        """The fake's view is always fresh."""
