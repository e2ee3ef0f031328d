# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What a run of the matrix came to, in a few lines and as docs/ATTACK.md."""

from __future__ import annotations

import datetime
import platform
import ssl
import statistics
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import attrs

from esxkit.attack.matrix.cells import BOUND, LASTING_BOUND, Outcome
from esxkit.attack.matrix.judge import BAD, GOOD, failures
from esxkit.attack.matrix.plan import EXCEPTIONS
from esxkit.attack.matrix.testbed import QUICK
from esxkit.attack.matrix.troubles import TROUBLES
from esxkit.attack.matrix.verbs import VERBS
from esxkit.harness import environment


@attrs.frozen
class MatrixRun:
    """A run: its seed, how many cells there are, what came of those that were run, and the seconds it took."""

    seed: int
    planned: int
    outcomes: list[Outcome]
    seconds: float
    first: list[Outcome] = attrs.field(factory=list)
    """What cells came to that were run once more, by themselves; `outcomes` has the second."""

    def counts(self) -> Counter[str]:
        """Cells by verdict."""
        return Counter(outcome.verdict for outcome in self.outcomes)

    def bad(self) -> list[Outcome]:
        """The failures."""
        return [outcome for outcome in self.outcomes if outcome.verdict in BAD]


def summary(run: MatrixRun) -> str:
    """A few lines."""
    counts = run.counts()
    lines = [f"{verdict:20} {counts[verdict]:7}" for verdict in (*GOOD, *BAD) if counts[verdict] or verdict in BAD]
    rate = len(run.outcomes) / run.seconds if run.seconds else 0
    head = f"seed {run.seed}: {len(run.outcomes)} of {run.planned} cells in {run.seconds:.0f} s ({rate:.1f} a second)"
    return "\n".join([head, *lines, *_twice(run)])


def _twice(run: MatrixRun) -> list[str]:
    """A line for each cell that was run twice: what it came to beside others, and by itself."""
    second = {outcome.cell: outcome.verdict for outcome in run.outcomes}
    return [
        f"run twice: {outcome.cell}: first {outcome.verdict} after {outcome.seconds:.1f} s,"
        f" then {second[outcome.cell]}: {' '.join(outcome.said.split())[-300:]}"
        for outcome in run.first
    ]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|---{'|--:' * (len(head) - 1)}|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]


def _by(run: MatrixRun, key: Callable[[Outcome], str], names: list[str], title: str) -> list[str]:
    """A table of verdicts by something."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in run.outcomes:
        groups[key(outcome)].append(outcome)
    rows = []
    for name in names:
        if not groups[name]:
            continue
        counts = Counter(outcome.verdict for outcome in groups[name])
        longest = max(outcome.seconds for outcome in groups[name])
        bad = failures(counts.elements())
        rows.append([name, str(len(groups[name])), *(str(counts[one]) for one in GOOD), str(bad), f"{longest:.1f}"])
    return _table([title, "cells", *GOOD, "failures", "longest, s"], rows)


def _version(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "?"
    return done.stdout.strip().splitlines()[0]


def _system() -> str:
    try:
        system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        system = platform.system()
    return f"{system}, {_version('libvirtd', '--version')}, {ssl.OPENSSL_VERSION}, Python {platform.python_version()}"


def _how(run: MatrixRun) -> list[str]:
    """The head of the report."""
    commit = _version("git", "-C", str(environment.REPOSITORY), "rev-parse", "--short", "HEAD")
    taken = ", ".join(f"{name}={value:g}" for name, value in QUICK.items())
    counts = run.counts()
    bad = ", ".join(f"{counts[verdict]} {verdict}" for verdict in BAD)
    return [
        "<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->",
        "<!-- Copyright (C) 2026 the libvirt-esx-storage authors -->",
        "<!-- Written by ./dev matrix; changes by hand are lost. -->",
        "# Attack",
        "",
        "Each cell is one verb against a fake host that does one thing wrong at one of the requests that the verb",
        "makes. A cell fails if a process crashes, if the verb takes longer than its timeouts allow, if its result is",
        "wrong, if a success has no effect, if the datastore contains something that is neither old nor new and that",
        "the error does not name, if the next call fails on this connection and on a new one, or if a message is not",
        "a sentence or contains a secret or control characters. The right result of a listing or a download is that",
        "of an undisturbed run of the same verb, which the other tests compare with the world. In",
        "`python/esxkit/attack/matrix`, `troubles.py` has the troubles, `actions.py` the verbs, and `judge.py` the",
        "rules.",
        "",
        f"**{len(run.outcomes):,} of {run.planned:,} cells, {failures(counts.elements())} failures** ({bad}).",
        "",
        f"* {datetime.date.today().isoformat()}, commit {commit}, {_system()}",
        f"* seed {run.seed}; {run.seconds / 60:.0f} minutes; repeat it with `./dev matrix --seed {run.seed}`",
        "* a single kind of cell: `./dev matrix --verb VERB --trouble TROUBLE --mode MODE --kind KIND`",
        f"* timeouts of the URI: {taken}; a verb may take {BOUND:g} s where one request is in trouble,"
        f" {LASTING_BOUND:g} s where all of a method are, and 2 s for a busy machine",
        f"* {len(VERBS)} verbs, {len(TROUBLES)} troubles, in the client and in libvirtd, at a host and at a vCenter",
        "",
    ]


def report(run: MatrixRun) -> str:
    """The whole report as Markdown."""
    lines = _how(run)
    counts = run.counts()
    lines += ["## Verdicts", ""]
    lines += _table(["verdict", "cells"], [[verdict, f"{counts[verdict]:,}"] for verdict in (*GOOD, *BAD)])
    lines += ["`not reached`: the request was not made this time: a daemon decides itself which requests it needs.", ""]
    lines += ["## Modes and servers", ""]
    ways = sorted({f"{o.cell.mode}, {o.cell.kind}" for o in run.outcomes})
    lines += _by(run, lambda o: f"{o.cell.mode}, {o.cell.kind}", ways, "mode, server")
    lines += ["## Troubles", ""]
    lines += _by(run, lambda o: o.cell.trouble, list(TROUBLES), "trouble")
    lines += ["## Verbs", ""]
    lines += _by(run, lambda o: o.cell.verb, list(VERBS), "verb")
    lines += ["## Left out", ""]
    lines += [f"* *{trouble}* at {method}: {reason}" for (trouble, method), reason in EXCEPTIONS.items()]
    lines += ["* A trouble that lasts begins at one of the first two requests of a method.", ""]
    lines += ["## Failures", ""]
    bad = sorted(run.bad(), key=lambda o: (o.verdict, str(o.cell)))
    lines += [f"* **{o.verdict}**: {o.cell}: `{' '.join(o.said.split())[-300:]}`" for o in bad] or ["None."]
    if run.outcomes:
        median = statistics.median(outcome.seconds for outcome in run.outcomes)
        lines += ["", f"A verb in trouble took {median:.2f} s in the median."]
    return "\n".join([*lines, ""])


def write_report(run: MatrixRun, folder: Path) -> Path:
    """Write FOLDER/ATTACK.md; its path."""
    path = folder / "ATTACK.md"
    path.write_text(report(run), encoding="utf-8")
    return path
