# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The property collector of the fake: paths, traversal, paging, filters and updates."""

from __future__ import annotations

import threading
import time

import pytest
from soap_client import ALL_HOSTS, ALL_STORES, WALK, XSI_TYPE, Watch, spec


def names(answer):
    return [e.text for e in answer.xml.iter("name")]


def value(answer, path):
    for one in answer.xml.iter("propSet"):
        if one.findtext("name") == path:
            return one.find("val")
    return None


# -- paths -----------------------------------------------------------------------------------


def test_nested_path_and_its_type(small, soap):
    client = soap(small)
    answer = client.read("HostSystem", "ha-host", "hardware.memorySize", "config.product.apiVersion", "name")
    assert names(answer) == ["hardware.memorySize", "config.product.apiVersion", "name"]
    assert value(answer, "hardware.memorySize").get(XSI_TYPE) == "xsd:long"
    assert value(answer, "config.product.apiVersion").text == "8.0.3.0"


def test_array_key(small, soap):
    client = soap(small)
    luns = value(client.read("HostSystem", "ha-host", "config.storageDevice.scsiLun"), "config.storageDevice.scsiLun")
    key = luns[1].findtext("key")
    path = f'config.storageDevice.scsiLun["{key}"].canonicalName'
    assert value(client.read("HostSystem", "ha-host", path), path).text == luns[1].findtext("canonicalName")
    gone = 'config.storageDevice.scsiLun["no such key"].canonicalName'
    assert names(client.read("HostSystem", "ha-host", gone)) == []


def test_field_of_a_subtype(small, soap):
    client = soap(small)
    moid = small.run(_first_store(small))
    assert value(client.read("Datastore", moid, "info.vmfs.uuid"), "info.vmfs.uuid").text == moid


async def _first_store(server):
    return next(o.moid for o in server.service.registry.of_type(object) if o.vi_name == "Datastore")


@pytest.mark.parametrize(
    "path", ["nothing", "config.nothing", "name.length", "config..product", "config.", "", 'n["x"]', "config[", "a b"]
)
def test_invalid_path(small, soap, path):
    answer = soap(small).read("HostSystem", "ha-host", path)
    assert answer.fault == "InvalidProperty"
    assert answer.xml.findtext(".//detail//name") == path


def test_path_newer_than_the_version_is_invalid(small, soap):
    path = "config.storageDevice.nvmeTopology"
    assert soap(small, "7.0.0.0").read("HostSystem", "ha-host", path).status == 200
    assert soap(small, "6.5").read("HostSystem", "ha-host", path).fault == "InvalidProperty"


def test_all_properties(small, soap):
    inner = (
        "<specSet><propSet><type>SessionManager</type><all>true</all></propSet>"
        '<objectSet><obj type="SessionManager">ha-sessionmgr</obj></objectSet></specSet>'
    )
    found = names(soap(small).collector("RetrieveProperties", inner))
    assert {"currentSession", "defaultLocale", "messageLocaleList"} <= set(found)


def test_most_derived_property_spec_wins(small, soap):
    inner = (
        "<specSet><propSet><type>ManagedEntity</type><pathSet>overallStatus</pathSet></propSet>"
        "<propSet><type>HostSystem</type><pathSet>name</pathSet></propSet>"
        '<objectSet><obj type="HostSystem">ha-host</obj></objectSet></specSet>'
    )
    assert names(soap(small).collector("RetrieveProperties", inner)) == ["name"]


def test_hidden_property_is_in_missing_set(serve, soap):
    server = serve("small")
    server.control.hide_property(moid="ha-host", path="hardware")
    answer = soap(server).read("HostSystem", "ha-host", "name", "hardware")
    assert names(answer) == ["name"]
    assert answer.xml.findtext(".//missingSet/path") == "hardware"
    assert b'xsi:type="NoPermission"' in answer.body


def test_old_clients_see_no_new_fields(small, soap):
    path = "config.storageDevice.hostBusAdapter"
    assert b"<discoveryMethod>" in soap(small).read("HostSystem", "ha-host", path).body
    assert b"<discoveryMethod>" not in soap(small, None).read("HostSystem", "ha-host", path).body


def test_fetch_reads_one_property(small, soap):
    client = soap(small)
    (found,) = client.call("Fetch", ("HostSystem", "ha-host"), "<prop>name</prop>").result
    assert found.text == "esx1.example.org"
    assert client.call("Fetch", ("HostSystem", "ha-host"), "<prop>nothing</prop>").fault == "InvalidProperty"


# -- objects ---------------------------------------------------------------------------------


