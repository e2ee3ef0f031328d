# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Virtual disk descriptors: the small text file every .vmdk is, read and written."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import attrs

KIND_OF_EXTENT = re.compile(r"-(flat|delta|ctk|sesparse|rdm|rdmp)\.vmdk$|-[sf][0-9]{3}\.vmdk$", re.IGNORECASE)
"""Names of files that belong to a disk but are none of their own."""

_EXTENT = re.compile(r'^(?:RW|RDONLY|NOACCESS)\s+(\d+)\s+(\w+)\s+"(.*)"', re.MULTILINE)
_SETTING = re.compile(r'^([\w.]+)\s*=\s*"?([^"\r\n]*)"?\s*$', re.MULTILINE)

_BACKING = {
    "seSparse": "VirtualDiskSeSparseBackingInfo",
    "vmfsRawDeviceMap": "VirtualDiskRawDiskMappingVer1BackingInfo",
    "vmfsPassthroughRawDeviceMap": "VirtualDiskRawDiskMappingVer1BackingInfo",
    "twoGbMaxExtentSparse": "VirtualDiskSparseVer2BackingInfo",
    "monolithicSparse": "VirtualDiskSparseVer2BackingInfo",
}
_CONTROLLER = {
    "ide": "VirtualIDEController",
    "buslogic": "VirtualBusLogicController",
    "lsilogic": "VirtualLsiLogicController",
    "pvscsi": "ParaVirtualSCSIController",
}


@attrs.frozen
class Descriptor:
    """What a descriptor says. Sizes in KiB; None is "not said"."""

    capacity_kb: int | None
    extents: tuple[str, ...]
    disk_type: str | None
    controller: str | None
    hardware_version: int | None
    thin: bool | None
    uuid: str | None
    parent: str | None
    deletable: bool
    change_tracking: str | None = None
    adapter: str | None = None

    @property
    def objects(self) -> tuple[str, ...]:
        """The extents that are objects of a vSAN or vVol store, no files of a folder."""
        return tuple(name for name in self.extents if "://" in name)


def parse(text: str) -> Descriptor:
    """Read a descriptor; a text that is none gives one without capacity and extents."""
    extents = _EXTENT.findall(text)
    settings: dict[str, str] = dict(_SETTING.findall(text))
    hardware = settings.get("ddb.virtualHWVersion")
    create_type = settings.get("createType")
    return Descriptor(
        capacity_kb=sum(int(sectors) for sectors, _, _ in extents) // 2 if extents else None,
        extents=tuple(name for _, _, name in extents),
        disk_type=_BACKING.get(create_type, "VirtualDiskFlatVer2BackingInfo") if create_type else None,
        controller=_CONTROLLER.get(settings.get("ddb.adapterType", "").lower()),
        hardware_version=int(hardware) if hardware and hardware.isdigit() else None,
        thin=settings.get("ddb.thinProvisioned") == "1" or create_type == "seSparse",
        uuid=settings.get("ddb.uuid"),
        parent=settings.get("parentFileNameHint"),
        deletable=settings.get("ddb.deletable") != "false",
        change_tracking=settings.get("changeTrackPath"),
        adapter=settings.get("ddb.adapterType"),
    )


def derived_uuid(seed: str) -> str:
    """A disk UUID in VMware's spelling, always the same for one seed."""
    digest = hashlib.md5(seed.encode(), usedforsecurity=False).hexdigest()
    digits = "6000c29" + digest[: 32 - 7]
    pairs = [digits[i : i + 2] for i in range(0, 32, 2)]
    return " ".join(pairs[:8]) + "-" + " ".join(pairs[8:])


def compose(extent: str, capacity_bytes: int, *, uuid: str, thin: bool = True, adapter: str = "lsilogic") -> str:
    """The descriptor of a one-extent VMFS disk."""
    sectors = capacity_bytes // 512
    lines = [
        "# Disk DescriptorFile",
        "version=1",
        'encoding="UTF-8"',
        "CID=fffffffe",
        "parentCID=ffffffff",
        'isNativeSnapshot="no"',
        'createType="vmfs"',
        "",
        "# Extent description",
        f'RW {sectors} VMFS "{extent}"',
        "",
        "# The Disk Data Base ",
        "#DDB",
        "",
        f'ddb.adapterType = "{adapter}"',
        f'ddb.geometry.cylinders = "{sectors // 255 // 63}"',
        'ddb.geometry.heads = "255"',
        'ddb.geometry.sectors = "63"',
        *(['ddb.thinProvisioned = "1"'] if thin else []),
        f'ddb.uuid = "{uuid}"',
        'ddb.virtualHWVersion = "13"',
    ]
    return "\n".join(lines) + "\n"


def with_setting(text: str, name: str, value: str | None) -> str:
    """A descriptor with one of its settings changed, added, or (None) taken out."""
    lines = [line for line in text.splitlines() if line.partition("=")[0].strip() != name]
    if value is not None:
        lines.append(f'{name} = "{value}"')
    return "\n".join(lines) + "\n"


def with_capacity(text: str, capacity_bytes: int) -> str:
    """The descriptor of a disk whose last extent was grown (or shrunk) to a new total."""
    matches = list(_EXTENT.finditer(text))
    before = sum(int(match[1]) for match in matches[:-1])
    last, sectors = matches[-1], capacity_bytes // 512
    text = text[: last.start(1)] + str(sectors - before) + text[last.end(1) :]
    return with_setting(text, "ddb.geometry.cylinders", str(sectors // 255 // 63))


def with_extents(text: str, names: dict[str, str]) -> str:
    """A descriptor whose files have other names."""
    for old, new in names.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    return text


def renamed_extent(name: str, base: str) -> str:
    """The name of an extent when the disk it belongs to is called `base` (its name without ".vmdk")."""
    match = KIND_OF_EXTENT.search(name)
    return base + (match[0] if match is not None else "-flat.vmdk")


def disk_files(base: str, capacity: int, *, seed: str, thin: bool = True, allocated: int | None = None) -> list[Any]:
    """A disk's two entries (descriptor and extent) for the file tree of a world."""
    extent = f"{base}-flat.vmdk"
    text = compose(extent, capacity, uuid=derived_uuid(seed), thin=thin)
    if allocated is None:
        allocated = capacity // 4 if thin else capacity
    return [
        {"name": f"{base}.vmdk", "kind": "vmdk", "size": len(text), "text": text},
        {"name": extent, "kind": "extent", "size": capacity, "allocated": allocated},
    ]
