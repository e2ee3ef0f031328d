# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The control interface: switches, counters and changes of the world, in process and over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from esxkit.fake import FakeOptions, HttpControl

GIB = 1024**3
DEVICE = "config.storageDevice."


def storage(client, host="ha-host"):
    """The storage device info as elements by field."""
    fields = ("hostBusAdapter", "scsiLun", "scsiTopology", "multipathInfo")
    answer = client.read("HostSystem", host, *[DEVICE + f for f in fields])
    return {one.findtext("name").removeprefix(DEVICE): one.find("val") for one in answer.xml.iter("propSet")}


@pytest.fixture(params=["in process", "http"])
def pair(request, serve, soap):
    server = serve("small")
    control = server.control if request.param == "in process" else HttpControl(server.address.control)
    return control, soap(server)


def test_counters(pair):
    control, client = pair
    control.reset_counters()
    client.read("HostSystem", "ha-host", "name")
    client.read("HostSystem", "gone", "name")
    client.call("NoSuchMethod", ("HostSystem", "ha-host"))
    client.post("rubbish")
    counters = control.counters()
    assert counters["methods"] == {"RetrieveProperties": 2, "NoSuchMethod": 1, "(bad request)": 1}
    assert counters["total"] == 4
    assert counters["faults"]["ManagedObjectNotFound"] == 1
    assert counters["sessions"] == 1
    assert counters["bytes_in"] > 500
    assert counters["method_bytes"].keys() == {"RetrieveProperties", "?"}
    assert sum(counters["method_bytes"].values()) == counters["bytes_in"] + counters["bytes_out"]


def test_connections_are_counted(serve, soap):
    server = serve("small")
    before = server.counters()["connections"]
    first = soap(server)
    first.read("HostSystem", "ha-host", "name")
    assert server.counters()["connections"] == before + 1
    soap(server)
    assert server.counters()["connections"] == before + 2


