# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The /folder file API of the fake, and the version list."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest


@pytest.fixture
def pair(serve, soap):
    server = serve("small")
    server.control.add_file(datastore="datastore-0000", path="dir/a b+c%.txt", text="0123456789")
    return server, soap(server)


def url(path, datastore="datastore-0000", times=2, datacenter="ha-datacenter"):
    for _ in range(times):
        datastore, datacenter = quote(datastore, safe=""), quote(datacenter, safe="")
    return f"/folder/{quote(path)}?dcPath={datacenter}&dsName={datastore}"


def test_get_and_head(pair):
    _server, client = pair
    answer = client.request("GET", url("dir/a b+c%.txt"))
    assert (answer.status, answer.body) == (200, b"0123456789")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Accept-Ranges"] == "bytes"
    head = client.request("HEAD", url("dir/a b+c%.txt"))
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "10")


@pytest.mark.parametrize(
    ("wanted", "status", "body", "shown"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=5-100", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_ranges(pair, wanted, status, body, shown):
    _server, client = pair
    answer = client.request("GET", url("dir/a b+c%.txt"), Range=wanted)
    assert (answer.status, answer.headers["Content-Range"]) == (status, shown)
    if status != 416:
        assert answer.body == body


def test_names_are_decoded_twice(serve, soap):
    server = serve("odd-names")
    client = soap(server)
    for name in ("sp ace+plus & <x>%2f", "Grüße #1?", "star*", "sla%2fsh"):
        assert client.request("HEAD", url("root-disk.vmdk", name)).status == 200, name
    assert client.request("HEAD", url("root-disk.vmdk", "star*", times=1)).status == 200
    assert client.request("HEAD", url("root-disk.vmdk", "sp ace+plus & <x>%2f", times=1)).status == 404


@pytest.mark.parametrize(
    "address",
    [
        url("dir/nothing"),
        url("dir/a b+c%.txt", "no such store"),
        url("dir/a b+c%.txt", datacenter="elsewhere"),
        url("../0002/vm-0000/vm-0000.vmdk"),
    ],
)
def test_not_found(pair, address):
    _server, client = pair
    assert client.request("GET", address).status == 404


def test_folders_are_listed_for_people(pair):
    _server, client = pair
    listing = client.request("GET", url("dir"))
    assert listing.headers["Content-Type"].startswith("text/html")
    assert b"a b+c%.txt</a>" in listing.body
    stores = client.request("GET", "/folder?dcPath=ha%252ddatacenter")
    assert b"dsName=datastore-0000" in stores.body
    assert stores.body.startswith(b"<!DOCTYPE html>")


def test_datacenter_path_of_a_vcenter(serve, soap):
    client = soap(serve("vcenter"))
    path = url("linux.iso", "localdir", datacenter="Sites/Berlin")
    assert client.request("HEAD", path).status == 200
    assert client.request("HEAD", url("linux.iso", "localdir", datacenter="/Sites/Berlin")).status == 200
    assert client.request("HEAD", url("linux.iso", "localdir", datacenter="Berlin")).status == 404
    assert client.request("HEAD", "/folder/linux.iso?dsName=localdir").status == 404


def test_login_by_name_and_password_makes_a_session(pair, soap):
    server, _client = pair
    stranger = soap(server, login=False)
    path = url("dir/a b+c%.txt")
    refused = stranger.request("GET", path)
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic")

    def basic(text):
        return stranger.request("GET", path, Authorization="Basic " + base64.b64encode(text.encode()).decode())

    assert basic("root:wrong").status == 401
    assert stranger.request("GET", path, Authorization="Basic !").status == 401
    right = basic(f"root:{server.password}")
    assert right.status == 200
    stranger.cookie = right.headers["Set-Cookie"].split(";")[0]
    assert stranger.request("GET", path).body == b"0123456789"
    assert server.counters()["files"]["GET"] == 5


def test_full_server(pair, soap):
    server, _client = pair
    server.control.set(session_cap=1)
    assert soap(server, login=False).request("GET", url("dir")).status == 503


def test_version_list_needs_no_session(pair, soap):
    server, _client = pair
    answer = soap(server, login=False).request("GET", "/sdk/vimServiceVersions.xml")
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert b"<version>8.0.3.0</version><priorVersions><version>8.0.2.0</version>" in answer.body


@pytest.mark.parametrize("ask", ["GET /", "GET /sdk", "PUT /sdk", "GET /_fake/counters"])
def test_nothing_else_is_served(pair, ask):
    _server, client = pair
    assert client.request(*ask.split()).status == 404
