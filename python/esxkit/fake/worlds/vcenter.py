# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A vCenter world: a datacenter in a folder, a cluster of two hosts and a standalone one, sharing storage."""

from __future__ import annotations

import copy
from typing import Any

from esxkit.fake.worlds import parts
from esxkit.fake.worlds.inventory import load
from esxkit.fake.worlds.plan import HostPlan, VCenterPlan, WorldPlan

_LOCAL = ("datastore1", "PMemDS-56db0b8e", "localdir")


def as_vcenter_datastore(plain: dict[str, Any], number: int) -> dict[str, Any]:
    """A datastore as vCenter shows it: its moref and the ds:/// form of the URL."""
    result = copy.deepcopy(plain)
    url = plain["summary"]["url"]
    shown = plain.get("vcUrl") or (f"ds://{url}/" if url.startswith("/vmfs/") else url)
    result["moref"] = plain.get("vcMoref") or f"datastore-{number}"
    result["summary"].update(datastore=result["moref"], url=shown)
    result["info"]["url"] = shown
    return result


def vcenter_about(about: dict[str, Any]) -> dict[str, Any]:
    """The about block of a vCenter of the same release."""
    return {
        **about,
        "name": "VMware vCenter Server",
        "fullName": f"VMware vCenter Server {about['version']} build-24674346",
        "build": "24674346",
        "osType": "linux-x64",
        "productLineId": "vpx",
        "apiType": "VirtualCenter",
        "instanceUuid": "9d0d6a2b-0b5e-4f51-8c6e-2f1a3b4c5d6e",
        "licenseProductName": "VMware VirtualCenter Server",
    }


def vcenter_world() -> WorldPlan:
    """A vCenter 8.0.3: Sites/Berlin with cluster "Cluster A" (esx1, esx2) and standalone esx3."""
    plain = load()
    names = [d["name"] for d in plain["datastores"]]
    shared = [name for name in names if name not in _LOCAL]
    second = copy.deepcopy(plain["storage"])
    for hba in second["hostBusAdapter"]:
        if hba["_type"] == "HostInternetScsiHba":
            hba["iScsiName"] += "-2"
    third = copy.deepcopy(plain["storage"])
    third["softwareInternetScsiEnabled"] = False
    third["hostBusAdapter"] = [h for h in third["hostBusAdapter"] if h["_type"] != "HostInternetScsiHba"]
    keys = {h["key"] for h in third["hostBusAdapter"]}
    third["scsiTopology"] = [a for a in third["scsiTopology"] if a["adapter"] in keys]
    third["multipathInfo"] = [m for m in third["multipathInfo"] if all(p["adapter"] in keys for p in m["path"])]
    seen = {m["lun"] for m in third["multipathInfo"]}
    third["scsiLun"] = [lun for lun in third["scsiLun"] if lun["key"] in seen]
    for number, storage in enumerate((plain["storage"], second, third)):
        storage["plugStoreTopology"] = parts.plug_store(storage)
        for hba in storage["hostBusAdapter"]:
            if hba["_type"] == "HostFibreChannelHba":
                hba["nodeWorldWideName"] += 16 * number
                hba["portWorldWideName"] += 16 * number
    nfs = [d["name"] for d in plain["datastores"] if d["summary"]["type"].startswith("NFS")]
    uuid = plain["host"]["uuid"]
    hosts = [
        HostPlan(moid="host-14", name="esx1.example.org", uuid=uuid, storage=plain["storage"], cluster="Cluster A"),
        HostPlan(
            moid="host-15",
            name="esx2.example.org",
            uuid=uuid[:-2] + "32",
            storage=second,
            cluster="Cluster A",
            datastores=shared,
        ),
        HostPlan(moid="host-16", name="esx3.example.org", uuid=uuid[:-2] + "33", storage=third, datastores=nfs),
    ]
    stores = [as_vcenter_datastore(d, 17 + i) for i, d in enumerate(plain["datastores"])]
    about = vcenter_about(plain["about"])
    return WorldPlan(name="vcenter", about=about, hosts=hosts, datastores=stores, vcenter=VCenterPlan())
