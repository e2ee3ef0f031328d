# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``./dev bench``: measures, prints, and writes what it is asked to write."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from rich.console import Console

from esxkit.harness import environment
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.servers import PASSWORD
from esxkit.measure import report
from esxkit.measure.bench import codec, events, live, page, plots, single, streams, tables
from esxkit.measure.bench.clients import COLD, LIVE, Clients
from esxkit.measure.bench.headlines import HEADLINES, collect, of_matrix
from esxkit.measure.bench.matrix import Matrix, MatrixPlan, Row
from esxkit.measure.bench.replay import ReplayServer
from esxkit.measure.bench.runner import Runner

PARTS = ("matrix", "live", "codec", "streams", "events", "single")
QUICK = MatrixPlan(latencies=(0, 5), volumes=(10,), datastores=(3,), line=(), rounds=1)


@attrs.define
class Bench:
    """One run: the parts' figures as they come, and where they go."""

    plan: MatrixPlan
    quick: bool
    size: int
    """MiB of the disk of the streams."""
    tell: Callable[[str], None]
    rows: list[Row] = attrs.field(factory=list)
    parts: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    errors: dict[str, str] = attrs.field(factory=dict)

    def measure(self, part: str) -> None:
        """One part. One that fails is told, and does not keep the others from being measured."""
        self.tell(f"--- {part}")
        try:
            self.parts[part] = getattr(self, f"_{part}")()
        except Exception:
            self.errors[part] = traceback.format_exc()
            self.tell(self.errors[part])

    def _matrix(self) -> dict[str, Any]:
        folder = environment.private_folder("esxbench")
        try:
            with (
                ReplayServer() as server,
                Runner(folder) as run,
                PrivateLibvirtd(password=PASSWORD) as cold,
                PrivateLibvirtd(password=PASSWORD) as lively,
            ):
                clients = Clients(server, {COLD: cold, LIVE: lively}, folder)
                for row in Matrix(self.plan, clients, run).rows(self.tell):
                    self.rows.append(row)
        finally:
            environment.drop_folder(folder)
        return of_matrix(self.rows)

    def _live(self) -> dict[str, Any]:
        if not self.quick:
            return live.measure()
        # That few pools are not what the headline is about.
        return {**live.measure(datastores=20, rounds=3), "live_pool_list_ms_d2000": None}

    def _codec(self) -> dict[str, Any]:
        return codec.measure(rounds=5, pyvmomi_rounds=1) if self.quick else codec.measure()

    def _streams(self) -> dict[str, Any]:
        size, rounds, rate = (32, 1, 16) if self.quick else (self.size, 5, 16)
        return streams.measure(size, rounds, rate, self.tell)

    def _events(self) -> dict[str, Any]:
        return events.measure(changes=5, datastores=2) if self.quick else events.measure()

    def _single(self) -> dict[str, Any]:
        if not self.quick:
            return single.measure()
        # That few volumes are not what the headlines are about.
        few = single.measure(many=100, rounds=3)
        return {**few, **dict.fromkeys(key for key in few if key != "costs")}


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev bench", description="The driver beside the built-in one, pyVmomi, curl and libxml2."
    )
    parser.add_argument("--quick", action="store_true", help="everything, but so small that it means nothing")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be given again")
    parser.add_argument("--latency", action="append", type=float, metavar="MS", help="of the matrix; again for more")
    parser.add_argument("--rounds", type=int, help=f"of the matrix, for who is fast (default {MatrixPlan().rounds})")
    parser.add_argument("--size", type=int, default=1024, metavar="MIB", help="of the streams' disk (default 1024)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rows and the headlines to this file")
    parser.add_argument("--update-docs", action="store_true", help="write docs/BENCHMARKS.md and its plots")
    given = parser.parse_args(argv)
    if given.update_docs and (given.quick or given.part or given.latency):
        parser.error("docs/BENCHMARKS.md shows whole runs only: leave out --quick, --part and --latency.")
    return given


def _plan(given: argparse.Namespace) -> MatrixPlan:
    plan = QUICK if given.quick else MatrixPlan()
    changes: dict[str, Any] = {}
    if given.latency:
        changes["latencies"] = tuple(given.latency)
    if given.rounds:
        changes["rounds"] = given.rounds
    return attrs.evolve(plan, **changes)


def main(argv: list[str] | None = None) -> int:
    """Measure; 1 when a part failed, or, not with --quick, a headline is not what it has to be."""
    given = _arguments(argv)
    # rich would guess 80 columns where its output is a file.
    console = Console(width=None if sys.stdout.isatty() else 180, soft_wrap=False)

    def tell(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    bench = Bench(_plan(given), given.quick, given.size, tell)
    begun, load = time.monotonic(), os.getloadavg()[0]
    data: dict[str, Any] = {}
    for part in given.part or PARTS:
        bench.measure(part)
        values = collect(bench.parts)
        data = {
            **values,
            "when": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "seconds": round(time.monotonic() - begun, 1),
            "quick": given.quick,
            "load": load,
            "machine": {**report.machine(), **report.peers()},
            "rows": [attrs.asdict(row) for row in bench.rows],
            "parts": bench.parts,
            "errors": bench.errors,
        }
        if given.json:
            given.json.write_text(json.dumps(data, indent=2) + "\n")
    shown = tables.all_of(bench.parts, values, bench.rows)
    # The headlines come last here, where the eye is.
    for table in [*shown[1:], shown[0]]:
        table.show(console)
    console.print(f"{data['seconds']:.0f} s")
    if given.update_docs and not bench.errors:
        docs = environment.REPOSITORY / "docs"
        page.write(docs / "BENCHMARKS.md", data, shown, plots.write(docs, bench.rows, bench.parts["codec"]))
    missed = not given.quick and any(headline.holds(values[headline.key]) is False for headline in HEADLINES)
    return 1 if bench.errors or missed else 0


if __name__ == "__main__":
    sys.exit(main())
