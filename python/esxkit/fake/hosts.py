# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""From a HostPlan to a HostSystem with its storage."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from esxkit.fake.core import Service
from esxkit.fake.objects.bare import Bare
from esxkit.fake.objects.datastore import HostDatastoreSystem
from esxkit.fake.objects.datastore_browser import HostDatastoreBrowser
from esxkit.fake.objects.entities import escaped
from esxkit.fake.objects.host_system import HostSystem
from esxkit.fake.objects.storage_system import HostStorageSystem
from esxkit.fake.registry import ManagedObject
from esxkit.fake.worlds.plan import HostPlan
from esxkit.model.objects import build, make, shared

_GIB = 1024**3


class Mounts:
    """HostMountInfo and volumes of datastores; what is the same on all hosts is made once."""

    def __init__(self) -> None:
        self._infos: dict[int, tuple[Any, Any]] = {}
        self._volumes: dict[int, tuple[Any, Any]] = {}

    def info(self, plan: HostPlan, datastore: dict[str, Any]) -> Any:
        """HostMountInfo of a datastore on a host; None where the host has no mount of it."""
        plain = plan.mounts.get(datastore["name"], datastore["mountInfo"])
        return None if plain is None else _once(self._infos, plain, lambda: build("HostMountInfo", plain))

    def volume(self, datastore: dict[str, Any]) -> Any:
        """The HostFileSystemVolume of a datastore; None where there is none."""
        info = datastore["info"]
        for field, kind in (("vmfs", "HostVmfsVolume"), ("nas", "HostNasVolume"), ("pmem", "HostPMemVolume")):
            if info.get(field):
                return _once(self._volumes, info[field], functools.partial(build, kind, info[field]))
        return None


def _once(made: dict[int, tuple[Any, Any]], plain: Any, make_it: Callable[[], Any]) -> Any:
    """What was made of these very data, or is made now."""
    known = made.get(id(plain))
    if known is None or known[0] is not plain:
        known = made[id(plain)] = (plain, make_it())
    return known[1]


def storage_device(storage: dict[str, Any]) -> Any:
    """HostStorageDeviceInfo of a plain storage."""
    options = iscsi_options(storage["internetScsiAdvancedOptions"])
    topology = storage["scsiTopology"]
    multipath = storage["multipathInfo"]
    nvme, plug_store = storage.get("nvmeTopology"), storage.get("plugStoreTopology")
    return make(
        "HostStorageDeviceInfo",
        hostBusAdapter=[build_adapter(hba, options) for hba in storage["hostBusAdapter"]],
        scsiLun=[build_lun(lun) for lun in storage["scsiLun"]],
        scsiTopology=None if topology is None else build("HostScsiTopology", {"adapter": topology}),
        multipathInfo=None if multipath is None else build("HostMultipathInfo", {"lun": multipath}),
        nvmeTopology=None if nvme is None else build("HostNvmeTopology", {"adapter": nvme}),
        plugStoreTopology=None if plug_store is None else build("HostPlugStoreTopology", plug_store),
        softwareInternetScsiEnabled=storage["softwareInternetScsiEnabled"],
    )


def build_adapter(plain: dict[str, Any], options: tuple[Any, Any]) -> Any:
    """A HostHostBusAdapter; targets whose advancedOptions are "default" get the usual ones."""
    lists = ("configuredStaticTarget", "configuredSendTarget")
    result = build("HostHostBusAdapter", {k: v for k, v in plain.items() if k not in lists})
    for name in lists:
        if plain.get(name):
            kind = "HostInternetScsiHbaStaticTarget" if name == lists[0] else "HostInternetScsiHbaSendTarget"
            setattr(result, name, [build_target(kind, one, options) for one in plain[name]])
    return result


def build_target(kind: str, plain: dict[str, Any], options: tuple[Any, Any]) -> Any:
    """A static or send target."""
    result = build(kind, {k: v for k, v in plain.items() if k != "advancedOptions"})
    if plain.get("advancedOptions") == "default":
        result.supportedAdvancedOptions, result.advancedOptions = options
    return result


