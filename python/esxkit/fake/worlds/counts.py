# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Worlds from counts, for scale."""

from __future__ import annotations

from typing import Any

from esxkit.fake import vmdk
from esxkit.fake.worlds import parts
from esxkit.fake.worlds.inventory import load
from esxkit.fake.worlds.plan import HostPlan, WorldPlan

ADAPTER = "vmhba65"


def iqn(number: int) -> str:
    """Name of the n-th target."""
    return f"iqn.2026-01.org.example:target-{number:04d}"


def volumes(datastore: str, count: int) -> list[dict[str, Any]]:
    """File tree with so many disks, one a folder; sizes differ from disk to disk."""
    return [
        {
            "name": f"vm-{i:04d}",
            "kind": "dir",
            "children": vmdk.disk_files(f"vm-{i:04d}", (1 + i % 64) * parts.GIB, seed=f"{datastore}/{i}"),
        }
        for i in range(count)
    ]


def counts_world(datastores: int = 2, targets: int = 2, luns: int = 2, volumes_each: int = 4) -> WorldPlan:
    """A made-up ESXi host: so many datastores, targets, LUNs a target, disks a datastore (2, 2, 2, 4)."""
    plain = load()
    storage = parts.empty_storage(plain["storage"]["internetScsiAdvancedOptions"])
    storage["softwareInternetScsiEnabled"] = True
    addresses = [f"10.{i // 65025 % 255}.{i // 255 % 255}.{i % 255 + 1}" for i in range(targets)]
    static = [parts.static_target(iqn(i), addresses[i]) for i in range(targets)]
    storage["hostBusAdapter"] = [parts.iscsi_adapter(ADAPTER, "iqn.1998-01.com.vmware:fake-00000001", static)]
    disks = []
    for i in range(targets):
        units = [(n, parts.iscsi_lun(i * luns + n, n % 256, (10 + n) * parts.GIB)) for n in range(luns)]
        parts.attach(storage, ADAPTER, i, iqn(i), f"{addresses[i]}:3260", units)
        disks += [lun["canonicalName"] for _, lun in units]
    stores = []
    for i in range(datastores):
        name = f"datastore-{i:04d}"
        disk = disks[i % len(disks)] if disks else "mpx.vmhba0:C0:T0:L0"
        stores.append(parts.vmfs_datastore(name, disk, volumes(name, volumes_each)))
    host = HostPlan(moid="ha-host", name="esx1.example.org", uuid=plain["host"]["uuid"], storage=storage)
    return WorldPlan(name="counts", about=plain["about"], hosts=[host], datastores=stores)
