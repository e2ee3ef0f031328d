# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Who shares whose login: many clients of a daemon log in once, and nobody gets a session he could not have opened."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import libvirt
import pytest

from esxkit.harness.check import lists_the_world, raises_error
from esxkit.harness.client import ApiError, Client, Remote
from esxkit.harness.daemon import PrivateLibvirtd, write_auth_file
from esxkit.harness.environment import patience
from esxkit.harness.live import LIVE, thread_names, until, until_live
from esxkit.harness.meter import Meter
from esxkit.harness.oracle import World
from esxkit.harness.pytest_plugin import Site
from esxkit.harness.servers import PASSWORD, Fake

WORLD = World.load()
CLIENTS = 16
LONG = 600
"""A linger that no test lives to see the end of."""
LINGER = "esx-linger"


@pytest.fixture(scope="module")
def place(driver, client_env, home) -> Iterator[Site]:
    """A daemon of this module's own."""
    with PrivateLibvirtd(password=PASSWORD) as daemon:
        yield Site("remote", client_env, daemon, home)


@pytest.fixture
def worker(client_env) -> Iterator[Client]:
    """A client that several connections are made from."""
    with Client(client_env) as client:
        yield client


@pytest.fixture
def auth(place: Site) -> Iterator[Callable[..., None]]:
    """Change the auth file of the daemon for one test."""
    file = place.own_daemon.auth_file

    def change(password: str, username: str | None = None) -> None:
        write_auth_file(file, password, username)

    yield change
    write_auth_file(file, PASSWORD)


def logins(server: Fake) -> tuple[int, int]:
    """How many logins there were so far, and how many sessions there are."""
    return server.requests()["Login"], server.sessions()


# ---- many clients, one login ---------------------------------------------------------------------


def test_sixteen_clients_at_once_log_in_once(place: Site, new_fake):
    server = new_fake()
    virsh = place.virsh(server, linger=LONG)
    with ThreadPoolExecutor(CLIENTS) as crowd:
        results = list(crowd.map(lambda _: virsh("pool-list", "--name", "--all"), range(CLIENTS)))
    for result in results:
        assert len(result.check().lines()) == len(WORLD.pools)
    assert logins(server) == (1, 1)
    requests = server.requests()
    # Each may ask who the server is before anybody is logged in; the inventory is read once for all.
    assert requests["RetrieveServiceContent"] <= CLIENTS
    assert requests["CreateFilter"] == 1


def test_connections_of_one_process_share_a_login(worker: Client, site: Site, new_fake):
    """In the client's process, too."""
    server = new_fake()
    first = worker.open(site.uri(server))
    second = worker.open(site.uri(server, cache_ttl=0, connections=2))
    reading = worker.open(site.uri(server), readonly=True)
    for conn in (first, second, reading):
        lists_the_world(conn, WORLD)
    assert logins(server) == (1, 1)
    first.close()
    reading.close()
    del first, reading
    lists_the_world(second, WORLD)
    assert logins(server) == (1, 1)
    second.close()
    del second
    server.eventually_without_sessions()
    assert server.requests()["Logout"] == 1


def test_who_joins_asks_the_server_nothing(worker: Client, place: Site, new_fake):
    server = new_fake()
    conn = worker.open(place.uri(server))
    lists_the_world(conn, WORLD)
    until_live(server)
    with Meter(server) as cost:
        lists_the_world(worker.open(place.uri(server, cache_ttl=0)), WORLD)
    assert cost.total == 0, dict(cost.methods)


def test_a_read_only_client_may_not_write_through_a_shared_login(worker: Client, site: Site, new_fake):
    server = new_fake()
    writing = worker.open(site.uri(server))
    reading = worker.open(site.uri(server), readonly=True)
    lists_the_world(reading, WORLD)
    with raises_error(libvirt.VIR_ERR_OPERATION_DENIED):
        reading.storagePoolLookupByName("datastore1").refresh(0)
    writing.storagePoolLookupByName("datastore1").refresh(0)
    assert logins(server) == (1, 1)


# ---- lingering -----------------------------------------------------------------------------------


def test_a_script_of_virsh_calls_logs_in_once(place: Site, new_fake):
    server = new_fake()
    virsh = place.virsh(server, linger=LONG)
    virsh("pool-list").check()
    with Meter(server) as cost:
        virsh("pool-info", "datastore1").check()
        virsh("pool-list", "--all").check()
        virsh("vol-list", "datastore1").check()
    assert logins(server) == (1, 1)
    assert not {"RetrieveServiceContent", "CreateFilter"} & cost.methods.keys()


