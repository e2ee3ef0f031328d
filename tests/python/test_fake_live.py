# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Long polls of the fake: how a blocked wait ends, what a wake-up costs, and the troubles of live connections."""

from __future__ import annotations

import contextlib
import http.client
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from soap_client import ALL_HOSTS, ALL_STORES, WALK, Watch

LONG = 60


class Live:
    """A filter on the default collector, and long polls on a connection of their own."""

    def __init__(self, server, soap):
        self.server, self._soap = server, soap
        self.client = soap(server)
        self._pool = ThreadPoolExecutor()
        self.make_filter()
        self.poller = self.beside()

    def beside(self):
        """Another connection in the same session."""
        other = self._soap(self.server, login=False)
        other.cookie = self.client.cookie
        return other

    def make_filter(self):
        inner = f"<spec>{ALL_STORES + ALL_HOSTS + WALK}</spec><partialUpdates>false</partialUpdates>"
        assert self.client.collector("CreateFilter", inner).status == 200
        self.version = ""
        self.wait(0)

    def wait(self, seconds, client=None, extra=""):
        options = f"<options><maxWaitSeconds>{seconds}</maxWaitSeconds>{extra}</options>"
        answer = (client or self.client).collector("WaitForUpdatesEx", f"<version>{self.version}</version>{options}")
        if answer.status == 200:
            self.version = answer.xml.findtext(".//returnval/version") or self.version
        return answer

    def block(self, client=None, blocked=1) -> Future:
        """A long poll that is blocked when this returns; its answer comes with the future."""
        result = self._pool.submit(self.wait, LONG, client or self.poller)
        assert self.server.control.await_waits(blocked)
        return result


@pytest.fixture
def live(serve, soap):
    def make(world="small", **switches):
        return Live(serve(world, **switches), soap)

    return make


# -- how a wait ends -------------------------------------------------------------------------


@pytest.mark.parametrize(("style", "fault"), [("canceled", "RequestCanceled"), ("fault", "NotAuthenticated")])
def test_a_wait_ends_with_its_session(live, style, fault):
    one = live(ended_wait=style)
    answer = one.block()
    one.server.control.terminate_sessions()
    assert answer.result(10).fault == fault
    assert one.wait(0).fault == "NotAuthenticated"


def test_a_wait_ends_with_logout(live):
    one = live()
    answer = one.block()
    assert one.client.call("Logout", ("SessionManager", "ha-sessionmgr")).status == 200
    assert answer.result(10).fault == "RequestCanceled"


def test_a_wait_of_an_own_collector_ends_with_its_session(serve, soap):
    server = serve("small", ended_wait="fault")
    watching = Watch(soap(server), ALL_HOSTS + WALK)
    watching.wait()
    with ThreadPoolExecutor() as pool:
        inner = f"<version>{watching.version}</version>"
        answer = pool.submit(watching.client.collector, "WaitForUpdatesEx", inner, watching.moid)
        assert server.control.await_waits(1)
        server.control.terminate_sessions()
        assert answer.result(10).fault == "NotAuthenticated"


def test_old_sessions_end_in_use(live):
    one = live()
    answer = one.block()
    begun = time.monotonic()
    one.server.control.set(session_seconds=0.3)
    assert answer.result(10).fault == "RequestCanceled"
    assert time.monotonic() - begun < 5
    assert one.server.control.sessions() == []


def test_a_blocked_wait_keeps_its_session_in_use(live):
    one = live(idle_seconds=0.5)
    answer = one.block()
    time.sleep(0.8)
    assert len(one.server.control.sessions()) == 1
    one.server.control.set_accessible("datastore-0000", False)
    assert answer.result(10).status == 200
    # The idle time begins when the answer goes out.
    assert one.wait(0).status == 200


@pytest.mark.parametrize("how", ["shutdown", "reset"])
def test_a_wait_ends_with_its_connection(live, how):
    one = live()
    answer = one.block()
    assert one.server.control.counters()["waiting"] == 1
    if how == "shutdown":
        one.poller.connection.sock.shutdown(2)
    else:
        one.server.control.cut_connections()
    with contextlib.suppress(OSError, http.client.HTTPException):
        answer.result(10)
    assert one.server.control.await_waits(0)
    assert one.server.control.counters()["sessions"] == 1


def test_cancel_ends_the_waits_of_the_collector(live):
    one = live()
    answer = one.block()
    assert one.client.collector("CancelWaitForUpdates").status == 200
    assert answer.result(10).fault == "RequestCanceled"
    # The version is as good as before, and nothing is pending.
    assert one.wait(0).result == []
    assert one.client.collector("CancelWaitForUpdates").status == 200
    assert one.wait(0).result == []


@pytest.mark.parametrize("whole_session", [False, True])
def test_whose_waits_a_cancel_ends(live, whole_session):
    one = live(cancel_whole_session=whole_session)
    other = Watch(one.beside(), ALL_HOSTS + WALK)
    other.wait()
    answer = one.block()
    one.client.collector("CancelWaitForUpdates", moid=other.moid)
    if whole_session:
        assert answer.result(10).fault == "RequestCanceled"
    else:
        assert one.server.control.counters()["waiting"] == 1
        one.client.collector("CancelWaitForUpdates")
        assert answer.result(10).fault == "RequestCanceled"


def test_a_stop_of_the_server_is_prompt(serve, soap):
    server = serve("small")
    one = Live(server, soap)
    answer = one.block()
    begun = time.monotonic()
    server.run(server._running.stop())
    assert time.monotonic() - begun < 5
    with contextlib.suppress(OSError, http.client.HTTPException):
        assert answer.result(10).fault == "RequestCanceled"