def test_unknown_object_and_method(small, soap):
    client = soap(small)
    gone = client.read("Datastore", "gone", "name")
    assert gone.fault == "ManagedObjectNotFound"
    assert gone.xml.findtext(".//obj") == "gone"
    assert client.read("Datastore", "ha-host", "name").fault == "ManagedObjectNotFound"
    host = ("HostSystem", "ha-host")
    assert client.call("NoSuchMethod", host).fault == "MethodNotFound"
    assert client.call("RescanAllHba", host).fault == "MethodNotFound"
    assert client.call("EnterMaintenanceMode_Task", host, "<timeout>0</timeout>").fault == "NotSupported"
    # RetrievePropertiesEx came with 4.1
    assert soap(small, None).read("HostSystem", "ha-host", "name", method="RetrievePropertiesEx").fault


def test_traversal_meets_each_object_once(small, soap):
    twice = WALK + WALK.replace("<skip>true</skip>", "<skip>false</skip>")
    answer = soap(small).collector("RetrieveProperties", f"<specSet>{ALL_STORES}{ALL_HOSTS}{twice}</specSet>")
    assert next(e.text for e in answer.xml.iter("obj")) == "ha-host"
    assert sorted(names(answer)) == sorted(
        ["name", "summary.accessible", "name", "summary.accessible", "name"]
    )


def test_unknown_selection_name(small, soap):
    walk = WALK.replace("<selectSet><name>dc</name></selectSet>", "<selectSet><name>nowhere</name></selectSet>")
    answer = soap(small).collector("RetrieveProperties", f"<specSet>{ALL_STORES}{walk}</specSet>")
    assert answer.fault == "InvalidArgument"


# -- paging ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large():
    from esxkit.fake import FakeServer
    from esxkit.fake.worlds.counts import counts_world

    with FakeServer(counts_world(250, 1, 1, 0), task_ms=0) as server:
        yield server


def test_pages_of_a_hundred_and_a_token_good_once(large, soap):
    client = soap(large)
    answer = client.collector("RetrievePropertiesEx", f"<specSet>{ALL_STORES}{WALK}</specSet><options></options>")
    seen, pages = [], []
    while True:
        seen += [e.text for e in answer.xml.iter("obj")]
        pages.append(len(list(answer.xml.iter("objects"))))
        token = answer.xml.findtext(".//token")
        if token is None:
            break
        answer = client.collector("ContinueRetrievePropertiesEx", f"<token>{token}</token>")
        assert client.collector("ContinueRetrievePropertiesEx", f"<token>{token}</token>").fault == "InvalidArgument"
    assert pages == [100, 100, 50]
    assert len(set(seen)) == 250


def test_max_objects(large, soap):
    client = soap(large)
    ask = f"<specSet>{ALL_STORES}{WALK}</specSet><options><maxObjects>%d</maxObjects></options>"
    answer = client.collector("RetrievePropertiesEx", ask % 3)
    assert len(list(answer.xml.iter("objects"))) == 3
    token = answer.xml.findtext(".//token")
    assert client.collector("CancelRetrievePropertiesEx", f"<token>{token}</token>").status == 200
    assert client.collector("ContinueRetrievePropertiesEx", f"<token>{token}</token>").fault == "InvalidArgument"
    assert client.collector("RetrievePropertiesEx", ask % 0).fault == "InvalidArgument"


def test_retrieve_properties_has_no_pages(large, soap):
    answer = soap(large).collector("RetrieveProperties", f"<specSet>{ALL_STORES}{WALK}</specSet>")
    assert len(answer.result) == 250


def test_nothing_selected_is_no_returnval(small, soap):
    inner = f"<specSet>{ALL_STORES}" '<objectSet><obj type="Folder">ha-folder-vm</obj></objectSet></specSet>'
    assert soap(small).collector("RetrievePropertiesEx", inner + "<options></options>").result == []


def test_truncated_updates(large, soap):
    client = soap(large)
    client.collector("CreateFilter", f"<spec>{ALL_STORES}{WALK}</spec><partialUpdates>false</partialUpdates>")
    versions, objects, version = [], 0, ""
    while True:
        answer = client.collector("WaitForUpdatesEx", f"<version>{version}</version>")
        version = answer.xml.findtext(".//returnval/version")
        truncated = answer.xml.findtext(".//truncated")
        assert answer.result[0][0].tag == "version"
        versions.append((version, truncated))
        objects += len(list(answer.xml.iter("objectSet")))
        if truncated != "true":
            break
    assert versions == [("0_1", "true"), ("0_2", "true"), ("1", None)]
    assert objects == 250


# -- updates ---------------------------------------------------------------------------------


@pytest.fixture
def watch(serve, soap):
    server = serve("small")
    return server, Watch(soap(server), ALL_STORES + ALL_HOSTS + WALK)


