# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Whether the driver believes a server's certificate, and the three ways to tell it to."""

from __future__ import annotations

import libvirt
import pytest

from esxkit.harness.badserver import RawServer
from esxkit.harness.check import asks_nothing, lists_the_world, raises_error
from esxkit.harness.client import Client
from esxkit.harness.uri import embedded

# A certificate that is not trusted, and whatever else keeps a connection from being made: the codes of libvirt's own
# remote driver (VIR_ERR_NO_CONNECT would read "no connection driver available for").
UNTRUSTED = libvirt.VIR_ERR_AUTH_FAILED
BROKEN = libvirt.VIR_ERR_SYSTEM_ERROR


def refuses(client: Client, site, server, *, mentions: str | None = "certificate", **parameters):
    with asks_nothing(server), raises_error(UNTRUSTED, mentions=mentions, within=10):
        client.open(site.uri(server, **parameters))


def test_a_certificate_of_an_unknown_authority_is_refused(client: Client, site, fake):
    refuses(client, site, fake, no_verify=0)


@pytest.mark.parametrize("certificate", ["selfsigned", "expired", "wronghost"])
def test_bad_certificates(client: Client, site, new_fake, world, certificate: str):
    server = new_fake(certificate=certificate)
    refuses(client, site, server, no_verify=0)
    if certificate != "selfsigned":
        refuses(client, site, server, cacert=server.cacert)
    lists_the_world(client.open(site.uri(server, no_verify=1)), world)
    lists_the_world(client.open(site.uri(server, thumbprint=server.sha256)), world)


def test_a_ca_file_is_enough(client: Client, site, fake, world):
    conn = client.open(site.uri(fake, cacert=fake.cacert))
    lists_the_world(conn, world)
    assert conn.isSecure() == 1


@pytest.mark.parametrize("digest", ["sha256", "sha1"])
@pytest.mark.parametrize("colons", [False, True], ids=["plain", "colons"])
@pytest.mark.parametrize("case", [str.lower, str.upper], ids=["lower", "upper"])
def test_thumbprints(client: Client, site, new_fake, world, digest, colons, case):
    server = new_fake(certificate="selfsigned")
    text = case(getattr(server, digest))
    if colons:
        text = ":".join(text[at : at + 2] for at in range(0, len(text), 2))
    lists_the_world(client.open(site.uri(server, thumbprint=text)), world)


def test_a_wrong_thumbprint_is_refused_and_the_right_one_is_told(client: Client, site, fake):
    refuses(client, site, fake, thumbprint="00" * 32, mentions="thumbprint")


def test_a_thumbprint_of_another_certificate_of_the_same_authority_is_refused(client: Client, site, fake, new_fake):
    other = new_fake(certificate="selfsigned")
    refuses(client, site, fake, thumbprint=other.sha256, mentions="thumbprint")


def test_no_verify_is_not_secure(client: Client, site, fake, world):
    conn = client.open(site.uri(fake, no_verify=1))
    lists_the_world(conn, world)
    assert conn.isSecure() == 0


@pytest.mark.parametrize(
    ("greeting", "hang_up"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", False),
        (b"", True),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", True),
        (b"\x00" * 600, True),
    ],
    ids=["ssh", "hangs-up", "plain-http", "zeroes"],
)
def test_something_that_does_not_speak_tls(client: Client, site, greeting: bytes, hang_up: bool):
    with RawServer(greeting, hang_up=hang_up) as server:
        address = embedded(server.host, server.port, no_verify=1, connect_timeout=1, stall_timeout=1, timeout=2)
        with raises_error(BROKEN, libvirt.VIR_ERR_OPERATION_TIMEOUT, mentions="127.0.0.1", within=8):
            client.open(site.wrap(address))


def test_a_server_that_accepts_and_says_nothing(client: Client, site):
    with RawServer() as server:
        address = embedded(server.host, server.port, no_verify=1, connect_timeout=1, stall_timeout=1, timeout=2)
        with raises_error(BROKEN, libvirt.VIR_ERR_OPERATION_TIMEOUT, mentions="127.0.0.1", within=8):
            client.open(site.wrap(address))


def test_https_at_a_plain_http_server(client: Client, site, new_fake):
    server = new_fake(plain_port=0)
    with raises_error(BROKEN, within=8):
        client.open(site.wrap(embedded(server.host, server.plain_port, no_verify=1)))


def test_http_at_an_https_server(client: Client, site, fake):
    with raises_error(BROKEN, libvirt.VIR_ERR_INTERNAL_ERROR, within=8):
        client.open(site.wrap(embedded(fake.host, fake.port, transport="http", timeout=3)))
