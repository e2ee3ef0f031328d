# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors

"""VirtualDiskManager. So far only the query; everything else answers NotSupported."""

from typing import Any

from esxkit.fake.call import Call
from esxkit.fake.files import BadPath
from esxkit.fake.objects.datastore_browser import kind_of
from esxkit.fake.registry import ManagedObject
from esxkit.wire.faults import VimFault


class VirtualDiskManager(ManagedObject):
    """The virtual disk manager."""

    vi_name = "VirtualDiskManager"

    async def QueryVirtualDiskUuid(self, call: Call, name: str, datacenter: Any) -> str:
        files, path = call.service.locate(name, datacenter)
        try:
            entry = files.entry(path)
            if kind_of(entry) != "VmDisk":
                raise VimFault("FileFault", f"'{name}' is not a virtual disk.", file=name)
            return files.uuid(entry)
        except (FileNotFoundError, NotADirectoryError, BadPath):
            raise VimFault("FileNotFound", f"File {name} was not found", file=name) from None
