# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The replay server: the same bytes again, in order, late by the latency, and nothing made up."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Iterator

import pytest

from esxkit.harness.environment import HarnessError
from esxkit.harness.http_message import BadMessage, take_request
from esxkit.harness.live import until
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.measure.bench.replay import ReplayServer

_ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>{}</soapenv:Body>'
    "</soapenv:Envelope>"
)
CONTENT = (
    '<RetrieveServiceContent xmlns="urn:vim25"><_this type="ServiceInstance">ServiceInstance</_this>{}'
    "</RetrieveServiceContent>"
)
TIME = '<CurrentTime xmlns="urn:vim25"><_this type="ServiceInstance">ServiceInstance</_this></CurrentTime>'
_SESSIONS = '<_this type="SessionManager">ha-sessionmgr</_this>'
LOGIN = (
    f'<Login xmlns="urn:vim25">{_SESSIONS}<userName>root</userName>'
    f"<password>{PASSWORD.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}</password></Login>"
)
LOGOUT = f'<Logout xmlns="urn:vim25">{_SESSIONS}</Logout>'
POLL = (
    '<WaitForUpdatesEx xmlns="urn:vim25"><_this type="PropertyCollector">ha-property-collector</_this>'
    "<version>1</version><options><maxWaitSeconds>{}</maxWaitSeconds></options></WaitForUpdatesEx>"
)


class Caller:
    """A client with one connection and a session."""

    def __init__(self, server: ReplayServer) -> None:
        context = ssl.create_default_context(cafile=server.cacert)
        self._connection = http.client.HTTPSConnection(server.host, server.port, context=context, timeout=20)
        self._cookie = ""

    def __call__(self, body: str) -> tuple[int, bytes]:
        headers = {"Content-Type": "text/xml", "SOAPAction": "urn:vim25/8.0", "Cookie": self._cookie}
        self._connection.request("POST", "/sdk", _ENVELOPE.format(body).encode(), headers)
        reply = self._connection.getresponse()
        self._cookie = (reply.getheader("Set-Cookie") or self._cookie).split(";")[0]
        return reply.status, reply.read()

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="module")
def server() -> Iterator[ReplayServer]:
    with ReplayServer() as running:
        yield running


@pytest.fixture
def call(server: ReplayServer) -> Iterator[Caller]:
    server.counters()
    caller = Caller(server)
    yield caller
    caller.close()
    server.settle()


@pytest.fixture(scope="module")
def shown(server: ReplayServer) -> list[tuple[int, bytes]]:
    """What was answered while "talk" was recorded; the time was asked for twice."""
    caller = Caller(server)
    with Fake(plain_port=0) as fake:
        server.record("talk", fake.plain_port)
        replies = []
        for body in (CONTENT.format(""), LOGIN, TIME, TIME, LOGOUT):
            replies.append(caller(body))
            # Two times that differ.
            time.sleep(0.002)
    caller.close()
    server.settle()
    server.counters()
    assert replies[2] != replies[3]
    # The fake has ended: what is passed on to it is not answered. No test depends on one before it.
    server.replay("talk")
    return replies


def test_the_same_bytes_come_again_and_the_last_ones_stay(server, shown, call):
    for _ in range(2):
        server.replay("talk")
        assert [call(body) for body in (CONTENT.format(""), LOGIN, TIME, TIME, LOGOUT)] == shown
    server.replay("talk")
    assert [call(TIME) for _ in range(4)] == [shown[2], shown[3], shown[3], shown[3]]


def test_it_counts(server, shown, call):
    server.replay("talk")
    call(CONTENT.format(""))
    call(TIME)
    counters = server.counters()
    assert counters["methods"] == {"RetrieveServiceContent": 1, "CurrentTime": 1}
    assert (counters["requests"], counters["connections"]) == (2, 1)
    assert counters["bytes_out"] > len(shown[0][1]) + len(shown[2][1])
    assert 0 < counters["own_seconds"] < 5
    assert server.counters()["requests"] == 0


def test_each_reply_waits_for_the_latency(server, shown, call):
    call(TIME)
    server.replay("talk", latency_ms=200)
    begun = time.monotonic()
    call(TIME)
    call(TIME)
    assert 0.4 <= time.monotonic() - begun < 5
    # That is not its own time.
    assert server.counters()["own_seconds"] < 0.38


def test_what_was_not_shown_is_told(server, shown, call):
    server.replay("talk")
    assert call(CONTENT.format("<more/>"))[0] == 500
    with pytest.raises(HarnessError, match="RetrieveServiceContent"):
        server.counters()


def test_what_was_never_recorded_cannot_be_replayed(server):
    with pytest.raises(HarnessError, match="Nothing was recorded as 'nobody'"):
        server.replay("nobody")


def test_a_long_poll_is_held_until_its_client_goes(server, shown):
    server.replay("talk")
    poller = Caller(server)
    ends: list[Exception] = []

    def poll() -> None:
        try:
            poller(POLL.format(30))
        except (OSError, http.client.HTTPException) as error:
            ends.append(error)

    waiting = threading.Thread(target=poll)
    waiting.start()
    until(lambda: server.state() == (1, 1, 0), "the long poll is held")
    poller._connection.sock.shutdown(2)
    waiting.join()
    assert len(ends) == 1
    poller.close()
    server.settle()
    server.counters()


def test_a_long_poll_ends_as_servers_end_it(server, shown, call):
    server.replay("talk")
    begun = time.monotonic()
    status, body = call(POLL.format(1))
    assert 1 <= time.monotonic() - begun < 20
    assert status == 200
    assert b"<WaitForUpdatesExResponse" in body
    assert b"returnval" not in body
    assert call(TIME) == shown[2]
    assert server.counters()["methods"] == {"WaitForUpdatesEx": 1, "CurrentTime": 1}
    call(POLL.format(1))
    assert server.counters()["requests"] == 0


def test_sessions_are_counted(server, shown, call):
    server.replay("talk")
    call(LOGIN)
    assert server.state()[2] == 1
    with pytest.raises(HarnessError, match="at most 1 connections and 0 sessions"):
        server.settle(1, 0, seconds=0.05)
    call(LOGOUT)
    server.settle(1, 0)


def test_requests_are_taken_out_of_a_stream_whole():
    first = b"POST /sdk HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    buffer = bytearray(first + b"GET / HTTP/1.1\r\n")
    message = take_request(buffer)
    assert (message.line, message.body, message.size) == (b"POST /sdk HTTP/1.1", b"hello", len(first))
    assert take_request(buffer) is None
    buffer += b"\r\n"
    assert take_request(buffer).name == "GET /"
    assert not buffer


def test_chunked_requests_are_refused():
    with pytest.raises(BadMessage, match="chunks"):
        take_request(bytearray(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"))
