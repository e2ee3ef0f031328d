# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Datastore searches of the fake: queries, patterns, details, paths, faults."""

from __future__ import annotations

from datetime import datetime

import pytest
from soap_client import XSI_TYPE

FLAGS = (
    "<details><fileType>%s</fileType><fileSize>true</fileSize>"
    "<modification>true</modification><fileOwner>true</fileOwner></details>"
)
DISKS = (
    '<query xsi:type="VmDiskFileQuery"><details><diskType>true</diskType><capacityKb>true</capacityKb>'
    "<hardwareVersion>true</hardwareVersion><controllerType>true</controllerType><diskExtents>true</diskExtents>"
    "<thin>true</thin></details></query>"
)


@pytest.fixture(scope="module")
def default():
    from esxkit.fake import FakeServer

    with FakeServer("default", task_ms=0) as server:
        yield server


def spec(inner="", details="true"):
    return f"<searchSpec>{inner}{FLAGS % details if details else ''}</searchSpec>"


def found(info):
    """{folderPath: [path of file, ...]} of a task's result."""
    results = info.find("result")
    folders = results if results[0].tag == "HostDatastoreBrowserSearchResults" else [results]
    return {r.findtext("folderPath"): [f.findtext("path") for f in r.findall("file")] for r in folders}


def files(info):
    """{path: element} of everything found."""
    return {f.findtext("path"): f for f in info.find("result").iter("file")}


def test_disks_with_all_details(default, soap):
    info = soap(default).search("[datastore1] win 2016 (dc)", spec(DISKS), "SearchDatastore_Task")
    assert found(info) == {"[datastore1] win 2016 (dc)": ["win 2016 (dc).vmdk", "win 2016 (dc)_1.vmdk"]}
    disk = files(info)["win 2016 (dc)_1.vmdk"]
    assert disk.get(XSI_TYPE) == "VmDiskFileInfo"
    assert {e.tag: e.text for e in disk} == {
        "path": "win 2016 (dc)_1.vmdk",
        "fileSize": str(10 * 1024**3),
        "modification": "2024-03-10T00:15:42.371Z",
        "owner": "root",
        "diskType": "VirtualDiskFlatVer2BackingInfo",
        "capacityKb": str(10 * 1024**2),
        "hardwareVersion": "11",
        "controllerType": "ParaVirtualSCSIController",
        "diskExtents": "[datastore1] win 2016 (dc)/win 2016 (dc)_1-flat.vmdk",
        "thin": "false",
    }


def test_extents_are_no_disks(default, soap):
    client = soap(default)
    disks = found(client.search("[datastore1] snap", spec(DISKS)))
    assert disks == {"[datastore1] snap": ["snap-000001.vmdk", "snap-000002.vmdk", "snap.vmdk"]}
    everything = files(client.search("[datastore1] snap", spec()))
    assert everything["snap-flat.vmdk"].get(XSI_TYPE) is None
    assert everything["snap.vmdk"].get(XSI_TYPE) == "VmDiskFileInfo"
    assert everything["snap-000001-delta.vmdk"].find("fileSize").text == "16781312"


def test_sub_folders_parents_first(default, soap):
    result = found(soap(default).search("[datastore1] kickstart/", spec('<query xsi:type="IsoImageFileQuery"/>')))
    below = ("kickstart", "kickstart/a", "kickstart/a/b", "kickstart/a/b/c")
    assert list(result) == [f"[datastore1] {path}" for path in below]
    assert list(result.values()) == [[], [], [], ["deep.iso"]]


def test_vcenter_folder_paths_end_with_a_slash(serve, soap):
    server = serve("vcenter")
    client = soap(server)
    result = found(client.search("[localdir]", spec('<query xsi:type="IsoImageFileQuery"/>')))
    assert list(result) == ["[localdir] ", "[localdir] floppies/"]


@pytest.mark.parametrize(
    ("details", "tags", "kind"),
    [("true", ["path", "fileSize", "modification", "owner"], "IsoImageFileInfo"), (None, ["path"], "IsoImageFileInfo")],
)
def test_details_only_when_asked_for(default, soap, details, tags, kind):
    info = soap(default).search("[datastore1] iso", spec('<query xsi:type="IsoImageFileQuery"/>', details))
    for element in files(info).values():
        assert [e.tag for e in element] == tags
        assert element.get(XSI_TYPE) == kind