def test_first_wait_enters_everything_and_the_next_has_nothing(watch):
    _server, watching = watch
    first = watching.wait()
    assert [kind for kind, _, _ in first] == ["enter"] * 3
    assert first[0][1:] == ("ha-host", [("name", "assign", True)])
    assert watching.version == "1"
    assert watching.wait() == []
    assert watching.version == "1"


def test_changes_arrive_as_what_they_are(watch):
    server, watching = watch
    stores = [moid for _, moid, _ in watching.wait()[1:]]
    server.control.set_accessible(name="datastore-0001", accessible=False)
    assert watching.wait() == [("modify", stores[1], [("summary.accessible", "assign", True)])]
    server.control.rename_datastore(name="datastore-0000", new_name="renamed")
    assert watching.wait() == [("modify", stores[0], [("name", "assign", True)])]
    server.control.set_capacity(name="renamed", capacity=5, free=1)
    assert watching.wait() == []  # nobody asked for the capacity
    moid = server.control.add_datastore(name="new")
    assert watching.wait() == [("enter", moid, [("name", "assign", True), ("summary.accessible", "assign", True)])]
    server.control.remove_datastore(name="renamed")
    assert watching.wait() == [("leave", stores[0], [])]


def test_sibling_paths_are_told_apart(serve, soap):
    server = serve("small")
    device = "config.storageDevice."
    watching = Watch(soap(server), spec("HostSystem", "ha-host", device + "scsiLun", device + "hostBusAdapter"))
    watching.wait()
    (unit, *_) = server.control.add_target(iqn="iqn.x:new", address="10.9.9.9")
    ((_, _, changes),) = watching.wait()
    assert [name for name, _, _ in changes] == [device + "scsiLun", device + "hostBusAdapter"]
    server.control.set_lun_state(canonical_name=unit, state="off")
    ((_, _, changes),) = watching.wait()
    assert [name for name, _, _ in changes] == [device + "scsiLun"]


def test_hidden_property_is_in_missing_set_of_updates(serve, soap):
    server = serve("small")
    watching = Watch(soap(server), spec("HostSystem", "ha-host", "name", "configIssue"))

    def missing():
        return [one.findtext("path") for one in watching.answer.xml.iter("missingSet")]

    server.control.hide_property(moid="ha-host", path="name")
    assert watching.wait() == [("enter", "ha-host", [("configIssue", "assign", False)])]
    assert missing() == ["name"]
    assert b'xsi:type="NoPermission"' in watching.answer.body
    assert watching.wait() == []
    server.control.hide_property(moid="ha-host", path="name", hidden=False)
    assert watching.wait() == [("modify", "ha-host", [("name", "assign", True)])]
    assert missing() == []
    server.control.hide_property(moid="ha-host", path="name")
    assert watching.wait() == [("modify", "ha-host", [])]
    assert missing() == ["name"]


def test_unset_property_is_told(serve, soap):
    server = serve("no-topology")
    path = "config.storageDevice.scsiTopology"
    watching = Watch(soap(server), spec("HostSystem", "ha-host", path, "configIssue"))
    ((_, _, changes),) = watching.wait()
    assert changes == [(path, "indirectRemove", False), ("configIssue", "assign", False)]


def test_empty_version_starts_over(watch):
    _server, watching = watch
    watching.wait()
    watching.version = ""
    assert len(watching.wait()) == 3


@pytest.mark.parametrize("version", ["0", "17", "0_1", "x"])
def test_wrong_version(watch, version):
    _server, watching = watch
    watching.wait()
    answer = watching.client.collector("WaitForUpdatesEx", f"<version>{version}</version>", watching.moid)
    assert answer.fault == "InvalidCollectorVersion"


@pytest.mark.parametrize("options", ["<maxWaitSeconds>-1</maxWaitSeconds>", "<maxObjectUpdates>0</maxObjectUpdates>"])
def test_wrong_options(watch, options):
    _server, watching = watch
    inner = f"<version></version><options>{options}</options>"
    assert watching.client.collector("WaitForUpdatesEx", inner, watching.moid).fault == "InvalidArgument"


def test_max_object_updates(watch):
    _server, watching = watch
    assert len(watching.wait(extra="<maxObjectUpdates>2</maxObjectUpdates>")) == 2
    assert len(watching.wait(extra="<maxObjectUpdates>2</maxObjectUpdates>")) == 1


def test_wait_ends_with_the_change(watch):
    server, watching = watch
    watching.wait()
    changer = threading.Timer(0.2, lambda: server.control.set_accessible(name="datastore-0000", accessible=False))
    changer.start()
    begun = time.monotonic()
    assert len(watching.wait(seconds=20)) == 1
    assert 0.1 < time.monotonic() - begun < 10
    changer.join()


