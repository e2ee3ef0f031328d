# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""From the name of a file, as clients write it, to the datastore and the path in it.

A name is "[datastore] folder/file", a /folder URL of this server or the URL of a datastore with a path behind it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, unquote_plus

import attrs

from esxkit.fake.accounts import FILES
from esxkit.fake.core import Service
from esxkit.fake.faults import about, file_fault
from esxkit.fake.files import FileStore
from esxkit.fake.objects.datastore import Datastore
from esxkit.fake.objects.entities import Datacenter
from esxkit.fake.paths import DatastorePath, parse_path
from esxkit.wire.faults import VimFault, invalid_argument

_FOLDER_URL = re.compile(r"https?://[^/]*/folder/?([^?]*)\?(.*)\Z", re.DOTALL)


@attrs.frozen
class Place:
    """A path of a datastore that can be reached. `path` has no friendly names in it."""

    datastore: Datastore
    files: FileStore
    path: str

    def __str__(self) -> str:
        return str(DatastorePath(self.datastore.plain_name, self.path))

    @property
    def kind(self) -> str:
        """The datastore's kind: "VMFS", "vsan", ..."""
        return self.datastore.read("summary").type

    @contextlib.contextmanager
    def faults(self) -> Iterator[None]:
        """Errors in the block are VI faults about this place."""
        with about(str(self), self.datastore.plain_name):
            yield

    def sibling(self, path: str) -> Place:
        """Another path of the same datastore."""
        return attrs.evolve(self, path=path)


def locate(service: Service, text: str, datacenter: Any = None, *, parameter: str = "datacenter") -> Place:
    """The place a name means; it need not exist.

    A vCenter wants a datacenter with every name that is no URL. Faults InvalidArgument (no datacenter),
    InvalidDatastorePath (malformed), InvalidDatastore (none of that name there), InaccessibleDatastore.
    """
    datastore, path = _by_url(service, text)
    if datastore is None:
        if service.is_vcenter and datacenter is None:
            raise invalid_argument(parameter)
        wanted = parse_path(text, (store.plain_name for store in service.registry.of_type(Datastore)))
        datastore, path = datastore_by_name(service, wanted.datastore, datacenter), wanted.path
        if datastore is None:
            name = wanted.datastore
            raise VimFault("InvalidDatastore", f"The datastore '{name}' is not valid.", name=name)
    service.accounts.check(datastore, FILES)
    if not datastore.accessible or datastore.files is None:
        raise VimFault("InaccessibleDatastore", datastore=datastore.ref, name=datastore.plain_name)
    with about(text):
        return Place(datastore, datastore.files, datastore.files.canonical(path))


def locate_writable(service: Service, text: str, datacenter: Any = None, *, parameter: str = "datacenter") -> Place:
    """As `locate`; fault DatastoreNotWritableOnHost where every host has it mounted for reading only."""
    place = locate(service, text, datacenter, parameter=parameter)
    check_writable(place.datastore)
    return place


def check_writable(datastore: Datastore) -> None:
    """Fault DatastoreNotWritableOnHost unless some host can write to the datastore."""
    mounts = datastore.read("host")
    if mounts and all(mount.mountInfo.accessMode == "readOnly" for mount in mounts):
        raise VimFault(
            "DatastoreNotWritableOnHost",
            f"The datastore '{datastore.plain_name}' is read-only.",
            datastore=datastore.ref,
            name=datastore.plain_name,
            host=mounts[0].key,
        )


def check_top_level(place: Place) -> None:
    """Fault CannotCreateFile for a new name at the top of a store that has nothing there but folders of its own."""
    capability = place.datastore.read("capability")
    top, _, below = place.path.partition("/")
    if capability.topLevelDirectoryCreateSupported is not False or place.files.real(place.path).exists():
        return
    if not below or not place.files.real(top).exists():
        raise file_fault("CannotCreateFile", str(place))


def datastore_by_name(service: Service, name: str, datacenter: Any) -> Datastore | None:
    """The datastore of a name, in that datacenter if one is named; None if there is none."""
    within = service.registry.get(datacenter) if datacenter is not None else None
    for datastore in service.registry.of_type(Datastore):
        if datastore.plain_name == name and within in (None, _datacenter_of(service, datastore)):
            return datastore
    return None


def _datacenter_of(service: Service, datastore: Datastore) -> Datacenter | None:
    parent = datastore.read("parent")
    while parent is not None:
        found = service.registry.find(parent._moId)
        if isinstance(found, Datacenter) or found is None:
            return found
        parent = found.read("parent")
    return None


def _by_url(service: Service, text: str) -> tuple[Datastore | None, str]:
    match = _FOLDER_URL.match(text)
    if match is not None:
        query = dict(pair.partition("=")[::2] for pair in match[2].split("&"))
        name = unquote_plus(unquote_plus(query.get("dsName", "")))
        return datastore_by_name(service, name, None), unquote(match[1])
    for datastore in service.registry.of_type(Datastore):
        url = datastore.read("summary").url.rstrip("/") + "/"
        if url.startswith(("ds:///", "/vmfs/volumes/")) and text.startswith(url):
            return datastore, text[len(url) :]
    return None, ""
