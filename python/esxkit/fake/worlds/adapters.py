# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Host bus adapters other than iSCSI ones, and a small world that has one of each kind."""

from __future__ import annotations

from typing import Any

from esxkit.fake.worlds import parts
from esxkit.fake.worlds.counts import counts_world
from esxkit.fake.worlds.plan import WorldPlan

KINDS = {
    "block": "HostBlockHba",
    "parallel": "HostParallelScsiHba",
    "fibre": "HostFibreChannelHba",
    "fcoe": "HostFibreChannelOverEthernetHba",
    "sas": "HostSerialAttachedHba",
    "pcie": "HostPcieHba",
    "tcp": "HostTcpHba",
    "rdma": "HostRdmaHba",
}
_TRANSPORTS = {
    "HostBlockHba": "HostBlockAdapterTargetTransport",
    "HostParallelScsiHba": "HostParallelScsiTargetTransport",
    "HostFibreChannelHba": "HostFibreChannelTargetTransport",
    "HostFibreChannelOverEthernetHba": "HostFibreChannelOverEthernetTargetTransport",
    "HostSerialAttachedHba": "HostSerialAttachedTargetTransport",
    "HostPcieHba": "HostPcieTargetTransport",
    "HostTcpHba": "HostTcpTargetTransport",
    "HostRdmaHba": "HostRdmaTargetTransport",
}
_NVME = ("HostPcieHba", "HostTcpHba", "HostRdmaHba")


def signed(wwn: str) -> int:
    """A WWN of 16 hex digits as servers send it: a signed number of 64 bits."""
    value = int(wwn, 16)
    return value - 2**64 if value >= 2**63 else value


def adapter(kind: str, device: str, model: str, wwnn: str = "", wwpn: str = "") -> dict[str, Any]:
    """An adapter of one of KINDS."""
    name = KINDS[kind]
    plain = {
        "_type": name,
        "key": f"key-vim.host.{name.removeprefix('Host')}-{device}",
        "device": device,
        "bus": 0,
        "status": "unknown",
        "model": model,
        "storageProtocol": "nvme" if name in _NVME else "scsi",
    }
    if kind in ("fibre", "fcoe"):
        plain |= {"nodeWorldWideName": signed(wwnn), "portWorldWideName": signed(wwpn)}
        plain |= {"portType": "fabric", "speed": 16}
    if kind == "fcoe":
        link = {"vnportMac": "0e:fc:00:01:00:02", "fcfMac": "00:0d:ec:a1:b2:c3", "vlanId": 100}
        plain |= {"underlyingNic": "vmnic4", "linkInfo": link, "isSoftwareFcoe": False}
    if kind == "sas":
        plain["nodeWorldWideName"] = wwnn
    return plain


def transport(hba: dict[str, Any]) -> dict[str, Any]:
    """How an adapter reaches one of its targets."""
    plain: dict[str, Any] = {"_type": _TRANSPORTS[hba["_type"]]}
    if "FibreChannel" in hba["_type"]:
        plain |= {"nodeWorldWideName": signed("d03400a098aabbcc"), "portWorldWideName": signed("203500a098aabbcc")}
    if hba["_type"] == "HostFibreChannelOverEthernetHba":
        plain |= {"vnportMac": "0e:fc:00:01:00:09", "fcfMac": "00:0d:ec:a1:b2:c3", "vlanId": 100}
    return plain


def nvme_interface(hba: dict[str, Any], luns: list[dict[str, Any]]) -> dict[str, Any]:
    """An entry of nvmeTopology: two controllers that lead to the same namespaces."""
    controllers = [
        {
            "key": f"key-vim.host.NvmeController-{number}",
            "controllerNumber": number,
            "subnqn": "nqn.2026-01.org.example:store",
            "name": f"nqn.2026-01.org.example:store#{number}",
            "associatedAdapter": hba["key"],
            "transportType": "pcie",
            "fusedOperationSupported": False,
            "numberOfQueues": 4,
            "queueSize": 256,
            "attachedNamespace": [
                {
                    "key": f"key-vim.host.NvmeNamespace-{lun['canonicalName']}@{number}",
                    "name": lun["canonicalName"],
                    "id": index,
                    "blockSize": lun["capacity"]["blockSize"],
                    "capacityInBlocks": lun["capacity"]["block"],
                }
                for index, lun in enumerate(luns, 1)
            ],
        }
        for number in (256, 257)
    ]
    key = f"key-vim.host.NvmeTopology.Interface-{hba['device']}"
    return {"key": key, "adapter": hba["key"], "connectedController": controllers}


def adapters_world() -> WorldPlan:
    """A made-up ESXi host with an adapter of each kind; two FC adapters and an FCoE one share LUNs."""
    world = counts_world(datastores=1, targets=1, luns=1, volumes_each=0)
    world.name = "adapters"
    storage = world.hosts[0].storage
    hbas = [
        adapter("block", "vmhba0", "Wellsburg AHCI Controller"),
        adapter("parallel", "vmhba1", "PVSCSI SCSI Controller"),
        adapter("fibre", "vmhba2", "LPe32000", "20000090faaa55f6", "10000090faaa55f6"),
        adapter("fibre", "vmhba3", "LPe32000", "c05076000a1b2c04", "c05076000a1b2c06"),
        adapter("fcoe", "vmhba4", "OneConnect FCoE", "20000090fa000001", "10000090fa000001"),
        adapter("sas", "vmhba5", "PERC H730 Mini", "5d0946606e78ac00"),
        adapter("pcie", "vmhba6", "NVMe SSD Controller"),
        adapter("tcp", "vmhba66", "VMware NVMe over TCP Storage Adapter"),
        adapter("rdma", "vmhba67", "VMware NVMe over RDMA Storage Adapter"),
    ]
    storage["hostBusAdapter"] = [*hbas, *storage["hostBusAdapter"]]
    disks = {
        hba["device"]: [parts.iscsi_lun(5000 + 10 * i + n, n, (20 + n) * parts.GIB) for n in range(2)]
        for i, hba in enumerate(hbas)
    }
    disks["vmhba3"] = disks["vmhba4"] = disks["vmhba2"]
    disks["vmhba67"] = disks["vmhba66"]
    disks["vmhba0"] = []
    for hba in hbas:
        units = list(enumerate(disks[hba["device"]]))
        for target in range(2 if "Fibre" in hba["_type"] else 1):
            if units:
                parts.attach_through(storage, hba["device"], target, transport(hba), units)
    storage["nvmeTopology"] = [nvme_interface(hba, disks[hba["device"]]) for hba in hbas if hba["_type"] in _NVME]
    storage["plugStoreTopology"] = parts.plug_store(storage)
    return world
