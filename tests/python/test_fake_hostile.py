# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Hostile replies to order: names of any size, pages without end, drips, silence, lies, success without effect."""

from __future__ import annotations

import http.client
import re
import time

import pytest

from esxkit.fake import distortion

INSTANCE = ("ServiceInstance", "ServiceInstance")
DS = "datastore1"
MIB = 1024 * 1024


@pytest.fixture
def pair(serve, soap):
    server = serve("small")
    return server, soap(server)


def store_name(server):
    """A datastore of the small world."""
    return server.plan.datastores[0]["name"]


def names(client):
    """The names of the datastores, as one read gives them."""
    body = read_stores(client).body
    return re.findall(rb"<name>name</name><val[^>]*>([^<]*)</val>", body)


def read_stores(client, method="RetrievePropertiesEx", paths=("name",)):
    path_set = "".join(f"<pathSet>{path}</pathSet>" for path in paths)
    traversal = '<selectSet xsi:type="TraversalSpec"><type>HostSystem</type><path>datastore</path></selectSet>'
    spec = (
        f"<specSet><propSet><type>Datastore</type>{path_set}</propSet>"
        f'<objectSet><obj type="HostSystem">ha-host</obj>{traversal}</objectSet></specSet><options/>'
    )
    return client.collector(method, spec)


def folder(client, method, path, store, body=None, **headers):
    return client.request(method, f"/folder/{path}?dcPath=ha-datacenter&dsName={store}", body, **headers)


@pytest.fixture
def stored(pair):
    """A server with a file of 4 KiB, its client, and the datastore's name."""
    server, client = pair
    store = store_name(server)
    server.control.add_file(store, "plain.bin", text="0123456789abcdef" * 256)
    return server, client, store


# -- sizes -----------------------------------------------------------------------------------


def test_a_name_of_any_size(pair):
    server, client = pair
    true = names(client)
    server.control.inject(kind="swell", method="RetrievePropertiesEx", field="name", of="Datastore", size=MIB)
    swollen = names(client)
    assert [len(name) for name in swollen] == [MIB] * len(true)
    assert [name[:5] for name in swollen] == [name[:5] for name in true]
    assert names(client) == true


def test_only_so_many_names_and_only_of_one_type(pair):
    server, client = pair
    server.control.inject(kind="swell", field="name", size=5000, most=1, of="Datastore")
    assert sorted(len(name) > 4999 for name in names(client))[-2:] == [False, True] or len(names(client)) == 1
    server.control.inject(kind="swell", field="name", size=5000, of="HostSystem")
    assert max(map(len, names(client))) < 5000


def test_any_text_of_any_characters(pair):
    server, client = pair
    server.control.inject(kind="swell", field="name", size=1000, fill="a/&\u202e")
    name = names(client)[0].decode()
    assert "a/&amp;\u202ea/" in name


def test_a_search_with_long_paths(pair):
    server, client = pair
    server.control.inject(kind="swell", method="RetrievePropertiesEx", field="folderPath", size=MIB, fill="a/")
    server.control.inject(kind="swell", method="RetrieveProperties", field="folderPath", size=MIB, fill="a/")
    info = client.search(f"[{store_name(server)}]")
    assert all(len(p.text) == MIB for p in info.iter("folderPath"))


def test_a_fault_of_any_size(pair):
    server, client = pair
    server.control.inject(kind="fault", fault="ResourceInUse", message="busy: ", size=MIB)
    answer = client.call("CurrentTime", INSTANCE)
    assert (answer.status, answer.fault, len(answer.message)) == (500, "ResourceInUse", MIB)
    assert answer.message.startswith("busy: xxx")


def test_a_status_with_a_body_of_any_size(pair):
    server, client = pair
    server.control.inject(kind="http", status=503, size=MIB, headers={"Retry-After": "1"}, count=-1)
    for _ in range(3):
        answer = client.call("CurrentTime", INSTANCE)
        assert (answer.status, len(answer.body), answer.headers["Retry-After"]) == (503, MIB, "1")


