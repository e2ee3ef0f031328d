# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``./dev mutate`` itself: a seed repeats what it did, the proxy passes on, and each kind of failure is noticed."""

from __future__ import annotations

import http.client
import io
import random
import ssl
from pathlib import Path

import pytest

from esxkit.attack.mutate import command as mutate
from esxkit.attack.mutate.proxy import MutatingProxy, Round, read_request
from esxkit.attack.mutate.reply import ProxiedReply
from esxkit.attack.mutate.rules import RULES
from esxkit.harness.client import WorkerDied, WorkerHung
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.environment import REPOSITORY
from esxkit.harness.servers import PASSWORD, Fake

BODY = (REPOSITORY / "tests/fuzz/corpus/search/few.xml").read_bytes()


def reply() -> ProxiedReply:
    return ProxiedReply(200, "OK", [("Content-Type", "text/xml")], BODY, [b"<other/>"])


@pytest.mark.parametrize("name", RULES)
def test_a_rule_changes_and_repeats(name: str):
    """The same random numbers give the same bytes, and mostly others than before."""
    rule, good, changed = RULES[name][1], reply().bytes(), 0
    for seed in range(10):
        first, second = reply(), reply()
        rule(first, random.Random(seed))
        rule(second, random.Random(seed))
        assert (first.bytes(), first.silent) == (second.bytes(), second.silent)
        changed += first.bytes() != good
    assert changed >= 3


def test_a_plan_repeats():
    plans = [mutate.plan(5, number) for number in range(200)]
    assert plans == [mutate.plan(5, number) for number in range(200)]
    assert {(p.server, p.remote, p.changes) for p in plans} == {
        (server, remote, changes) for server in ("esx", "vpx") for remote in (True, False) for changes in (True, False)
    }
    assert sum(p.is_good for p in plans) == 200 // mutate.GOOD_EACH


def test_requests_are_read():
    stream = io.BytesIO(
        b"PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
        b"POST /sdk HTTP/1.1\r\ncontent-length: 4\r\n\r\nbodyHEAD /b HTTP/1.1\r\n\r\nGET /cut"
    )
    read = [read_request(stream) for _ in range(4)]
    assert [(r.line, r.body) for r in read[:3] if r] == [
        (b"PUT /a HTTP/1.1", b"abcde"),
        (b"POST /sdk HTTP/1.1", b"body"),
        (b"HEAD /b HTTP/1.1", b""),
    ]
    assert read[3] is None


def test_the_proxy_passes_on_and_mutates(tmp_path: Path):
    """A round without mutations shows the host's own reply; the same round twice the same mutated one."""
    with Fake() as fake, MutatingProxy(fake.port, tmp_path) as proxy:

        def ask(port: int, cacert: str) -> bytes:
            context = ssl.create_default_context(cafile=cacert)
            connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)
            connection.request("GET", "/sdk/vimService.wsdl")
            with connection.sock.makefile("rb") as stream:
                connection.sock.settimeout(20)
                return stream.read(1 << 16)

        connection = http.client.HTTPSConnection(
            "127.0.0.1", fake.port, timeout=20, context=ssl.create_default_context(cafile=fake.cacert)
        )
        connection.request("GET", "/nothing")
        own = connection.getresponse()
        through = http.client.HTTPSConnection(
            "127.0.0.1", proxy.port, timeout=20, context=ssl.create_default_context(cafile=proxy.cacert)
        )
        proxy.begin(Round("1"))
        through.request("GET", "/nothing")
        passed = through.getresponse()
        assert (passed.status, passed.read()) == (own.status, own.read())
        rounds = [Round("2", "after", 0), Round("2", "after", 0)]
        seen = []
        for one in rounds:
            proxy.begin(one)
            seen.append(ask(proxy.port, proxy.cacert))
        assert rounds[0].changed == rounds[1].changed != []


@pytest.fixture
def site(tmp_path: Path) -> mutate.MutateSite:
    return mutate.MutateSite(tmp_path, mutate.MutateResult(1))


def failures(site: mutate.MutateSite) -> list[str]:
    return site._result.failures


@pytest.mark.parametrize(
    ("done", "phrase"),
    [
        (("open", 1.0, f"38: {PASSWORD} is wrong"), "has a secret"),
        (("open", 1.0, "38: the cookie is 52aa-secret"), "has a secret"),
        (("refresh", 1e6, ""), "took 1000000 s"),
    ],
)
def test_what_a_call_shows_is_judged(site: mutate.MutateSite, done: tuple[str, float, str], phrase: str):
    site.cookies.add("52aa-secret")
    what = mutate.plan(1, 0)
    site._judge(what, [("open", 1.0, "38: no")])
    assert not failures(site)
    site._judge(what, [done])
    assert phrase in failures(site)[0]
    assert "--seed 1 --from 0 --rounds 1" in failures(site)[0]


def test_a_good_round_has_to_work(site: mutate.MutateSite):
    site._judge(mutate.plan(1, mutate.GOOD_EACH - 1), [("open", 1.0, "38: no")])
    assert "open failed without a mutation: 38: no" in failures(site)[0]


@pytest.mark.parametrize("line", ["==1==ERROR: AddressSanitizer: heap", "a.c:1: runtime error: shift", PASSWORD])
def test_logs_are_searched(site: mutate.MutateSite, tmp_path: Path, line: str):
    (tmp_path / "worker.log").write_text(f"good\n{line}\n")
    site._look_at_logs(mutate.plan(1, 0))
    site._look_at_logs(mutate.plan(1, 1))
    assert [f.count("worker.log has") for f in failures(site)] == [1]


@pytest.mark.parametrize("error", [WorkerDied("It ended (SIGSEGV)."), WorkerHung("It did not come back.")])
def test_a_worker_that_ends_or_hangs_is_noticed(
    site: mutate.MutateSite, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    class Worker:
        def run(self, *_arguments: object, timeout: float) -> mutate.Done:
            raise error

    monkeypatch.setattr(site, "_running_worker", Worker)
    what = next(p for p in (mutate.plan(1, number) for number in range(100)) if not p.remote)
    try:
        site.run(what)
    finally:
        site.close()
    assert str(error) in failures(site)[0]


def test_a_daemon_that_ends_is_noticed(site: mutate.MutateSite):
    with PrivateLibvirtd(password=PASSWORD) as daemon:
        site._daemon = daemon
        site._look_at_daemon(mutate.plan(1, 0))
        assert not failures(site)
        daemon.process.stop(15)
        site._look_at_daemon(mutate.plan(1, 0))
        assert "libvirtd ended" in failures(site)[0]
