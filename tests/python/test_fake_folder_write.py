# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Writing files by the /folder API of the fake."""

from __future__ import annotations

import base64
import http.client
import os
import socket
import time
from urllib.parse import quote, urlsplit

import pytest

from esxkit.fake.server import FakeProcess

KIB = 1024
MIB = 1024**2
LARGE = 128 * MIB
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


REFUSALS = {
    "locked": (lambda c: (c.put_file(STORE, "held", ""), c.lock_file(STORE, "held")), "held", "locked"),
    "restricted": (lambda c: c.set(restricted=True), "new", "license"),
    "read-only": (lambda c: c.set_access_mode(STORE, "readOnly"), "new", "read-only"),
    "folder": (lambda c: c.make_folder(STORE, "folder"), "folder", "not a file"),
    "root": (lambda c: None, "", "not a file"),
    "long name": (lambda c: None, "n" * 300, "too long"),
}


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_refusals_say_why(pair, name, method):
    server, client = pair
    prepare, path, text = REFUSALS[name]
    prepare(server.control)
    before = server.control.tree(datastore=STORE)
    if method == "DELETE" and name in ("restricted", "read-only"):
        path = next(path for path in before if path.endswith("-flat.vmdk"))
    status, body = refused(client, method, url(path), b"")
    assert (status, text in body) == (500, True), body
    assert server.control.tree(datastore=STORE) == before


def test_stores_that_take_no_files_at_the_top(serve, soap):
    server = serve("default")
    client = soap(server)
    assert client.request("PUT", url("a.iso", "vsanDatastore"), b"").status == 500
    assert client.request("PUT", url("a.iso", "PMemDS-56db0b8e"), b"").status == 500


def test_a_stranger_may_not_write(pair, soap):
    server, _client = pair
    stranger = soap(server, login=False)
    assert refused(stranger, "PUT", url("new"), b"")[0] == 401
    assert "new" not in paths(server)


def test_a_part_of_a_file_cannot_be_written(pair):
    _server, client = pair
    assert client.request("PUT", url("new"), b"", **{"Content-Range": "bytes 0-0/1"}).status == 400


class Raw:
    """A connection on which a test says every byte itself; without TLS, so that the end of it is plain to see."""

    def __init__(self, server, client):
        port = urlsplit(server.plain_url).port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.cookie = client.cookie

    def begin_put(self, path, length):
        """The head of a PUT."""
        head = f"PUT {url(path)} HTTP/1.1\r\nHost: x\r\nCookie: {self.cookie}\r\nContent-Length: {length}\r\n\r\n"
        self.socket.sendall(head.encode())

    def answer(self):
        """The status that comes."""
        return int(self.socket.recv(65536).split()[1])

    def ended(self):
        """Whether the server has closed the connection, whichever way."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def raw(serve, soap):
    server = serve("small", plain_port=0)
    connection = Raw(server, soap(server))
    yield server, connection
    connection.socket.close()


def test_a_refusal_comes_before_the_body_and_closes(raw):
    _server, connection = raw
    connection.begin_put("no/folder", MIB)
    assert connection.answer() == 404
    assert connection.ended()


def test_a_polite_refusal_waits_for_the_body_and_keeps_the_connection(raw):
    server, connection = raw
    server.control.set(put_refusal="polite")
    connection.begin_put("no/folder", MIB)
    connection.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        connection.answer()
    connection.socket.settimeout(10)
    connection.socket.sendall(bytes(MIB))
    assert connection.answer() == 404
    connection.begin_put("there", 0)
    assert connection.answer() == 201


@pytest.mark.parametrize("partial", ["keep", "drop"])
def test_a_put_that_breaks(raw, partial):
    server, connection = raw
    server.control.set(partial_put=partial)
    data = os.urandom(700_000)
    connection.begin_put("begun", MIB)
    connection.socket.sendall(data)
    wait_until(lambda: server.counters()["file_bytes_in"] == len(data))
    assert server.control.tree(datastore=STORE)["begun"]["size"] in (0, len(data))
    connection.socket.close()
    if partial == "drop":
        wait_until(lambda: "begun" not in paths(server))
        return
    wait_until(lambda: server.control.tree(datastore=STORE)["begun"]["allocated"] == len(data))
    assert contents(server, "begun") == data


def wait_until(done):
    limit = time.monotonic() + 10
    while not done():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_a_file_being_written_is_locked(raw):
    server, connection = raw
    connection.begin_put("begun", 10)
    connection.socket.sendall(b"12345")
    wait_until(lambda: server.counters()["file_bytes_in"] == 5)
    second = Raw(server, connection)
    second.begin_put("begun", 0)
    assert second.answer() == 500
    second.socket.close()
    connection.socket.sendall(b"67890")
    assert connection.answer() == 201
    assert contents(server, "begun") == b"1234567890"


@pytest.mark.parametrize("partial", ["keep", "drop"])
def test_a_full_datastore(raw, partial):
    server, connection = raw
    server.control.set(partial_put=partial)
    before = server.control.free_space(STORE)
    assert before["free"] > 0
    server.control.add_file(datastore=STORE, path="filler", size=before["free"] - MIB)
    connection.begin_put("too-much", 2 * MIB)
    connection.socket.sendall(os.urandom(2 * MIB))
    text = connection.socket.recv(65536)
    assert text.startswith(b"HTTP/1.1 500")
    assert b"No space left on device" in text
    left = server.control.tree(datastore=STORE).get("too-much")
    assert (left is None) == (partial == "drop")
    free = server.control.free_space(STORE)["free"]
    assert free == MIB - (left["size"] if left else 0)


def test_space_of_what_was_written(pair):
    server, client = pair
    before = server.control.free_space(STORE)["free"]
    client.request("PUT", url("one"), bytes(MIB))
    assert server.control.free_space(STORE)["free"] == before - MIB
    client.request("PUT", url("one"), bytes(KIB))
    assert server.control.free_space(STORE)["free"] == before - KIB
    client.request("DELETE", url("one"))
    assert server.control.free_space(STORE) == {"free": before, "published": before}


def test_a_blank_in_the_path(raw):
    _server, connection = raw
    connection.socket.sendall(b"GET /folder/a b?dsName=datastore-0000 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.answer() == 400


def test_memory_stays_flat(tmp_path):
    with FakeProcess("--world", "small", "--plain-port", "0") as fake:
        login = base64.b64encode(f"{fake.username}:{fake.password}".encode()).decode()
        client = http.client.HTTPConnection("127.0.0.1", urlsplit(fake.plain_url).port, timeout=60)
        before = peak_memory(fake.pid)
        headers = {"Authorization": f"Basic {login}", "Content-Length": str(LARGE)}
        client.request("PUT", url("large"), (bytes(MIB) for _ in range(LARGE // MIB)), headers)
        assert client.getresponse().read() == b""
        client.request("GET", url("large"), headers={"Authorization": f"Basic {login}"})
        reply, length = client.getresponse(), 0
        while piece := reply.read(MIB):
            length += len(piece)
        assert length == LARGE
        assert peak_memory(fake.pid) - before < 32 * MIB


def peak_memory(pid):
    """The most memory the process has had."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) * KIB
