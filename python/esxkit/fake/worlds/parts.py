# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Made-up storage parts for worlds from counts: datastores, targets, LUNs. All deterministic."""

from __future__ import annotations

import hashlib
from typing import Any

GIB = 1024**3

_DIGEST = {
    "headerDigestType": "digestProhibited",
    "headerDigestInherited": True,
    "dataDigestType": "digestProhibited",
    "dataDigestInherited": True,
}
_CHAP = {
    "chapAuthEnabled": False,
    "chapAuthenticationType": "chapProhibited",
    "chapInherited": True,
    "mutualChapAuthenticationType": "chapProhibited",
    "mutualChapInherited": True,
}
_CAPABILITY = {
    "directoryHierarchySupported": True,
    "rawDiskMappingsSupported": True,
    "perFileThinProvisioningSupported": True,
    "storageIORMSupported": True,
    "nativeSnapshotSupported": False,
    "topLevelDirectoryCreateSupported": True,
    "seSparseSupported": True,
    "vmfsSparseSupported": True,
    "vsanSparseSupported": False,
}


def digits(seed: str, length: int) -> str:
    """Hexadecimal digits, always the same for one seed."""
    return hashlib.sha256(seed.encode()).hexdigest()[:length]


def volume_uuid(seed: str) -> str:
    """A VMFS volume uuid, 8-8-4-12 digits."""
    d = digits(seed, 32)
    return f"{d[:8]}-{d[8:16]}-{d[16:20]}-{d[20:]}"


def vmfs_datastore(name: str, disk: str, files: list[Any] | None, capacity: int = 1024 * GIB) -> dict[str, Any]:
    """A VMFS 6 datastore on one disk, a quarter of it used."""
    uuid = volume_uuid(name)
    path = f"/vmfs/volumes/{uuid}"
    free = capacity * 3 // 4
    limits = {"maxFileSize": 64 * 1024 * GIB, "maxVirtualDiskCapacity": 62 * 1024 * GIB, "maxMemoryFileSize": 64 * GIB}
    volume = {
        "type": "VMFS",
        "name": name,
        "capacity": capacity,
        "blockSizeMb": 1,
        "blockSize": 1024,
        "maxBlocks": 63963136,
        "majorVersion": 6,
        "version": "6.82",
        "uuid": uuid,
        "extent": [{"diskName": disk, "partition": 1}],
        "vmfsUpgradable": False,
    }
    return {
        "moref": uuid,
        "name": name,
        "summary": {
            "datastore": uuid,
            "name": name,
            "url": path,
            "capacity": capacity,
            "freeSpace": free,
            "uncommitted": 0,
            "accessible": True,
            "type": "VMFS",
            "maintenanceMode": "normal",
        },
        "info": {"_type": "VmfsDatastoreInfo", "name": name, "url": path, "freeSpace": free, **limits, "vmfs": volume},
        "mountInfo": {"path": path, "accessMode": "readWrite", "mounted": True, "accessible": True},
        "capability": dict(_CAPABILITY),
        "files": files if files is not None else [],
    }


