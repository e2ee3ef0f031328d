# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""From a world (plain data) to a service full of managed objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from esxkit.fake.core import Service
from esxkit.fake.files import FileStore
from esxkit.fake.hosts import Mounts, build_host
from esxkit.fake.objects.bare import Bare
from esxkit.fake.objects.datastore import Datastore
from esxkit.fake.objects.datastore_browser import HostDatastoreBrowser
from esxkit.fake.objects.datastore_namespace_manager import DatastoreNamespaceManager
from esxkit.fake.objects.entities import (
    ClusterComputeResource,
    ComputeResource,
    Datacenter,
    Folder,
    ResourcePool,
    escaped,
)
from esxkit.fake.objects.file_manager import FileManager
from esxkit.fake.objects.host_system import HostSystem
from esxkit.fake.objects.property_collector import PropertyCollector
from esxkit.fake.objects.search_index import SearchIndex
from esxkit.fake.objects.service_instance import ServiceInstance
from esxkit.fake.objects.session_manager import SessionManager
from esxkit.fake.objects.task import TaskManager
from esxkit.fake.objects.view_manager import ViewManager
from esxkit.fake.objects.virtual_disk_manager import VirtualDiskManager
from esxkit.fake.options import FakeOptions
from esxkit.fake.worlds.plan import HostPlan, WorldPlan
from esxkit.model.objects import build, make, vi_type

# moids of the singletons: (ESXi, vCenter)
_SINGLETONS = {
    "propertyCollector": ("ha-property-collector", "propertyCollector"),
    "sessionManager": ("ha-sessionmgr", "SessionManager"),
    "taskManager": ("ha-taskmgr", "TaskManager"),
    "searchIndex": ("ha-searchindex", "SearchIndex"),
    "fileManager": ("ha-nfc-file-manager", "FileManager"),
    "virtualDiskManager": ("ha-vdiskmanager", "virtualDiskManager"),
    "datastoreNamespaceManager": ("ha-datastore-namespace-manager", "DatastoreNamespaceManager"),
    "viewManager": ("ViewManager", "ViewManager"),
    "setting": ("HostAgentSettings", "VpxSettings"),
    "licenseManager": ("ha-license-manager", "LicenseManager"),
    "perfManager": ("ha-perfmgr", "PerfMgr"),
    "eventManager": ("ha-eventmgr", "EventManager"),
    "authorizationManager": ("ha-authmgr", "AuthorizationManager"),
    "userDirectory": ("ha-user-directory", "UserDirectory"),
}
_BARE = {
    "setting": "OptionManager",
    "licenseManager": "LicenseManager",
    "perfManager": "PerformanceManager",
    "eventManager": "EventManager",
    "authorizationManager": "AuthorizationManager",
    "userDirectory": "UserDirectory",
}
_MADE = {
    "propertyCollector": PropertyCollector,
    "searchIndex": SearchIndex,
    "fileManager": FileManager,
    "virtualDiskManager": VirtualDiskManager,
    "datastoreNamespaceManager": DatastoreNamespaceManager,
    "viewManager": ViewManager,
}
_LOCALES = ["en"]


def populate(world: WorldPlan, options: FakeOptions, files: Path) -> Builder:
    """A service with all objects of a world; the files of its datastores are made below `files`."""
    service = Service(options, api_version=world.api_version, is_vcenter=world.vcenter is not None)
    builder = Builder(world, service, files)
    builder.build()
    return builder