@pytest.mark.parametrize("where", ["soap", "HEAD", "GET", "PUT"])
def test_headers_and_the_reason_of_any_size(stored, where, monkeypatch):
    monkeypatch.setattr(http.client, "_MAXLINE", 100_000)
    server, client, store = stored
    method = "CurrentTime" if where == "soap" else where

    def ask():
        if where == "soap":
            return client.call("CurrentTime", INSTANCE)
        return folder(
            client, where, "plain.bin" if where != "PUT" else "new.bin", store, b"x" if where == "PUT" else None
        )

    server.control.inject(kind="swell", method=method, field="header:X-Long", size=50_000, times=3)
    answer = ask()
    assert [len(value) for value in answer.headers.get_all("X-Long")] == [50_000] * 3
    assert answer.status in (200, 201)
    server.control.inject(kind="swell", method=method, field="reason", size=50_000)
    assert ask().status in (200, 201)


def test_a_long_cookie(serve, soap, monkeypatch):
    monkeypatch.setattr(http.client, "_MAXLINE", 100_000)
    server = serve("small")
    server.control.inject(kind="swell", method="Login", field="header:Set-Cookie", size=9000)
    client = soap(server)
    assert re.fullmatch(r'vmware_soap_session="[0-9a-f]+x{9000}"', client.cookie)


def test_contents_of_any_size(stored):
    server, client, store = stored
    server.control.inject(kind="swell", method="GET", field="body", size=MIB)
    body = folder(client, "GET", "plain.bin", store).body
    assert body == b"0123456789abcdef" * 256 + b"x" * (MIB - 4096)
    server.control.inject(kind="swell", method="HEAD", field="body", size=MIB)
    assert folder(client, "HEAD", "plain.bin", store).headers["Content-Length"] == str(MIB)
    server.control.inject(kind="swell", method="GET", field="body", size=MIB)
    part = folder(client, "GET", "plain.bin", store, Range="bytes=4094-4097")
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, b"efxx", f"bytes 4094-4097/{MIB}")


def test_contents_and_put_replies_without_end(stored):
    server, client, store = stored
    for method, body in (("GET", None), ("PUT", b"data")):
        server.control.inject(kind="huge", method=method)
        client.connection.request(method, f"/folder/plain.bin?dsName={store}", body, {"Cookie": client.cookie})
        reply = client.connection.getresponse()
        assert len(reply.read(3 * MIB)) == 3 * MIB
        client.connection.close()


# -- counts ----------------------------------------------------------------------------------


def test_many_copies_with_numbers(pair):
    server, client = pair
    true = names(client)
    server.control.inject(kind="multiply", field="objects", times=100, distinct=["obj"])
    body = read_stores(client).body
    objects = re.findall(rb'<obj type="Datastore">([^<]*)</obj>', body)
    assert len(objects) == 100 * len(true)
    assert len(set(objects)) == len(objects)


def test_many_long_names_in_one_reply(pair):
    server, client = pair
    longer = {"kind": "swell", "field": "name", "of": "Datastore", "size": 10_000}
    server.control.inject(kind="multiply", field="objects", of="Datastore", times=20, distinct=["obj"], also=[longer])
    assert {len(name) for name in names(client)} == {10_000}
    server.control.inject(kind="multiply", field="objects", times=20, also=[longer])
    assert len(names(client)) == 40
    with pytest.raises(ValueError, match="further order"):
        server.control.inject(kind="swell", field="name", also=[{"kind": "close"}])


def test_neighbours_in_reverse_order(pair):
    server, client = pair
    true = names(client)
    assert len(true) > 1
    server.control.inject(kind="reverse", field="objects")
    assert names(client) == true[::-1]


def test_pages_without_end(pair):
    server, client = pair
    server.control.inject(kind="endless", count=-1, distinct=["obj"])
    answer = read_stores(client)
    seen = re.findall(rb'<obj type="Datastore">([^<]*)</obj>', answer.body)
    for page in range(1, 6):
        token = re.search(rb"<token>([^<]*)</token>", answer.body)[1].decode()
        assert token == f"endless-{page}"
        answer = client.collector("ContinueRetrievePropertiesEx", f"<token>{token}</token>")
        assert b"<ContinueRetrievePropertiesExResponse" in answer.body
        seen += re.findall(rb'<obj type="Datastore">([^<]*)</obj>', answer.body)
    assert len(seen) == 6 * len(names(client))


def test_pages_of_any_size_that_take_their_time(pair):
    server, client = pair
    server.control.inject(kind="endless", count=-1, size=MIB, step_ms=200)
    begun = time.monotonic()
    assert len(read_stores(client).body) >= MIB
    assert time.monotonic() - begun > 0.15