def test_without_linger_each_call_logs_in_and_out(place: Site, new_fake):
    server = new_fake()
    virsh = place.virsh(server)
    for n in (1, 2, 3):
        virsh("pool-list").check()
        server.eventually_without_sessions()
        assert server.requests()["Login"] == server.requests()["Logout"] == n


def test_what_nobody_came_for_is_logged_out(place: Site, new_fake):
    server = new_fake()
    pid = place.own_daemon.process.pid
    place.virsh(server, linger=1)("pool-list").check()
    assert logins(server) == (1, 1)
    until(lambda: thread_names(pid)[LINGER] == 1, "a thread waits for the end of the linger time", 1)
    server.eventually_without_sessions()
    assert server.requests()["Logout"] == 1
    assert server.control.await_waits(0, patience(30)), "The long poll is still open."


def test_in_a_client_nothing_lingers(worker: Client, client_env, home, new_fake):
    server = new_fake()
    embedded = Site("embedded", client_env, None, home)
    conn = worker.open(embedded.uri(server, linger=LONG))
    lists_the_world(conn, WORLD)
    conn.close()
    assert server.sessions() == 0
    assert not {LIVE, LINGER} & thread_names(worker.pid).keys()


# ---- who may join --------------------------------------------------------------------------------


def test_two_users_have_two_sessions(worker: Client, place: Site, new_fake):
    server = new_fake()
    conns = [worker.open(place.uri(server))]
    server.change(username="other")
    conns += [worker.open(place.uri(server, user="other")) for _ in range(2)]
    for conn in conns:
        lists_the_world(conn, WORLD)
    assert logins(server) == (2, 2)
    assert {session["user"] for session in server.session_list()} == {"root", "other"}


def test_a_wrong_password_is_refused_beside_a_good_session(worker: Client, place: Site, new_fake, auth):
    server = new_fake()
    conn = worker.open(place.uri(server))
    for wrong in ("wrong", PASSWORD[:-1], f"{PASSWORD}x", PASSWORD.upper()):
        auth(wrong)
        with raises_error(libvirt.VIR_ERR_AUTH_FAILED):
            worker.open(place.uri(server))
    assert server.requests()["Login"] == 5
    auth(PASSWORD)
    lists_the_world(worker.open(place.uri(server)), WORLD)
    lists_the_world(conn, WORLD)
    assert (server.requests()["Login"], server.sessions()) == (5, 1)


def test_without_credentials_nobody_joins(worker: Client, place: Site, new_fake):
    server = new_fake()
    conn = worker.open(place.uri(server))
    before = place.own_daemon.auth_file.read_text()
    place.own_daemon.auth_file.write_text("")
    try:
        with raises_error(libvirt.VIR_ERR_AUTH_FAILED, mentions="[auth-esx-127.0.0.1]"):
            worker.open(place.uri(server))
    finally:
        place.own_daemon.auth_file.write_text(before)
    lists_the_world(conn, WORLD)
    assert logins(server) == (1, 1)


def is_refused(conn: Remote) -> bool:
    """Whether the server does not take the connection's password any more."""
    try:
        conn.listAllStoragePools(0)
    except ApiError as error:
        assert error.code == libvirt.VIR_ERR_AUTH_FAILED, error
        return True
    return False


def test_a_new_password_is_a_new_session(worker: Client, place: Site, new_fake, auth):
    """Who had logged in with the old one goes on as long as the server lets him."""
    server = new_fake()
    old = worker.open(place.uri(server))
    server.change(password="changed meanwhile")
    auth("changed meanwhile")
    new = worker.open(place.uri(server))
    assert logins(server) == (2, 2)
    lists_the_world(old, WORLD)
    server.end_sessions()
    # What was pushed last is true until the live thread has noticed.
    until(lambda: is_refused(old), "the old password is refused")
    lists_the_world(new, WORLD)
    third = worker.open(place.uri(server))
    lists_the_world(third, WORLD)
    until(lambda: server.sessions() == 1, "one session is left")
    assert server.requests()["Login"] == 4, "Two to begin with, a refused renewal and a good one."


