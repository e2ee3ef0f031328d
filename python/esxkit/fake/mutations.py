# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Changes to the world while it runs; each is announced to the property collectors."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

from esxkit.fake import vmdk
from esxkit.fake.core import Service
from esxkit.fake.hosts import build_adapter, build_lun, iscsi_options
from esxkit.fake.objects.datastore import Datastore
from esxkit.fake.objects.entities import Datacenter
from esxkit.fake.objects.host_system import HostSystem
from esxkit.fake.populate import Builder
from esxkit.fake.registry import ManagedObject
from esxkit.fake.volume_space import VolumeSpace
from esxkit.fake.worlds import adapters, parts
from esxkit.fake.worlds.plan import HostPlan, WorldPlan
from esxkit.fake.worlds.vcenter import as_vcenter_datastore
from esxkit.model.objects import build, make, replaced

_GIB = 1024**3
_STORAGE = ("hostBusAdapter", "scsiLun", "scsiTopology", "multipathInfo", "plugStoreTopology")


class Mutations:
    """Verbs of the control interface that change the world. `host` is the index of the host meant."""

    def __init__(self, service: Service, world: WorldPlan, builder: Builder):
        self._service = service
        self._world = world
        self._builder = builder

    # -- datastores --------------------------------------------------------------------------
    def add_datacenter(self, name: str) -> str:
        """A further datacenter of a vCenter, without hosts; its moid."""
        if not self._service.is_vcenter:
            raise ValueError("A host has one datacenter.")
        number = 500 + sum(1 for _ in self._service.registry.of_type(Datacenter))
        return self._builder.another_datacenter(name, number).moid

    def add_datastore(
        self,
        name: str,
        capacity: int = 1024 * _GIB,
        files: list[Any] | None = None,
        datacenter: str | None = None,
        mounted: bool = False,
    ) -> str:
        """A new VMFS datastore on every host, or in another datacenter (its moid); its moid.

        There no host has it, unless it is `mounted`: then the first host stands for one of that datacenter.
        """
        plain = parts.vmfs_datastore(name, "naa.added", files, capacity)
        if self._service.is_vcenter:
            plain = as_vcenter_datastore(plain, 1000 + len(self._world.datastores))
        self._world.datastores.append(plain)
        if datacenter is not None:
            other = self._service.registry.find(datacenter)
            if not isinstance(other, Datacenter):
                raise KeyError(f"There is no datacenter '{datacenter}'.")
            elsewhere = self._builder.datastore(other, plain)
            for plan, host in self._hosts()[:1] if mounted else []:
                self._builder.mount(plan, host, elsewhere, plain)
            return elsewhere.moid
        store = self._builder.datastore(self._builder.the_datacenter, plain)
        for plan, host in self._hosts():
            self._builder.mount(plan, host, store, plain)
        return plain["moref"]

    def remove_datastore(self, name: str) -> None:
        """The datastore is gone: from hosts, compute resources, datacenter and folder."""
        store = self._store(name)
        for obj in self._service.registry.of_type(ManagedObject):
            obj.drop_references(store.moid)
        browser = store.read("browser")
        self._service.registry.remove(store.moid)
        self._service.registry.remove(browser._moId)
        self._world.datastores[:] = [d for d in self._world.datastores if d["name"] != name]

    def rename_datastore(self, name: str, new_name: str) -> None:
        """Give a datastore another name; its moid, URL and files stay."""
        store = self._store(name)
        self._world.datastore(name)["name"] = new_name
        store.set("name", new_name)
        store.set("summary.name", new_name)
        store.set("info.name", new_name)

    def set_accessible(self, name: str, accessible: bool, reason: str = "AllPathsDown_Start") -> None:
        """Lose a datastore or get it back, on every host; a lost one shows no sizes."""
        store, plain = self._store(name), self._world.datastore(name)
        sizes = {"capacity": 0, "freeSpace": 0}
        if accessible:
            sizes = plain["summary"] | ({"freeSpace": store.files.space.free} if store.files is not None else {})
        summary = replaced(store.read("summary"), "accessible", accessible)
        for field in ("capacity", "freeSpace"):
            summary = replaced(summary, field, sizes[field])
        store.set("summary", summary)
        mounts = []
        for mount in store.read("host"):
            info = replaced(replaced(mount.mountInfo, "accessible", accessible), "mounted", accessible)
            info = replaced(info, "inaccessibleReason", None if accessible else reason)
            mounts.append(make("DatastoreHostMount", key=mount.key, mountInfo=info))
        store.set("host", mounts)

    def set_capacity(self, name: str, capacity: int, free: int) -> None:
        """Change the sizes of a datastore."""
        store = self._store(name)
        self._world.datastore(name)["summary"].update(capacity=capacity, freeSpace=free)
        if store.files is not None:
            store.files.space = VolumeSpace(capacity, free)
        summary = replaced(replaced(store.read("summary"), "capacity", capacity), "freeSpace", free)
        store.set("summary", summary)
        store.set("info.freeSpace", free)

    # -- files -------------------------------------------------------------------------------
    def add_file(self, datastore: str, path: str, size: int = 0, text: str | None = None, **attributes: Any) -> None:
        """A plain file; missing folders are made."""
        self._make_folders(datastore, path)
        self._files(datastore).make_file(path, {"kind": "file", "size": size, "text": text, **attributes})

    def add_disk(
        self,
        datastore: str,
        path: str,
        capacity: int,
        thin: bool = True,
        allocated: int | None = None,
        **attributes: Any,
    ) -> None:
        """A disk: descriptor `path` (ending in .vmdk) and its extent."""
        if not path.endswith(".vmdk"):
            raise ValueError(f"'{path}' does not end in .vmdk.")
        self._make_folders(datastore, path)
        folder, _, name = path.rpartition("/")
        base, seed = name.removesuffix(".vmdk"), f"{datastore}/{path}"
        made = vmdk.disk_files(base, capacity, seed=seed, thin=thin, allocated=allocated)
        made[0].update(attributes)
        for one in made:
            self._files(datastore).make_file(f"{folder}/{one['name']}".lstrip("/"), one)

    def remove_file(self, datastore: str, path: str) -> None:
        """A file or folder is gone."""
        with _no_such_file(path):
            self._files(datastore).remove(path)

    def list_files(self, datastore: str, folder: str = "") -> list[str]:
        """Names in a folder of a datastore, as they really are."""
        with _no_such_file(folder):
            return [entry.name for entry in self._files(datastore).entries(folder)]

    def real_path(self, datastore: str, path: str = "") -> str:
        """Where the file is on this machine."""
        return str(self._files(datastore).real(path))

    # -- SCSI --------------------------------------------------------------------------------
    def add_target(
        self, iqn: str, address: str, luns: int = 1, size: int = 10 * _GIB, adapter: str | None = None, host: int = 0
    ) -> list[str]:
        """A new static target with logged-in LUNs; canonical names of those."""
        with self._storage(host) as storage:
            hba = self._adapter(storage, adapter)
            hba["configuredStaticTarget"].append(parts.static_target(iqn, address))
            used = [t["target"] for a in storage["scsiTopology"] or [] for t in a["target"]]
            number = max(used, default=-1) + 1
            made = [(n, parts.iscsi_lun(_seed(f"{iqn}/{n}"), n, size)) for n in range(luns)]
            if storage["scsiTopology"] is not None:
                parts.attach(storage, hba["device"], number, iqn, f"{address}:3260", made)
            return [lun["canonicalName"] for _, lun in made]

    def remove_target(self, iqn: str, host: int = 0) -> None:
        """A target and what only it showed is gone."""
        with self._storage(host) as storage:
            for hba in storage["hostBusAdapter"]:
                if hba.get("configuredStaticTarget"):
                    left = [t for t in hba["configuredStaticTarget"] if t["iScsiName"] != iqn]
                    hba["configuredStaticTarget"] = left
            for adapter in storage["scsiTopology"] or []:
                adapter["target"] = [t for t in adapter["target"] if t["transport"].get("iScsiName") != iqn]
            for unit in storage["multipathInfo"]:
                unit["path"] = [p for p in unit["path"] if p["transport"].get("iScsiName") != iqn]
            gone = [unit["lun"] for unit in storage["multipathInfo"] if not unit["path"]]
            _drop_luns(storage, gone)

    def add_lun(self, iqn: str, number: int, size: int = 10 * _GIB, on_rescan: bool = False, host: int = 0) -> str:
        """A new LUN behind a target, now or at the next rescan; its canonical name."""
        lun = parts.iscsi_lun(_seed(f"{iqn}/added/{number}"), number % 256, size)

        def appear(_device: str = "") -> None:
            with self._storage(host) as storage:
                targets = [
                    (a, t)
                    for a in storage["scsiTopology"] or []
                    for t in a["target"]
                    if t["transport"].get("iScsiName") == iqn
                ]
                if not targets:
                    raise ValueError(f"No target '{iqn}' is logged in.")
                adapter, target = targets[0]
                device = adapter["key"].rpartition("-")[2]
                scratch = {**storage, "scsiTopology": [{**adapter, "target": []}]}
                address = target["transport"]["address"][0]
                parts.attach(scratch, device, target["target"], iqn, address, [(number, lun)])
                target["lun"] += scratch["scsiTopology"][0]["target"][0]["lun"]

        if on_rescan:
            self._service.host_actions.append(appear)
        else:
            appear()
        return lun["canonicalName"]

    def add_adapter_lun(self, device: str, number: int, size: int = 10 * _GIB, host: int = 0) -> str:
        """A new LUN behind an adapter that is none of iSCSI, at its next rescan; its canonical name."""
        lun = parts.iscsi_lun(_seed(f"{device}/added/{number}"), number % 256, size)

        def appear(rescanned: str = "") -> None:
            if rescanned != device:
                self._service.host_actions.append(appear)
                return
            with self._storage(host) as storage:
                hba = next(one for one in storage["hostBusAdapter"] if one["device"] == device)
                parts.attach_through(storage, device, 100 + number, adapters.transport(hba), [(number, lun)])

        self._service.host_actions.append(appear)
        return lun["canonicalName"]

    def remove_adapter(self, device: str, host: int = 0) -> None:
        """An adapter is taken out, with its paths and what only it showed."""
        with self._storage(host) as storage:
            gone = next(one for one in storage["hostBusAdapter"] if one["device"] == device)
            storage["hostBusAdapter"].remove(gone)
            storage["scsiTopology"] = [one for one in storage["scsiTopology"] if one["adapter"] != gone["key"]]
            for unit in storage["multipathInfo"]:
                unit["path"] = [path for path in unit["path"] if path["adapter"] != gone["key"]]
            _drop_luns(storage, [unit["lun"] for unit in storage["multipathInfo"] if not unit["path"]])

    def remove_lun(self, canonical_name: str, host: int = 0) -> None:
        """A LUN is gone from everywhere."""
        with self._storage(host) as storage:
            _drop_luns(storage, [self._lun(storage, canonical_name)["key"]])

    def set_lun_state(self, canonical_name: str, state: str, host: int = 0) -> None:
        """operationalState of a LUN: ok, off, lostCommunication, ..."""
        with self._storage(host) as storage:
            self._lun(storage, canonical_name)["operationalState"] = [state]

    def set_path_state(
        self, state: str, lun: str | None = None, iqn: str | None = None, device: str | None = None, host: int = 0
    ) -> int:
        """State of all paths of a LUN (canonical name), of a target and/or of an adapter; how many there were."""
        with self._storage(host) as storage:
            key = self._lun(storage, lun)["key"] if lun else None
            found = [
                path
                for unit in storage["multipathInfo"]
                for path in unit["path"]
                if key in (None, unit["lun"])
                and iqn in (None, path["transport"].get("iScsiName"))
                and device in (None, path["adapter"].rpartition("-")[2])
            ]
            for path in found:
                path.update(state=state, pathState=state, isWorkingPath=state == "active")
            return len(found)

    # -- anything ----------------------------------------------------------------------------
    def set_property(self, moid: str, path: str, value: Any) -> None:
        """Set any property of any object to a JSON value (null: unset)."""
        obj = self._service.registry.find(moid)
        if obj is None:
            raise KeyError(f"There is no object '{moid}'.")
        head, _, rest = path.partition(".")
        declared = obj.property_info(head).type
        for name in filter(None, rest.split(".")):
            declared = declared._GetPropertyInfo(name).type
        obj.set(path, build(declared, value) if isinstance(value, dict) else value)

    # -- helpers -----------------------------------------------------------------------------
    def _store(self, name: str) -> Datastore:
        """The first datastore of a name, or the one of a moid."""
        known = self._service.registry.find(name)
        if isinstance(known, Datastore):
            return known
        for store in self._service.registry.of_type(Datastore):
            if store.plain_name == name:
                return store
        raise KeyError(f"There is no datastore '{name}'.")

    def _files(self, datastore: str) -> Any:
        files = self._store(datastore).files
        if files is None:
            raise ValueError(f"The datastore '{datastore}' has no volume.")
        return files

    def _make_folders(self, datastore: str, path: str) -> None:
        files, done = self._files(datastore), ""
        for part in path.split("/")[:-1]:
            done = f"{done}/{part}" if done else part
            if not files.real(done).exists():
                files.make_folder(done)

    def _hosts(self) -> list[tuple[HostPlan, HostSystem]]:
        hosts = {h.moid: h for h in self._service.registry.of_type(HostSystem)}
        return [(plan, hosts[plan.moid]) for plan in self._world.hosts]

    @contextlib.contextmanager
    def _storage(self, index: int) -> Iterator[dict[str, Any]]:
        """The plain storage of a host to be changed; what differs afterwards is published."""
        plan, host = self._hosts()[index]
        before = copy.deepcopy({field: plan.storage.get(field) for field in _STORAGE})
        yield plan.storage
        if plan.storage.get("plugStoreTopology") is not None and plan.storage["multipathInfo"] is not None:
            plan.storage["plugStoreTopology"] = parts.plug_store(plan.storage)
        options = iscsi_options(plan.storage["internetScsiAdvancedOptions"])
        for field in _STORAGE:
            plain: Any = plan.storage.get(field)
            if plain == before[field]:
                continue
            if field == "hostBusAdapter":
                value: Any = [build_adapter(hba, options) for hba in plain]
            elif field == "scsiLun":
                value = [build_lun(lun) for lun in plain]
            elif field == "scsiTopology":
                value = None if plain is None else build("HostScsiTopology", {"adapter": plain})
            elif field == "plugStoreTopology":
                value = build("HostPlugStoreTopology", plain)
            else:
                value = build("HostMultipathInfo", {"lun": plain})
            host.change_storage(field, value)

    def _adapter(self, storage: dict[str, Any], device: str | None) -> dict[str, Any]:
        for hba in storage["hostBusAdapter"]:
            if hba["_type"] == "HostInternetScsiHba" and device in (None, hba["device"]):
                return hba
        raise KeyError(f"There is no iSCSI adapter '{device or 'at all'}'.")

    def _lun(self, storage: dict[str, Any], canonical_name: str) -> dict[str, Any]:
        for lun in storage["scsiLun"]:
            if lun["canonicalName"] == canonical_name:
                return lun
        raise KeyError(f"There is no LUN '{canonical_name}'.")


def _drop_luns(storage: dict[str, Any], keys: list[str]) -> None:
    storage["scsiLun"] = [lun for lun in storage["scsiLun"] if lun["key"] not in keys]
    storage["multipathInfo"] = [m for m in storage["multipathInfo"] if m["lun"] not in keys]
    for adapter in storage["scsiTopology"] or []:
        for target in adapter["target"]:
            target["lun"] = [one for one in target["lun"] if one["scsiLun"] not in keys]


def _seed(text: str) -> int:
    """A number for parts.iscsi_lun that the worlds from counts do not use."""
    return 10_000_000 + int(parts.digits(text, 8), 16)


@contextlib.contextmanager
def _no_such_file(path: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"There is no file '{path}'.") from None