def wait(client, version):
    return client.collector(
        "WaitForUpdatesEx", f"<version>{version}</version><options><maxWaitSeconds>0</maxWaitSeconds></options>"
    )


def watch(client):
    spec = (
        "<spec><propSet><type>Datastore</type><pathSet>name</pathSet></propSet>"
        '<objectSet><obj type="HostSystem">ha-host</obj><selectSet xsi:type="TraversalSpec"><type>HostSystem</type>'
        "<path>datastore</path></selectSet></objectSet></spec><partialUpdates>false</partialUpdates>"
    )
    assert client.collector("CreateFilter", spec).status == 200
    return wait(client, "")


def test_truncated_updates_without_end_that_grow(pair):
    server, client = pair
    first = watch(client)
    stores = first.body.count(b'<obj type="Datastore">')
    server.control.inject(kind="endless", method="WaitForUpdatesEx", count=-1, grow=True, distinct=["obj"])
    versions, counts = [], []
    version = first.xml.find("*/returnval/version").text
    for _ in range(4):
        answer = wait(client, version)
        assert answer.xml.find("*/returnval/truncated").text == "true"
        version = answer.xml.find("*/returnval/version").text
        versions.append(version)
        counts.append(answer.body.count(b'<obj type="Datastore">'))
    assert len(set(versions)) == 4
    assert counts == [stores * n for n in (1, 2, 3, 4)]
    server.control.clear_injected()
    assert wait(client, version).fault == "InvalidCollectorVersion"


def test_a_page_of_nothing():
    empty = b'<e><WaitForUpdatesExResponse xmlns="urn:vim25"></WaitForUpdatesExResponse></e>'
    assert distortion.page_of(empty, "WaitForUpdatesEx", 7) == (
        b'<e><WaitForUpdatesExResponse  xmlns="urn:vim25"><returnval><version>endless-7</version>'
        b"<truncated>true</truncated></returnval></WaitForUpdatesExResponse></e>"
    )


# -- pace ------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["soap", "HEAD", "GET", "PUT", "DELETE"])
def test_a_drip(stored, where):
    server, client, store = stored
    method = "CurrentTime" if where == "soap" else where
    server.control.inject(kind="drip", method=method, step_ms=5, step_bytes=10)
    begun = time.monotonic()
    if where == "soap":
        assert client.call("CurrentTime", INSTANCE).result is not None
    else:
        answer = folder(client, where, "plain.bin", store, b"x" if where == "PUT" else None)
        assert answer.status == 200
        assert where != "GET" or answer.body == b"0123456789abcdef" * 256
    least = {"GET": 4096 / 10 * 0.005, "soap": 30 * 0.005}.get(where, 0.015)
    assert time.monotonic() - begun > least
    assert server.control.injected() == []


def test_a_drip_behind_the_head(stored):
    server, client, store = stored
    server.control.inject(kind="drip", method="GET", step_ms=60_000, cut_at=1000)
    client.connection.request("GET", f"/folder/plain.bin?dsName={store}", headers={"Cookie": client.cookie})
    reply = client.connection.getresponse()
    assert reply.read(500) == (b"0123456789abcdef" * 256)[:500]
    client.connection.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        reply.read()


@pytest.mark.parametrize("where", ["soap", "HEAD", "GET", "PUT"])
def test_silent_after_the_headers(stored, where):
    server, client, store = stored
    method = "CurrentTime" if where == "soap" else where
    server.control.inject(kind="silent", method=method)
    client.connection.timeout = 0.7
    client.connection.close()
    body = b"x" if where == "PUT" else None
    with pytest.raises(TimeoutError):
        client.call("CurrentTime", INSTANCE) if where == "soap" else folder(client, where, "plain.bin", store, body)
    client.connection.timeout = 20
    client.connection.close()
    assert client.call("CurrentTime", INSTANCE).status == 200


# -- lies ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["other", "previous"])
def test_a_valid_reply_of_another_method(pair, kind):
    server, client = pair
    client.call("CurrentTime", INSTANCE)
    server.control.inject(kind=kind, method="RetrieveServiceContent")
    answer = client.call("RetrieveServiceContent", INSTANCE)
    assert answer.status == 200
    assert answer.xml[0].tag == "CurrentTimeResponse"
    assert re.match(r"20\d\d-", answer.result[0].text or "") or answer.result == []


