# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""SearchIndex: entities by inventory path, name or address."""

from __future__ import annotations

from typing import Any

from esxkit.fake.call import Call
from esxkit.fake.objects.datastore import Datastore
from esxkit.fake.objects.entities import ComputeResource, Datacenter, Folder
from esxkit.fake.objects.host_system import HostSystem
from esxkit.fake.registry import ManagedObject


class SearchIndex(ManagedObject):
    """The search index."""

    vi_name = "SearchIndex"

    async def FindByInventoryPath(self, call: Call, inventoryPath: str) -> Any:
        found: ManagedObject = call.service.root_folder
        for name in [part for part in inventoryPath.split("/") if part]:
            child = next((c for c in children(found) if c.read("name") == name), None)
            if child is None:
                return None
            found = child
        return found.ref

    async def FindChild(self, call: Call, entity: Any, name: str) -> Any:
        found = children(self.registry.get(entity))
        return next((c.ref for c in found if c.read("name") == name), None)

    async def FindByDnsName(self, call: Call, datacenter: Any, dnsName: str, vmSearch: bool) -> Any:
        return None if vmSearch else self._host(lambda host: host.read("name") == dnsName)

    async def FindByIp(self, call: Call, datacenter: Any, ip: str, vmSearch: bool) -> Any:
        return None if vmSearch else self._host(lambda host: host.management_ip == ip)

    async def FindByUuid(
        self, call: Call, datacenter: Any, uuid: str, vmSearch: bool, instanceUuid: bool | None
    ) -> Any:
        return None if vmSearch else self._host(lambda host: host.read("hardware").systemInfo.uuid == uuid)

    def _host(self, fits: Any) -> Any:
        return next((host.ref for host in self.registry.of_type(HostSystem) if fits(host)), None)


def children(obj: ManagedObject) -> list[ManagedObject]:
    """What is right below an object in the inventory."""
    names: tuple[str, ...] = ()
    if isinstance(obj, Folder):
        names = ("childEntity",)
    elif isinstance(obj, Datacenter):
        names = ("vmFolder", "hostFolder", "datastoreFolder", "networkFolder")
    elif isinstance(obj, ComputeResource):
        names = ("host", "resourcePool")
    elif isinstance(obj, Datastore):
        return []
    found = []
    for name in names:
        value = obj.read(name)
        for ref in value if isinstance(value, list) else [value]:
            target = obj.registry.find(ref._moId) if ref is not None else None
            if target is not None:
                found.append(target)
    return found
