# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""HostDatastoreBrowser: searches over the real files of datastores.

What a search returns, by the API's rules: without a query every file as far as the pattern allows; with
queries only files of those types; beside the path only what the detail flags ask for.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import attrs

from esxkit.fake import vmdk
from esxkit.fake.call import Call
from esxkit.fake.files import BadPath, Disk, Entry, FileStore
from esxkit.fake.objects.datastore import Datastore
from esxkit.fake.paths import DatastorePath, parse_path
from esxkit.fake.registry import ManagedObject
from esxkit.model.objects import trusted, vi_type, wsdl_name
from esxkit.wire.faults import VimFault, invalid_argument

_RESULTS = vi_type("HostDatastoreBrowserSearchResults")
_RESULT_LIST = vi_type("ArrayOfHostDatastoreBrowserSearchResults")
_FILES = vi_type("ArrayOfFileInfo")
_STRINGS = vi_type("VmDiskFileInfo")._GetPropertyInfo("diskExtents").type

_BY_EXTENSION = {
    "vmdk": "VmDisk",
    "vmx": "VmConfig",
    "vmtx": "TemplateConfig",
    "iso": "IsoImage",
    "flp": "FloppyImage",
    "img": "FloppyImage",
    "log": "VmLog",
    "nvram": "VmNvram",
    "vmsn": "VmSnapshot",
}


@attrs.frozen
class _Search:
    """A search spec made ready: what to keep and what to say about it."""

    patterns: tuple[re.Pattern[str], ...]
    names: tuple[str, ...]
    """The patterns, where each is the name of one file; else nothing."""
    queries: dict[str, Any]
    flags: Any
    ignore_case: bool
    folders_first: bool

    def may_match(self, name: str) -> bool:
        """Whether the patterns let a name through."""
        return not self.patterns or any(p.match(name) for p in self.patterns)


def prepare(spec: Any, *, refuse_base: bool = False) -> _Search:
    """Check a HostDatastoreBrowserSearchSpec (None: everything). Fault InvalidArgument."""
    if spec is None:
        return _Search((), (), {}, None, False, False)
    queries: dict[str, Any] = {}
    for query in spec.query or []:
        kind = wsdl_name(query).removesuffix("FileQuery").removesuffix("Query")
        if kind in queries or (refuse_base and kind == ""):
            raise invalid_argument("searchSpec.query")
        queries[kind] = query
    ignore_case = bool(spec.searchCaseInsensitive)
    flags = re.IGNORECASE if ignore_case else re.NOFLAG
    patterns = tuple(re.compile(_glob(p), flags) for p in spec.matchPattern or [])
    plain = not ignore_case and not any(set("*?") & set(pattern) for pattern in spec.matchPattern or [])
    names = tuple(spec.matchPattern or []) if plain else ()
    return _Search(patterns, names, queries, spec.details, ignore_case, bool(spec.sortFoldersFirst))


def _glob(pattern: str) -> str:
    """Only * and ? are special in a match pattern."""
    table = {"*": ".*", "?": "."}
    return r"\A" + "".join(table.get(c, re.escape(c)) for c in pattern) + r"\Z"


def kind_of(files: FileStore, entry: Entry) -> str:
    """"VmDisk", "IsoImage", "Folder", ... or "" for a file without a type of its own.

    A file that is called like an extent is a disk if it is a descriptor.
    """
    if entry.is_dir:
        return "Folder"
    kind = _BY_EXTENSION.get(entry.name.rpartition(".")[2].lower(), "") if "." in entry.name else ""
    if kind == "VmDisk" and vmdk.KIND_OF_EXTENT.search(entry.name) and not files.descriptor(entry).extents:
        return ""
    return kind