def test_no_query_finds_every_file_plain(default, soap):
    info = soap(default).search("[localdir]", "", "SearchDatastore_Task")
    assert found(info) == {"[localdir]": ["floppies", "linux.iso"]}
    assert all(f.get(XSI_TYPE) is None and [e.tag for e in f] == ["path"] for f in files(info).values())


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("IsoImageFileQuery", ["Fedora-Server-39.iso", "virtio-win.ISO"]),
        ("FloppyImageFileQuery", ["drivers.flp", "floppy.img"]),
        ("VmDiskFileQuery", []),
        ("FolderFileQuery", []),
        ("FileQuery", ["Fedora-Server-39.iso", "README.txt", "drivers.flp", "floppy.img", "virtio-win.ISO"]),
    ],
)
def test_queries(default, soap, query, names):
    info = soap(default).search("[datastore1] iso", spec(f'<query xsi:type="{query}"/>'), "SearchDatastore_Task")
    assert found(info) == {"[datastore1] iso": names}


def test_query_kinds_of_a_vm_folder(default, soap):
    kinds = {p: f.get(XSI_TYPE) for p, f in files(soap(default).search("[datastore1] Fedora", spec())).items()}
    assert kinds["Fedora.vmx"] == "VmConfigFileInfo"
    assert kinds["Fedora.nvram"] == "VmNvramFileInfo"
    assert kinds["vmware.log"] == "VmLogFileInfo"
    assert kinds["Fedora.vmsd"] is None
    assert kinds["Fedora-ctk.vmdk"] is None


@pytest.mark.parametrize(
    ("inner", "names"),
    [
        ("<matchPattern>*.iso</matchPattern>", ["Fedora-Server-39.iso"]),
        (
            "<searchCaseInsensitive>true</searchCaseInsensitive><matchPattern>*.ISO</matchPattern>",
            ["Fedora-Server-39.iso", "virtio-win.ISO"],
        ),
        ("<matchPattern>?????????.iso</matchPattern>", []),
        ("<matchPattern>flop?y.img</matchPattern><matchPattern>README*</matchPattern>", ["README.txt", "floppy.img"]),
        ("<matchPattern>*.[i]so</matchPattern>", []),
        ("<matchPattern>iso</matchPattern>", []),
    ],
)
def test_patterns(default, soap, inner, names):
    info = soap(default).search("[datastore1] iso", spec(inner, None), "SearchDatastore_Task")
    assert found(info) == {"[datastore1] iso": names}


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("<thin>true</thin>", ["rdm-vm.vmdk"]),
        ("<diskType>VirtualDiskRawDiskMappingVer1BackingInfo</diskType>", ["rdm-vm_1.vmdk", "rdm-vm_2.vmdk"]),
        ("<matchHardwareVersion>4</matchHardwareVersion>", []),
        ("<controllerType>VirtualIDEController</controllerType>", []),
    ],
)
def test_disk_filter(default, soap, condition, names):
    query = f'<query xsi:type="VmDiskFileQuery"><filter>{condition}</filter></query>'
    assert found(soap(default).search("[datastore1] rdm-vm", spec(query))) == {"[datastore1] rdm-vm": names}


def test_folders_first(default, soap):
    inner = spec("<sortFoldersFirst>true</sortFoldersFirst>")
    names = found(soap(default).search("[datastore1]", inner, "SearchDatastore_Task"))["[datastore1]"]
    folders = [n for n in names if "." not in n.lstrip(".")]
    assert names[: len(folders) - 1] == sorted(names[: len(folders) - 1])
    assert names.index("Fedora") < names.index(".fbb.sf")


def test_sizeless_disk(serve, soap):
    client = soap(serve("sizeless"))
    seen = files(client.search("[datastore-0000]", spec(DISKS + '<query xsi:type="IsoImageFileQuery"/>')))
    tags = {name: {e.tag for e in element} & {"capacityKb", "fileSize"} for name, element in seen.items()}
    assert tags == {
        "both.vmdk": set(),
        "no-capacity.vmdk": {"fileSize"},
        "broken.vmdk": {"fileSize"},
        "sizeless.iso": set(),
        "fine.vmdk": {"capacityKb", "fileSize"},
    }


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("[datastore1] nothing here", "FileNotFound"),
        ("[datastore1] esxconsole.log", "FileNotFound"),
        ("[datastore1] ../0002", "FileNotFound"),
        ("no brackets", "InvalidDatastorePath"),
        ("[no such store] x", "InvalidDatastorePath"),
        ("[lost-vmfs]", "InaccessibleDatastore"),
    ],
)
def test_faults_are_the_tasks(default, soap, path, fault):
    client = soap(default)
    info = client.search(path) if path.startswith("[") and "no such" not in path else _search_any(client, path)
    assert info.findtext("state") == "error"
    assert info.find("error/fault").get(XSI_TYPE) == fault
    assert info.findtext("error/localizedMessage")