def test_a_session_that_is_dead_is_replaced(worker: Client, site: Site, new_fake):
    server = new_fake()
    dead = worker.open(site.uri(server, cache_ttl=0))
    lists_the_world(dead, WORLD)
    right = server.change(password="changed meanwhile")
    server.end_sessions()
    until(lambda: is_refused(dead), "the password is refused")
    server.change(password=right["password"])
    conns = [worker.open(site.uri(server)) for _ in range(2)]
    for conn in conns:
        lists_the_world(conn, WORLD)
    assert is_refused(dead)
    assert server.sessions() == 1
    assert server.requests()["Login"] == 3


def test_whom_one_trusts_and_how_one_gets_there_is_part_of_it(worker: Client, place: Site, new_fake):
    server = new_fake(plain_port=0)
    ways = [
        {},
        {"no_verify": 1},
        {"thumbprint": server.sha256},
        {"cacert": server.cacert, "timeout": 77},
    ]
    conns = [worker.open(place.uri(server, **way)) for way in ways]
    assert logins(server) == (len(ways), len(ways))
    conns += [worker.open(place.uri(server, **way)) for way in ways]
    assert logins(server) == (len(ways), len(ways))
    for conn in conns:
        lists_the_world(conn, WORLD)


def test_who_trusts_less_does_not_let_others_in(worker: Client, place: Site, new_fake):
    """A login without a check of the certificate is nothing for a client that asks for one."""
    server = new_fake(certificate="selfsigned")
    conn = worker.open(place.uri(server, no_verify=1))
    with raises_error(libvirt.VIR_ERR_AUTH_FAILED, mentions="not trusted"):
        worker.open(place.uri(server))
    lists_the_world(conn, WORLD)
    assert logins(server) == (1, 1)


def test_another_path_is_another_session(worker: Client, place: Site, new_fake):
    """A collector reports for all of a session's filters."""
    server = new_fake(world="vcenter")
    whole = worker.open(place.uri(server, scheme="vpx"))
    part = worker.open(place.uri(server, scheme="vpx", path="Sites/Berlin/Cluster A/esx2.example.org"))
    assert logins(server) == (2, 2)
    # The host shows its own adapters, and less of what the vCenter has of all hosts.
    adapters = {pool.name for pool in WORLD.adapters}
    shared = {pool.name() for pool in part.listAllStoragePools(0)} - adapters
    assert shared < {pool.name() for pool in whole.listAllStoragePools(0)}
    with raises_error(libvirt.VIR_ERR_INVALID_ARG):
        worker.open(place.uri(server, scheme="vpx", path="Sites/nowhere"))
    # A host is still no vCenter to anybody.
    with raises_error(libvirt.VIR_ERR_INVALID_ARG, mentions="vpx://"):
        worker.open(place.uri(server))


# ---- the daemon's end ----------------------------------------------------------------------------


def stop(daemon: PrivateLibvirtd) -> float:
    """Stop a daemon; how many seconds that took."""
    begun = time.monotonic()
    assert daemon.process.stop(20) == 0, "libvirtd did not end in an orderly way."
    return time.monotonic() - begun


@pytest.fixture
def mortal(driver, client_env, home) -> Iterator[Site]:
    """A daemon for one test alone, which ends it."""
    with PrivateLibvirtd(password=PASSWORD) as daemon:
        yield Site("remote", client_env, daemon, home)


def test_a_daemon_that_is_stopped_logs_out_what_lingers(mortal: Site, new_fake):
    servers = [new_fake(), new_fake()]
    for server in servers:
        mortal.virsh(server, linger=LONG)("pool-list").check()
        assert server.sessions() == 1
    assert stop(mortal.own_daemon) < patience(6)
    for server in servers:
        assert server.requests()["Logout"] == 1
        assert server.sessions() == 0


def test_a_daemon_that_is_stopped_with_clients_logs_out_once(worker: Client, mortal: Site, new_fake):
    server = new_fake()
    conns = [worker.open(mortal.uri(server, linger=LONG)) for _ in range(3)]
    lists_the_world(conns[0], WORLD)
    assert stop(mortal.own_daemon) < patience(6)
    assert server.requests()["Logout"] == 1


def test_a_daemon_ends_beside_servers_that_are_gone(worker: Client, mortal: Site, new_fake):
    """Each is given a few seconds for its logout, all of them at once."""
    servers = [new_fake() for _ in range(3)]
    for server in servers:
        mortal.virsh(server, linger=LONG)("pool-list").check()
        server.order(kind="stall", count=-1)
    # One after the other they would take 15 s.
    assert stop(mortal.own_daemon) < patience(12)
