# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A client process that ends with a connection that libvirt has not closed: its session ends with it.

That happens without a mistake of the program: see esxkit.harness.exits.
"""

from __future__ import annotations

import time

import pytest

from esxkit.harness.client import Client
from esxkit.harness.environment import patience
from esxkit.harness.live import until_live
from esxkit.harness.servers import Fake

ONE = "datastore-0000"
WORLD = {"datastores": 1, "targets": 1, "luns": 1, "volumes": 1}


@pytest.fixture
def server(new_fake) -> Fake:
    """A small host."""
    return new_fake(counts=WORLD, task_ms=0)


def end(client: Client) -> float:
    """End the process; the seconds that took. It ends by itself, without a crash."""
    begun = time.monotonic()
    client.close()
    assert client.exit_code == 0
    return time.monotonic() - begun


def test_a_client_that_ends_within_a_callback(client: Client, site, server: Fake):
    """The callback was deregistered and the connection closed; libvirt closes it when the callback has returned."""
    conn = client.open(site.uri(server))
    left = client.run("esxkit.harness.exits:close_within_a_callback", conn, ONE)
    assert left > 0, "Nothing held the connection."
    assert server.sessions() == 1
    end(client)
    server.eventually_without_sessions()


@pytest.mark.parametrize("reads", ["nothing", "pools"])
def test_a_client_that_ends_without_closing(client: Client, site, server: Fake, reads: str):
    conn = client.open(site.uri(server))
    if reads == "pools":
        conn.listStoragePools()
    client.run("esxkit.harness.exits:keep", conn)
    end(client)
    server.eventually_without_sessions()


def test_a_client_that_ends_without_closing_while_it_waits_for_changes(client: Client, site, server: Fake):
    """Its thread ends first, with its socket."""
    conn = client.open(site.uri(server))
    client.run("esxkit.harness.exits:listen_on", conn)
    until_live(server)
    end(client)
    server.eventually_without_sessions()


def test_clients_of_several_hosts_end_without_closing(client: Client, site, new_fake):
    servers = [new_fake(counts=WORLD) for _ in range(3)]
    for server in servers:
        client.run("esxkit.harness.exits:keep", client.open(site.uri(server)))
    end(client)
    for server in servers:
        server.eventually_without_sessions()


def test_hosts_that_are_silent_hold_up_no_exit(client: Client, site, new_fake):
    """One second for the logouts of all, where a close waits for five."""
    servers = [new_fake(counts=WORLD) for _ in range(8)]
    for server in servers:
        client.run("esxkit.harness.exits:keep", client.open(site.uri(server)))
        server.order(kind="stall", method="Logout", count=-1)
    took = end(client)
    assert took < patience(5), f"The exit took {took:.1f} s."