class HostDatastoreBrowser(ManagedObject):
    """A browser for the datastores of one host, or for one datastore."""

    vi_name = "HostDatastoreBrowser"

    def __init__(self, moid: str, owner: ManagedObject):
        super().__init__(moid)
        self._owner = owner

    def prop_datastore(self, session: Any) -> list[Any]:
        if isinstance(self._owner, Datastore):
            return [self._owner.ref]
        return self._owner.read("datastore")

    def prop_supportedType(self, session: Any) -> list[Any]:
        kinds = ["Folder", *sorted(set(_BY_EXTENSION.values()))]
        return [vi_type(f"{kind}FileQuery")() for kind in kinds]

    async def SearchDatastore_Task(self, call: Call, datastorePath: str, searchSpec: Any) -> Any:
        search = prepare(searchSpec, refuse_base=call.service.options.refuse_base_query)
        return self._start(call, lambda: self._search(call, datastorePath, search))

    async def SearchDatastoreSubFolders_Task(self, call: Call, datastorePath: str, searchSpec: Any) -> Any:
        search = prepare(searchSpec, refuse_base=call.service.options.refuse_base_query)
        return self._start(call, lambda: self._search_below(call, datastorePath, search))

    def _start(self, call: Call, work: Any) -> Any:
        return call.service.tasks.start(call, self._owner, work)

    def _locate(self, text: str) -> tuple[Datastore, FileStore, DatastorePath]:
        found = (self.registry.find(ref._moId) for ref in self.prop_datastore(None))
        datastores = [store for store in found if isinstance(store, Datastore)]
        path = parse_path(text, (store.plain_name for store in datastores))
        for datastore in datastores:
            if datastore.plain_name == path.datastore:
                if not datastore.accessible or datastore.files is None:
                    raise VimFault("InaccessibleDatastore", datastore=datastore.ref, name=path.datastore)
                return datastore, datastore.files, path
        raise VimFault("InvalidDatastorePath", datastorePath=text)

    def _search(self, call: Call, text: str, search: _Search) -> Any:
        datastore, files, path = self._locate(text)
        with _file_faults(text):
            return self._results(call, datastore, files, path.path, search)

    def _search_below(self, call: Call, text: str, search: _Search) -> Any:
        datastore, files, path = self._locate(text)
        with _file_faults(text):
            found = [self._results(call, datastore, files, f, search) for f in files.folders(path.path)]
        return _RESULT_LIST(found)

    def _results(self, call: Call, datastore: Datastore, files: FileStore, folder: str, search: _Search) -> Any:
        folder = files.canonical(folder)
        found = files.named(folder, search.names) if search.names else files.entries(folder, search.may_match)
        entries = [e for e in found if _matches(files, e, search)]
        if search.folders_first:
            entries.sort(key=lambda e: not e.is_dir)
        infos = [_describe(datastore, files, e, search) for e in entries]
        where = str(DatastorePath(datastore.plain_name, folder))
        if call.service.is_vcenter:
            where += "/" if folder else " "
        return trusted(_RESULTS, datastore=datastore.ref, folderPath=where, file=_FILES(infos))


@contextlib.contextmanager
def _file_faults(text: str) -> Iterator[None]:
    """Errors of the real file system as VI faults about a datastore path."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, BadPath):
        raise VimFault("FileNotFound", f"File {text} was not found", file=text) from None


def _matches(files: FileStore, entry: Entry, search: _Search) -> bool:
    if not search.may_match(entry.name):
        return False
    if not search.queries:
        return True
    query = _query_for(files, entry, search)
    if query is None:
        return False
    wanted = getattr(query, "filter", None)
    return wanted is None or kind_of(files, entry) != "VmDisk" or _passes(files.disk(entry), wanted)


def _query_for(files: FileStore, entry: Entry, search: _Search) -> Any:
    """The query an entry fulfils, or None. A plain FileQuery takes every file."""
    kind = kind_of(files, entry)
    query = search.queries.get(kind)
    if query is None and kind == "TemplateConfig":
        query = search.queries.get("VmConfig")
    if query is None and kind != "Folder":
        query = search.queries.get("")
    return query


def _passes(disk: Disk, wanted: Any) -> bool:
    """Whether a disk fulfils a VmDiskFileQueryFilter."""
    if wanted.diskType and (not disk.disk_type or vi_type(disk.disk_type) not in wanted.diskType):
        return False
    if wanted.matchHardwareVersion and disk.hardware_version not in wanted.matchHardwareVersion:
        return False
    if wanted.controllerType and (not disk.controller or vi_type(disk.controller) not in wanted.controllerType):
        return False
    return wanted.thin is None or bool(disk.thin) == wanted.thin


def _describe(datastore: Datastore, files: FileStore, entry: Entry, search: _Search) -> Any:
    flags, kind = search.flags, kind_of(files, entry)
    query = search.queries.get(kind)
    typed = bool(kind) and (query is not None or bool(flags is not None and flags.fileType))
    disk = files.disk(entry) if kind == "VmDisk" else None
    fields: dict[str, Any] = {"path": entry.name, **_file_fields(entry, disk, flags)}
    details = getattr(query, "details", None)
    if typed and disk is not None and details is not None:
        fields.update(_disk_fields(datastore.plain_name, disk, details))
    return trusted(vi_type(f"{kind}FileInfo" if typed else "FileInfo"), **fields)


def _file_fields(entry: Entry, disk: Disk | None, flags: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if flags is None:
        return fields
    if flags.fileSize and not entry.is_dir and "fileSize" not in entry.attributes.get("unset", ()):
        fields["fileSize"] = entry.size if disk is None else disk.file_size
    if flags.modification:
        fields["modification"] = entry.modified
    if flags.fileOwner:
        fields["owner"] = entry.attributes.get("owner", "root")
    if "friendlyName" in entry.attributes:
        fields["friendlyName"] = entry.attributes["friendlyName"]
    return fields


def _disk_fields(datastore: str, disk: Disk, details: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if details.diskType and disk.disk_type:
        fields["diskType"] = vi_type(disk.disk_type)
    if details.capacityKb:
        fields["capacityKb"] = disk.capacity_kb
    if details.hardwareVersion:
        fields["hardwareVersion"] = disk.hardware_version
    if details.controllerType and disk.controller:
        fields["controllerType"] = vi_type(disk.controller)
    if details.diskExtents:
        fields["diskExtents"] = _STRINGS([f"[{datastore}] {path}" for path in disk.extents])
    if details.thin:
        fields["thin"] = disk.thin
    return fields
