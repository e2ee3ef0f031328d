# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Worlds at the size of the largest estates: a vCenter, a host with all the LUNs it may have, a full datastore."""

from __future__ import annotations

import functools
import uuid
from typing import Any

from esxkit.fake import vmdk
from esxkit.fake.worlds import parts
from esxkit.fake.worlds.counts import ADAPTER, counts_world, iqn
from esxkit.fake.worlds.inventory import load
from esxkit.fake.worlds.plan import HostPlan, VCenterPlan, WorldPlan
from esxkit.fake.worlds.vcenter import as_vcenter_datastore, vcenter_about

HOSTS, DATASTORES, TARGETS = 1000, 2000, 20_000
HOSTS_OF_A_CLUSTER = 20

LUNS, PATHS_OF_A_LUN, LUNS_OF_AN_ARRAY = 1024, 4, 64

FOLDERS, DISKS_OF_A_FOLDER, PLAIN_OF_A_FOLDER = 1000, 40, 20


@functools.cache
def _options() -> list[Any]:
    return load()["storage"]["internetScsiAdvancedOptions"]


def _storage() -> dict[str, Any]:
    storage = parts.empty_storage(_options())
    storage["softwareInternetScsiEnabled"] = True
    return storage


def _address(number: int) -> str:
    return f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}"


def _targets(first: int, count: int, host: str) -> dict[str, Any]:
    """Storage of a host with so many targets of one LUN each, numbered from `first`."""
    storage = _storage()
    numbers = range(first, first + count)
    static = [parts.static_target(iqn(n), _address(n)) for n in numbers]
    storage["hostBusAdapter"] = [parts.iscsi_adapter(ADAPTER, f"iqn.1998-01.com.vmware:{host}", static)]
    for place, n in enumerate(numbers):
        lun = parts.iscsi_lun(n, 0, (10 + n % 50) * parts.GIB)
        parts.attach(storage, ADAPTER, place, iqn(n), f"{_address(n)}:3260", [(0, lun)])
    return storage


def large_vcenter(hosts: int = HOSTS, datastores: int = DATASTORES, targets: int = TARGETS) -> WorldPlan:
    """A vCenter of 1,000 hosts in clusters of 20, with 2,000 datastores and 20,000 iSCSI targets in all."""
    clusters = -(-hosts // HOSTS_OF_A_CLUSTER)
    stores: list[dict[str, Any]] = []
    mounted: list[list[str]] = [[] for _ in range(clusters)]
    for i in range(datastores):
        name = f"datastore-{i:04d}"
        plain = parts.vmfs_datastore(name, f"naa.6001405{parts.digits(name, 25)}", [])
        stores.append(as_vcenter_datastore(plain, 10_000 + i))
        mounted[i % clusters].append(name)
    each = targets // hosts
    plans = [
        HostPlan(
            moid=f"host-{1000 + i}",
            name=f"esx{i:04d}.example.org",
            uuid=str(uuid.UUID(parts.digits(f"host {i}", 32))),
            storage=_targets(i * each, each, f"esx{i:04d}-00000001"),
            cluster=f"Cluster {i // HOSTS_OF_A_CLUSTER:03d}",
            datastores=mounted[i // HOSTS_OF_A_CLUSTER],
        )
        for i in range(hosts)
    ]
    about = vcenter_about(load()["about"])
    return WorldPlan(name="large-vcenter", about=about, hosts=plans, datastores=stores, vcenter=VCenterPlan())


def many_luns() -> WorldPlan:
    """An ESXi host with 1,024 LUNs behind 64 targets and 4,096 paths, as many as a host may have."""
    storage = _storage()
    ports = range(LUNS // LUNS_OF_AN_ARRAY * PATHS_OF_A_LUN)
    static = [parts.static_target(iqn(n), _address(n)) for n in ports]
    storage["hostBusAdapter"] = [parts.iscsi_adapter(ADAPTER, "iqn.1998-01.com.vmware:fake-00000001", static)]
    targets: list[Any] = []
    for array in range(LUNS // LUNS_OF_AN_ARRAY):
        # Looking up what is there already is slow in a large list, so each array is made alone.
        scratch = {**storage, "scsiTopology": [], "scsiLun": [], "multipathInfo": []}
        numbers = range(array * LUNS_OF_AN_ARRAY, (array + 1) * LUNS_OF_AN_ARRAY)
        luns = [(n % LUNS_OF_AN_ARRAY, parts.iscsi_lun(n, n % LUNS_OF_AN_ARRAY, 100 * parts.GIB)) for n in numbers]
        for port in range(array * PATHS_OF_A_LUN, (array + 1) * PATHS_OF_A_LUN):
            parts.attach(scratch, ADAPTER, port, iqn(port), f"{_address(port)}:3260", luns)
        targets += scratch["scsiTopology"][0]["target"]
        storage["scsiLun"] += scratch["scsiLun"]
        storage["multipathInfo"] += scratch["multipathInfo"]
    adapter = storage["hostBusAdapter"][0]["key"]
    key = f"key-vim.host.ScsiTopology.Interface-{ADAPTER}"
    storage["scsiTopology"] = [{"key": key, "adapter": adapter, "target": targets}]
    world = counts_world(datastores=1, targets=0, luns=0)
    world.name = "many-luns"
    world.hosts[0].storage = storage
    return world


def many_files(folders: int = FOLDERS) -> WorldPlan:
    """An ESXi host whose one datastore has 100,000 files in 1,000 folders: 40,000 disks and 20,000 plain files."""
    tree = [
        {
            "name": f"vm-{i:04d}",
            "kind": "dir",
            "children": [
                *(f for n in range(DISKS_OF_A_FOLDER) for f in _disk(i, n)),
                *({"name": f"image-{n:02d}.iso", "kind": "iso", "size": 4096} for n in range(PLAIN_OF_A_FOLDER)),
            ],
        }
        for i in range(folders)
    ]
    world = counts_world(datastores=0, targets=1, luns=1)
    world.name = "many-files"
    world.datastores = [parts.vmfs_datastore("large", "naa.large", tree, 4096 * 1024 * parts.GIB)]
    return world


def _disk(folder: int, number: int) -> list[Any]:
    return vmdk.disk_files(f"disk-{number:02d}", (1 + number) * parts.GIB, seed=f"large/{folder}/{number}")


MAKERS = {"large-vcenter": large_vcenter, "many-luns": many_luns, "many-files": many_files}
