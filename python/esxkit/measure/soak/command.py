# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``python -m esxkit.measure.soak``: many clients of one daemon for minutes, every answer checked.

One fake host in a process of its own, one private libvirtd, a few processes with the clients
(:mod:`~esxkit.measure.soak.client`), one that hears the events while the world changes
(:mod:`~esxkit.measure.soak.world`). The session is ended every now and then. What must hold: no wrong answer, no call
that hangs, no event too many or missing, never two sessions at the host; memory, files and threads of the daemon that
do not grow in the second half; nothing in its log that is not meant to be there. The exit code is 0 only when all of
that held.
"""

from __future__ import annotations

import argparse
import re
import statistics
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from esxkit.fake.server import FakeProcess
from esxkit.fake.worlds.counts import counts_world, iqn
from esxkit.harness import environment, uri
from esxkit.harness.client import Client
from esxkit.harness.daemon import PrivateLibvirtd, write_auth_file
from esxkit.harness.live import files_at_rest, least_files, thread_names
from esxkit.harness.oracle import Pool, World
from esxkit.harness.pool_events import Listener
from esxkit.harness.servers import PASSWORD
from esxkit.harness.virsh import client_environment
from esxkit.measure.report import MIB
from esxkit.measure.soak.client import ClientOutcome, ClientPlan
from esxkit.measure.soak.journal import JournalWriter
from esxkit.measure.soak.page import CURVE, Sample, SoakResult, Verdict, curve, markdown
from esxkit.measure.soak.world import WorldChanger

DATASTORES, TARGETS, LUNS, VOLUMES = 8, 4, 4, 2
BOUND = 5.0
"""Seconds for which a pool may show what was before a change, and within which its events must come. Mostly it is
milliseconds; but the session may just have ended, and the machine is busy."""
DEADLINE = 60.0
"""Seconds after which a call hangs."""
WARM_UP = 0.5
"""The part of the run in which memory may grow: until then the clients have all the volumes that they keep, and each of
the daemon's threads has its part of the heap."""
MAY_GROW = 4 * MIB
TELLING = 120
"""Seconds a run must last for its memory to be judged: before that the heap finds its size."""

# What libvirtd says of a client that goes away, and of one that asks for more than five things at once, as the
# witnesses do, which many clients share. (Lookups of what is not there it does not log at this level.)
_EXPECTED_LOG = (
    re.compile(r"End of file while reading data: Input/output error"),
    re.compile(r"Client hit max requests limit 5\."),
)
_LOG_LINE = re.compile(r"^\S+ \S+: \d+: (?P<level>warning|error) : (?P<where>\w+):\d+ : (?P<text>.*)$")


@attrs.frozen
class Options:
    """How long and how many."""

    seconds: float = 600
    clients: int = 64
    processes: int = 4
    expiry: float = 20
    pause: float = 0.2
    """Mean seconds that a client rests between two things that it does."""
    world_pause: float = 0.5
    """Mean seconds between two changes of the world."""
    arenas: int = 1
    """Heaps of the daemon (glibc's MALLOC_ARENA_MAX); 0 leaves it to glibc. Its choice is eight for each core, which
    fill up one by one for a long time, whatever is freed: with one heap what grows is what is lost."""


def still_pools(changing: str) -> dict[str, tuple[str, tuple[int, ...] | None, dict[str, str]]]:
    """What must be seen of the pools that do not change, worked out from the world's plan."""
    plan = counts_world(DATASTORES, TARGETS, LUNS, VOLUMES)
    stores = [store | {"files": None} for store in plan.datastores]
    world = World({"datastores": stores, "storage": plan.hosts[0].storage})

    def expected(pool: Pool) -> tuple[str, tuple[int, ...] | None, dict[str, str]]:
        if not pool.iscsi:
            return pool.uuid, None, {}
        return pool.uuid, (2, pool.capacity, pool.allocation, 0), {lun.name: lun.key for lun in pool.volumes}

    return {pool.name: expected(pool) for pool in world.pools if pool.name != changing}


