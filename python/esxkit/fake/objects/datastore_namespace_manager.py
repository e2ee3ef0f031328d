# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""DatastoreNamespaceManager: the top-level folders of stores that keep objects, each known by two names.

The folder's own name is a UUID (vSAN) or a naa name (vVol); the name a person gave is its friendly name, and
paths may say either. Methods speak of a folder by its path below /vmfs/volumes.
"""

from __future__ import annotations

import uuid
from typing import Any

from esxkit.fake.call import Call
from esxkit.fake.faults import file_fault
from esxkit.fake.objects.datastore import Datastore
from esxkit.fake.places import check_writable, locate_writable
from esxkit.fake.registry import ManagedObject
from esxkit.wire.faults import VimFault, invalid_argument


class DatastoreNamespaceManager(ManagedObject):
    """The datastore namespace manager."""

    vi_name = "DatastoreNamespaceManager"

    async def CreateDirectory(
        self, call: Call, datastore: Any, displayName: str | None, policy: str | None, size: int | None = None
    ) -> str:
        store = self.registry.get(datastore)
        assert isinstance(store, Datastore)
        shown = f"[{store.plain_name}] {displayName or ''}".rstrip()
        if not store.accessible or store.files is None:
            raise VimFault("InaccessibleDatastore", datastore=store.ref, name=store.plain_name)
        check_writable(store)
        if not _keeps_objects(store):
            raise file_fault("CannotCreateFile", shown)
        if displayName is not None and ("/" in displayName or not displayName.strip(".")):
            raise invalid_argument("displayName")
        if displayName and store.files.real(displayName).exists():
            raise file_fault("FileAlreadyExists", shown)
        name = _new_name(store)
        store.files.make_folder(name, {"friendlyName": displayName} if displayName else {})
        store.files.on_change()
        return f"{_mount_point(store)}/{name}"

    async def DeleteDirectory(self, call: Call, datacenter: Any, datastorePath: str) -> None:
        text = datastorePath
        for store in self.registry.of_type(Datastore):
            if text.startswith(_mount_point(store) + "/"):
                text = f"[{store.plain_name}] {text[len(_mount_point(store)) + 1 :]}"
        place = locate_writable(call.service, text, datacenter)
        if not place.path or "/" in place.path or not _keeps_objects(place.datastore):
            raise VimFault("InvalidDatastorePath", datastorePath=datastorePath)
        with place.faults():
            if place.files.entries(place.path):
                raise file_fault("DirectoryNotEmpty", str(place))
            place.files.delete(place.path)


def _keeps_objects(store: Datastore) -> bool:
    return store.read("capability").topLevelDirectoryCreateSupported is False


def _mount_point(store: Datastore) -> str:
    """Where hosts have it: the datastore's URL as a path."""
    return store.read("summary").url.removeprefix("ds://").rstrip("/")


def _new_name(store: Datastore) -> str:
    if store.read("summary").type == "VVOL":
        return f"naa.{uuid.uuid4().hex.upper()}"
    return str(uuid.uuid4())
