# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``python -m esxkit.attack.mutate``: everything the driver can do, against a host whose replies are mutated.

Round after round a client opens a connection, calls all that reads or all that writes, and closes, with the driver in
the client or in a private libvirtd, at a fake ESX host or vCenter behind a
:class:`~esxkit.attack.mutate.proxy.MutatingProxy`. Any libvirt error is an answer. What counts as a failure: a process
that ends or reports what a sanitizer found, a call that takes longer than its time, a password or a session's cookie in
a message or a log, and a round without mutations that does not work. Each is printed with the round, which
``--seed S --from N --rounds 1`` repeats. The exit code is 0 when there was none.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from esxkit.attack.mutate.client import Done
from esxkit.attack.mutate.proxy import MutatingProxy, Round
from esxkit.harness import environment, uri
from esxkit.harness.client import Client, WorkerDied, WorkerHung
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.virsh import client_environment

BOUND = 60.0
"""Seconds after which a call hangs. A call may be many requests, each with timeouts of its own."""
ROUND_BOUND = 240.0
"""Seconds after which a whole round hangs."""
GOOD_EACH = 12
"""One round in so many has no mutation, and must work."""
FRESH_EACH = 60
"""After so many rounds the hosts are made again, without what the rounds have left on them."""
TIMEOUTS: dict[str, Any] = {"connect_timeout": 3, "stall_timeout": 1, "timeout": 4, "task_timeout": 6, "cache_ttl": 0}
_ALARMS = ("ERROR: AddressSanitizer", "runtime error:", "GLib-CRITICAL", "Assertion")
_SECRETS = (PASSWORD, PASSWORD.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


@attrs.define
class MutateResult:
    """What happened."""

    seed: int
    rounds: int = 0
    requests: int = 0
    mutated: int = 0
    calls: int = 0
    errors: int = 0
    slowest: tuple[float, str] = (0.0, "")
    rules: Counter[str] = attrs.field(factory=Counter)
    failures: list[str] = attrs.field(factory=list)

    def line(self) -> str:
        """All of it in a line."""
        return (
            f"seed {self.seed}: {self.rounds} rounds, {self.requests} requests, {self.mutated} replies mutated by "
            f"{len(self.rules)} rules; {self.calls} calls, {self.errors} ended in an error, the slowest took "
            f"{self.slowest[0]:.1f} s ({self.slowest[1]}); {len(self.failures)} failures"
        )


@attrs.frozen
class RoundPlan:
    """One round, as the seed and its number make it."""

    number: int
    server: str
    remote: bool
    changes: bool
    round: Round

    @property
    def is_good(self) -> bool:
        """Whether nothing is mutated, so that all has to work."""
        return self.round.how == "none"

    def text(self) -> str:
        """For messages."""
        where = "daemon" if self.remote else "embedded"
        return f"round {self.number} ({self.server}, {where}, {'write' if self.changes else 'read'}, {self.round.how})"


def plan(seed: int, number: int) -> RoundPlan:
    """The round of that number."""
    rng = random.Random(f"{seed}:{number}")
    server = rng.choice(["esx", "esx", "esx", "vpx"])
    remote, changes = rng.random() < 0.4, rng.random() < 0.4
    how, at = rng.choice(["one", "one", "after", "some", "some"]), rng.randrange(20)
    if number % GOOD_EACH == GOOD_EACH - 1:
        how = "none"
    return RoundPlan(number, server, remote, changes, Round(f"{seed}:{number}", how, at))


class MutateSite:
    """The hosts, the proxies before them, the daemon and the worker."""

    def __init__(self, folder: Path, result: MutateResult) -> None:
        self._folder, self._result = folder, result
        self._hosts: dict[str, tuple[Fake, MutatingProxy]] = {}
        self._daemon: PrivateLibvirtd | None = None
        self._worker: Client | None = None
        self._read: dict[Path, int] = {}
        self.cookies: set[str] = set()

    def close(self) -> None:
        """End all of it."""
        if self._worker is not None:
            self._worker.close()
        if self._daemon is not None:
            self._daemon.stop()
        self._drop_hosts()

    def run(self, what: RoundPlan) -> None:
        """Run one round and note what was wrong with it."""
        proxy = self._host(what)[1]
        proxy.begin(what.round)
        address = uri.embedded(proxy.host, proxy.port, scheme=what.server, cacert=proxy.cacert, **TIMEOUTS)
        if what.remote:
            address = uri.through_daemon(address, self._running_daemon().socket)
        done: Done = []
        try:
            done = self._running_worker().run(
                "esxkit.attack.mutate.client:run", address, what.number, what.changes, PASSWORD, timeout=ROUND_BOUND
            )
        except (WorkerDied, WorkerHung) as error:
            self._fail(what, str(error))
            self._worker = None
        proxy.begin(Round(""))
        self.cookies |= proxy.cookies
        self._judge(what, done)
        self._look_at_daemon(what)
        self._look_at_logs(what)
        self._count(what, done)

    def _count(self, what: RoundPlan, done: Done) -> None:
        result = self._result
        result.rounds += 1
        result.requests += what.round.requests
        result.mutated += len(what.round.changed)
        for changed in what.round.changed:
            result.rules.update(changed.partition(": ")[2].split(", "))
        result.calls += len(done)
        result.errors += sum(bool(text) for _, _, text in done)
        for name, seconds, _ in done:
            result.slowest = max(result.slowest, (seconds, f"{name} in {what.text()}"))

    def _fail(self, what: RoundPlan, problem: str) -> None:
        changed = "; ".join(what.round.changed[:6]) or "nothing was mutated"
        self._result.failures.append(
            f"{what.text()}: {problem}\n  {changed}\n"
            f"  repeat it: --seed {self._result.seed} --from {what.number} --rounds 1"
        )

    def _judge(self, what: RoundPlan, done: Done) -> None:
        for name, seconds, text in done:
            if seconds > environment.patience(BOUND):
                self._fail(what, f"{name} took {seconds:.0f} s")
            secret = next((s for s in (*_SECRETS, *self.cookies) if s in text), None)
            if secret is not None:
                self._fail(what, f"the message of {name} has a secret in it: {text}")
            if text and what.is_good:
                self._fail(what, f"{name} failed without a mutation: {text}")

    def _look_at_daemon(self, what: RoundPlan) -> None:
        daemon = self._daemon
        if daemon is not None and not daemon.process.running:
            self._fail(what, f"libvirtd ended: {daemon.report(20)}")
            self._daemon = None

    def _look_at_logs(self, what: RoundPlan) -> None:
        logs = [self._folder / "worker.log"]
        if self._daemon is not None:
            logs += [self._daemon.log, self._daemon.output]
        for log in logs:
            if not log.exists():
                continue
            with log.open("rb") as stream:
                stream.seek(self._read.get(log, 0))
                text = stream.read().decode(errors="replace")
                self._read[log] = stream.tell()
            for alarm in (*_ALARMS, *_SECRETS, *self.cookies):
                if alarm in text:
                    line = next(line for line in text.splitlines() if alarm in line)
                    self._fail(what, f"{log.name} has: {line[:300]}")

    def _host(self, what: RoundPlan) -> tuple[Fake, MutatingProxy]:
        if what.number % FRESH_EACH == 0:
            self._drop_hosts()
        if what.server not in self._hosts:
            # The host that a vCenter's tickets are for is reached past the proxy.
            fake = Fake("vcenter" if what.server == "vpx" else "default", task_ms=1).start()
            folder = self._folder / f"proxy-{len(list(self._folder.iterdir()))}"
            folder.mkdir()
            self._hosts[what.server] = fake, MutatingProxy(fake.port, folder)
        return self._hosts[what.server]

    def _drop_hosts(self) -> None:
        for fake, proxy in self._hosts.values():
            proxy.close()
            fake.stop()
        self._hosts.clear()

    def _running_daemon(self) -> PrivateLibvirtd:
        if self._daemon is None:
            self._daemon = PrivateLibvirtd(password=PASSWORD).start()
        return self._daemon

    def _running_worker(self) -> Client:
        if self._worker is None:
            home = self._folder / "home"
            home.mkdir(exist_ok=True)
            self._worker = Client(client_environment(home), timeout=ROUND_BOUND, log=self._folder / "worker.log")
        return self._worker


def run(
    seed: int,
    goes_on: Callable[[MutateResult], bool],
    start: int = 0,
    report: Callable[[str], None] = lambda _line: None,
) -> MutateResult:
    """Run rounds from number `start` on while `goes_on` says so; `report` gets failures as they come."""
    result = MutateResult(seed)
    folder = environment.private_folder("esxmutate")
    site = MutateSite(folder, result)
    try:
        number = start
        while goes_on(result):
            seen = len(result.failures)
            site.run(plan(seed, number))
            number += 1
            for failure in result.failures[seen:]:
                report(f"FAILED {failure}")
            if result.rounds % 50 == 0:
                report(result.line())
        return result
    finally:
        site.close()
        environment.drop_folder(folder)


def main(argv: list[str] | None = None) -> int:
    """The verb."""
    parser = argparse.ArgumentParser(prog="./dev mutate", description="Mutates a host's replies while all is called.")
    parser.add_argument(
        "--minutes", type=float, default=0, metavar="N", help="for so long (default 2, if no other limit)"
    )
    parser.add_argument("--requests", type=int, default=0, metavar="N", help="until so many requests were made")
    parser.add_argument("--rounds", type=int, default=0, metavar="N", help="so many rounds")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31), help="default: any")
    parser.add_argument("--from", type=int, default=0, dest="start", metavar="N", help="begin with that round")
    parser.add_argument("--build", choices=["plain", "sanitized"], help="which build (./dev's; default sanitized)")
    arguments = parser.parse_args(argv)
    if not (arguments.minutes or arguments.requests or arguments.rounds):
        arguments.minutes = 2
    end = time.monotonic() + arguments.minutes * 60

    def goes_on(result: MutateResult) -> bool:
        return (
            (not arguments.minutes or time.monotonic() < end)
            and (not arguments.requests or result.requests < arguments.requests)
            and (not arguments.rounds or result.rounds < arguments.rounds)
        )

    print(f"mutate: seed {arguments.seed}", flush=True)
    result = run(arguments.seed, goes_on, arguments.start, lambda line: print(line, flush=True))
    print(f"mutate: {result.line()}")
    return 1 if result.failures else 0
