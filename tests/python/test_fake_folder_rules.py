# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Transfers of files that break, stall, are slow or too many, and what the fake says of them afterwards."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
import time

import pytest

KIB = 1024
MIB = 1024**2
STORE = "datastore-0000"
DATA = bytes(range(256)) * 4 * KIB


@pytest.fixture
def pair(serve, soap):
    server = serve("small")
    server.control.put_file(STORE, "one.bin", base64.b64encode(DATA).decode())
    return server, soap(server)


def url(path="one.bin"):
    return f"/folder/{path}?dcPath=ha-datacenter&dsName={STORE}"


def on_disk(server, path):
    return base64.b64decode(server.control.read_file(STORE, path))


def raw_put(server, client, path, length, data=b""):
    """A TLS socket on which a PUT of `length` bytes has begun."""
    context = ssl.create_default_context(cafile=server.cacert)
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    wrapped = context.wrap_socket(plain, server_hostname="127.0.0.1")
    head = f"PUT {url(path)} HTTP/1.1\r\nHost: x\r\nCookie: {client.cookie}\r\nContent-Length: {length}\r\n\r\n"
    wrapped.sendall(head.encode() + data)
    return wrapped


def answered(sock):
    """The first bytes of an answer; empty where the connection closes without one."""
    try:
        return sock.recv(4096)
    except (ConnectionError, ssl.SSLError):
        return b""


# ---- rules -------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [1, 100, 256 * KIB, 256 * KIB + 1, MIB - 1])
def test_a_download_is_cut_at_its_byte(pair, at):
    server, client = pair
    server.control.inject(kind="cut", method="GET", cut_at=at)
    with pytest.raises(http.client.IncompleteRead) as broken:
        client.request("GET", url())
    assert broken.value.partial == DATA[:at]
    client.connection.close()
    assert client.request("GET", url()).body == DATA


@pytest.mark.parametrize("at", [0, 1, 100, 256 * KIB, 256 * KIB + 1, MIB - 1])
@pytest.mark.parametrize("partial", ["keep", "drop"])
def test_an_upload_is_cut_at_its_byte(pair, at, partial):
    server, client = pair
    server.control.set(partial_put=partial)
    server.control.inject(kind="cut", method="folder:PUT", cut_at=at)
    sock = raw_put(server, client, "two.bin", MIB)
    try:
        sock.sendall(DATA)
    except OSError:
        pass
    assert answered(sock) == b""
    there = server.control.tree(STORE).get("two.bin")
    if at == 0 or partial == "drop":
        assert there is None
    else:
        assert on_disk(server, "two.bin") == DATA[:at]


def test_a_client_that_breaks_off_leaves_what_came(pair):
    server, client = pair
    raw_put(server, client, "two.bin", MIB, DATA[: 300 * KIB]).close()
    wait_for(lambda: server.control.tree(STORE).get("two.bin", {}).get("size", 0) > 0)
    wait_for(lambda: client.request("DELETE", url("two.bin")).status == 200)


def test_status_close_and_page(pair):
    server, client = pair
    server.control.inject(kind="http", method="GET", status=502, text="bad gateway", content_type="text/plain")
    server.control.inject(kind="html", method="folder:HEAD")
    server.control.inject(kind="close", method="DELETE")
    answer = client.request("GET", url())
    assert (answer.status, answer.body) == (502, b"bad gateway")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert client.request("HEAD", url()).headers["Content-Type"].startswith("text/html")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        client.request("DELETE", url())
    client.connection.close()
    assert client.request("GET", url()).body == DATA
    assert server.counters()["troubles"] == {"http GET": 1, "html HEAD": 1, "close DELETE": 1}


def test_a_status_instead_of_an_upload_comes_early(pair):
    server, client = pair
    server.control.inject(kind="http", method="PUT", status=503, text="busy")
    sock = raw_put(server, client, "two.bin", 100 * MIB)
    assert answered(sock).startswith(b"HTTP/1.1 503 ")
    assert "two.bin" not in server.control.tree(STORE)


def test_rules_pick_files_and_leave_soap_alone(pair):
    server, client = pair
    server.control.inject(kind="http", method="folder:*", status=500, path=f"[{STORE}] t*.bin", count=-1)
    assert client.request("GET", url()).status == 200
    assert client.request("PUT", url("two.bin"), b"x").status == 500
    assert client.call("CurrentTime", ("ServiceInstance", "ServiceInstance")).status == 200
    server.control.clear_injected()
    server.control.inject(kind="fault", count=-1)
    assert client.request("PUT", url("two.bin"), b"x").status == 201