def test_of_two_waits_one_takes_the_news(live):
    one = live()
    second = one.beside()
    answers = [one.block(), one.block(second, blocked=2)]
    one.server.control.set_accessible("datastore-0000", False)
    first, other = sorted((answer.result(10) for answer in answers), key=lambda answer: answer.status)
    assert len(list(first.xml.iter("objectSet"))) == 1
    assert other.fault == "InvalidCollectorVersion"


# -- what a change costs ---------------------------------------------------------------------


def test_only_what_was_touched_is_looked_at(live, monkeypatch):
    from esxkit.fake import filters

    one = live()
    walks, looked = [], []
    select, value_at = filters.select, filters.value_at
    monkeypatch.setattr(filters, "select", lambda *args: walks.append(1) or select(*args))
    monkeypatch.setattr(filters, "value_at", lambda obj, *args: looked.append(obj.moid) or value_at(obj, *args))
    answer = one.block()
    one.server.control.set_accessible("datastore-0001", False)
    assert len(list(answer.result(10).xml.iter("objectSet"))) == 1
    assert walks == []
    assert len(set(looked)) == 1
    # A datastore that comes is met by a walk, and so is one that goes.
    one.server.control.add_datastore("more")
    assert [e.text for e in one.wait(0).xml.iter("kind")] == ["enter"]
    one.server.control.remove_datastore("more")
    assert [e.text for e in one.wait(0).xml.iter("kind")] == ["leave"]
    assert len(walks) == 2


def test_changes_of_many_objects_come_in_one_update(live):
    one = live()
    answer = one.block()

    async def both():
        control = one.server._running.control
        for name in ("datastore-0000", "datastore-0001"):
            await control.run("set_accessible", {"name": name, "accessible": False})

    one.server.run(both())
    assert len(list(answer.result(10).xml.iter("objectSet"))) == 2


def test_what_is_gone_is_forgotten_without_losing_changes(live, monkeypatch):
    from esxkit.fake import registry

    one = live()
    monkeypatch.setattr(registry, "_CHANGES_KEPT", 0)
    for number in range(40):
        one.server.control.add_datastore(f"passing-{number}")
        one.server.control.remove_datastore(f"passing-{number}")
    one.server.control.set_accessible("datastore-0000", False)
    answer = one.wait(0)
    assert [e.text for e in answer.xml.iter("kind")] == ["modify"]


# -- troubles --------------------------------------------------------------------------------


def test_long_polls_can_be_refused(live):
    one = live(long_polls="fault")
    assert one.wait(1).fault == "NotSupported"
    assert one.client.collector("WaitForUpdatesEx", f"<version>{one.version}</version>").fault == "NotSupported"
    assert one.wait(0).result == []


def test_long_polls_can_be_empty_at_once(live):
    one = live(long_polls="empty")
    begun = time.monotonic()
    assert one.wait(LONG).result == []
    assert time.monotonic() - begun < LONG / 2
    one.server.control.set_accessible("datastore-0000", False)
    assert len(list(one.wait(LONG).xml.iter("objectSet"))) == 1


def test_updates_in_small_pages(live):
    one = live()
    one.server.control.set(update_page=1)
    one.version = ""
    sizes, truncated = [], "true"
    while truncated:
        answer = one.wait(0, extra="<maxObjectUpdates>50</maxObjectUpdates>")
        sizes.append(len(list(answer.xml.iter("objectSet"))))
        truncated = answer.xml.findtext(".//truncated")
    assert sizes == [1, 1, 1]


def test_versions_can_be_forgotten(live):
    one = live()
    answer = one.block()
    one.server.control.forget_versions()
    assert answer.result(10).fault == "InvalidCollectorVersion"
    assert one.wait(0).fault == "InvalidCollectorVersion"
    one.version = ""
    assert len(list(one.wait(0).xml.iter("objectSet"))) == 3
    assert one.wait(0).result == []


def test_a_proxy_cuts_silent_connections(live):
    one = live()
    one.server.control.set(idle_cut_seconds=0.5)
    answer = one.block()
    with pytest.raises((OSError, http.client.HTTPException)):
        answer.result(10)
    assert one.server.control.await_waits(0)
    # The session goes on; a new connection that is not silent does so, too.
    third = one.beside()
    for _ in range(15):
        assert one.wait(0, third).status == 200
        time.sleep(0.05)


@pytest.mark.parametrize("sessions", [False, True])
def test_a_server_that_goes_away_comes_back_as_it_was(live, sessions):
    one = live()
    one.server.control.add_datastore("before")
    one.wait(0)
    answer = one.block()
    one.server.control.go_away(sessions=sessions)
    with pytest.raises((OSError, http.client.HTTPException)):
        answer.result(10)
    with pytest.raises(ConnectionError):
        one.beside().collector("CheckForUpdates")
    one.server.control.set_accessible("before", False)
    one.server.control.come_back()
    again = one.beside()
    if sessions:
        assert [e.text for e in one.wait(0, again).xml.iter("kind")] == ["modify"]
    else:
        assert one.wait(0, again).fault == "NotAuthenticated"
        assert again.login().status == 200


def test_waits_come_and_go_without_a_trace(live):
    one = live()

    async def traces():
        service = one.server.service
        return len(service.registry.listeners), service.waits.blocked, len(service.connections)

    before = one.server.run(traces())
    for number in range(20):
        answer = one.block()
        one.server.control.set_accessible("datastore-0000", number % 2 == 0)
        one.client.collector("CancelWaitForUpdates")
        answer.result(10)
    assert one.server.control.await_waits(0)
    assert one.server.run(traces())[:2] == (0, 0)
    assert one.server.run(traces())[2] <= before[2] + 1
