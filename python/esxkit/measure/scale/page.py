# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What ``./dev scale`` measured, as Markdown and as a curve of what an update costs."""

from __future__ import annotations

from pathlib import Path

import attrs
import pygal
from pygal.style import CleanStyle

from esxkit.fake.worlds import NAMES
from esxkit.harness.usage import Used
from esxkit.measure.report import MIB, Table, head, mebibytes, milliseconds, tidy, written_by

CURVE = "scale-update.svg"


@attrs.frozen
class ScaleRow:
    """One thing that was done: what it took in the driver's process, and at the server."""

    what: str
    where: str
    used: Used
    requests: int
    sent: int
    """Bytes of the server's SOAP replies."""
    fake_cpu: float
    """Seconds of CPU of the fake meanwhile."""
    outcome: str


@attrs.frozen
class Update:
    """What a change of one datastore costs a live daemon, with so many datastores; the mean of many."""

    world: str
    datastores: int
    pools: int
    cpu: float
    """Seconds of CPU of the whole daemon."""
    live_cpu: float
    """Of these, of the thread that reads what has changed."""
    seconds: float
    """Median from the change until the next long poll is open."""


@attrs.frozen
class Pure:
    """The same without any server: microseconds of CPU, the medians of tests/bench/bench_inventory.c."""

    world: str
    datastores: int
    pools: int
    decode: float
    update: float
    whole: float


@attrs.define
class Figures:
    """All that was measured."""

    changes: int
    load: tuple[float, float] = (0, 0)
    """Of the machine, when it began and when it ended."""
    start: dict[str, float] = attrs.field(factory=dict)
    """Seconds until a world's fake listened."""
    rows: dict[str, list[ScaleRow]] = attrs.field(factory=dict)
    steady: dict[str, int] = attrs.field(factory=dict)
    """Bytes of memory of a live daemon at the end, by world; "" is one that has opened nothing."""
    updates: list[Update] = attrs.field(factory=list)
    pure: list[Pure] = attrs.field(factory=list)


_WORDS = {
    "large-vcenter": "Each host has 20 iSCSI targets of its own, and a target carries the 17 options of the software "
    "adapter twice, as captures of real hosts show it: hence the size of the answer. Without `path=`, 22,000 pools are "
    "more than libvirt's wire protocol lets a daemon list at once; the driver itself lists them embedded, looks pools "
    "up through the daemon, and lists one host's with `path=`.",
    "many-luns": "Each target is a pool with 64 of the LUNs.",
    "many-files": "40,000 disks with their extents and 20,000 plain files: 60,000 volumes, which is more than "
    "libvirt's wire protocol lets a daemon list at once. The fake needs nearly all of the first time, to look at "
    "100,000 files.",
    "counts": "An ESXi host with 2,000 datastores and two targets: what a daemon can list.",
}


def _table(title: str, rows: list[ScaleRow]) -> Table:
    lines = []
    for row in rows:
        used = row.used
        times = milliseconds(used.seconds), milliseconds(used.cpu), mebibytes(used.peak)
        at_server = str(row.requests), f"{row.sent / MIB:.1f}", milliseconds(row.fake_cpu)
        lines.append((row.what, row.where, *times, *at_server, row.outcome))
    columns = ("what", "where", "wall ms", "CPU ms", "peak MiB", "requests", "replies MiB", "fake's CPU ms", "outcome")
    return Table(title, columns, lines, words=2, last_words=1)


def _update_table(figures: Figures) -> Table:
    pure = {(one.datastores, one.pools > one.datastores): one for one in figures.pure}
    rows = []
    for one in figures.updates:
        beside = pure.get((one.datastores, one.pools > one.datastores + 2))
        alone = () if beside is None else (beside.decode, beside.update, beside.whole)
        shown = [f"{value:,.1f}" for value in alone] or ["", "", ""]
        rows.append((f"{one.datastores:,}", f"{one.pools:,}", f"{one.cpu * 1e6:,.0f}", *shown))
    alone_columns = ("decode alone", "republish alone", "build of everything")
    columns = ("datastores", "pools", "daemon, CPU µs an update", *alone_columns)
    return Table("What an update costs", columns, rows, words=0)


def markdown(figures: Figures) -> str:
    """The report."""
    lines = [
        *head("Scale"),
        written_by("./dev scale --report docs"),
        "",
        "The fake and the driver share the machine. CPU and memory are those of the process that has the driver loaded "
        "(the client when embedded, libvirtd with the daemon; virsh itself for its commands). Wall times include the "
        "fake's, which has a column of its own: it writes its answers in Python. Requests are SOAP requests, including "
        "long polls. Quick operations were repeated five times; the table has the median of their wall times and the "
        "mean of their CPU times. The load average "
        f"was {figures.load[0]:.1f} at the beginning and {figures.load[1]:.1f} at the end; other work "
        "on the machine increases wall times.",
    ]
    for world, rows in figures.rows.items():
        title = NAMES.get(world, world) if world != "counts" else "2,000 datastores."
        started = f" The fake takes {figures.start[world]:.1f} s to start." if world in figures.start else ""
        lines += ["", f"## {world}", "", f"{title}{started}", "", _WORDS.get(world, ""), ""]
        lines += _table(world, rows).lines()
        if world in figures.steady:
            lines += [
                "",
                f"A live daemon holds {mebibytes(figures.steady[world])} MiB at the end; one that has opened nothing "
                f"{mebibytes(figures.steady[''])} MiB.",
            ]
    lines += [
        "",
        "## What an update costs",
        "",
        f"{figures.changes} changes of the size of one datastore, one after the other, in a daemon that is live. Its "
        "CPU time is all that the kernel counts for it, including TLS, HTTP and the new long poll. The next columns "
        "are what `tests/bench/bench_inventory.c` measures without a server: decoding one update, and then applying "
        "it, building the next snapshot, finding the differences and freeing the previous snapshot. The last column is "
        "what a build of the whole inventory would cost instead.",
        "",
        f"![CPU an update over the number of datastores]({CURVE})",
        "",
        *_update_table(figures).lines(),
        "",
    ]
    return "\n".join(lines)


def curve(figures: Figures) -> bytes:
    """CPU an update over the number of datastores, both axes logarithmic."""
    chart = pygal.XY(
        title="One changed datastore among many: CPU",
        x_title="datastores",
        y_title="microseconds",
        logarithmic=True,
        x_labels=[10, 100, 1000, 10_000],
        y_labels=[1, 10, 100, 1000, 10_000, 100_000],
        width=900,
        height=420,
        js=[],
        style=CleanStyle,
        legend_at_bottom=True,
        truncate_legend=-1,
    )
    single = [one for one in figures.pure if one.world == "datastores"]
    here = [one for one in figures.updates if one.world == "counts"]
    chart.add("daemon, with HTTP and TLS", [(one.datastores, one.cpu * 1e6) for one in here])
    chart.add("republish alone", [(one.datastores, one.update) for one in single])
    chart.add("build of everything, for comparison", [(one.datastores, one.whole) for one in single])
    return chart.render()


def write_report(figures: Figures, folder: Path) -> None:
    """Write SCALE.md and its curve."""
    (folder / "SCALE.md").write_text(markdown(figures), encoding="utf-8")
    (folder / CURVE).write_bytes(tidy(curve(figures)))