def build_lun(plain: dict[str, Any]) -> Any:
    """A ScsiLun or, with a capacity, a HostScsiDisk."""
    result = build("HostScsiDisk" if plain["cls"] == "HostScsiDisk" else "ScsiLun", plain)
    extra = [make("ScsiLunDescriptor", quality="highQuality", id=name) for name in plain.get("extraDescriptors", ())]
    if extra:
        result.descriptor = [*result.descriptor, *extra]
    return result


def iscsi_options(plain: list[dict[str, Any]]) -> tuple[Any, Any]:
    """(supportedAdvancedOptions, advancedOptions) as a target that inherits everything has them."""
    return _iscsi_options(json.dumps(plain))


@functools.lru_cache(maxsize=4)
def _iscsi_options(text: str) -> tuple[Any, Any]:
    supported, current = [], []
    for one in json.loads(text):
        common = {"valueIsReadonly": one["readOnly"], "defaultValue": one["default"]}
        if one["type"] == "int":
            kind = make("IntOption", min=one["min"], max=one["max"], **common)
        else:
            kind = make("BoolOption", supported=True, **common)
        key = one["key"]
        supported.append(make("OptionDef", label=key, summary=f"iSCSI option : {key}", key=key, optionType=kind))
        current.append(make("HostInternetScsiHbaParamValue", key=key, value=one["value"], isInherited=True))
    return shared("ArrayOfOptionDef", supported), shared("ArrayOfHostInternetScsiHbaParamValue", current)


def file_system_volumes(plan: HostPlan, datastores: list[dict[str, Any]], known: Mounts) -> Any:
    """HostFileSystemVolumeInfo: the mounted datastores and the volumes that are no datastores."""
    mounts = []
    wanted = None if plan.datastores is None else frozenset(plan.datastores)
    for one in datastores:
        if wanted is not None and one["name"] not in wanted:
            continue
        info, volume = known.info(plan, one), known.volume(one)
        if info is not None and volume is not None:
            mounts.append(make("HostFileSystemMountInfo", mountInfo=info, volume=volume))
    for one in plan.storage.get("unmounted") or []:
        mode = "readOnly" if one["ro"] else "readWrite"
        info = make("HostMountInfo", path=one["path"], accessMode=mode, mounted=True, accessible=True)
        volume = make("HostVfatVolume", type=one["type"], name=one["name"], capacity=one["capacity"])
        mounts.append(make("HostFileSystemMountInfo", mountInfo=info, volume=volume))
    types = plan.storage.get("volumeTypeList") or []
    return make("HostFileSystemVolumeInfo", volumeTypeList=types, mountInfo=mounts)


def build_host(
    service: Service,
    plan: HostPlan,
    compute: ManagedObject,
    about: dict[str, Any],
    datastores: list[dict[str, Any]],
    mounts: Mounts,
) -> HostSystem:
    """A registered HostSystem with config, hardware and its managers."""
    vcenter = service.is_vcenter
    host = HostSystem(plan.moid, name=escaped(plan.name), parent=compute.ref)
    host.management_ip = plan.management_ip
    service.registry.add(host)
    product = build("AboutInfo", _host_about(about))
    runtime = make(
        "HostRuntimeInfo",
        connectionState="connected",
        powerState="poweredOn",
        inMaintenanceMode=False,
    )
    host.set("runtime", runtime)
    host.set("hardware", _hardware(plan))
    host.set("summary", _summary(host, plan, product, runtime))
    volumes = file_system_volumes(plan, datastores, mounts)
    host.set(
        "config",
        make(
            "HostConfigInfo",
            host=host.ref,
            product=product,
            storageDevice=storage_device(plan.storage),
            fileSystemVolume=volumes,
        ),
    )
    suffix = plan.moid.rpartition("-")[2]
    storage = HostStorageSystem(
        f"storageSystem-{suffix}" if vcenter else "storageSystem", host, fileSystemVolumeInfo=volumes
    )
    system = HostDatastoreSystem(
        f"datastoreSystem-{suffix}" if vcenter else "ha-datastoresystem", host, capabilities=_datastore_capabilities()
    )
    browser = HostDatastoreBrowser(f"datastoreBrowser-{plan.moid}" if vcenter else "ha-host-datastorebrowser", host)
    network = Bare("HostNetworkSystem", f"networkSystem-{suffix}" if vcenter else "networkSystem")
    references = {
        "storageSystem": service.registry.add(storage),
        "datastoreSystem": service.registry.add(system),
        "networkSystem": service.registry.add(network),
    }
    host.set("datastoreBrowser", service.registry.add(browser))
    host.set("configManager", make("HostConfigManager", **references))
    return host


