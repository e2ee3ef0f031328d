# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Worlds with one oddity each, small enough to read in a test's output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esxkit.fake import vmdk
from esxkit.fake.worlds import parts
from esxkit.fake.worlds.counts import ADAPTER, counts_world, iqn
from esxkit.fake.worlds.plan import WorldPlan


def _named(name: str, world: WorldPlan) -> WorldPlan:
    world.name = name
    return world


def _storage(world: WorldPlan) -> dict[str, Any]:
    return world.hosts[0].storage


def no_iscsi() -> WorldPlan:
    """A host without any iSCSI adapter (software iSCSI is off)."""
    world = counts_world(targets=0, luns=0)
    storage = _storage(world)
    storage["hostBusAdapter"] = []
    storage["softwareInternetScsiEnabled"] = False
    return _named("no-iscsi", world)


def two_adapters() -> WorldPlan:
    """A software and a hardware iSCSI adapter, each with targets of its own."""
    world = counts_world()
    storage = _storage(world)
    target = parts.static_target("iqn.2026-01.org.example:hardware", "10.9.0.1")
    storage["hostBusAdapter"].insert(
        0, parts.iscsi_adapter("vmhba33", "iqn.1990-07.com.emulex:00-90-fa-7f-1c-2e", [target], software=False)
    )
    lun = parts.iscsi_lun(1000, 5, 7 * parts.GIB)
    parts.attach(storage, "vmhba33", 0, target["iScsiName"], "10.9.0.1:3260", [(5, lun)])
    return _named("two-adapters", world)


def same_iqn() -> WorldPlan:
    """One target name behind two portals of one adapter and at a second adapter, one LUN through all."""
    world = two_adapters()
    storage = _storage(world)
    hardware, software = storage["hostBusAdapter"]
    software["configuredStaticTarget"].append(parts.static_target(iqn(0), "10.7.7.7", 3261))
    hardware["configuredStaticTarget"].append(parts.static_target(iqn(0), "10.0.0.1"))
    shared = storage["scsiLun"][0]
    parts.attach(storage, ADAPTER, 50, iqn(0), "10.7.7.7:3261", [(0, shared)])
    parts.attach(storage, "vmhba33", 7, iqn(0), "10.0.0.1:3260", [(0, shared)])
    return _named("same-iqn", world)


def no_mount_path() -> WorldPlan:
    """Datastores whose mountInfo has no path, as vcsim's."""
    world = counts_world()
    for datastore in world.datastores:
        del datastore["mountInfo"]["path"]
    return _named("no-mount-path", world)


def no_mount() -> WorldPlan:
    """Three datastores; the second is in the host's list without a mount for this host."""
    world = counts_world(datastores=3)
    world.datastores[1]["mountInfo"] = None
    return _named("no-mount", world)


def unknown_kind() -> WorldPlan:
    """Datastores of a kind and an info type that the API does not have (yet)."""
    world = counts_world()
    first, second = world.datastores
    first["summary"]["type"] = "HOLO"
    first["info"] = {k: v for k, v in first["info"].items() if k not in ("_type", "vmfs")}
    second["info"].pop("vmfs")
    return _named("unknown-kind", world)


def sizeless() -> WorldPlan:
    """Disks and files reported without capacityKb and fileSize."""
    world = counts_world(datastores=1, volumes_each=0)
    both = vmdk.disk_files("both", parts.GIB, seed="both")
    both[0]["unset"] = ["capacityKb", "fileSize"]
    capacity = vmdk.disk_files("no-capacity", parts.GIB, seed="no-capacity")
    capacity[0]["unset"] = ["capacityKb"]
    broken = {"name": "broken.vmdk", "kind": "vmdk", "size": 12, "text": "not a disk\n\n"}
    iso = {"name": "sizeless.iso", "kind": "iso", "size": 4096, "unset": ["fileSize"]}
    world.datastores[0]["files"] = [
        {"name": "odd", "kind": "dir", "children": [*both, *capacity, broken, iso]},
        *vmdk.disk_files("fine", parts.GIB, seed="fine"),
    ]
    return _named("sizeless", world)


def no_topology() -> WorldPlan:
    """A host that sends no scsiTopology; multipathInfo is all there is."""
    world = counts_world()
    _storage(world)["scsiTopology"] = None
    return _named("no-topology", world)


def odd_names() -> WorldPlan:
    """Folders, disks and datastores with every character that is special to somebody."""
    names = [
        "star*file", "[brackets]", "two  spaces", "plus+and&percent%20", "what?no#yes", "it's \"quoted\"",
        "<tag>", "Grüße", "日本語", "-leading", ".hidden", "semi;colon:x", "back\\slash", "%2f", "a]b", "trailing.",
    ]
    world = counts_world(datastores=0)
    files = []
    for name in names:
        disk = vmdk.disk_files(name, parts.GIB, seed=name)
        files.append({"name": name, "kind": "dir", "children": [*disk, _iso(f"{name}.iso")]})
    world.datastores = [parts.vmfs_datastore("plain", "naa.x", [*files, _iso("starXfile.iso"), _iso("star*file.iso")])]
    for name in ("sp ace+plus & <x>%2f", "Grüße #1?", "it's \"one\"", "star*", "sla%2fsh"):
        store = parts.vmfs_datastore(name, "naa.x", vmdk.disk_files("root-disk", parts.GIB, seed=name))
        world.datastores.append(store)
    return _named("odd-names", world)


def _iso(name: str) -> dict[str, Any]:
    return {"name": name, "kind": "iso", "size": 8192}


def lost_luns() -> WorldPlan:
    """Targets with dead paths, a detached LUN, a lost LUN, a LUN without capacity; a datastore gone."""
    world = counts_world(targets=3, luns=3)
    storage = _storage(world)
    for unit in storage["multipathInfo"][:3]:
        for path in unit["path"]:
            path.update(state="dead", pathState="dead", isWorkingPath=False)
    luns = storage["scsiLun"]
    luns[0]["operationalState"] = ["lostCommunication"]
    luns[3]["operationalState"] = ["off"]
    storage["multipathInfo"][3]["path"][0].update(state="disabled", pathState="disabled", isWorkingPath=False)
    enclosure = luns[4]
    enclosure.update(cls="ScsiLun", lunType="enclosure", deviceType="enclosure")
    for gone in ("capacity", "devicePath"):
        enclosure.pop(gone)
    lost = world.datastores[0]
    lost["summary"].update(accessible=False, capacity=0, freeSpace=0)
    lost["mountInfo"].update(mounted=False, accessible=False, inaccessibleReason="AllPathsDown_Timeout")
    lost["files"] = None
    return _named("lost-luns", world)


def empty() -> WorldPlan:
    """A host without datastores and without adapters."""
    world = counts_world(datastores=0, targets=0, luns=0)
    _storage(world)["hostBusAdapter"] = []
    return _named("empty", world)


MAKERS: dict[str, Callable[[], WorldPlan]] = {
    "no-iscsi": no_iscsi,
    "two-adapters": two_adapters,
    "same-iqn": same_iqn,
    "no-mount-path": no_mount_path,
    "no-mount": no_mount,
    "unknown-kind": unknown_kind,
    "sizeless": sizeless,
    "no-topology": no_topology,
    "odd-names": odd_names,
    "lost-luns": lost_luns,
    "empty": empty,
}
