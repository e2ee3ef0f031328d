# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""HostSystem: one ESXi host; its config.storageDevice is the storage system's storageDeviceInfo."""

from __future__ import annotations

from typing import Any

from esxkit.fake.objects.entities import ManagedEntity
from esxkit.model.objects import replaced


class HostSystem(ManagedEntity):
    """A host."""

    vi_name = "HostSystem"

    def __init__(self, moid: str, **props: Any):
        super().__init__(moid, **{"datastore": [], "network": [], "vm": [], **props})
        self.management_ip = ""

    @property
    def storage_device(self) -> Any:
        """HostStorageDeviceInfo of now."""
        return self.read("config").storageDevice

    def change_storage(self, path: str, value: Any) -> None:
        """Replace one field of the storage device info, e.g. "scsiLun", and announce it."""
        self.set("config", replaced(self.read("config"), f"storageDevice.{path}", value))