@pytest.mark.parametrize("kind", ["fault", "endless"])
def test_what_files_have_no_trouble_with(pair, kind):
    server, _client = pair
    with pytest.raises(ValueError, match="has no trouble"):
        server.control.inject(kind=kind, method="GET")
    with pytest.raises(ValueError, match="for the file API alone"):
        server.control.inject(kind="shift", method="CurrentTime")


def test_slow(pair):
    server, client = pair
    server.control.inject(kind="slow", method="GET", seconds=0.3)
    begun = time.monotonic()
    assert client.request("GET", url()).body == DATA
    assert time.monotonic() - begun >= 0.3


def test_stalls_end_with_the_client(pair):
    server, client = pair
    server.control.inject(kind="stall", method="PUT", cut_at=1000)
    sock = raw_put(server, client, "two.bin", 2000, DATA[:2000])
    wait_for(lambda: server.control.tree(STORE).get("two.bin", {}).get("size", 0) == 1000)
    assert client.request("GET", url("two.bin")).status == 500
    sock.close()
    wait_for(lambda: client.request("GET", url("two.bin")).status == 200)
    assert on_disk(server, "two.bin") == DATA[:1000]


def test_sessions_expire_in_the_middle(pair, soap):
    server, client = pair
    server.control.inject(kind="expire", method="GET", cut_at=500 * KIB)
    assert client.request("GET", url()).body == DATA
    assert client.request("GET", url()).status == 401
    again = soap(server)
    server.control.inject(kind="cut", method="GET", cut_at=10, expire=True)
    with pytest.raises(http.client.IncompleteRead):
        again.request("GET", url())
    again.connection.close()
    assert again.request("GET", url()).status == 401


def test_sessions_expire_at_a_byte_once(pair, soap):
    server, client = pair
    server.control.set(expire_at_byte=1000)
    assert client.request("PUT", url("two.bin"), DATA).status == 201
    assert client.request("GET", url()).status == 401
    assert server.options.expire_at_byte == 0
    assert soap(server).request("GET", url()).body == DATA


# ---- limits ------------------------------------------------------------------------------------


def test_more_requests_at_once_than_allowed(pair, soap):
    server, client = pair
    server.control.set(folder_limit=1)
    assert client.request("GET", url()).status == 200
    sock = raw_put(server, client, "two.bin", 10)
    wait_for(lambda: "two.bin" in server.control.tree(STORE))
    assert client.request("GET", url()).status == 503
    sock.sendall(b"0123456789")
    assert answered(sock).startswith(b"HTTP/1.1 201 ")
    assert client.request("GET", url()).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_each_connection_has_its_own_rate(pair, soap, method):
    server, client = pair
    server.control.set(rate_limit=MIB // 2)
    clients = [client, soap(server), soap(server)]

    def move(number, one):
        if method == "GET":
            assert one.request("GET", url()).body == DATA
        else:
            assert one.request("PUT", url(f"{number}.bin"), DATA).status == 201

    begun = time.monotonic()
    threads = [threading.Thread(target=move, args=pair) for pair in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1.86 <= time.monotonic() - begun < 5.5  # 2 and, on a busy machine, somewhat more; 6 were it shared
    assert server.counters()["file_connections"] == 3


# ---- what is told ------------------------------------------------------------------------------


def test_counters(pair, soap):
    server, client = pair
    server.control.reset_counters()
    assert client.request("GET", url(), Range="bytes=0-999").status == 206
    assert client.request("PUT", url("two.bin"), b"x" * 500).status == 201
    assert soap(server).request("HEAD", url()).status == 200
    counters = server.counters()
    assert counters["files"] == {"GET": 1, "PUT": 1, "HEAD": 1}
    assert (counters["file_bytes_out"], counters["file_bytes_in"]) == (1000, 500)
    assert counters["file_connections"] == 1


def test_moments_of_a_transfer(pair):
    server, client = pair
    server.control.arm()
    client.request("GET", url())
    path = "GET /folder/one.bin"
    pieces = [f"GET: {n * 256 * KIB} bytes" for n in (1, 2, 3, 4)]
    assert server.control.events() == [path, *pieces, f"answer of {path}"]


def wait_for(condition):
    """Wait until it is so."""
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)