def test_switches(pair):
    control, _client = pair
    assert control.set(latency_ms=1.5, gzip=True)["latency_ms"] == 1.5
    options = control.options()
    assert options["gzip"] is True
    assert "password" not in options
    for bad in ({"colour": 1}, {"latency_ms": -1}, {"expiry_style": "sudden"}, {"certificate": "expired"}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            control.set(**bad)


def test_unknown_verb_lists_the_known_ones(pair):
    control, _client = pair
    with pytest.raises(ValueError, match=r"no control verb 'nonsense'.*terminate_sessions"):
        control.nonsense()
    with pytest.raises(ValueError, match="no control verb"):
        control.run()
    with pytest.raises(ValueError, match="There is no datastore 'x'"):
        control.set_accessible(name="x", accessible=True)


def test_control_over_get_and_with_bad_json(small):
    with urllib.request.urlopen(small.address.control + "verbs") as reply:
        assert "inject" in json.load(reply)
    for url, data in ((small.address.control + "set", b"{"), (small.address.control[:-1] + "x/set", b"{}")):
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(url, data)


def test_sessions_are_listed(pair):
    control, _client = pair
    (session,) = control.sessions()
    assert (session["user"], session["owned"]) == ("root", 0)


def test_target_comes_and_goes(pair):
    control, client = pair
    before = storage(client)
    names = control.add_target(iqn="iqn.x:t", address="10.8.8.8", luns=2, size=3 * GIB)
    after = storage(client)
    assert [t.findtext("address") for t in after["hostBusAdapter"].iter("configuredStaticTarget")][-1] == "10.8.8.8"
    luns = {e.findtext("canonicalName"): e for e in after["scsiLun"]}
    assert len(luns) == len(before["scsiLun"]) + 2
    assert luns[names[1]].findtext("capacity/block") == str(3 * GIB // 512)
    assert len(list(after["multipathInfo"].iter("path"))) == len(list(before["multipathInfo"].iter("path"))) + 2
    control.remove_target(iqn="iqn.x:t")
    again = storage(client)
    assert all(len(again[f]) == len(before[f]) for f in before)
    assert b"10.8.8.8" not in client.read("HostSystem", "ha-host", "config").body


def test_lun_appears_with_a_rescan(pair):
    control, client = pair
    name = control.add_lun(iqn="iqn.2026-01.org.example:target-0000", number=77, on_rescan=True)
    names = [e.findtext("canonicalName") for e in storage(client)["scsiLun"]]
    assert name not in names
    manager = ("HostStorageSystem", "storageSystem")
    assert client.call("RescanHba", manager, "<hbaDevice>vmhba99</hbaDevice>").fault == "NotFound"
    assert client.call("RescanHba", manager, "<hbaDevice>vmhba65</hbaDevice>").status == 200
    now = storage(client)
    assert name in [e.findtext("canonicalName") for e in now["scsiLun"]]
    assert "77" in [e.findtext("lun") for e in now["scsiTopology"].iter("lun") if e.find("scsiLun") is not None]
    assert control.counters()["rescans"] == {"vmhba65": 1}
    control.remove_lun(canonical_name=name)
    assert name not in [e.findtext("canonicalName") for e in storage(client)["scsiLun"]]


def test_path_and_lun_states(pair):
    control, client = pair
    target = "iqn.2026-01.org.example:target-0001"
    assert control.set_path_state(state="dead", iqn=target) == 2
    states = [e.findtext("state") for e in storage(client)["multipathInfo"].iter("path")]
    assert sorted(states) == ["active", "active", "dead", "dead"]
    name = storage(client)["scsiLun"][0].findtext("canonicalName")
    control.set_lun_state(canonical_name=name, state="lostCommunication")
    assert storage(client)["scsiLun"][0].findtext("operationalState") == "lostCommunication"
    assert control.set_path_state(state="standby", lun=name) == 1


def test_datastore_changes_are_seen_everywhere(pair):
    control, client = pair
    moid = control.add_datastore(name="more", capacity=5 * GIB)
    owners = {"HostSystem": "ha-host", "Datacenter": "ha-datacenter", "ComputeResource": "ha-compute-res"}
    for kind, owner in owners.items():
        assert moid in [e.text for e in client.read(kind, owner, "datastore").xml.iter("ManagedObjectReference")]
    control.set_accessible(name="more", accessible=False, reason="AllPathsDown_Timeout")
    lost = client.read("Datastore", moid, "summary", "host").xml
    assert (lost.findtext(".//accessible"), lost.findtext(".//capacity")) == ("false", "0")
    assert lost.findtext(".//inaccessibleReason") == "AllPathsDown_Timeout"
    assert client.call("RefreshDatastore", ("Datastore", moid)).fault == "HostConfigFault"
    control.set_accessible(name="more", accessible=True)
    back = client.read("Datastore", moid, "summary", "host").xml
    assert (back.findtext(".//capacity"), back.find(".//inaccessibleReason")) == (str(5 * GIB), None)
    assert client.call("RefreshDatastore", ("Datastore", moid)).status == 200
    control.remove_datastore(name="more")
    assert client.read("Datastore", moid, "name").fault == "ManagedObjectNotFound"
    assert moid not in [e.text for e in client.read("HostSystem", "ha-host", "datastore").xml.iter()]


def test_any_property(pair):
    control, client = pair
    control.set_property(moid="ha-host", path="runtime.inMaintenanceMode", value=True)
    assert client.read("HostSystem", "ha-host", "runtime").xml.findtext(".//inMaintenanceMode") == "true"
    control.set_property(moid="ha-host", path="config.storageDevice.scsiTopology", value=None)
    assert b"ScsiTopology" not in client.read("HostSystem", "ha-host", "config.storageDevice").body
    control.set_property(moid="ha-host", path="hardware.systemInfo", value={"vendor": "v", "model": "m", "uuid": "u"})
    assert client.read("HostSystem", "ha-host", "hardware.systemInfo.model").xml.findtext(".//val") == "m"


def test_files(pair):
    control, _client = pair
    control.add_file(datastore="datastore-0000", path="a/b/c.iso", size=10)
    assert control.list_files(datastore="datastore-0000", folder="a/b") == ["c.iso"]
    assert control.real_path(datastore="datastore-0000", path="a/b/c.iso").endswith("/a/b/c.iso")
    with pytest.raises(ValueError, match="does not end in"):
        control.add_disk(datastore="datastore-0000", path="x", capacity=1)
    with pytest.raises(ValueError, match="There is no file 'gone'"):
        control.remove_file(datastore="datastore-0000", path="gone")


def test_options_check_themselves():
    assert FakeOptions().latency_ms == 0
    with pytest.raises(ValueError, match="certificate"):
        FakeOptions(certificate="forged")


def test_trace_has_no_password(serve, soap, tmp_path):
    trace = tmp_path / "trace"
    client = soap(serve("small", trace=str(trace), password="s3cret"))
    client.read("HostSystem", "ha-host", "name")
    text = trace.read_text()
    assert "<password></password>" in text
    assert "s3cret" not in text
    assert "esx1.example.org" in text
