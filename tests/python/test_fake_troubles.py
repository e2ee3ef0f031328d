# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Trouble to order: each kind is what it says, as often as it was ordered, and then all is well again."""

from __future__ import annotations

import gzip
import http.client
import time
from xml.etree import ElementTree

import pytest

from esxkit.fake.troubles import KINDS, Rule

INSTANCE = ("ServiceInstance", "ServiceInstance")


def ask(client, **headers):
    return client.call("CurrentTime", INSTANCE, **headers)


@pytest.fixture
def pair(serve, soap):
    server = serve("small")
    return server, soap(server)


def test_fault_with_count_and_after(pair):
    server, client = pair
    server.control.inject(kind="fault", method="CurrentTime", fault="ResourceInUse", count=2, after=1, message="busy")
    seen = [ask(client) for _ in range(4)]
    assert [a.status for a in seen] == [200, 500, 500, 200]
    assert (seen[1].fault, seen[1].message) == ("ResourceInUse", "busy")
    assert server.control.injected() == []


def test_rules_hit_only_their_method_and_object(pair):
    server, client = pair
    server.control.inject(kind="fault", method="RetrieveProperties", moid="ha-host")
    assert ask(client).status == 200
    server.control.inject(kind="fault", method="CurrentTime", moid="elsewhere")
    assert ask(client).status == 200
    assert server.control.clear_injected() == 2


def test_forever(pair):
    server, client = pair
    server.control.inject(kind="fault", count=-1)
    assert [ask(client).status for _ in range(5)] == [500] * 5


def test_http_status_and_body(pair):
    server, client = pair
    server.control.inject(kind="http", status=502, text="<b>bad gateway</b>", content_type="text/html")
    answer = ask(client)
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (502, b"<b>bad gateway</b>", "text/html")


def test_html_and_garbage_are_no_xml(pair):
    server, client = pair
    for kind in ("html", "garbage", "entities", "invalid-utf8", "empty"):
        server.control.inject(kind=kind, method="CurrentTime")
        answer = ask(client)
        assert answer.status == 200
        with pytest.raises(ElementTree.ParseError):
            ElementTree.fromstring(answer.body.replace(b"&a9;", b"&undefined;"))


def test_entity_bomb_declares_entities(pair):
    server, client = pair
    server.control.inject(kind="entities")
    assert b'<!ENTITY a9 "&a8;' in ask(client).body
    server.control.inject(kind="doctype")
    assert b'SYSTEM "file:///etc/passwd"' in ask(client).body


def test_deep(pair):
    server, client = pair
    server.control.inject(kind="deep", method="CurrentTime")
    body = ask(client).body
    assert body.count(b"<a>") == body.count(b"</a>") == 100_000
    assert b"<CurrentTimeResponse" in body


def test_cut(pair):
    server, client = pair
    server.control.inject(kind="cut", cut_at=50)
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(client)
    assert caught.value.partial.startswith(b"<?xml")
    assert len(caught.value.partial) == 50
    client.connection.close()
    assert ask(client).status == 200


def test_close(pair):
    server, client = pair
    server.control.inject(kind="close")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        ask(client)
    client.connection.close()
    assert ask(client).status == 200


def test_stall(pair, soap):
    server, client = pair
    server.control.inject(kind="stall", method="CurrentTime")
    client.connection.timeout = 2
    client.connection.close()
    with pytest.raises(TimeoutError):
        ask(client)
    assert ask(soap(server)).status == 200


def test_slow(pair):
    server, client = pair
    server.control.inject(kind="slow", seconds=0.4)
    begun = time.monotonic()
    assert ask(client).status == 200
    assert time.monotonic() - begun > 0.35


def test_huge(pair):
    server, client = pair
    server.control.inject(kind="huge", method="CurrentTime")
    this = '<_this type="ServiceInstance">ServiceInstance</_this>'
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<CurrentTime xmlns="urn:vim25">{this}</CurrentTime></e:Body></e:Envelope>'
    )
    client.connection.request("POST", "/sdk", body.encode(), {"Cookie": client.cookie})
    reply = client.connection.getresponse()
    assert reply.headers["Transfer-Encoding"] == "chunked"
    total = 0
    while piece := reply.read(1024 * 1024):
        total += len(piece)
    assert total > 100 * 1024 * 1024


def test_unknown_orders_are_refused(pair):
    server, _client = pair
    with pytest.raises(ValueError, match="kind"):
        server.control.inject(kind="nonsense")
    with pytest.raises(ValueError, match="colour"):
        server.control.inject(kind="fault", colour="red")


def test_every_replacing_kind_has_a_body():
    for kind in KINDS:
        rule = Rule(kind=kind, text="t", method="GET" if kind == "shift" else "*")
        if rule.replaces and kind not in ("close", "stall", "huge", "empty"):
            assert rule.body("Login")


# -- liberties that are no trouble -----------------------------------------------------------


def test_gzip_only_for_clients_that_accept_it(serve, soap):
    client = soap(serve("small", gzip=True))
    packed = ask(client, **{"Accept-Encoding": "gzip, deflate"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert b"CurrentTimeResponse" in gzip.decompress(packed.body)
    assert ask(client).headers["Content-Encoding"] is None


def test_latency_is_shared_by_concurrent_requests(serve, soap):
    server = serve("small")
    clients = [soap(server) for _ in range(6)]
    server.control.set(latency_ms=500)
    begun = time.monotonic()
    for client in clients:
        client.connection.putrequest("GET", "/sdk/vimServiceVersions.xml")
        client.connection.endheaders()
    for client in clients:
        assert client.connection.getresponse().read().startswith(b"<?xml")
    assert 0.45 < time.monotonic() - begun < 2.95  # 3 were they answered one after the other


def test_large_replies_are_chunked_small_ones_not(pair):
    _server, client = pair
    assert ask(client).headers["Content-Length"]
    large = client.read("HostSystem", "ha-host", "config")
    assert len(large.body) > 8192
    assert large.headers["Transfer-Encoding"] == "chunked"


def test_other_prefix_unknown_elements_and_types(serve, soap):
    server = serve("small")
    client = soap(server)
    server.control.set(
        xsi_prefix="XMLSchema-instance",
        unknown_elements=True,
        item_types=False,
        renamed_types={"HostInternetScsiHba": "HostHolographicHba"},
    )
    answer = client.read("HostSystem", "ha-host", "config.storageDevice.hostBusAdapter", "datastore")
    assert b"xsi:" not in answer.body
    assert b'<ManagedObjectReference type="Datastore">' in answer.body
    assert len(list(answer.xml.iter("somethingNew"))) > 3
    assert b'XMLSchema-instance:type="HostHolographicHba"' in answer.body


def test_expect_is_not_answered(pair):
    _server, client = pair
    connection = client.connection
    connection.putrequest("POST", "/sdk")
    connection.putheader("Expect", "100-continue")
    connection.putheader("Content-Length", "3")
    connection.endheaders()
    connection.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        connection.sock.recv(1)
