# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What the driver must show of a world, worked out from the world's JSON file by the external contract alone.

This shares no code with the fake server nor with the driver, so that an error in one of them cannot hide here. The
rules are those of the table "External contract" in docs/ARCHITECTURE.md.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from esxkit.harness.environment import REPOSITORY

DEFAULT_WORLD = REPOSITORY / "python" / "esxkit" / "data" / "inventory.json"

# libvirt's names of the formats that files may have; all others are raw.
_FORMATS = {"vmdk": "vmdk", "iso": "iso"}

# Files that are no volumes: pieces of disks, and what a host keeps for itself.
_PIECE = re.compile(r"-(flat|delta|sesparse|ctk|rdmp?|[sf]\d{3,})\.vmdk$", re.IGNORECASE)
_HOSTS_OWN = re.compile(r"\.(vmx~?|vmxf|vmsd|vmsn|vmss|vmem|vswp|nvram|log|lck|vmtx|sf)$|(^|/)\.", re.IGNORECASE)


def _disk_uuid(descriptor: str) -> tuple[str, ...]:
    """The disk UUID that a descriptor names, as the built-in driver writes it; nothing where there is none."""
    found = re.search(r'ddb\.uuid = "([^"]*)"', descriptor)
    return (str(uuid.UUID(re.sub(r"[ -]", "", found.group(1)))),) if found else ()


def md5_uuid(text: str) -> str:
    """The MD5 of a text, written as a UUID."""
    return str(uuid.UUID(bytes=hashlib.md5(text.encode()).digest()))


def path_of(url: str) -> str:
    """The path in the URL of a datastore; the URL where it has none."""
    path = url.partition("://")[2] or url
    return path.rstrip("/") if path.startswith("/") else url


def read_document(path: Path) -> dict[str, Any]:
    """A world file as it stands."""
    return json.loads(path.read_text(encoding="utf-8"))


