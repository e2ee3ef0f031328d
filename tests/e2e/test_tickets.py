# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Contents through a vCenter: straight to and from its hosts by tickets, and through vCenter where that cannot be."""

from __future__ import annotations

import random

import pytest

from esxkit.harness.client import Client

DATA = random.Random(7).randbytes(3 * 1024 * 1024)
STORE, NAME = "nfs41", "a b+c.bin"
XML = f"<volume><name>{NAME}</name><capacity>1</capacity></volume>"


def round_trip(client: Client, conn) -> None:
    """Upload and download a volume."""
    volume = conn.storagePoolLookupByName(STORE).createXML(XML, 0)
    client.run("esxkit.harness.contents:upload", volume, DATA)
    assert client.run("esxkit.harness.contents:download", volume) == DATA


def taken(server) -> int:
    """How many requests for files a host answered."""
    return server.service.counters.host_files.total()


def test_contents_go_straight_to_the_host(site, new_fake, client: Client):
    server = new_fake(world="vcenter", task_ms=0)
    round_trip(client, client.open(site.uri(server, scheme="vpx")))
    assert server.contents(STORE, NAME) == DATA
    assert taken(server) >= 4
    assert not server.counters()["files"]


@pytest.mark.parametrize("tickets", ["none", "unreachable", "localhost"])
def test_contents_go_through_vcenter_where_there_is_no_other_way(site, new_fake, client: Client, tickets: str):
    server = new_fake(world="vcenter", task_ms=0, tickets=tickets)
    round_trip(client, client.open(site.uri(server, scheme="vpx")))
    assert server.contents(STORE, NAME) == DATA
    assert taken(server) == 0


def test_a_host_with_another_certificate_gets_nothing(site, new_fake, client: Client):
    """The thumbprint comes with the ticket; a host that shows another one is not talked to."""
    server = new_fake(world="vcenter", task_ms=0)
    listener = server.service.tickets.listener
    wrong = ":".join(["AB"] * 20)
    server.service.tickets.listener = type(listener)(listener.address, wrong, wrong)
    round_trip(client, client.open(site.uri(server, scheme="vpx")))
    assert taken(server) == 0
