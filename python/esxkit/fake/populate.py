# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors

"""From a world (plain data) to a service full of managed objects."""

from pathlib import Path
from typing import Any

from esxkit.fake.files import FileStore
from esxkit.fake.hosts import build_host, mount_info
from esxkit.fake.objects.bare import Bare
from esxkit.fake.objects.datastore import Datastore
from esxkit.fake.objects.datastore_browser import HostDatastoreBrowser
from esxkit.fake.objects.entities import (
    ClusterComputeResource,
    ComputeResource,
    Datacenter,
    Folder,
    ResourcePool,
    escaped,
)
from esxkit.fake.objects.file_manager import FileManager
from esxkit.fake.objects.property_collector import PropertyCollector
from esxkit.fake.objects.search_index import SearchIndex
from esxkit.fake.objects.service_instance import ServiceInstance
from esxkit.fake.objects.session_manager import SessionManager
from esxkit.fake.objects.task import TaskManager
from esxkit.fake.objects.view_manager import ViewManager
from esxkit.fake.objects.virtual_disk_manager import VirtualDiskManager
from esxkit.fake.options import FakeOptions
from esxkit.fake.service import Service
from esxkit.fake.worlds.plan import HostPlan, World
from esxkit.model.objects import build, make, vi_type

# moids of the singletons: (ESXi, vCenter)
_SINGLETONS = {
    "propertyCollector": ("ha-property-collector", "propertyCollector"),
    "sessionManager": ("ha-sessionmgr", "SessionManager"),
    "taskManager": ("ha-taskmgr", "TaskManager"),
    "searchIndex": ("ha-searchindex", "SearchIndex"),
    "fileManager": ("ha-nfc-file-manager", "FileManager"),
    "virtualDiskManager": ("ha-vdiskmanager", "virtualDiskManager"),
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
    "viewManager": ViewManager,
}
_LOCALES = ["en"]


def populate(world: World, options: FakeOptions, files: Path) -> Service:
    """A service with all objects of a world; the files of its datastores are made below `files`."""
    service = Service(options, api_version=world.api_version, is_vcenter=world.vcenter is not None)
    _Builder(world, service, files).build()
    return service


class _Builder:
    def __init__(self, world: World, service: Service, files: Path):
        self.world, self.service, self.files = world, service, files
        self.add = service.registry.add
        self.vcenter = world.vcenter is not None

    def build(self) -> None:
        root = Folder("group-d1" if self.vcenter else "ha-folder-root", name="Datacenters" if self.vcenter
                      else "ha-folder-root", childType=[vi_type("Folder"), vi_type("Datacenter")])
        self.add(root)
        self.service.root_folder = root
        self.service_content(root)
        datacenter = self.datacenter(root)
        stores = self.datastores(datacenter)
        for index, plan in enumerate(self.world.hosts):
            self.host(datacenter, plan, index, stores)

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

    def datacenter_folders(self, datacenter: Datacenter, vcenter: bool) -> None:
        kinds = (
            ("vm", "group-v4", "VirtualMachine"),
            ("host", "group-h5", "ComputeResource"),
            ("datastore", "group-s6", "Datastore"),
            ("network", "group-n7", "Network"),
        )
        for kind, moid, child in kinds:
            folder = Folder(
                moid if vcenter else f"ha-folder-{kind}",
                name=kind,
                parent=datacenter.ref,
                childType=[vi_type("Folder"), vi_type(child)],
            )
            datacenter.set(f"{kind}Folder", self.add(folder))

    # -- datastores --------------------------------------------------------------------------
    def datastores(self, datacenter: Datacenter) -> dict[str, Datastore]:
        return {plain["name"]: self.datastore(datacenter, plain) for plain in self.world.datastores}

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
        moid = f"datastoreBrowser-{plain['moref']}" if self.vcenter else f"ha-datastorebrowser-{plain['moref']}"
        result.set("browser", self.add(HostDatastoreBrowser(moid, result)))
        folder.append("childEntity", result.ref)
        datacenter.append("datastore", result.ref)
        return result

    def file_store(self, plain: dict[str, Any]) -> FileStore | None:
        if plain.get("files") is None:
            return None
        number = len(list(self.files.iterdir())) if self.files.exists() else 0
        return FileStore(self.files / f"{number:04d}", plain["files"])

    # -- hosts -------------------------------------------------------------------------------
    def host(self, datacenter: Datacenter, plan: HostPlan, index: int, stores: dict[str, Datastore]) -> None:
        folder = self.service.registry.get(datacenter.read("hostFolder"))
        compute = self.compute_resource(folder, plan, index)
        host = build_host(self.service, plan, compute, self.world.about, self.world.datastores)
        compute.append("host", host.ref)
        plains = {d["name"]: d for d in self.world.datastores}
        wanted = plains if plan.datastores is None else plan.datastores
        for name in wanted:
            store = stores[name]
            host.append("datastore", store.ref)
            if store.ref not in compute.read("datastore"):
                compute.append("datastore", store.ref)
            info = mount_info(plan, plains[name])
            if info is not None:
                store.append("host", make("DatastoreHostMount", key=host.ref, mountInfo=info))

    def compute_resource(self, folder: Folder, plan: HostPlan, index: int) -> ComputeResource:
        if plan.cluster is not None:
            for known in self.service.registry.of_type(ClusterComputeResource):
                if known.read("name") == escaped(plan.cluster):
                    return known
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
        return result


def _configuration(kind: type) -> Any:
    name = "ClusterConfigInfoEx" if kind is ClusterComputeResource else "ComputeResourceConfigInfo"
    return build(name, {"vmSwapPlacement": "vmDirectory", **({"dasConfig": {}, "drsConfig": {}, "systemVMsConfig":
                 None} if name == "ClusterConfigInfoEx" else {})})


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
