# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Live reads when the host, its session or the network give trouble: no wrong answer, no hang, and live again."""

from __future__ import annotations

import contextlib
import functools
import math
import socket
import time
from collections.abc import Iterator

import libvirt
import pytest

from esxkit.fake.server import FakeProcess
from esxkit.harness import uri
from esxkit.harness.badserver import Relay
from esxkit.harness.check import lists_the_world, raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.environment import patience
from esxkit.harness.live import LIVE, SOON, thread_names, until, until_live, until_lost
from esxkit.harness.meter import Meter
from esxkit.harness.oracle import World
from esxkit.harness.pool_events import LIFECYCLE, Listener
from esxkit.harness.pytest_plugin import Site
from esxkit.harness.servers import PASSWORD, Fake

WORLD = World.load()
STORE = "datastore1"
GIB = 1024**3


@pytest.fixture
def place(driver, client_env, home) -> Iterator[Site]:
    """A daemon of each test's own, whose log is its alone."""
    with PrivateLibvirtd(password=PASSWORD) as daemon:
        yield Site("remote", client_env, daemon, home)


@pytest.fixture
def reader(place: Site) -> Iterator[Client]:
    """A client of the daemon."""
    with place.client() as client:
        yield client


@pytest.fixture
def server(new_fake) -> Fake:
    """A host."""
    return new_fake(task_ms=0)


@pytest.fixture
def conn(reader: Client, place: Site, server: Fake) -> Remote:
    """A connection whose reads are live."""
    conn = reader.open(place.uri(server, cache_ttl=0))
    lists_the_world(conn, WORLD)
    until_live(server)
    return conn


def names(conn: Remote) -> set[str]:
    return {pool.name() for pool in conn.listAllStoragePools(0)}


def free(conn: Remote) -> int:
    return conn.storagePoolLookupByName("localdir").info()[3]


def set_free(server: Fake, value: int) -> None:
    server.control.set_capacity(name="localdir", capacity=1000 * GIB, free=value)


def costs_nothing(conn: Remote, server: Fake) -> bool:
    with Meter(server) as cost:
        conn.listAllStoragePools(0)
    return cost.total == 0


def has_logged_in(server: Fake, times: int) -> bool:
    """Whether there were so many logins."""
    return server.requests()["Login"] == times


def is_live(conn: Remote, server: Fake) -> None:
    """Assert that reads cost nothing, soon, and that a change is seen.

    After trouble reads are not live before one short poll has shown that the server waits.
    """
    until(lambda: costs_nothing(conn, server), "reads cost nothing", 20)
    value = free(conn) % (500 * GIB) + GIB
    set_free(server, value)
    until(lambda: free(conn) == value, "a change is seen", SOON)


def warnings(site: Site) -> list[str]:
    """The lines of the daemon's log, which tells of nothing but what is worth a warning."""
    lines = site.own_daemon.log.read_text(errors="replace").splitlines()
    return [line for line in lines if ": warning :" in line or ": error :" in line]


def told_of_the_loss(site: Site) -> int:
    """How often the log has said that reads are no longer live."""
    return sum("no longer reports changes" in line for line in warnings(site))


# ---- the answers ----------------------------------------------------------------------------------


def test_a_truncated_answer_is_drained(place: Site, reader: Client, server: Fake):
    """Many changes at one moment, told in pages of two."""
    server.change(update_page=2)
    conn = reader.open(place.uri(server, cache_ttl=0))
    lists_the_world(conn, WORLD)
    until_live(server)
    added = {f"more-{number}" for number in range(9)}

    async def add_all_at_once() -> None:
        for name in sorted(added):
            await server._running.control.run("add_datastore", {"name": name})

    before = names(conn)
    with Meter(server) as cost:
        server.run(add_all_at_once())
        until(lambda: names(conn) != before, "the datastores are there", SOON)
        # Never a part of an answer.
        assert names(conn) == before | added
    assert set(cost.methods) == {"WaitForUpdatesEx"}, dict(cost.methods)
    # The first of five pages comes with the poll that was open before.
    assert cost.total >= 4, dict(cost.methods)
    is_live(conn, server)


@pytest.mark.parametrize("fault", ["InvalidCollectorVersion", "ManagedObjectNotFound", "RequestCanceled"])
def test_a_fault_of_the_long_poll(place: Site, conn: Remote, server: Fake, fault: str):
    server.order(kind="fault", fault=fault, method="WaitForUpdatesEx")
    # The poll that is open ends with this, the next one with the fault.
    server.control.add_datastore(name="first")
    server.control.add_datastore(name="second")
    until(lambda: {"first", "second"} <= names(conn), "both datastores are there", SOON)
    is_live(conn, server)
    assert server.sessions() == 1