@attrs.frozen
class Volume:
    """One volume; sizes are bytes, None where a server may leave them out."""

    pool: str
    name: str
    key: str
    path: str
    type: str
    format: str | None
    capacity: int | None
    allocation: int | None
    aliases: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether both sizes are known."""
        return self.capacity is not None and self.allocation is not None


@attrs.frozen
class Pool:
    """One pool with its volumes; sizes are bytes."""

    name: str
    uuid: str
    type: str
    accessible: bool
    capacity: int
    available: int
    target_path: str | None
    format: str | None = None
    hosts: tuple[tuple[str, int | None], ...] = ()
    directory: str | None = None
    device: str | None = None
    initiators: tuple[str, ...] = ()
    adapter: str | None = None
    product: str | None = None
    volumes: tuple[Volume, ...] = ()

    @property
    def allocation(self) -> int:
        """Capacity less what is free."""
        return self.capacity - self.available

    @property
    def iscsi(self) -> bool:
        """Whether this is an iSCSI target."""
        return self.type == "iscsi"


class World:
    """A world and what must be seen of it, as an ESX host or one host of a vCenter."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._storage = document["storage"]

    @classmethod
    def load(cls, path: Path = DEFAULT_WORLD) -> World:
        """Read a world file."""
        return cls(read_document(path))

    @cached_property
    def pools(self) -> tuple[Pool, ...]:
        """All pools, datastores first."""
        return (*self.datastores, *self.targets, *self.adapters)

    @cached_property
    def shared_pools(self) -> tuple[Pool, ...]:
        """All pools but those that are one host's own: what a whole vCenter shows."""
        return (*self.datastores, *self.targets)

    @cached_property
    def datastores(self) -> tuple[Pool, ...]:
        """The pools that are datastores, in the order of the file."""
        return tuple(self._datastore(item) for item in self._document["datastores"])

    @cached_property
    def targets(self) -> tuple[Pool, ...]:
        """The pools that are iSCSI targets: one for each distinct IQN."""
        names = dict.fromkeys(target["iScsiName"] for _, target in self._static_targets())
        return tuple(self._target(iqn) for iqn in names)

    @cached_property
    def adapters(self) -> tuple[Pool, ...]:
        """The pools that are host bus adapters: all but the iSCSI ones."""
        hbas = self._storage["hostBusAdapter"]
        return tuple(self._adapter(hba) for hba in hbas if hba["_type"] != "HostInternetScsiHba")

    @cached_property
    def volumes(self) -> tuple[Volume, ...]:
        """The volumes of all pools."""
        return tuple(volume for pool in self.pools for volume in pool.volumes)

    def pool(self, name: str) -> Pool:
        """A pool by its name."""
        return next(pool for pool in self.pools if pool.name == name)

    @property
    def host_name(self) -> str:
        """The host's own name."""
        return self._document["host"]["name"]

    @property
    def version(self) -> int:
        """The product's version as libvirt counts it."""
        major, minor, micro = (int(part) for part in self._document["about"]["version"].split("."))
        return major * 1_000_000 + minor * 1_000 + micro

    # Datastores

    def _datastore(self, item: dict[str, Any]) -> Pool:
        summary, info = item["summary"], item["info"]
        path = (item["mountInfo"] or {}).get("path")
        accessible = bool(summary["accessible"])
        kind = info["_type"]
        nas = item.get("nasSpec") or info.get("nas") or {}
        pool_type, pool_format = {
            "VmfsDatastoreInfo": ("fs", "vmfs"),
            "NasDatastoreInfo": ("netfs", "cifs" if summary["type"] == "CIFS" else "nfs"),
        }.get(kind, ("dir", None))
        extents = (info.get("vmfs") or {}).get("extent") or [{}]
        disk = extents[0].get("diskName")
        return Pool(
            name=summary["name"],
            uuid=md5_uuid(path or path_of(summary["url"])),
            type=pool_type,
            accessible=accessible,
            capacity=summary["capacity"] if accessible else 0,
            available=summary["freeSpace"] if accessible else 0,
            target_path=path,
            format=pool_format,
            hosts=tuple((host, None) for host in nas.get("remoteHostNames") or [nas["remoteHost"]])
            if pool_type == "netfs" and info.get("nas")
            else (),
            directory=nas.get("remotePath") if pool_type == "netfs" and info.get("nas") else None,
            device=disk if kind == "VmfsDatastoreInfo" and info.get("vmfs") else None,
            volumes=tuple(self._files(summary["name"], item["files"] or [])) if accessible else (),
        )

    def _files(self, datastore: str, files: list[dict[str, Any]], folder: str = "") -> Iterator[Volume]:
        allocated = {file["name"]: file.get("allocated") for file in files}
        for file in files:
            name = folder + file["name"]
            if file["kind"] == "dir":
                yield from self._files(datastore, file["children"], name + "/")
            elif not _PIECE.search(name) and not _HOSTS_OWN.search(name):
                capacity, allocation = file["size"], file["size"]
                aliases: tuple[str, ...] = ()
                if file["kind"] == "vmdk":
                    aliases = _disk_uuid(file.get("text") or "")
                    parts = [allocated.get(extent) for extent in file["disk"]["extents"]]
                    whole = None not in parts
                    capacity = file["disk"]["capacityKb"] * 1024 if whole else None
                    allocation = sum(parts) if whole else None
                path = f"[{datastore}] {name}"
                kind = _FORMATS.get(name.rpartition(".")[2].lower(), "raw")
                yield Volume(datastore, name, path, path, "file", kind, capacity, allocation, aliases)

    # iSCSI

    def _static_targets(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        for adapter in self._storage["hostBusAdapter"]:
            if adapter["_type"] == "HostInternetScsiHba":
                for target in adapter.get("configuredStaticTarget") or []:
                    yield adapter, target

    def _target(self, iqn: str) -> Pool:
        luns = [lun for lun in self._storage["scsiLun"] if lun["key"] in self._lun_keys(iqn)]
        volumes = tuple(self._lun(iqn, lun) for lun in luns)
        mine = [(adapter, target) for adapter, target in self._static_targets() if target["iScsiName"] == iqn]
        accessible = self._alive(iqn)
        total = sum(volume.capacity or 0 for volume in volumes) if accessible else 0
        return Pool(
            name=iqn,
            uuid=md5_uuid(iqn),
            type="iscsi",
            accessible=accessible,
            capacity=total,
            available=0,
            target_path="/vmfs/devices/disks",
            hosts=tuple(dict.fromkeys((target["address"], target["port"]) for _, target in mine)),
            device=iqn,
            initiators=tuple(dict.fromkeys(adapter["iScsiName"] for adapter, _ in mine)),
            volumes=volumes,
        )

    # Host bus adapters

    def _adapter(self, hba: dict[str, Any]) -> Pool:
        keys = {
            lun["scsiLun"]
            for interface in self._storage["scsiTopology"]
            if interface["adapter"] == hba["key"]
            for target in interface["target"]
            for lun in target["lun"]
        }
        volumes = tuple(self._lun(hba["device"], lun) for lun in self._storage["scsiLun"] if lun["key"] in keys)
        paths = [path for unit in self._storage["multipathInfo"] for path in unit["path"]]
        states = {path["state"] for path in paths if path["adapter"] == hba["key"]}
        return Pool(
            name=hba["device"],
            uuid=md5_uuid(f"{self._document['host']['moref']}\n{hba['key']}"),
            type="scsi",
            accessible=bool(states - {"dead", "disabled"}) or not states,
            capacity=sum(volume.capacity or 0 for volume in volumes),
            available=0,
            target_path="/vmfs/devices/disks",
            adapter=hba["device"],
            product=", ".join([hba["model"], *self._wwns(hba)]),
            volumes=volumes,
        )

    @staticmethod
    def _wwns(hba: dict[str, Any]) -> Iterator[str]:
        for label, field in (("WWNN", "nodeWorldWideName"), ("WWPN", "portWorldWideName")):
            wwn = hba.get(field)
            if wwn is not None:
                yield f"{label} {wwn if isinstance(wwn, str) else format(wwn % 2**64, '016x')}"

    # LUNs

    def _lun_keys(self, iqn: str) -> set[str]:
        keys = set()
        for interface in self._storage["scsiTopology"]:
            for target in interface["target"]:
                if target["transport"].get("iScsiName") == iqn:
                    keys |= {lun["scsiLun"] for lun in target["lun"]}
        return keys

    def _alive(self, iqn: str) -> bool:
        states = {
            path["state"]
            for unit in self._storage["multipathInfo"]
            for path in unit["path"]
            if path["transport"].get("iScsiName") == iqn
        }
        return bool(states - {"dead"})

    def _lun(self, iqn: str, lun: dict[str, Any]) -> Volume:
        capacity = lun.get("capacity")
        size = capacity["block"] * capacity["blockSize"] if capacity else 0
        return Volume(
            pool=iqn,
            name=lun["deviceName"],
            key=md5_uuid(lun["uuid"]),
            path=lun.get("devicePath") or lun["deviceName"],
            type="block",
            format=None,
            capacity=size,
            allocation=size,
            aliases=(lun["canonicalName"],),
        )
