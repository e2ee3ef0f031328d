# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The inventory tree of the fake: search index, views, names, the objects that are only there."""

from __future__ import annotations

import pytest

from esxkit.fake import world

INDEX = ("SearchIndex", "SearchIndex")
HOST = "esx1.example.org"


@pytest.fixture(scope="module")
def vcenter():
    from esxkit.fake import FakeServer

    with FakeServer("vcenter", task_ms=0) as server:
        yield server


def only(answer):
    return answer.result[0].text if answer.result else None


@pytest.mark.parametrize(
    ("path", "moid"),
    [
        ("", "group-d1"),
        ("Sites", "group-d3"),
        ("Sites/Berlin", "datacenter-2"),
        ("/Sites/Berlin/host/Cluster A", "domain-c100"),
        ("Sites/Berlin/host/Cluster A/esx2.example.org", "host-15"),
        ("Sites/Berlin/host/esx3.example.org/esx3.example.org", "host-16"),
        ("Sites/Berlin/datastore/nfs-ro", "datastore-24"),
        ("Sites/Paris", None),
    ],
)
def test_inventory_paths(vcenter, soap, path, moid):
    answer = soap(vcenter).call("FindByInventoryPath", INDEX, f"<inventoryPath>{path}</inventoryPath>")
    assert only(answer) == moid


def test_other_ways_to_find_a_host(vcenter, soap):
    client = soap(vcenter)
    uuid = world("vcenter").hosts[1].uuid
    by_name = client.call("FindByDnsName", INDEX, f"<dnsName>{HOST}</dnsName><vmSearch>false</vmSearch>")
    assert only(by_name) == "host-14"
    assert only(client.call("FindByUuid", INDEX, f"<uuid>{uuid}</uuid><vmSearch>false</vmSearch>")) == "host-15"
    assert only(client.call("FindByIp", INDEX, "<ip>127.0.0.1</ip><vmSearch>false</vmSearch>")) == "host-14"
    assert only(client.call("FindByIp", INDEX, "<ip>127.0.0.1</ip><vmSearch>true</vmSearch>")) is None
    child = client.call("FindChild", INDEX, '<entity type="Folder">group-d1</entity><name>Sites</name>')
    assert only(child) == "group-d3"


def test_names_are_escaped(serve, soap):
    plan = world("vcenter")
    plan.vcenter.datacenter = "50% a/b\\c"
    client = soap(serve(plan))
    name = client.read("Datacenter", "datacenter-2", "name").xml.findtext(".//val")
    assert name == "50%25 a%2fb%5cc"


def test_container_view(vcenter, soap):
    client = soap(vcenter)
    inner = '<container type="Folder">group-d1</container><type>HostSystem</type><recursive>%s</recursive>'
    manager = ("ViewManager", "ViewManager")
    view = only(client.call("CreateContainerView", manager, inner % "true"))
    (hosts,) = client.read("ContainerView", view, "view").xml.iter("val")
    assert [h.text for h in hosts] == ["host-14", "host-15", "host-16"]
    assert client.call("DestroyView", ("ContainerView", view)).status == 200
    assert client.read("ContainerView", view, "view").fault == "ManagedObjectNotFound"
    flat = only(client.call("CreateContainerView", manager, inner % "false"))
    assert len(next(client.read("ContainerView", flat, "view").xml.iter("val"))) == 0


def test_service_content_of_both_products(vcenter, small, soap):
    instance = ("ServiceInstance", "ServiceInstance")
    found = {}
    for server in (vcenter, small):
        content = soap(server, login=False).call("RetrieveServiceContent", instance).result[0]
        found[server.world] = {e.tag: e.text for e in content}
    assert found["vcenter"]["propertyCollector"] == "propertyCollector"
    assert found["counts"]["sessionManager"] == "ha-sessionmgr"
    assert found["counts"]["virtualDiskManager"] == "ha-vdiskmanager"
    # Everything it names is there, if only to say NotSupported.
    client = soap(small)
    moid = found["counts"]["licenseManager"]
    assert client.call("QueryUsage", ("LicenseManager", moid)).status == 500
    assert client.call("QueryLicenseUsage", ("LicenseManager", moid)).fault == "NotSupported"
    moid = found["counts"]["fileManager"]
    made = client.call("MakeDirectory", ("FileManager", moid), "<name>[x] y</name>")
    assert made.fault == "InvalidDatastore"


def test_sessions_can_be_ended_and_listed(vcenter, soap):
    client, other = soap(vcenter), soap(vcenter)
    manager = ("SessionManager", "SessionManager")
    keys = [e.text for e in client.read(*manager, "sessionList").xml.iter("key")]
    mine = client.read(*manager, "currentSession").xml.findtext(".//key")
    (theirs,) = [k for k in keys if k != mine and _is_of(other, manager, k)]
    end = "<sessionId>%s</sessionId>"
    assert client.call("TerminateSession", manager, end % theirs).status == 200
    assert other.call("CurrentTime", ("ServiceInstance", "ServiceInstance")).fault == "NotAuthenticated"
    assert client.call("TerminateSession", manager, end % theirs).fault == "NotFound"
    assert client.call("TerminateSession", manager, end % mine).fault == "InvalidArgument"
    assert client.call("SetLocale", manager, "<locale>de</locale>").status == 200
    assert client.read(*manager, "currentSession").xml.findtext(".//locale") == "de"


def _is_of(client, manager, key):
    return client.read(*manager, "currentSession").xml.findtext(".//key") == key


def test_rescans_and_refreshes(serve, soap):
    server = serve("two-adapters")
    client = soap(server)
    storage = ("HostStorageSystem", "storageSystem")
    for method in ("RescanAllHba", "RescanVmfs", "RefreshStorageSystem"):
        assert client.call(method, storage).status == 200
    assert server.counters()["rescans"] == {"vmhba33": 1, "vmhba65": 1}
    info = client.read(*storage, "storageDeviceInfo.softwareInternetScsiEnabled", "fileSystemVolumeInfo.mountInfo")
    assert info.xml.findtext(".//val") == "true"
    assert b"HostVmfsVolume" in info.body