@pytest.mark.parametrize("style", ["canceled", "fault"])
def test_a_session_that_the_host_ends(conn: Remote, server: Fake, style: str):
    server.change(ended_wait=style)
    for turn in range(1, 4):
        server.end_sessions()
        # Whenever it is read, while the session is renewed or later.
        for _ in range(20):
            lists_the_world(conn, WORLD)
        until(functools.partial(has_logged_in, server, turn + 1), "logged in again", SOON)
        is_live(conn, server)
        assert server.sessions() == 1
    assert server.requests()["Login"] == 4


def test_a_session_that_ends_while_nobody_reads(conn: Remote, server: Fake):
    server.end_sessions()
    server.control.add_datastore(name="meanwhile")
    until(lambda: server.requests()["Login"] == 2, "logged in again without a read", SOON)
    until_live(server)
    with Meter(server) as cost:
        assert "meanwhile" in names(conn)
    assert cost.total == 0, dict(cost.methods)


def test_a_login_that_is_refused_later_is_not_tried_again_and_again(place: Site, conn: Remote, server: Fake):
    server.change(password="changed meanwhile")
    server.end_sessions()
    until(lambda: server.requests()["Login"] == 2, "a login was tried", SOON)
    for _ in range(3):
        with raises_error(libvirt.VIR_ERR_AUTH_FAILED, within=5):
            conn.listAllStoragePools(0)
    time.sleep(patience(1.5))
    assert server.requests()["Login"] == 2, "The refused login was repeated; five of them lock an account."


# ---- the network ----------------------------------------------------------------------------------


def test_a_server_that_goes_away_and_comes_back(place: Site, reader: Client, server: Fake):
    conn = reader.open(place.uri(server, cache_ttl=0, connect_timeout=1, timeout=3))
    with Listener(reader, conn, events=[LIFECYCLE]) as listener:
        before = names(conn)
        until_live(server)
        server.pause()
        until_lost(conn)
        for _ in range(5):
            with raises_error(libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_OPERATION_TIMEOUT, within=6):
                conn.listAllStoragePools(0)
        server.control.remove_datastore(name="nfs41")
        server.control.add_datastore(name="meanwhile")
        server.control.rename_datastore(name=STORE, new_name="renamed")
        server.resume()
        # A reader need not wait until the thread tries again.
        after = before - {"nfs41", STORE} | {"meanwhile", "renamed"}
        assert names(conn) == after
        is_live(conn, server)
        assert names(conn) == after
        told = {str(event) for event in listener.next(8)}
    assert told == {f"{name}:{kind}" for name in ("nfs41", STORE) for kind in ("stopped", "undefined")} | {
        f"{name}:{kind}" for name in ("meanwhile", "renamed") for kind in ("defined", "started")
    }
    assert server.sessions() == 1
    assert told_of_the_loss(place) == 1, warnings(place)


@pytest.mark.parametrize("how", ["fault", "empty"])
def test_a_server_without_long_polls_is_asked_at_each_read(place: Site, reader: Client, server: Fake, how: str):
    conn = reader.open(place.uri(server, cache_ttl=0))
    lists_the_world(conn, WORLD)
    until_live(server)
    server.change(long_polls=how)
    server.control.add_datastore(name="ends the open poll")
    until(lambda: told_of_the_loss(place) == 1, "the log tells of it", SOON)
    begun = time.monotonic()
    with Meter(server) as cost:
        for number in range(10):
            server.control.add_datastore(name=f"new-{number}")
            assert f"new-{number}" in names(conn)
    # The first read makes a new filter. Tries of the thread's own come in between, twice as far apart each time: a new
    # filter, what there is, and a poll that has to be called off.
    tries = 1 + int(math.log2(1 + time.monotonic() - begun))
    assert cost.methods["WaitForUpdatesEx"] <= 10 + 2 * tries, dict(cost.methods)
    assert cost.total <= 10 + 2 + 5 * tries, dict(cost.methods)
    # Nor is it asked again and again when nobody reads.
    with Meter(server) as cost:
        time.sleep(1)
    assert cost.total <= 5, dict(cost.methods)
    assert told_of_the_loss(place) == 1, warnings(place)
    server.change(long_polls="wait")
    is_live(conn, server)


def test_a_proxy_that_cuts_silent_connections(place: Site, reader: Client, server: Fake):
    server.change(idle_cut_seconds=0.3)
    conn = reader.open(place.uri(server, cache_ttl=0))
    end = time.monotonic() + 2
    while time.monotonic() < end:
        lists_the_world(conn, WORLD)
        time.sleep(0.05)
    server.change(idle_cut_seconds=0)
    is_live(conn, server)
    assert server.sessions() == 1
    assert server.requests()["Login"] == 1