class Builder:
    """Makes the objects of a world; kept while the server runs, for those that come later."""

    def __init__(self, world: WorldPlan, service: Service, files: Path):
        self.world, self.service, self.files = world, service, files
        self.add = service.registry.add
        self.vcenter = world.vcenter is not None
        self.the_datacenter: Datacenter
        self._stores = 0
        self._mounts = Mounts()
        self._clusters: dict[str, ComputeResource] = {}

    def build(self) -> None:
        """Make everything."""
        name = "Datacenters" if self.vcenter else "ha-folder-root"
        root = Folder(
            "group-d1" if self.vcenter else "ha-folder-root",
            name=name,
            childType=[vi_type("Folder"), vi_type("Datacenter")],
        )
        self.add(root)
        self.service.root_folder = root
        self.service_content(root)
        self.the_datacenter = self.datacenter(root)
        stores = {plain["name"]: self.datastore(self.the_datacenter, plain) for plain in self.world.datastores}
        plains = {plain["name"]: plain for plain in self.world.datastores}
        for index, plan in enumerate(self.world.hosts):
            self.host(plan, index, stores, plains)

    # -- singletons --------------------------------------------------------------------------
    def service_content(self, root: Folder) -> None:
        content = make("ServiceContent", rootFolder=root.ref, about=build("AboutInfo", self.world.about))
        for field, moids in _SINGLETONS.items():
            moid = moids[self.vcenter]
            if field == "sessionManager":
                obj: Any = SessionManager(
                    moid, defaultLocale="en", messageLocaleList=_LOCALES, supportedLocaleList=_LOCALES
                )
            elif field == "taskManager":
                obj = self.service.tasks = TaskManager(moid, self.vcenter)
            elif field in _BARE:
                obj = Bare(_BARE[field], moid)
            else:
                obj = _MADE[field](moid)
            setattr(content, field, self.add(obj))
        capability = make(
            "Capability", provisioningSupported=True, multiHostSupported=self.vcenter, userShellAccessSupported=False
        )
        self.add(ServiceInstance("ServiceInstance", content=content, capability=capability))

    # -- tree --------------------------------------------------------------------------------
    def datacenter(self, root: Folder) -> Datacenter:
        plan = self.world.vcenter
        parent = root
        if plan is not None and plan.folder:
            parent = Folder("group-d3", name=escaped(plan.folder), parent=root.ref, childType=[vi_type("Datacenter")])
            root.append("childEntity", self.add(parent))
        moid = "datacenter-2" if plan else "ha-datacenter"
        name = escaped(plan.datacenter) if plan else "ha-datacenter"
        result = Datacenter(moid, name=name, parent=parent.ref, configuration=make("DatacenterConfigInfo"))
        parent.append("childEntity", self.add(result))
        self.datacenter_folders(result, bool(plan))
        return result

    def another_datacenter(self, name: str, number: int) -> Datacenter:
        """A further datacenter of a vCenter, at the top, without hosts."""
        root = self.service.root_folder
        configuration = make("DatacenterConfigInfo")
        result = Datacenter(
            f"datacenter-{number}", name=escaped(name), parent=root.ref, configuration=configuration
        )
        root.append("childEntity", self.add(result))
        self.datacenter_folders(result, True, f"{number}")
        return result

    def datacenter_folders(self, datacenter: Datacenter, vcenter: bool, suffix: str = "") -> None:
        kinds = (
            ("vm", "group-v4", "VirtualMachine"),
            ("host", "group-h5", "ComputeResource"),
            ("datastore", "group-s6", "Datastore"),
            ("network", "group-n7", "Network"),
        )
        for kind, moid, child in kinds:
            folder = Folder(
                f"{moid}{suffix}" if vcenter else f"ha-folder-{kind}",
                name=kind,
                parent=datacenter.ref,
                childType=[vi_type("Folder"), vi_type(child)],
            )
            datacenter.set(f"{kind}Folder", self.add(folder))

    # -- datastores --------------------------------------------------------------------------
    def datastore(self, datacenter: Datacenter, plain: dict[str, Any]) -> Datastore:
        """One datastore, listed in its datacenter and folder but not mounted anywhere yet."""
        folder = self.service.registry.get(datacenter.read("datastoreFolder"))
        result = Datastore(
            plain["moref"],
            self.file_store(plain),
            name=plain["name"],
            parent=folder.ref,
            info=build("DatastoreInfo", plain["info"]),
            summary=build("DatastoreSummary", {**plain["summary"], "datastore": plain["moref"]}),
            capability=build("DatastoreCapability", plain["capability"]),
            host=[],
        )
        self.add(result)
        result.publish_space()
        moid = f"datastoreBrowser-{plain['moref']}" if self.vcenter else f"ha-datastorebrowser-{plain['moref']}"
        result.set("browser", self.add(HostDatastoreBrowser(moid, result)))
        folder.append("childEntity", result.ref)
        datacenter.append("datastore", result.ref)
        return result

    def file_store(self, plain: dict[str, Any]) -> FileStore | None:
        if plain.get("files") is None:
            return None
        self._stores += 1
        root = self.files / f"{self._stores:04d}"
        journal = root.with_suffix(".journal") if self.service.options.state else None
        return FileStore(root, plain["files"], journal)

    # -- hosts -------------------------------------------------------------------------------
    def host(
        self, plan: HostPlan, index: int, stores: dict[str, Datastore], plains: dict[str, dict[str, Any]]
    ) -> None:
        """A host in its compute resource, with its datastores mounted."""
        folder = self.service.registry.get(self.the_datacenter.read("hostFolder"))
        assert isinstance(folder, Folder)
        compute = self.compute_resource(folder, plan, index)
        host = build_host(
            self.service, plan, compute, self.world.about, self.world.datastores, self._mounts
        )
        compute.append("host", host.ref)
        for name in plains if plan.datastores is None else plan.datastores:
            self.mount(plan, host, stores[name], plains[name])

    def mount(self, plan: HostPlan, host: HostSystem, store: Datastore, plain: dict[str, Any]) -> None:
        """Mount a datastore on a host (listed only, where its mountInfo is None)."""
        host.append("datastore", store.ref)
        compute = self.service.registry.get(host.read("parent"))
        if all(known._moId != store.moid for known in compute.read("datastore")):
            compute.append("datastore", store.ref)
        info = self._mounts.info(plan, plain)
        if info is not None:
            store.append("host", make("DatastoreHostMount", key=host.ref, mountInfo=info))

    def compute_resource(self, folder: Folder, plan: HostPlan, index: int) -> ComputeResource:
        if plan.cluster in self._clusters:
            return self._clusters[plan.cluster]
        kind = ClusterComputeResource if plan.cluster is not None else ComputeResource
        prefix = "domain-c" if plan.cluster is not None else "domain-s"
        moid = f"{prefix}{100 + index}" if self.vcenter else "ha-compute-res"
        name = escaped(plan.cluster or plan.name)
        result = kind(moid, name=name, parent=folder.ref, configurationEx=_configuration(kind))
        folder.append("childEntity", self.add(result))
        pool_moid = f"resgroup-{100 + index}" if self.vcenter else "ha-root-pool"
        pool = ResourcePool(pool_moid, name="Resources", parent=result.ref, owner=result.ref)
        result.set("resourcePool", self.add(pool))
        result.set("summary", _compute_summary(kind))
        if plan.cluster is not None:
            self._clusters[plan.cluster] = result
        return result


def _configuration(kind: type) -> Any:
    if kind is ClusterComputeResource:
        return build("ClusterConfigInfoEx", {"vmSwapPlacement": "vmDirectory", "dasConfig": {}, "drsConfig": {}})
    return build("ComputeResourceConfigInfo", {"vmSwapPlacement": "vmDirectory"})


def _compute_summary(kind: type) -> Any:
    name = "ClusterComputeResourceSummary" if kind is ClusterComputeResource else "ComputeResourceSummary"
    return make(
        name,
        totalCpu=16000,
        totalMemory=64 * 1024**3,
        numCpuCores=8,
        numCpuThreads=16,
        effectiveCpu=15000,
        effectiveMemory=60000,
        numHosts=1,
        numEffectiveHosts=1,
        overallStatus="green",
    )
