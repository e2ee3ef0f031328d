# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors

"""Writing files by the /folder API of the fake."""

import base64
import http.client
import os
from urllib.parse import quote

import pytest

KIB = 1024
MIB = 1024**2
STORE = "datastore-0000"


@pytest.fixture
def pair(serve, soap):
    server = serve("small")
    return server, soap(server)


def url(path, datastore=STORE, datacenter="ha-datacenter"):
    return f"/folder/{quote(path)}?dcPath={quote(datacenter)}&dsName={quote(quote(datastore, safe=''), safe='')}"


def contents(server, path, datastore=STORE):
    return base64.b64decode(server.control.read_file(datastore=datastore, path=path))


def paths(server, datastore=STORE):
    return set(server.control.tree(datastore=datastore))


def test_put_makes_and_replaces_a_file(pair):
    server, client = pair
    data = os.urandom(3 * MIB + 7)
    assert client.request("PUT", url("new ä+.bin"), data).status == 201
    assert contents(server, "new ä+.bin") == data
    assert client.request("PUT", url("new ä+.bin"), b"short").status == 200
    assert client.request("GET", url("new ä+.bin")).body == b"short"
    assert server.counters()["files"] == {"PUT": 2, "GET": 1}


def test_put_of_nothing_and_in_chunks(pair):
    server, client = pair
    assert client.request("PUT", url("empty"), b"").status == 201
    assert contents(server, "empty") == b""
    assert client.request("HEAD", url("empty")).headers["Content-Length"] == "0"
    pieces = [os.urandom(length) for length in (1, 5000, MIB)]
    client.connection.request("PUT", url("chunked"), iter(pieces), {"Cookie": client.cookie}, encode_chunked=True)
    reply = client.connection.getresponse()
    reply.read()
    assert reply.status == 201
    assert contents(server, "chunked") == b"".join(pieces)


def test_delete(pair):
    server, client = pair
    client.request("PUT", url("gone"), b"x")
    assert client.request("DELETE", url("gone")).status == 200
    assert "gone" not in paths(server)
    assert client.request("DELETE", url("gone")).status == 404
    assert client.request("PATCH", url("gone")).headers["Allow"] == "GET, HEAD, PUT, DELETE"


def refused(client, method, address, data=None):
    """(status, text) of an answer that may come before all of the data is sent."""
    try:
        answer = client.request(method, address, data)
    except (http.client.HTTPException, OSError):
        client.connection.close()
        raise
    return answer.status, answer.body.decode()


@pytest.mark.parametrize(
    "address", [url("no/such/folder"), url("a", "no such store"), url("a", datacenter="elsewhere"), url("../a")]
)
def test_put_where_nothing_is(pair, address):
    server, client = pair
    before = paths(server)
    assert refused(client, "PUT", address, b"data")[0] == 404
    assert paths(server) == before
