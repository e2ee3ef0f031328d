# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Cells, and how one is run."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from typing import Any

import attrs

from esxkit.attack.matrix.judge import changed, is_part, message_fault, unnamed
from esxkit.attack.matrix.testbed import QUICK, Files, Testbed
from esxkit.attack.matrix.troubles import TROUBLES
from esxkit.attack.matrix.verbs import VERBS, Verb
from esxkit.harness import environment
from esxkit.harness.client import ApiError, WorkerDied, WorkerHung
from esxkit.harness.servers import Fake

MODES = ("embedded", "remote")

BOUND = 4 * (QUICK["connect_timeout"] + QUICK["timeout"]) + QUICK["task_timeout"]
"""Seconds a verb may take in trouble: one request that fails by its time-outs and is sent again, what tidies up or
looks at the outcome the same, and the wait for a task."""
LASTING_BOUND = 2 * BOUND
_SLACK = 2.0
_TIDY = 8.0
"""Seconds in which a transfer that failed takes away what it began."""


@attrs.frozen
class Cell:
    """A verb in a trouble at its `nth` request (from 0) of a method."""

    mode: str
    kind: str
    verb: str
    method: str
    nth: int
    trouble: str

    def __str__(self) -> str:
        return f"{self.mode} {self.kind} {self.verb}: {self.trouble} at {self.method} {self.nth + 1}"


@attrs.frozen
class Outcome:
    """What came of a cell."""

    cell: Cell
    verdict: str
    seconds: float
    said: str = ""
    """The error's message, or for a failure what is wrong."""


@attrs.frozen
class Recording:
    """A calm run of a verb: its requests, its result, the files afterwards, and the pools."""

    requests: tuple[tuple[str, int], ...]
    result: Any
    after: Files
    pools: Any


def record(bench: Testbed, verb: Verb) -> Recording:
    """Run a verb in peace. AssertionError when even that does not do what it should."""
    with switched(bench, verb):
        bench.reset()
        pools = bench.ready(verb.opens) or bench.warm()
        bench.ready(verb.opens)
        bench.fake.control.asked(forget=True)
        result = bench.run(verb.action, verb.opens)
        bench.settle()
        asked = bench.fake.control.asked(forget=True)
        after = bench.files()
        bench.reset()
    assert (after != bench.pristine) == verb.changes, f"{verb.action} in peace: {changed(after, bench.pristine)}"
    seen: Counter[str] = Counter()
    requests = []
    for method in asked:
        requests.append((method, seen[method]))
        seen[method] += 1
    return Recording(tuple(requests), result, after, pools)


class switched:
    """The fake's switches as a verb wants them, in a block."""

    def __init__(self, bench: Testbed, verb: Verb) -> None:
        self._bench, self._switches = bench, verb.switches
        self._before: dict[str, Any] = {}

    def __enter__(self) -> None:
        if self._switches:
            self._before = self._bench.fake.change(**self._switches)

    def __exit__(self, *_exc: object) -> None:
        if self._switches:
            self._bench.fake.change(**self._before)


def run_cell(bench: Testbed, cell: Cell, recording: Recording) -> Outcome:
    """Run a cell and judge it; leave the bench ready for the next one."""
    verb = VERBS[cell.verb]
    try:
        with switched(bench, verb):
            bench.reset()
            bench.ready(verb.opens)
            outcome = _Attempt(bench, cell, verb, recording).judged()
    except WorkerDied as error:
        outcome = Outcome(cell, "crash", 0.0, str(error))
    except WorkerHung as error:
        outcome = Outcome(cell, "crash" if bench.daemon_died() else "hang", 0.0, str(error))
    except Exception:
        outcome = Outcome(cell, "broken harness", 0.0, traceback.format_exc(limit=-4))
    return outcome


class _Attempt:
    """One run of a cell."""

    def __init__(self, bench: Testbed, cell: Cell, verb: Verb, recording: Recording) -> None:
        self._bench, self._cell, self._verb, self._recording = bench, cell, verb, recording
        self._trouble = TROUBLES[cell.trouble]
        self._seconds = 0.0

    def judged(self) -> Outcome:
        """The verb in its trouble, what it left, and the next call."""
        bench, cell = self._bench, self._cell
        count = -1 if self._trouble.lasts else 1
        bench.fake.order(method=cell.method, after=cell.nth, count=count, **self._trouble.order)
        begun = time.monotonic()
        message, result = None, None
        try:
            result = bench.run(self._verb.action, self._verb.opens)
        except ApiError as error:
            message = error.message
        except (WorkerDied, WorkerHung):
            self._seconds = time.monotonic() - begun
            raise
        self._seconds = time.monotonic() - begun
        left = bench.fake.control.injected()
        reached = not left or left[0]["hits"] > 0
        bench.fake.clear_orders()
        if not bench.alive():
            return self._is("crash", message or "after a success")
        bench.settle()
        outcome = self._succeeded(result) if message is None else self._failed(message)
        next_call = self._next_call()
        bound = environment.patience((LASTING_BOUND if self._trouble.lasts else BOUND) + _SLACK)
        if next_call:
            return self._is("crash" if not bench.alive() else "stuck", next_call)
        if self._seconds > bound:
            return self._is("hang", f"It took {self._seconds:.1f} of at most {bound:.1f} s: {message}")
        if not reached and outcome.verdict == "done":
            return self._is("not reached")
        return outcome

    def _is(self, verdict: str, said: str = "") -> Outcome:
        return Outcome(self._cell, verdict, round(self._seconds, 3), said)

    def _succeeded(self, result: Any) -> Outcome:
        expected = self._recording.result
        right = is_part(result, expected) if self._trouble.parts else result == expected
        # A name that is too long is left out; the host is then called what the URI calls it (the guide).
        right = right or (self._trouble.parts and self._cell.verb == "open_close" and result == Fake.host)
        files = self._bench.files()
        wanted = self._recording.after if self._verb.changes else self._bench.pristine
        if files != wanted:
            return self._is("no effect", f"These are not as after a success: {changed(files, wanted)}")
        if not right:
            return self._is("wrong data", f"{result!r:.200} instead of {expected!r:.200}")
        return self._is("done")

    def _failed(self, message: str) -> Outcome:
        wrong = message_fault(message)
        if wrong:
            return self._is("bad message", wrong)
        before, after = self._bench.pristine, self._recording.after
        end = time.monotonic() + environment.patience(_TIDY)
        while True:
            files = self._bench.files()
            if files == before:
                return self._is("refused, as before", message)
            if time.monotonic() > end or files == after:
                break
            time.sleep(0.02 if unnamed(files, before, message) else 0.5)
            if not unnamed(files, before, message):
                break
        if files == after:
            return self._is("refused, as after", message)
        missing = unnamed(files, before, message)
        if missing:
            return self._is("rest not named", f"{missing} not in: {message}")
        return self._is("refused, rest named", message)

    def _next_call(self) -> str:
        """What is wrong with the next call, on this connection or on a new one; "" if one of the two works."""
        if not self._verb.opens and self._works() == "":
            return ""
        self._bench.drop_connection()
        return self._works()

    def _works(self) -> str:
        try:
            pools = self._bench.run("pool_list")
        except (ApiError, WorkerDied, WorkerHung) as error:
            return str(error)
        return "" if pools == self._recording.pools else f"{pools!r:.300} instead of {self._recording.pools!r:.300}"