def _search_any(client, path):
    inner = f"<datastorePath>{path}</datastorePath>"
    browser = ("HostDatastoreBrowser", "ha-host-datastorebrowser")
    task = client.call("SearchDatastore_Task", browser, inner).result[0].text
    return client.read("Task", task, "info").result[0].find("propSet/val")


def test_hosts_browser_sees_all_its_datastores(default, soap):
    client = soap(default)
    info = _search_any(client, "[nfs-ro]")
    assert found(info) == {"[nfs-ro]": ["tools.iso"]}
    (refs,) = client.read("HostDatastoreBrowser", "ha-host-datastorebrowser", "datastore").xml.iter("val")
    assert len(refs) == 14


def test_the_same_query_twice_is_refused_at_once(default, soap):
    inner = "<datastorePath>[nfs-ro]</datastorePath>" + spec('<query xsi:type="IsoImageFileQuery"/>' * 2)
    browser = ("HostDatastoreBrowser", "ha-host-datastorebrowser")
    assert soap(default).call("SearchDatastore_Task", browser, inner).fault == "InvalidArgument"


def test_disk_uuids(default, soap):
    client = soap(default)

    def uuid(name):
        return client.call("QueryVirtualDiskUuid", ("VirtualDiskManager", "ha-vdiskmanager"), f"<name>{name}</name>")

    first = uuid("[datastore1] Fedora/Fedora.vmdk").result[0].text
    other = uuid("[datastore1] snap/snap.vmdk").result[0].text
    assert first != other
    assert first.startswith("60 00 c2 9")
    assert len(first) == 47
    # A snapshot is the same disk as its parent.
    assert uuid("[datastore1] snap/snap-000002.vmdk").result[0].text == other
    assert uuid("[datastore1] gone.vmdk").fault == "FileNotFound"
    assert uuid("[datastore1] iso/README.txt").fault == "FileFault"
    assert uuid("nonsense").fault == "InvalidDatastorePath"
    assert uuid("[lost-vmfs] x.vmdk").fault == "InaccessibleDatastore"


def test_what_appears_on_the_volume_is_found(serve, soap):
    server = serve("small")
    client = soap(server)
    server.control.add_disk(datastore="datastore-0000", path="new/d.vmdk", capacity=3 * 1024**3)
    info = client.search("[datastore-0000] new", spec(DISKS))
    assert files(info)["d.vmdk"].findtext("capacityKb") == str(3 * 1024**2)
    server.control.remove_file(datastore="datastore-0000", path="new/d.vmdk")
    assert found(client.search("[datastore-0000] new", spec(DISKS))) == {"[datastore-0000] new": []}
    assert server.control.list_files(datastore="datastore-0000", folder="new") == ["d-flat.vmdk"]


def test_odd_names_come_through(serve, soap):
    server = serve("odd-names")
    client = soap(server)
    for folder in server.control.list_files(datastore="plain"):
        if folder.endswith(".iso"):
            continue
        seen = found(client.search(f"[plain] {folder}", spec(DISKS)))
        assert seen == {f"[plain] {folder}": [f"{folder}.vmdk"]}


def test_cancel(serve, soap):
    server = serve("small", task_ms=60_000)
    client = soap(server)
    inner = "<datastorePath>[datastore-0000]</datastorePath>"
    browser = ("HostDatastoreBrowser", "ha-host-datastorebrowser")
    task = ("Task", client.call("SearchDatastore_Task", browser, inner).result[0].text)
    assert client.call("CancelTask", task).status == 200
    info = client.read(*task, "info").result[0].find("propSet/val")
    while info.findtext("state") == "running":
        info = client.read(*task, "info").result[0].find("propSet/val")
    assert (info.findtext("state"), info.findtext("cancelled")) == ("error", "true")
    assert info.find("error/fault").get(XSI_TYPE) == "RequestCanceled"
    assert client.call("CancelTask", task).fault == "InvalidState"


def test_task_info_looks_like_a_real_one(default, soap):
    info = soap(default).search("[nfs-ro]")
    assert info.findtext("key").startswith("haTask-")
    assert "-vim.host.DatastoreBrowser.searchSubFolders-" in info.findtext("key")
    assert [e.tag for e in info][:4] == ["key", "task", "name", "descriptionId"]
    assert info.findtext("name") == "SearchDatastoreSubFolders_Task"
    assert info.findtext("descriptionId") == "host.DatastoreBrowser.searchSubFolders"
    assert info.find("reason").get(XSI_TYPE) == "TaskReasonUser"
    queued, started, completed = (
        datetime.fromisoformat(info.findtext(when)) for when in ("queueTime", "startTime", "completeTime")
    )
    assert queued <= started <= completed
