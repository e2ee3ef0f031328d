# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The command line: plans the cells, has them run, counts the verdicts."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs

from esxkit.attack.matrix.cells import MODES, Cell, Outcome
from esxkit.attack.matrix.crew import Crew
from esxkit.attack.matrix.judge import BAD, LATE, failures
from esxkit.attack.matrix.plan import Choice, Requests, cells, shuffled
from esxkit.attack.matrix.report import MatrixRun, summary, write_report
from esxkit.attack.matrix.troubles import TROUBLES
from esxkit.attack.matrix.verbs import KINDS, VERBS
from esxkit.harness.environment import HarnessError

WORKERS = 8
"""More than processors: a cell with silence in it waits for its time-outs."""


def recorded(crew: Crew, choice: Choice) -> Requests:
    """The requests of each verb. HarnessError when one does not work in peace."""
    requests: Requests = {}
    for job, made in crew.do(choice.runs()):
        assert isinstance(job, tuple), "A calm run was asked for."
        if not isinstance(made, tuple):
            said = made.said if isinstance(made, Outcome) else made
            raise HarnessError(f"{' '.join(job)} does not work in peace: {said}")
        requests[job] = made
    return requests


def run_cells(
    crew: Crew, todo: Iterable[Cell], until: float | None = None, told: Callable[[Outcome], None] | None = None
) -> list[Outcome]:
    """Run cells; what came of those that were begun before `until`."""
    outcomes = []
    for _cell, outcome in crew.do(todo, until):
        outcomes.append(outcome)
        if told is not None:
            told(outcome)
    return outcomes


def sample(count: int, seed: int, workers: int = 2, choice: Choice | None = None) -> MatrixRun:
    """Run so many cells that the seed picks.

    Time-outs of a second fail on a machine with other work. So a cell that fails in one of the ways of LATE is run
    once more, by itself and in processes of its own: that outcome counts, and the first one is in the run's `first`.
    """
    choice = choice or Choice()
    begun = time.monotonic()
    with Crew(workers) as crew:
        every = cells(recorded(crew, choice), choice.troubles)
        outcomes = run_cells(crew, shuffled(every, seed, count))
    failed = [outcome for outcome in outcomes if outcome.verdict in LATE]
    if failed:
        with Crew(1) as crew:
            recorded(crew, choice)
            again = run_cells(crew, [outcome.cell for outcome in failed])
        outcomes = [outcome for outcome in outcomes if outcome not in failed] + again
    return MatrixRun(seed, len(every), outcomes, time.monotonic() - begun, failed)


class _Journal:
    """Outcomes in a file, one a line, so that a run can be taken up again."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.done: list[Outcome] = []
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                plain = json.loads(line)
                self.done.append(Outcome(Cell(**plain.pop("cell")), **plain))

    def add(self, outcome: Outcome) -> None:
        """One more."""
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(attrs.asdict(outcome)) + "\n")


class _Progress:
    """One line that says how far it is, and one for each failure."""

    def __init__(self, total: int) -> None:
        self._total, self._begun = total, time.monotonic()
        self._counts: Counter[str] = Counter()
        self._shown = 0.0

    def __call__(self, outcome: Outcome) -> None:
        self._counts[outcome.verdict] += 1
        if outcome.verdict in BAD:
            print(f"\r{outcome.verdict}: {outcome.cell}: {outcome.said.strip()[-400:]}", flush=True)
        now = time.monotonic()
        done = self._counts.total()
        if now - self._shown > (1 if sys.stderr.isatty() else 20) or done == self._total:
            self._shown = now
            rate = done / (now - self._begun)
            bad = failures(self._counts.elements())
            text = f"{done} of {self._total} cells, {rate:.1f} a second, {bad} failures"
            print(f"\r{text}", end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


def _run(parsed: argparse.Namespace) -> int:
    seed = parsed.seed if parsed.seed is not None else random.randrange(1_000_000)
    choice = Choice(*(tuple(getattr(parsed, name) or ()) for name in ("mode", "kind", "verb", "trouble")))
    journal = _Journal(parsed.journal)
    begun = time.monotonic()
    until = begun + 60 * parsed.minutes if parsed.minutes else None
    with Crew(parsed.workers) as crew:
        every = cells(recorded(crew, choice), choice.troubles)
        # The journal of an earlier tree may have cells that are none any more.
        planned = set(every)
        journal.done = [outcome for outcome in journal.done if outcome.cell in planned]
        known = {outcome.cell for outcome in journal.done}
        todo = [cell for cell in shuffled(every, seed, parsed.cells) if cell not in known]
        print(f"seed {seed}: {len(todo)} of {len(every)} cells, {len(known)} in the journal", flush=True)
        progress = _Progress(len(todo))

        def told(outcome: Outcome) -> None:
            journal.add(outcome)
            progress(outcome)

        outcomes = run_cells(crew, todo, until, told)
    run = MatrixRun(seed, len(every), journal.done + outcomes, time.monotonic() - begun)
    print(f"\n{summary(run)}")
    if parsed.report:
        print(write_report(run, parsed.report))
    return 1 if failures(outcome.verdict for outcome in run.outcomes) else 0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./dev matrix", description="Every verb, at every request, in every trouble.")
    parser.add_argument("--cells", type=int, metavar="N", help="so many, picked by the seed (default: all)")
    parser.add_argument("--seed", type=int, metavar="S", help="which ones, and in which order (default: random)")
    parser.add_argument("--workers", type=int, default=WORKERS, metavar="N", help=f"processes (default {WORKERS})")
    parser.add_argument("--minutes", type=float, metavar="M", help="begin no cell after M minutes")
    parser.add_argument(
        "--journal", type=Path, metavar="FILE", help="note outcomes there, and run what is not there yet"
    )
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="write ATTACK.md there, as into docs")
    parser.add_argument("--mode", action="append", choices=MODES, help="this mode only (repeatable)")
    parser.add_argument("--kind", action="append", choices=KINDS, help="this kind of server only (repeatable)")
    parser.add_argument("--verb", action="append", choices=list(VERBS), metavar="VERB", help=", ".join(VERBS))
    parser.add_argument("--trouble", action="append", choices=list(TROUBLES), metavar="NAME", help="; ".join(TROUBLES))
    try:
        return _run(parser.parse_args())
    except HarnessError as error:
        print(f"./dev matrix: {error}", file=sys.stderr)
        return 2


SEED = "ESXKIT_SEED"
"""The variable of the environment from which a test takes its seed."""


def seed_of_environment() -> int:
    """The seed of a test: that of the environment, or one at random."""
    return int(os.environ.get(SEED) or random.randrange(1_000_000))
