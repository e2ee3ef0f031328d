# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Datastore and HostDatastoreSystem."""

from __future__ import annotations

from typing import Any

from esxkit.fake.call import Call
from esxkit.fake.files import FileStore
from esxkit.fake.objects.entities import ManagedEntity
from esxkit.fake.registry import ManagedObject
from esxkit.fake.volume_space import VolumeSpace
from esxkit.wire.faults import VimFault


class Datastore(ManagedEntity):
    """A datastore; `files` is None when there is no volume behind it (lost)."""

    vi_name = "Datastore"

    def __init__(self, moid: str, files: FileStore | None, **props: Any):
        super().__init__(moid, **{"vm": [], **props})
        self.files = files
        if files is not None:
            summary = self.read("summary")
            files.space = VolumeSpace(summary.capacity, max(summary.freeSpace - files.grown, 0))
            files.on_change = self._files_changed

    @property
    def plain_name(self) -> str:
        """The name as paths write it, without inventory escapes."""
        return self.read("summary").name

    @property
    def accessible(self) -> bool:
        """Whether the volume can be reached now."""
        return bool(self.read("summary").accessible)

    def publish_space(self) -> None:
        """Tell how much is free now, if that is news."""
        if self.files is None or not self.accessible:
            return
        free = self.files.space.free
        if self.read("summary").freeSpace != free:
            self.set("summary.freeSpace", free)
            self.set("info.freeSpace", free)

    def _files_changed(self) -> None:
        if not self.registry.service.options.lazy_free_space:
            self.publish_space()

    async def RefreshDatastore(self, call: Call) -> None:
        if not self.accessible:
            raise VimFault("HostConfigFault", "Operation failed, diagnostics report: the volume is not accessible")
        self.publish_space()

    async def RefreshDatastoreStorageInfo(self, call: Call) -> None:
        self.publish_space()


class HostDatastoreSystem(ManagedObject):
    """The datastore system of one host."""

    vi_name = "HostDatastoreSystem"

    def __init__(self, moid: str, host: ManagedObject, **props: Any):
        super().__init__(moid, **props)
        self._host = host

    def prop_datastore(self, session: Any) -> list[Any]:
        return self._host.read("datastore")