@pytest.mark.parametrize("length", ["1", "999999", None])
def test_a_head_that_lies_about_the_length(stored, length):
    server, client, store = stored
    server.control.inject(kind="lie", method="HEAD", headers={"Content-Length": length})
    answer = folder(client, "HEAD", "plain.bin", store)
    assert (answer.status, answer.headers["Content-Length"]) == (200, length)


def test_a_head_with_another_status(stored):
    server, client, store = stored
    server.control.inject(kind="lie", method="HEAD", status=206)
    assert folder(client, "HEAD", "plain.bin", store).status == 206


def test_a_download_of_one_byte_that_says_it_is_whole(stored):
    server, client, store = stored
    server.control.inject(kind="lie", method="GET", cut_at=1, headers={"Content-Length": "1"})
    answer = folder(client, "GET", "plain.bin", store)
    assert (answer.status, answer.body) == (200, b"0")


def test_a_wrong_content_range_and_a_range_that_was_not_asked_for(stored):
    server, client, store = stored
    server.control.inject(kind="lie", method="GET", headers={"Content-Range": "bytes 8-15/16"})
    answer = folder(client, "GET", "plain.bin", store, Range="bytes=0-7")
    assert (answer.status, answer.body, answer.headers["Content-Range"]) == (206, b"01234567", "bytes 8-15/16")
    server.control.inject(kind="shift", method="GET", size=4)
    answer = folder(client, "GET", "plain.bin", store, Range="bytes=0-7")
    assert (answer.status, answer.body, answer.headers["Content-Range"]) == (206, b"456789ab", "bytes 4-11/4096")


def test_a_body_that_is_shorter_than_its_length(stored):
    server, client, store = stored
    for kind in ("lie", "cut"):
        server.control.inject(kind=kind, method="GET", cut_at=100)
        with pytest.raises(http.client.IncompleteRead) as caught:
            folder(client, "GET", "plain.bin", store)
        assert len(caught.value.partial) == 100
        client.connection.close()


def test_success_without_effect_of_files(stored):
    server, client, store = stored
    before = server.control.tree(store)
    server.control.inject(kind="pretend", method="folder:*", count=-1)
    assert folder(client, "PUT", "plain.bin", store, b"new").status == 200
    assert folder(client, "PUT", "other.bin", store, b"new").status == 201
    assert folder(client, "DELETE", "plain.bin", store).status == 200
    assert server.control.tree(store) == before
    server.control.clear_injected()
    server.control.inject(kind="pretend", method="PUT", cut_at=2)
    assert folder(client, "PUT", "other.bin", store, b"new").status == 201
    assert server.control.tree(store)["other.bin"]["size"] == 2


def test_success_without_effect_of_a_task(stored):
    server, client, store = stored
    before = server.control.tree(store)
    server.control.inject(kind="pretend", method="DeleteDatastoreFile_Task")
    answer = client.call(
        "DeleteDatastoreFile_Task", ("FileManager", "ha-nfc-file-manager"), f"<name>[{store}] plain.bin</name>"
    )
    info = client.read("Task", answer.result[0].text, "info").result[0].find("propSet/val")
    assert info.findtext("state") == "success"
    assert server.control.tree(store) == before


# -- sessions and the journal ----------------------------------------------------------------


def test_a_session_that_expires_between_two_requests(pair):
    server, client = pair
    assert names(client)
    server.control.inject(kind="expire", method="*", after=1)
    assert client.call("CurrentTime", INSTANCE).status == 200
    assert client.call(
        "FindByInventoryPath", ("SearchIndex", "ha-searchindex"), "<inventoryPath>x</inventoryPath>"
    ).fault == ("NotAuthenticated")
    assert server.control.sessions() == []


def test_what_was_asked_in_its_order(stored):
    server, client, store = stored
    server.control.asked(forget=True)
    client.call("CurrentTime", INSTANCE)
    folder(client, "HEAD", "plain.bin", store)
    names(client)
    assert server.control.asked() == ["CurrentTime", "folder:HEAD", "RetrievePropertiesEx"]


def test_orders_that_make_no_sense(pair):
    server, _client = pair
    for order in (
        {"kind": "shift"},
        {"kind": "multiply", "method": "GET"},
        {"kind": "swell", "method": "GET", "field": "name"},
    ):
        with pytest.raises(ValueError, match=order["kind"]):
            server.control.inject(**order)