class Drip(Relay):
    """Passes on as Relay does, and slowly when it is told to."""

    slow = False

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                step = 40 if self.slow else len(data)
                for first in range(0, len(data), step):
                    sink.sendall(data[first : first + step])
                    time.sleep(0.01 if self.slow else 0)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def test_an_update_that_comes_drop_by_drop_holds_no_read_up(place: Site, reader: Client, server: Fake):
    with Drip("127.0.0.1", server.port) as relay:
        address = uri.embedded("127.0.0.1", relay.port, cacert=server.cacert, cache_ttl=0)
        conn = reader.open(uri.through_daemon(address, place.own_daemon.socket))
        lists_the_world(conn, WORLD)
        until_live(server)
        relay.slow = True
        begun = time.monotonic()
        for number in range(3):
            server.control.add_datastore(name=f"new-{number}")
        longest, counts = 0.0, []
        while time.monotonic() - begun < patience(30):
            asked = time.monotonic()
            counts.append(len(names(conn)) - len(WORLD.pools))
            longest = max(longest, time.monotonic() - asked)
            if 3 in counts:
                break
        relay.slow = False
        # Some time went by before the update had come whole, and until then the last one was the answer, to each read.
        whole = time.monotonic() - begun
        assert set(counts) <= {0, 1, 2, 3}
        assert counts.count(0) >= 3
        assert counts[-1] == 3
        assert whole > 0.2
        print(f"{len(counts)} reads, the longest {longest:.2f} s, the update {whole:.2f} s")
        assert longest < whole / 2, f"A read took {longest:.2f} s of the {whole:.2f} s that the update took."
        is_live(conn, server)
        conn.close()


def test_versions_that_the_server_forgets(place: Site, conn: Remote, server: Fake):
    for _ in range(3):
        server.control.forget_versions()
        lists_the_world(conn, WORLD)
        until_live(server)
    is_live(conn, server)


def test_a_server_that_comes_back_while_nobody_reads(place: Site, reader: Client, new_fake):
    server = new_fake(task_ms=0)
    conn = reader.open(place.uri(server, cache_ttl=0, connect_timeout=1, timeout=3))
    lists_the_world(conn, WORLD)
    until_live(server)
    before = server.requests()["Login"]
    server.restart()
    until(lambda: server.requests()["Login"] > before, "the daemon has come back by itself", 20)
    is_live(conn, server)


@contextlib.contextmanager
def frozen(fake: FakeProcess) -> Iterator[None]:
    """A server whose host hangs: connections stay, nothing is answered."""
    fake.freeze()
    try:
        yield
    finally:
        fake.thaw()


@pytest.fixture
def process() -> Iterator[FakeProcess]:
    """A host in a process of its own."""
    with FakeProcess("--task-ms", "0") as fake:
        yield fake


def live_connection(place: Site, reader: Client, process: FakeProcess) -> Remote:
    address = uri.embedded("127.0.0.1", process.port, cacert=process.cacert, timeout=5)
    conn = reader.open(uri.through_daemon(address, place.own_daemon.socket))
    lists_the_world(conn, WORLD)
    assert process.control.await_waits(count=1, seconds=patience(30))
    assert thread_names(place.own_daemon.process.pid)[LIVE] == 1
    return conn


# A host that hangs is given the time for its answer to the logout, which is what the URI says and no more.
STOPS = {"a host that answers": (False, 2.0), "a frozen host": (True, 8.0)}


@pytest.mark.parametrize("how", STOPS)
def test_the_last_connection_that_closes_ends_the_live_thread(
    place: Site, reader: Client, process: FakeProcess, how: str, record_property
):
    freeze, most = STOPS[how]
    conn = live_connection(place, reader, process)
    pid = place.own_daemon.process.pid
    with frozen(process) if freeze else contextlib.nullcontext():
        begun = time.monotonic()
        conn.close()
        until(lambda: thread_names(pid)[LIVE] == 0, "the live thread has ended", most)
        record_property("close", (how, round(time.monotonic() - begun, 3)))
    if not freeze:
        until(lambda: not process.control.sessions(), "logged out", SOON)


@pytest.mark.parametrize("how", STOPS)
def test_the_daemon_stops_at_once(place: Site, reader: Client, process: FakeProcess, how: str, record_property):
    freeze, most = STOPS[how]
    live_connection(place, reader, process)
    with frozen(process) if freeze else contextlib.nullcontext():
        begun = time.monotonic()
        code = place.own_daemon.process.stop(patience(most))
        record_property("stop", (how, round(time.monotonic() - begun, 3)))
    assert code == 0
    if not freeze:
        until(lambda: not process.control.sessions(), "logged out", SOON)


def test_a_frozen_host_holds_no_read_up_that_is_live(place: Site, reader: Client, process: FakeProcess):
    """The host hangs, and nobody can know yet: what was pushed last is the answer, at once."""
    conn = live_connection(place, reader, process)
    with frozen(process):
        begun = time.monotonic()
        lists_the_world(conn, WORLD)
        assert time.monotonic() - begun < patience(5), "A read has waited for a time-out of the host."
    lists_the_world(conn, WORLD)