def iscsi_lun(number: int, lun: int, size: int) -> dict[str, Any]:
    """A disk behind an iSCSI target; `number` makes it unique, `lun` is its number at the target."""
    naa = "6001405" + digits(f"lun {number}", 25)
    canonical = f"naa.{naa}"
    uuid = f"0200{lun:02x}0000{naa}{b'fake  '.hex()}"
    device = f"/vmfs/devices/disks/{canonical}"
    return {
        "cid": f"lun{number}",
        "cls": "HostScsiDisk",
        "deviceName": device,
        "devicePath": device,
        "deviceType": "disk",
        "key": f"key-vim.host.ScsiDisk-{uuid}",
        "uuid": uuid,
        "descriptor": [
            {"quality": "highQuality", "id": canonical},
            {"quality": "mediumQuality", "id": f"vml.{uuid}"},
            {"quality": "mediumQuality", "id": uuid},
        ],
        "canonicalName": canonical,
        "displayName": f"FAKE iSCSI Disk ({canonical})",
        "lunType": "disk",
        "vendor": "FAKE    ",
        "model": "fake disk       ",
        "revision": "1.0 ",
        "scsiLevel": 5,
        "serialNumber": "unavailable",
        "queueDepth": 128,
        "operationalState": ["ok"],
        "vStorageSupport": "vStorageUnknown",
        "capacity": {"blockSize": 512, "block": size // 512},
        "ssd": False,
        "localDisk": False,
        "scsiDiskType": "native512",
        "psp": "VMW_PSP_FIXED",
        "satp": "VMW_SATP_DEFAULT_AA",
    }


def static_target(iqn: str, address: str, port: int = 3260) -> dict[str, Any]:
    """A configured static target."""
    return {
        "address": address,
        "port": port,
        "iScsiName": iqn,
        "discoveryMethod": "staticMethod",
        "authenticationProperties": dict(_CHAP),
        "digestProperties": dict(_DIGEST),
        "advancedOptions": "default",
    }


def iscsi_adapter(device: str, name: str, targets: list[dict[str, Any]], software: bool = True) -> dict[str, Any]:
    """An iSCSI adapter."""
    return {
        "_type": "HostInternetScsiHba",
        "key": f"key-vim.host.InternetScsiHba-{device}",
        "device": device,
        "bus": 0,
        "status": "online" if software else "unknown",
        "model": "iSCSI Software Adapter" if software else "Emulex OneConnect OCe14000 iSCSI",
        "driver": "iscsi_vmk" if software else "be2iscsi",
        "storageProtocol": "scsi",
        "isSoftwareBased": software,
        "canBeDisabled": software,
        "networkBindingSupport": "optional" if software else "notsupported",
        "discoveryCapabilities": {},
        "discoveryProperties": {"staticTargetDiscoveryEnabled": True, "sendTargetsDiscoveryEnabled": True},
        "authenticationCapabilities": {"chapAuthSettable": True},
        "authenticationProperties": {"chapAuthEnabled": False},
        "digestCapabilities": {},
        "digestProperties": {"headerDigestType": "digestProhibited", "dataDigestType": "digestProhibited"},
        "ipCapabilities": {},
        "ipProperties": {"dhcpConfigurationEnabled": False},
        "iScsiName": name,
        "iScsiAlias": "",
        "configuredSendTarget": [],
        "configuredStaticTarget": targets,
        "maxSpeedMb": 0,
        "currentSpeedMb": 0,
    }


def attach(
    storage: dict[str, Any], device: str, target: int, iqn: str, address: str, luns: list[tuple[int, Any]]
) -> None:
    """Enter a logged-in target with its (number, LUN) list into topology and multipathing."""
    transport = {"_type": "HostInternetScsiTargetTransport", "iScsiName": iqn, "iScsiAlias": "", "address": [address]}
    attach_through(storage, device, target, transport, luns)


def attach_through(
    storage: dict[str, Any], device: str, target: int, transport: dict[str, Any], luns: list[tuple[int, Any]]
) -> None:
    """The same for a target of any adapter, which is reached in the way that `transport` says."""
    adapter = next(h["key"] for h in storage["hostBusAdapter"] if h["device"] == device)
    topology = next((a for a in storage["scsiTopology"] if a["adapter"] == adapter), None)
    if topology is None:
        key = f"key-vim.host.ScsiTopology.Interface-{device}"
        topology = {"key": key, "adapter": adapter, "target": []}
        storage["scsiTopology"].append(topology)
    entries = []
    for number, lun in luns:
        key = f"key-vim.host.ScsiTopology.Lun-{lun['uuid']}"
        entries.append({"key": key, "lun": number, "scsiLun": lun["key"]})
        _add_path(storage, adapter, f"{device}:C0:T{target}:L{number}", lun, transport)
    key = f"key-vim.host.ScsiTopology.Target-{device}:0:{target}"
    topology["target"].append({"key": key, "target": target, "transport": transport, "lun": entries})


def _add_path(storage: dict[str, Any], adapter: str, name: str, lun: dict[str, Any], transport: Any) -> None:
    unit = f"key-vim.host.MultipathInfo.LogicalUnit-{lun['uuid']}"
    multipath = next((m for m in storage["multipathInfo"] if m["key"] == unit), None)
    if multipath is None:
        multipath = {
            "key": unit,
            "id": lun["uuid"],
            "lun": lun["key"],
            "path": [],
            "policy": {"policy": "VMW_PSP_RR"},
            "storageArrayTypePolicy": {"policy": "VMW_SATP_ALUA"},
        }
        storage["multipathInfo"].append(multipath)
    if all(known["key"] != lun["key"] for known in storage["scsiLun"]):
        storage["scsiLun"].append(lun)
    multipath["path"].append(
        {
            "key": f"key-vim.host.MultipathInfo.Path-{name}",
            "name": name,
            "pathState": "active",
            "state": "active",
            "isWorkingPath": not multipath["path"],
            "adapter": adapter,
            "lun": unit,
            "transport": transport,
        }
    )


def plug_store(storage: dict[str, Any]) -> dict[str, Any]:
    """The plug store's topology of what multipathInfo has; plug-ins and targets are left out."""
    adapters: dict[str, list[str]] = {hba["key"]: [] for hba in storage["hostBusAdapter"]}
    paths, devices = [], []
    for unit in storage["multipathInfo"]:
        device = f"key-vim.host.PlugStoreTopology.Device-{unit['id']}"
        keys = [f"key-vim.host.PlugStoreTopology.Path-{path['name']}" for path in unit["path"]]
        devices.append({"key": device, "lun": unit["lun"], "path": keys})
        for key, path in zip(keys, unit["path"], strict=True):
            adapters.setdefault(path["adapter"], []).append(key)
            mine = f"key-vim.host.PlugStoreTopology.Adapter-{path['adapter'].rpartition('-')[2]}"
            paths.append({"key": key, "name": path["name"], "adapter": mine, "device": device})
    entries = [
        {"key": f"key-vim.host.PlugStoreTopology.Adapter-{key.rpartition('-')[2]}", "adapter": key, "path": mine}
        for key, mine in adapters.items()
    ]
    return {"adapter": entries, "path": paths, "device": devices}


def empty_storage(options: list[Any]) -> dict[str, Any]:
    """Storage of a host without any adapter."""
    return {
        "softwareInternetScsiEnabled": False,
        "volumeTypeList": ["VMFS", "NFS", "NFS41", "vsan", "VVOL", "VFFS", "OTHER", "PMEM"],
        "internetScsiAdvancedOptions": options,
        "hostBusAdapter": [],
        "scsiLun": [],
        "scsiTopology": [],
        "multipathInfo": [],
        "unmounted": [],
    }