def test_wait_ends_with_its_time(watch):
    _server, watching = watch
    watching.wait()
    begun = time.monotonic()
    assert watching.wait(seconds=1) == []
    assert 0.9 < time.monotonic() - begun < 30


@pytest.mark.parametrize("end", ["CancelWaitForUpdates", "DestroyPropertyCollector"])
def test_wait_can_be_ended(watch, soap, end):
    server, watching = watch
    watching.wait()
    other = soap(server, login=False)
    other.cookie = watching.client.cookie
    timer = threading.Timer(0.2, lambda: other.collector(end, moid=watching.moid))
    timer.start()
    inner = f"<version>{watching.version}</version>"
    assert watching.client.collector("WaitForUpdatesEx", inner, watching.moid).fault == "RequestCanceled"
    timer.join()


def test_requests_do_not_wait_for_each_other(watch, soap):
    server, watching = watch
    watching.wait()
    waiting = threading.Thread(target=lambda: watching.wait(seconds=60))
    waiting.start()
    begun = time.monotonic()
    assert soap(server).read("HostSystem", "ha-host", "name").result
    assert time.monotonic() - begun < 30
    server.control.set_accessible(name="datastore-0000", accessible=False)
    waiting.join()


def test_old_style_waits(watch):
    server, watching = watch
    assert len(watching.wait(method="WaitForUpdates")) == 3
    assert watching.wait(method="CheckForUpdates") == []
    server.control.set_accessible(name="datastore-0000", accessible=False)
    assert len(watching.wait(method="CheckForUpdates")) == 1


def test_destroyed_filter_reports_no_more(watch):
    server, watching = watch
    watching.wait()
    assert watching.client.call("DestroyPropertyFilter", ("PropertyFilter", watching.filter)).status == 200
    server.control.set_accessible(name="datastore-0000", accessible=False)
    assert watching.wait() == []
    gone = watching.client.call("DestroyPropertyFilter", ("PropertyFilter", watching.filter))
    assert gone.fault == "ManagedObjectNotFound"


def test_sessions_share_no_filters(watch, soap):
    server, watching = watch
    watching.client.collector("CreateFilter", f"<spec>{ALL_HOSTS}{WALK}</spec><partialUpdates>false</partialUpdates>")
    assert soap(server).collector("CheckForUpdates").result == []
    assert len(watching.client.collector("CheckForUpdates").result) == 1


def test_filter_of_a_missing_object_is_refused(small, soap):
    inner = f"<spec>{spec('Datastore', 'gone', 'name')}</spec><partialUpdates>false</partialUpdates>"
    assert soap(small).collector("CreateFilter", inner).fault == "ManagedObjectNotFound"


def test_tasks_are_watched_through_their_states(serve, soap):
    server = serve("small", task_ms=150)
    client = soap(server)
    moid = server.run(_first_store(server))
    browser = client.read("Datastore", moid, "browser").xml.findtext(".//val")
    inner = "<datastorePath>[datastore-0000]</datastorePath>"
    task = client.call("SearchDatastore_Task", ("HostDatastoreBrowser", browser), inner).result[0].text
    watching = Watch(client, spec("Task", task, "info.state", "info.error"))
    states = []
    while not states or states[-1] != "success":
        version = f"<version>{watching.version}</version>"
        answer = client.collector("WaitForUpdatesEx", version, watching.moid)
        watching.version = answer.xml.findtext(".//returnval/version")
        states += [c.findtext("val") for c in answer.xml.iter("changeSet") if c.findtext("name") == "info.state"]
    assert states in (["queued", "running", "success"], ["running", "success"])


def test_a_filter_whose_start_is_gone_reports_everything_left(serve, soap):
    server = serve("small")
    moid = server.control.add_datastore(name="short-lived")
    watching = Watch(soap(server), spec("Datastore", moid, "name"))
    watching.wait()
    server.control.remove_datastore(name="short-lived")
    assert watching.wait() == [("leave", moid, [])]
    assert watching.wait() == []


def test_computed_properties_are_looked_at_again(serve, soap):
    server = serve("small")
    watching = Watch(soap(server), spec("HostDatastoreSystem", "ha-datastoresystem", "datastore"))
    watching.wait()
    server.control.add_datastore(name="more")
    ((kind, _, changes),) = watching.wait()
    assert (kind, changes) == ("modify", [("datastore", "assign", True)])


def test_what_others_do_costs_a_waiting_filter_nothing(serve, soap, monkeypatch):
    from esxkit.fake import filters

    server = serve("small")
    watching = Watch(soap(server), ALL_STORES + WALK)
    watching.wait()
    looked = []
    monkeypatch.setattr(filters, "select", lambda *args: looked.append(args))
    soap(server).search("[datastore-0000]")
    assert watching.wait() == []
    assert looked == []
