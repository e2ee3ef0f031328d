# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What a soak gave, as Markdown and as a curve of the daemon's memory."""

from __future__ import annotations

import statistics
from array import array
from collections import Counter
from pathlib import Path

import attrs
import pygal
from pygal.style import CleanStyle

from esxkit.measure.report import MIB, Table, head, milliseconds, tidy, written_by

CURVE = "soak-memory.svg"


@attrs.frozen
class Sample:
    """The daemon at one moment."""

    at: float
    """Seconds since the clients began."""
    memory: int
    """Bytes that are resident."""
    files: int
    threads: int


@attrs.frozen
class Verdict:
    """One thing that must hold."""

    what: str
    holds: bool
    found: str


@attrs.define
class SoakResult:
    """Everything that was measured."""

    seconds: float
    clients: int
    processes: int
    expiry: float
    bound: float
    arenas: int
    verdicts: list[Verdict] = attrs.field(factory=list)
    problems: list[str] = attrs.field(factory=list)
    times: dict[str, array[float]] = attrs.field(factory=dict)
    latencies: dict[str, list[float]] = attrs.field(factory=dict)
    samples: list[Sample] = attrs.field(factory=list)
    sessions: Counter = attrs.field(factory=Counter)
    """How often the fake was found with so many sessions."""
    most_sessions: int = 0
    expiries: int = 0
    logins: int = 0
    longest_without: float = 0
    requests: Counter = attrs.field(factory=Counter)
    log: Counter = attrs.field(factory=Counter)
    unexpected_log: list[str] = attrs.field(factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything did that must."""
        return all(verdict.holds for verdict in self.verdicts)


def _calls(times: dict[str, array[float]]) -> Table:
    rows = []
    for kind in sorted(times, key=lambda kind: -len(times[kind])):
        values = sorted(times[kind])
        late = values[min(len(values) - 1, len(values) * 99 // 100)]
        shown = (statistics.median(values), late, values[-1])
        rows.append((kind, str(len(values)), *map(milliseconds, shown)))
    return Table("Calls", ("call", "count", "median ms", "99 % ms", "longest ms"), rows)


def _changes(latencies: dict[str, list[float]]) -> Table:
    rows = [
        (kind, str(len(values)), milliseconds(statistics.median(values)), milliseconds(max(values)))
        for kind, values in sorted(latencies.items())
    ]
    return Table("Events", ("change of the world", "count", "median ms", "longest ms"), rows)


def _heaps(arenas: int) -> list[str]:
    if not arenas:
        return []
    return [
        f"libvirtd ran with MALLOC_ARENA_MAX={arenas}. glibc by default gives a process up to eight heaps for "
        "each core, and with dozens of threads these fill up one by one: resident memory then grows for longer than "
        "this run lasts (`--arenas 0` shows it), even if all of it is freed. With one heap, only lost memory grows.",
        "",
    ]


def _quote(lines: list[str]) -> list[str]:
    return ["```", *lines[:40], "```"] if lines else ["None."]


def markdown(result: SoakResult) -> str:
    """The report."""
    total = sum(len(values) for values in result.times.values())
    found = ", ".join(f"{count} with {many}" for many, count in sorted(result.sessions.items()))
    methods = ", ".join(f"{name} {count}" for name, count in result.requests.most_common(12))
    log = Table("Log", ("message", "times"), [(f"`{line}`", str(count)) for line, count in result.log.most_common()])
    verdicts = [(one.what, "yes" if one.holds else "**NO**", one.found) for one in result.verdicts]
    return "\n".join(
        [
            *head("Soak: many clients of one daemon"),
            written_by("./dev soak"),
            "",
            f"**{'Everything held.' if result.holds else 'Not everything held.'}** {result.clients} clients on one "
            f"private libvirtd, {result.seconds / 60:.3g} minutes, {total} calls; the session ended every "
            f"{result.expiry:g} s.",
            "",
            f"A client is a thread of libvirt-python with a connection of its own to the daemon, in {result.processes} "
            "processes. Each has a folder of its own on one of the datastores, so that it knows the right answer to "
            "each call: it reads its changes back at once, through another client of the daemon and through its own "
            "connection. Meanwhile datastores appear, disappear, are renamed, lost and filled, and the LUNs and paths "
            "of a target change; each change waits for its events at a subscriber. The fake host is a separate "
            "process, and all processes share the machine's cores: the times show how busy the machine was, not what "
            "the driver needs.",
            "",
            *Table("What must hold", ("what must hold", "", "found"), verdicts, words=3).lines(),
            "",
            "## What went wrong",
            "",
            *_quote(result.problems),
            "",
            "## Calls",
            "",
            *_calls(result.times).lines(),
            "",
            "## Events",
            "",
            "From the moment before the host was changed to the last event of this change at the subscriber.",
            "",
            *_changes(result.latencies).lines(),
            "",
            "## Sessions",
            "",
            f"The session was ended {result.expiries} times; there were {result.logins} logins. The fake counts "
            f"the open sessions whenever one is opened: at most {result.most_sessions} at once. The fake "
            "ends a session before the next one begins, so that even a renewal must not show two. Samples, by the "
            f"number of sessions found: {found}; the longest time that samples found none: "
            f"{result.longest_without * 1000:.0f} ms.",
            "",
            f"Requests at the host, the most frequent: {methods}.",
            "",
            "## Memory",
            "",
            *_heaps(result.arenas),
            f"![resident memory of libvirtd]({CURVE})",
            "",
            "## The daemon's log",
            "",
            *(log.lines() if log.rows else ["Nothing."]),
            "",
            "Unexpected messages:",
            "",
            *_quote(result.unexpected_log),
            "",
        ]
    )


def curve(samples: list[Sample], path: Path) -> None:
    """Draw the daemon's memory over time."""
    chart = pygal.XY(
        title="Resident memory of libvirtd",
        x_title="minutes",
        y_title="MiB",
        range=(0, 1.2 * max(one.memory for one in samples) / MIB),
        width=900,
        height=320,
        show_legend=False,
        show_dots=False,
        js=[],
        style=CleanStyle,
    )
    chart.add("resident", [(one.at / 60, one.memory / MIB) for one in samples])
    path.write_bytes(tidy(chart.render()))