class Sampler:
    """Looks at something again and again, in a thread of its own, until it is told to stop."""

    def __init__(self, look: Callable[[], None], every: float) -> None:
        self._look, self._every = look, every
        self._over = threading.Event()
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; raise what went wrong."""
        self._over.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            while not self._over.wait(self._every):
                self._look()
        except Exception as error:
            self.failure = error


def sample(pid: int, begun: float) -> Sample:
    """The daemon now."""
    status = Path(f"/proc/{pid}/status").read_text()

    def number(name: str) -> int:
        return next(int(found[1]) for found in re.finditer(rf"^{name}:\s+(\d+)", status, re.MULTILINE))

    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Sample(time.monotonic() - begun, number("VmRSS") * 1024, files, number("Threads"))


class SessionWatch:
    """Counts the sessions at the fake, all the time."""

    def __init__(self, control: Any, result: SoakResult) -> None:
        self._control, self._result = control, result
        self._none_since: float | None = None

    def look(self) -> None:
        """One sample."""
        now = time.monotonic()
        count = len(self._control.sessions())
        self._result.sessions[count] += 1
        if count:
            self._none_since = None
            return
        self._none_since = self._none_since or now
        self._result.longest_without = max(self._result.longest_without, time.monotonic() - self._none_since)


class Soak:
    """One run."""

    def __init__(self, options: Options, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.result = SoakResult(
            options.seconds, options.clients, options.processes, options.expiry, BOUND, options.arenas
        )
        self.changing = iqn(TARGETS - 1)
        self._files_at_rest = 0

    def run(self) -> SoakResult:
        """Everything; the fake, the daemon and the clients end with it."""
        counts = {"datastores": DATASTORES, "targets": TARGETS, "luns": LUNS, "volumes": VOLUMES}
        arguments = [argument for name, value in counts.items() for argument in (f"--{name}", str(value))]
        with FakeProcess(*arguments) as fake:
            heaps = {"MALLOC_ARENA_MAX": str(self.options.arenas)} if self.options.arenas else {}
            daemon = PrivateLibvirtd(password=PASSWORD, env=heaps).start()
            try:
                self._run(fake, daemon)
                self._judge_end(fake, daemon)
            finally:
                code = daemon.stop()
        self._verdict("the daemon ends normally", code == 0, f"exit code {code}")
        return self.result

    # The run

    def _run(self, fake: FakeProcess, daemon: PrivateLibvirtd) -> None:
        (self.folder / "home").mkdir(mode=0o700)
        auth = write_auth_file(self.folder / "auth.conf", PASSWORD)
        env = client_environment(self.folder / "home", auth)
        # The session stays as long as the driver lets it by itself, as it does for everybody.
        embedded = uri.embedded("127.0.0.1", fake.port, cacert=fake.cacert)
        self._uri = uri.through_daemon(embedded, daemon.socket, linger=None)
        with Client(env) as subscriber:
            self._files_at_rest = files_at_rest(daemon, subscriber, fake)
            before = fake.counters()
            conn = subscriber.open(self._uri)
            journal = JournalWriter(self.folder / "journal")
            with Listener(subscriber, conn) as listener:
                self._crowd(fake, daemon, listener, journal, env)
            journal.close()
            conn.close()
        after = fake.counters()
        self.result.requests = Counter(after["methods"]) - Counter(before["methods"])
        self.result.logins = self.result.requests["Login"]
        self.result.most_sessions = after["most_sessions"]

    def _crowd(
        self,
        fake: FakeProcess,
        daemon: PrivateLibvirtd,
        listener: Listener,
        journal: JournalWriter,
        env: dict[str, str],
    ) -> None:
        """The clients, and all that goes on around them."""
        result, options = self.result, self.options
        still = still_pools(self.changing)
        sizes = [(10 + number) * 1024**3 for number in range(LUNS)]
        changer = WorldChanger(fake.control, journal, listener, (self.changing, sizes), BOUND)
        begun = time.monotonic()
        pid = daemon.process.pid

        def expire() -> None:
            result.expiries += min(1, fake.control.terminate_sessions())

        samplers = [
            Sampler(lambda: result.samples.append(sample(pid, begun)), max(0.1, options.seconds / 600)),
            Sampler(SessionWatch(fake.control, result).look, 0.05),
            Sampler(expire, options.expiry),
        ]
        over = threading.Event()
        world = threading.Thread(target=changer.run, args=(over, options.world_pause))
        world.start()
        outcomes = self._clients(still, env)
        over.set()
        world.join()
        for one in samplers:
            one.stop()
        self._judge_clients(outcomes, changer)
        self._judge_daemon(daemon)

    def _clients(self, still: dict[str, Any], env: dict[str, str]) -> list[ClientOutcome | Exception]:
        options = self.options
        outcomes: list[ClientOutcome | Exception] = []

        def process(numbers: tuple[int, ...]) -> None:
            plan = ClientPlan(
                uri=self._uri,
                numbers=numbers,
                seconds=options.seconds,
                pause=options.pause,
                deadline=environment.patience(DEADLINE),
                journal=self.folder / "journal",
                bound=environment.patience(BOUND),
                stores=tuple(name for name in still if not name.startswith("iqn.")),
                still=still,
            )
            try:
                with Client(env) as worker:
                    patience = options.seconds + 4 * DEADLINE
                    outcomes.append(worker.run("esxkit.measure.soak.client:work", plan, timeout=patience))
            except Exception as error:
                outcomes.append(error)

        step = options.processes
        groups = [tuple(range(first, options.clients, step)) for first in range(step)]
        threads = [threading.Thread(target=process, args=(group,)) for group in groups]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    # What is thought of it

    def _verdict(self, what: str, holds: bool, found: str) -> None:
        self.result.verdicts.append(Verdict(what, holds, found))

    def _judge_clients(self, outcomes: list[ClientOutcome | Exception], changer: WorldChanger) -> None:
        result = self.result
        broken = [outcome for outcome in outcomes if not isinstance(outcome, ClientOutcome)]
        good = [outcome for outcome in outcomes if isinstance(outcome, ClientOutcome)]
        wrong = [problem for outcome in good for problem in outcome.wrong]
        hanging = [problem for outcome in good for problem in outcome.hanging]
        for outcome in good:
            for kind, times in outcome.times.items():
                result.times.setdefault(kind, array("d")).extend(times)
        calls = sum(len(times) for times in result.times.values())
        self._verdict("no wrong answer", calls > 0 and not wrong, f"{len(wrong)} in {calls} calls")
        self._verdict("no process with clients died", not broken, f"{len(broken)} of {len(outcomes)}")
        unfinished = sum(outcome.unfinished for outcome in good)
        self._verdict(
            f"no call that hangs (takes more than {DEADLINE:g} s)",
            not hanging and not unfinished,
            f"{len(hanging)}; the longest took {max((max(t) for t in result.times.values()), default=0):.1f} s",
        )
        result.latencies = changer.latencies
        unexpected = changer.unexpected()
        latencies = [value for values in changer.latencies.values() for value in values]
        median = f", median {statistics.median(latencies) * 1000:.0f} ms" if latencies else ""
        self._verdict(
            "each change of the world is reported, and nothing else",
            changer.changes > 0 and not changer.problems and not unexpected,
            f"{changer.changes} changes{median}; {len(changer.problems)} not reported, {len(unexpected)} unexpected",
        )
        result.problems += [str(error) for error in broken] + wrong + hanging + changer.problems + unexpected

    def _judge_daemon(self, daemon: PrivateLibvirtd) -> None:
        result = self.result
        kept = [one for one in result.samples if one.at >= WARM_UP * result.seconds]
        if len(kept) < 10:
            self._verdict("enough samples of the daemon", False, f"{len(kept)}")
            return
        slope = statistics.linear_regression([one.at for one in kept], [one.memory for one in kept]).slope
        grown = slope * (kept[-1].at - kept[0].at)
        mean = statistics.fmean(one.memory for one in kept)
        if result.seconds >= TELLING:
            self._verdict(
                f"flat memory: the line through it rises by less than {MAY_GROW // MIB} MiB in the second half",
                grown < MAY_GROW,
                f"{grown / MIB:+.2f} MiB ({slope * 60 / 1024:+.0f} KiB a minute) at {mean / MIB:.1f} MiB",
            )
        for name in ("files", "threads"):
            values = [getattr(one, name) for one in kept]
            third = len(values) // 3
            # Connections to the host that are kept for the next request come and go by the dozen: the peaks tell.
            first, last = max(values[:third]), max(values[-third:])
            self._verdict(
                f"{name} of the daemon do not grow in the second half",
                last - first < max(4, 0.1 * first),
                f"at most {first}, then {last}",
            )
        names = thread_names(daemon.process.pid)
        ours = {name: count for name, count in names.items() if name.startswith("esx-")}
        self._verdict("one live thread, and no thread of a stream left", ours == {"esx-live": 1}, f"{ours}")

    def _judge_end(self, fake: FakeProcess, daemon: PrivateLibvirtd) -> None:
        result = self.result
        none_for = environment.patience(BOUND)
        self._verdict(
            "never two sessions, and one again soon after each end",
            result.most_sessions == 1 and max(result.sessions) <= 1 and result.longest_without < none_for,
            f"at most {result.most_sessions}; none for at most {result.longest_without * 1000:.0f} ms",
        )
        self._verdict(
            "one login for each session that was ended",
            result.logins == result.expiries + 1 and result.expiries > 0,
            f"{result.logins} logins, {result.expiries} ends",
        )
        deadline = time.monotonic() + environment.patience(15)
        while fake.control.sessions() and time.monotonic() < deadline:
            time.sleep(0.1)
        left = len(fake.control.sessions())
        self._verdict("logged out after the last client has disconnected", left == 0, f"{left} sessions left")
        first = self._files_at_rest
        while (now := least_files(daemon.process)) > first and time.monotonic() < deadline:
            pass
        what = "then the daemon has no more files open than before the first client"
        self._verdict(what, now <= first, f"{first}, then {now}")
        for line in daemon.log.read_text(errors="replace").splitlines():
            if found := _LOG_LINE.match(line):
                self._judge_line(found)
        unexpected = len(result.unexpected_log)
        self._verdict("nothing unexpected in the daemon's log", not unexpected, f"{unexpected} lines")

    def _judge_line(self, found: re.Match[str]) -> None:
        text = found["text"]
        general = re.sub(r"'[^']*'", "'…'", text)
        self.result.log[f"{found['level']}: {general}"] += 1
        if not any(pattern.search(text) for pattern in _EXPECTED_LOG):
            self.result.unexpected_log.append(f"{found['level']}: {found['where']}: {text}")


def soak(options: Options) -> SoakResult:
    """Run a soak in a private folder."""
    folder = environment.private_folder("soak")
    try:
        return Soak(options, folder).run()
    finally:
        environment.drop_folder(folder)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./dev soak", description=__doc__.splitlines()[0].partition(": ")[2])
    parser.add_argument("--minutes", type=float, default=10, help="how long (default 10)")
    parser.add_argument("--clients", type=int, default=64, help="how many clients (default 64)")
    parser.add_argument("--processes", type=int, default=4, help="processes that they share (default 4)")
    parser.add_argument("--expiry", type=float, default=20, help="seconds between two ends of the session (default 20)")
    parser.add_argument("--arenas", type=int, default=1, help="heaps of the daemon, 0: as glibc chooses (default 1)")
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="write SOAK.md and its curve there, as into docs")
    parsed = parser.parse_args()
    result = soak(
        Options(
            seconds=parsed.minutes * 60,
            clients=parsed.clients,
            processes=parsed.processes,
            expiry=parsed.expiry,
            arenas=parsed.arenas,
        )
    )
    text = markdown(result)
    if parsed.report is not None:
        (parsed.report / "SOAK.md").write_text(text, encoding="utf-8")
        curve(result.samples, parsed.report / CURVE)
    print(text)
    return 0 if result.holds else 1
