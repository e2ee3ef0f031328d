# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Several processes that run cells side by side, each with fakes, daemons and clients of its own."""

from __future__ import annotations

import logging
import multiprocessing
import queue
import signal
import time
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from esxkit.attack.matrix.cells import Cell, Outcome, Recording, record, run_cell
from esxkit.attack.matrix.testbed import Testbed
from esxkit.attack.matrix.verbs import VERBS
from esxkit.harness.client import ApiError

Job = tuple[str, str, str] | Cell
"""(mode, kind, verb) to record, or a cell to run."""

_REPLACE_AFTER = 2000
"""Cells after which a bench is built again, so that what a run piles up in a fake is not what is measured."""


class _Worker:
    """What one process does."""

    def __init__(self) -> None:
        self._benches: dict[tuple[str, str], Testbed] = {}
        self._recordings: dict[tuple[str, str, str], Recording] = {}
        self._cells: dict[tuple[str, str], int] = {}

    def bench(self, mode: str, kind: str) -> Testbed:
        """The bench of a mode and a kind of server."""
        key = mode, kind
        if self._cells.get(key, 0) >= _REPLACE_AFTER:
            self._benches.pop(key).close()
            self._cells[key] = 0
        if key not in self._benches:
            self._benches[key] = Testbed(mode, kind)
        return self._benches[key]

    def recording(self, mode: str, kind: str, verb: str) -> Recording:
        """The calm run of a verb."""
        key = mode, kind, verb
        if key not in self._recordings:
            self._recordings[key] = self._record(mode, kind, verb)
        return self._recordings[key]

    def _record(self, mode: str, kind: str, verb: str, tries: int = 3) -> Recording:
        """A calm run; on a busy machine even that may take longer than the time-outs allow."""
        try:
            return record(self.bench(mode, kind), VERBS[verb])
        except (ApiError, AssertionError):
            if tries == 1:
                raise
            self._benches.pop((mode, kind)).close()
            return self._record(mode, kind, verb, tries - 1)

    def do(self, job: Job) -> Any:
        """A job's result."""
        if isinstance(job, tuple):
            return self.recording(*job).requests
        recording = self.recording(job.mode, job.kind, job.verb)
        way = job.mode, job.kind
        self._cells[way] = self._cells.get(way, 0) + 1
        outcome = run_cell(self.bench(*way), job, recording)
        # What hangs may go on, and spoil the files of cells to come.
        if outcome.verdict in ("crash", "hang", "broken harness"):
            self._benches.pop(way).close()
        return outcome

    def close(self) -> None:
        """End all benches."""
        for bench in self._benches.values():
            bench.close()


def _serve(number: int, jobs: Any, results: Any) -> None:
    """A worker's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The fakes of this process have their connections broken all the time, and would say so.
    for name in ("aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    worker = _Worker()
    try:
        while (job := jobs.get()) is not None:
            try:
                results.put((number, job, worker.do(job)))
            except Exception:
                text = traceback.format_exc(limit=-4)
                results.put((number, job, Outcome(job, "broken harness", 0.0, text) if isinstance(job, Cell) else text))
    finally:
        worker.close()


def _way(job: Job) -> tuple[str, str]:
    """Mode and kind of server of a job."""
    return (job.mode, job.kind) if isinstance(job, Cell) else job[:2]


class Crew:
    """So many workers. A context manager.

    A worker keeps to one mode and one kind of server as long as there is work for these: each has processes of its own.
    """

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._results = context.Queue()
        self._queues = [context.Queue() for _ in range(count)]
        self._workers = [
            context.Process(target=_serve, args=(number, jobs, self._results))
            for number, jobs in enumerate(self._queues)
        ]

    def __enter__(self) -> Crew:
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        for jobs in self._queues:
            jobs.put(None)
        for worker in self._workers:
            worker.join(60)
            if worker.is_alive():
                worker.terminate()

    def do(self, jobs: Iterable[Job], until: float | None = None) -> Iterator[tuple[Job, Any]]:
        """The jobs with their results, as they come; those not begun at `until` (monotonic) are left out.

        RuntimeError when a worker has ended by itself.
        """
        waiting: dict[tuple[str, str], deque[Job]] = {}
        for job in jobs:
            waiting.setdefault(_way(job), deque()).append(job)
        ways = sorted(waiting)
        under_way = sum(self._give(number, waiting, ways) for number in range(len(self._workers)))
        while under_way:
            number, job, result = self._next()
            under_way -= 1
            if until is None or time.monotonic() < until:
                under_way += self._give(number, waiting, ways)
            yield job, result

    def _give(self, number: int, waiting: dict[tuple[str, str], deque[Job]], ways: list[tuple[str, str]]) -> bool:
        """Give a worker its next job, if there is one: of its own way first, then of the one with most work left."""
        if not ways:
            return False
        own = ways[number % len(ways)]
        way = own if waiting[own] else max(ways, key=lambda one: len(waiting[one]))
        if not waiting[way]:
            return False
        self._queues[number].put(waiting[way].popleft())
        return True

    def _next(self) -> tuple[int, Job, Any]:
        while True:
            try:
                return self._results.get(timeout=5)
            except queue.Empty:
                if not all(worker.is_alive() for worker in self._workers):
                    raise RuntimeError("A worker of the matrix has ended by itself.") from None