def _host_about(about: dict[str, Any]) -> dict[str, Any]:
    """What a host of a vCenter says about itself."""
    if about["apiType"] == "HostAgent":
        return about
    return {
        **about,
        "name": "VMware ESXi",
        "fullName": f"VMware ESXi {about['version']} build-{about['build']}",
        "osType": "vmnix-x86",
        "productLineId": "embeddedEsx",
        "apiType": "HostAgent",
        "instanceUuid": None,
        "licenseProductName": "VMware ESX Server",
    }


def _hardware(plan: HostPlan) -> Any:
    threads = list(range(2))
    packages = [
        make(
            "HostCpuPackage",
            index=index,
            vendor="intel",
            hz=2_200_000_000,
            busHz=100_000_000,
            description="Intel(R) Xeon(R) CPU E5-2650 v4 @ 2.20GHz",
            threadId=threads,
        )
        for index in range(2)
    ]
    return make(
        "HostHardwareInfo",
        systemInfo=make("HostSystemInfo", vendor="Dell Inc.", model="PowerEdge R630", uuid=plan.uuid),
        cpuInfo=make("HostCpuInfo", numCpuPackages=2, numCpuCores=8, numCpuThreads=16, hz=2_200_000_000),
        cpuPkg=packages,
        cpuFeature=[_cpu_feature(level, edx) for level, edx in ((0, 0), (1, 0x1F8BFBFF), (0x80000001, 0x28100800))],
        memorySize=64 * _GIB,
    )


def _cpu_feature(level: int, edx: int) -> Any:
    """One CPUID leaf; registers are 32 binary digits in groups of four, the level is a signed int."""

    def register(value: int) -> str:
        digits = f"{value:032b}"
        return ":".join(digits[i : i + 4] for i in range(0, 32, 4))

    signed = level - 2**32 if level >= 2**31 else level
    zero = register(0)
    return make("HostCpuIdInfo", level=signed, eax=zero, ebx=zero, ecx=zero, edx=register(edx))


def _summary(host: HostSystem, plan: HostPlan, product: Any, runtime: Any) -> Any:
    hardware = make(
        "HostHardwareSummary",
        vendor="Dell Inc.",
        model="PowerEdge R630",
        uuid=plan.uuid,
        memorySize=64 * _GIB,
        cpuModel="Intel(R) Xeon(R) CPU E5-2650 v4 @ 2.20GHz",
        cpuMhz=2200,
        numCpuPkgs=2,
        numCpuCores=8,
        numCpuThreads=16,
        numNics=4,
        numHBAs=len(plan.storage["hostBusAdapter"]),
    )
    config = make(
        "HostConfigSummary",
        name=plan.name,
        port=443,
        product=product,
        vmotionEnabled=False,
        faultToleranceEnabled=False,
    )
    return make(
        "HostListSummary",
        host=host.ref,
        hardware=hardware,
        runtime=runtime,
        config=config,
        quickStats=make("HostListSummaryQuickStats"),
        overallStatus="green",
        rebootRequired=False,
        managementServerIp=None,
    )


def _datastore_capabilities() -> Any:
    return make(
        "HostDatastoreSystemCapabilities",
        nfsMountCreationRequired=True,
        nfsMountCreationSupported=True,
        localDatastoreSupported=False,
        vmfsExtentExpansionSupported=True,
    )
