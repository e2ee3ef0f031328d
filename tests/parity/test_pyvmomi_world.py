# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Judged by a stranger: pyVmomi's own client reads the whole default world from the fake over real TLS.

Everything it reads is compared with data/inventory.json: adapters, targets, LUNs, topology and paths, datastores
with their summary, info, mounts and capability, and every file through the datastore browser.
"""

from __future__ import annotations

import datetime
import math
import ssl
import time

import pytest
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import VmomiSupport, vim, vmodl

from esxkit.fake import FakeServer
from esxkit.fake.worlds.inventory import load

PLAIN = load()
STORAGE = PLAIN["storage"]
DATASTORES = {d["name"]: d for d in PLAIN["datastores"]}
LOST = {name for name, d in DATASTORES.items() if not d["summary"]["accessible"]}


@pytest.fixture(scope="module")
def server():
    with FakeServer("default") as running:
        yield running


@pytest.fixture(scope="module")
def instance(server):
    context = ssl.create_default_context(cafile=server.cacert)
    connected = SmartConnect(
        host="127.0.0.1", port=server.port, user=server.username, pwd=server.password, sslContext=context
    )
    yield connected
    Disconnect(connected)
    assert server.counters()["sessions"] == 0


@pytest.fixture(scope="module")
def host(instance):
    (datacenter,) = instance.content.rootFolder.childEntity
    (compute,) = datacenter.hostFolder.childEntity
    (found,) = compute.host
    return found


@pytest.fixture(scope="module")
def device(host):
    return host.config.storageDevice


def plain_of(value):
    """A typed value as the JSON of the inventory writes it; unset fields are left out."""
    if isinstance(value, VmomiSupport.ManagedObject):
        return value._moId
    if isinstance(value, VmomiSupport.DataObject):
        fields = {p.name: getattr(value, p.name) for p in type(value)._GetPropertyList()}
        return {k: plain_of(v) for k, v in fields.items() if v is not None and not (isinstance(v, list) and not v)}
    if isinstance(value, list):
        return [plain_of(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC)
    return value


def same(seen, expected, where=""):
    """Every field of the inventory is in what was read, and equal (datetimes as instants)."""
    for name, wanted in expected.items():
        path = f"{where}.{name}"
        if name.startswith("_") or wanted is None or wanted in ([], {}) or name == "advancedOptions":
            continue
        assert name in seen, f"{path} is not there"
        value = seen[name]
        if isinstance(wanted, dict):
            same(value, wanted, path)
        elif isinstance(wanted, list) and isinstance(wanted[0], dict):
            assert len(value) == len(wanted), path
            for index, (one, other) in enumerate(zip(value, wanted, strict=True)):
                same(one, other, f"{path}[{index}]")
        elif isinstance(value, datetime.datetime):
            assert value == datetime.datetime.fromisoformat(wanted), path
        else:
            assert value == wanted, path


def test_negotiates_the_servers_own_version(instance):
    assert instance._stub.version == VmomiSupport.versionMap["vim25/8.0.3.0"]


def test_about(instance):
    same(plain_of(instance.content.about), PLAIN["about"])


def test_host(host):
    plain = PLAIN["host"]
    assert (host._moId, host.name, host.hardware.systemInfo.uuid) == (plain["moref"], plain["name"], plain["uuid"])
    assert host.configManager.storageSystem._moId == plain["configManager"]["storageSystem"]
    assert host.configManager.datastoreSystem._moId == plain["configManager"]["datastoreSystem"]
    assert [d.name for d in host.datastore] == list(DATASTORES)


@pytest.mark.parametrize("index", range(len(STORAGE["hostBusAdapter"])))
def test_adapter(device, index):
    seen, plain = device.hostBusAdapter[index], STORAGE["hostBusAdapter"][index]
    assert VmomiSupport.GetWsdlName(type(seen)) == plain["_type"]
    same(plain_of(seen), plain)
    if plain["_type"] == "HostInternetScsiHba":
        for target in [*seen.configuredStaticTarget, *seen.configuredSendTarget]:
            options = {option.key: option.value for option in target.advancedOptions}
            assert options == {o["key"]: o["value"] for o in STORAGE["internetScsiAdvancedOptions"]}
            assert len(target.supportedAdvancedOptions) == len(options)


@pytest.mark.parametrize("index", range(len(STORAGE["scsiLun"])))
def test_lun(device, index):
    seen, plain = device.scsiLun[index], dict(STORAGE["scsiLun"][index])
    assert VmomiSupport.GetWsdlName(type(seen)) == plain["cls"]
    extra = plain.pop("extraDescriptors", [])
    for ours in ("cid", "prov", "cls", "satp", "psp"):
        plain.pop(ours)
    plain["descriptor"] = plain["descriptor"] + [{"quality": "highQuality", "id": one} for one in extra]
    same(plain_of(seen), plain)


def test_topology_and_paths(device):
    same(plain_of(device.scsiTopology), {"adapter": STORAGE["scsiTopology"]})
    same(plain_of(device.multipathInfo), {"lun": STORAGE["multipathInfo"]})
    kinds = {
        VmomiSupport.GetWsdlName(type(target.transport)) for a in device.scsiTopology.adapter for target in a.target
    }
    assert "HostInternetScsiTargetTransport" in kinds


def test_wwns_are_signed_numbers(device):
    fibre = [hba for hba in device.hostBusAdapter if isinstance(hba, vim.host.FibreChannelHba)]
    assert [f"{hba.portWorldWideName % 2**64:016x}" for hba in fibre] == ["10000090faaa55f6", "c05076000a1b2c06"]
    assert min(hba.portWorldWideName for hba in fibre) < 0


def test_nvme_and_plug_store_lead_to_the_same_luns(device):
    """A walk of the plug store by pyVmomi finds behind each adapter what multipathInfo has there."""
    same(plain_of(device.nvmeTopology), {"adapter": STORAGE["nvmeTopology"]})
    store = device.plugStoreTopology
    luns = {one.key: one.lun for one in store.device}
    devices = {one.key: one.device for one in store.path}
    walked = {one.adapter: {luns[devices[path]] for path in one.path} for one in store.adapter}
    expected = {hba.key: set() for hba in device.hostBusAdapter}
    for unit in device.multipathInfo.lun:
        for path in unit.path:
            expected[path.adapter].add(unit.lun)
    assert walked == expected
    names = {lun.canonicalName for lun in device.scsiLun}
    assert {
        namespace.name
        for entry in device.nvmeTopology.adapter
        for controller in entry.connectedController
        for namespace in controller.attachedNamespace
    } <= names


@pytest.mark.parametrize("name", DATASTORES)
def test_datastore(host, name):
    plain = DATASTORES[name]
    (seen,) = [d for d in host.datastore if d.name == name]
    assert seen._moId == plain["moref"]
    same(plain_of(seen.summary), plain["summary"])
    assert VmomiSupport.GetWsdlName(type(seen.info)) == plain["info"]["_type"]
    same(plain_of(seen.info), plain["info"])
    same(plain_of(seen.capability), plain["capability"])
    (mount,) = seen.host
    assert mount.key._moId == "ha-host"
    same(plain_of(mount.mountInfo), plain["mountInfo"])


def wait_for(task):
    deadline = time.monotonic() + 30
    while task.info.state not in ("success", "error"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return task.info


def flattened(nodes, folder=""):
    """{folder: {name: node}} of an inventory file tree."""
    found = {folder: {node["name"]: node for node in nodes}}
    for node in nodes:
        if node["kind"] == "dir":
            found.update(flattened(node.get("children") or [], f"{folder}/{node['name']}" if folder else node["name"]))
    return found


def search_spec():
    browser = vim.host.DatastoreBrowser
    details = browser.VmDiskQuery.Details(
        diskType=True, capacityKb=True, hardwareVersion=True, controllerType=True, diskExtents=True, thin=True
    )
    kinds = (
        browser.IsoImageQuery, browser.FloppyImageQuery, browser.FolderQuery, browser.VmConfigQuery,
        browser.VmLogQuery, browser.VmNvramQuery, browser.VmSnapshotQuery, browser.Query,
    )
    return browser.SearchSpec(
        query=[browser.VmDiskQuery(details=details), *(kind() for kind in kinds)],
        details=browser.FileInfo.Details(fileType=True, fileSize=True, modification=True, fileOwner=True),
    )


KINDS = {
    "vmdk": "VmDiskFileInfo",
    "iso": "IsoImageFileInfo",
    "flp": "FloppyImageFileInfo",
    "dir": "FolderFileInfo",
    "vmx": "VmConfigFileInfo",
    "log": "VmLogFileInfo",
    "nvram": "VmNvramFileInfo",
    "vmsn": "VmSnapshotFileInfo",
}


@pytest.mark.parametrize("name", [n for n in DATASTORES if n not in LOST])
def test_files(host, name):
    (datastore,) = [d for d in host.datastore if d.name == name]
    info = wait_for(datastore.browser.SearchSubFolders(f"[{name}]", search_spec()))
    assert info.state == "success", info.error
    seen = {r.folderPath.removeprefix(f"[{name}]").strip(" /"): {f.path: f for f in r.file} for r in info.result}
    expected = flattened(DATASTORES[name]["files"])
    assert {folder: set(files) for folder, files in seen.items()} == {f: set(n) for f, n in expected.items()}
    for folder, nodes in expected.items():
        for path, node in nodes.items():
            compare_file(seen[folder][path], node, f"[{name}] {folder}".strip(), nodes)


def compare_file(seen, node, folder, siblings):
    assert VmomiSupport.GetWsdlName(type(seen)) == KINDS.get(node["kind"], "FileInfo")
    assert seen.owner == node["owner"]
    assert seen.modification == datetime.datetime.fromisoformat(node["mtime"])
    if node["kind"] == "dir":
        assert seen.fileSize is None
    elif node["kind"] != "vmdk":
        assert seen.fileSize == node["size"]
    else:
        compare_disk(seen, node, folder, siblings)


def compare_disk(seen, node, folder, siblings):
    disk = node["disk"]
    base = folder if folder.endswith("]") else f"{folder}/"
    assert list(seen.diskExtents) == [f"{base}{' ' if base.endswith(']') else ''}{one}" for one in disk["extents"]]
    assert seen.fileSize == sum(siblings[one]["allocated"] for one in disk["extents"] if one in siblings)
    assert seen.capacityKb == disk["capacityKb"]
    assert seen.hardwareVersion == disk["hardwareVersion"]
    assert VmomiSupport.GetWsdlName(seen.diskType) == disk["diskType"]
    controller = disk["controllerType"]
    assert (VmomiSupport.GetWsdlName(seen.controllerType) if seen.controllerType else None) == controller
    assert bool(seen.thin) == bool(disk["thin"])


@pytest.mark.parametrize("name", sorted(LOST))
def test_lost_datastores_cannot_be_searched(host, name):
    (datastore,) = [d for d in host.datastore if d.name == name]
    info = wait_for(datastore.browser.SearchSubFolders(f"[{name}]", search_spec()))
    assert isinstance(info.error, vim.fault.InaccessibleDatastore)


def test_every_file_of_the_inventory_was_counted():
    trees = [flattened(d["files"]) for d in PLAIN["datastores"] if d["files"] is not None]
    assert sum(len(nodes) for tree in trees for nodes in tree.values()) == 197


def test_typed_faults(instance, host):
    with pytest.raises(vim.fault.InvalidLogin):
        instance.content.sessionManager.Login("root", "x")
    with pytest.raises(vmodl.fault.ManagedObjectNotFound) as caught:
        _ = vim.Datastore("gone", instance._stub).name
    assert caught.value.obj._moId == "gone"
    with pytest.raises(vmodl.fault.NotSupported):
        host.EnterMaintenanceMode(timeout=0)
    with pytest.raises(vim.fault.FileNotFound):
        instance.content.virtualDiskManager.QueryVirtualDiskUuid("[datastore1] no/such.vmdk")


def test_disk_uuids(instance):
    uuids = set()
    for name, plain in DATASTORES.items():
        for folder, nodes in flattened(plain["files"] or []).items():
            for path, node in nodes.items():
                if node["kind"] == "vmdk" and "ddb.uuid" in node["text"]:
                    at = f"[{name}] {folder}/{path}"
                    found = instance.content.virtualDiskManager.QueryVirtualDiskUuid(at)
                    assert f'ddb.uuid = "{found}"' in node["text"]
                    uuids.add(found)
    assert len(uuids) == 15


def test_updates_reach_pyvmomi(server, instance):
    query = vmodl.query.PropertyCollector
    collector = instance.content.propertyCollector.CreatePropertyCollector()
    (datacenter,) = instance.content.rootFolder.childEntity
    traversal = query.TraversalSpec(name="d", type=vim.Datacenter, path="datastore", skip=False)
    collector.CreateFilter(
        query.FilterSpec(
            objectSet=[query.ObjectSpec(obj=datacenter, skip=True, selectSet=[traversal])],
            propSet=[query.PropertySpec(type=vim.Datastore, pathSet=["summary.freeSpace", "name"])],
        ),
        False,
    )
    now = query.WaitOptions(maxWaitSeconds=0)
    first = collector.WaitForUpdatesEx("", now)
    assert len(first.filterSet[0].objectSet) == len(DATASTORES)
    assert collector.WaitForUpdatesEx(first.version, now) is None
    free = DATASTORES["nfs-ro"]["summary"]["freeSpace"]
    server.control.set_capacity(name="nfs-ro", capacity=100 * 1024**3, free=math.floor(free / 2))
    (update,) = collector.WaitForUpdatesEx(first.version, now).filterSet[0].objectSet
    assert [(c.name, c.val) for c in update.changeSet] == [("summary.freeSpace", free // 2)]
    server.control.set_capacity(name="nfs-ro", capacity=100 * 1024**3, free=free)
    collector.DestroyPropertyCollector()
