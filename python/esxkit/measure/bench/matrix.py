# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Commands at several latencies and sizes, by all clients in turn.

In each round everybody runs once, so that a machine that is busy for a while is so for everybody; the median of the
rounds counts. Who takes long sits out the later rounds: what takes seconds varies little.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import attrs

from esxkit.harness import usage
from esxkit.measure.bench.clients import (
    BUILTIN,
    CACHE_TTL,
    CLIENTS,
    COLD,
    COMMANDS,
    LIVE,
    OF_VOLUMES,
    Clients,
    check,
    search_is_fresh,
)
from esxkit.measure.bench.recording import Holder, HostSize, name_of, record
from esxkit.measure.bench.runner import Command, CommandRun, Runner

BUILTIN_AT_MOST = 100
"""Volumes the built-in driver is asked to list: it needs 16 requests for each."""

VOLUMES, LATENCY = 1000, 20
"""Of the cell that the headlines are about; it has more rounds than others."""
_MORE = 3


@attrs.frozen
class MatrixPlan:
    """What is measured.

    Attributes:
        latencies: in ms.
        volumes, datastores: the sizes of hosts; commands on volumes take all of the former on a host of few
            datastores, those on pools all of the latter on a host of few volumes.
        line: further numbers of volumes for the built-in driver's line alone.
        rounds: of those who are fast.
        clients: who takes part.
        commands: which are measured.
    """

    latencies: tuple[float, ...] = (0, 5, 20, 40)
    volumes: tuple[int, ...] = (10, 100, 1000)
    datastores: tuple[int, ...] = (10, 100)
    line: tuple[int, ...] = (30,)
    rounds: int = 5
    clients: tuple[str, ...] = tuple(CLIENTS)
    commands: tuple[str, ...] = COMMANDS

    def worlds(self) -> dict[HostSize, list[tuple[str, str]]]:
        """For each host the pairs of client and command that are measured on it."""
        found: dict[HostSize, list[tuple[str, str]]] = {}
        few_stores, few_volumes = min(self.datastores), min(self.volumes)
        for what in self.commands:
            if what in OF_VOLUMES:
                sizes = [HostSize(few_stores, n) for n in self.volumes]
            else:
                sizes = [HostSize(d, few_volumes) for d in self.datastores]
            for world in sizes:
                pairs = ((client, what) for client in self.clients)
                found.setdefault(world, []).extend(p for p in pairs if not _too_long(*p, world))
        if BUILTIN in self.clients and OF_VOLUMES[0] in self.commands:
            for n in self.line:
                found.setdefault(HostSize(few_stores, n), []).append((BUILTIN, OF_VOLUMES[0]))
        return found


def _too_long(client: str, what: str, world: HostSize) -> bool:
    return client == BUILTIN and what == OF_VOLUMES[0] and world.volumes > BUILTIN_AT_MOST


@attrs.define
class Row:
    """Medians of what one client took for one command; memory is the most of all rounds.

    Seconds, CPU seconds and bytes. What the daemon took stands apart. `server_*` is what the server that is not to be
    measured took: seconds of all replies of a run, and its CPU.
    """

    command: str
    datastores: int
    volumes: int
    latency_ms: float
    client: str
    rounds: int
    seconds: float
    seconds_least: float
    seconds_most: float
    requests: int
    connections: int
    bytes_sent: int
    bytes_received: int
    cpu: float
    peak: int
    daemon_cpu: float | None
    daemon_peak: int | None
    server_seconds: float
    server_cpu: float


@attrs.define
class _Sample:
    run: CommandRun
    counters: dict
    daemon_cpu: float | None = None
    daemon_peak: int | None = None


def cpu_of(pid: int) -> float:
    """CPU time of a process with all threads it ever had, to the nanosecond."""
    return time.clock_gettime((~pid << 3) | 2)


class Matrix:
    """Measures a plan."""

    def __init__(self, plan: MatrixPlan, clients: Clients, run: Runner) -> None:
        self._plan, self._clients, self._run = plan, clients, run
        self._commands: dict[str, Command] = {}
        self._last_live = 0.0

    def rows(self, tell: Callable[[str], None] = lambda _text: None) -> Iterator[Row]:
        """The rows as they are measured; `tell` hears what goes on."""
        for world, pairs in self._plan.worlds().items():
            tell(f"recording: {world.datastores} datastores, {world.volumes} volumes")
            self._commands = record(self._clients, self._run, world, pairs)
            for latency in self._plan.latencies:
                tell(f"{world.datastores} datastores, {world.volumes} volumes, {latency:g} ms")
                yield from self._cells(world, latency, pairs)

    def _cells(self, world: HostSize, latency: float, pairs: list[tuple[str, str]]) -> Iterator[Row]:
        commands = list(dict.fromkeys(what for _, what in pairs))
        live = any(client == LIVE for client, _ in pairs)
        if not live:
            for what in commands:
                yield from self._cell(world, latency, what, [c for c, w in pairs if w == what])
            return
        self._clients.server.replay(name_of(LIVE, "", world), latency)
        with Holder(self._clients):
            self._last_live = time.monotonic()
            for what in commands:
                yield from self._cell(world, latency, what, [c for c, w in pairs if w == what])

    def _cell(self, world: HostSize, latency: float, what: str, clients: list[str]) -> Iterator[Row]:
        samples: dict[str, list[_Sample]] = {client: [] for client in clients}
        headline = (what, world.volumes, latency) == (OF_VOLUMES[0], VOLUMES, LATENCY)
        rounds = self._plan.rounds * (_MORE if headline else 1)
        for number in range(rounds):
            for client in clients:
                # Who waits before each run has as many rounds as elsewhere.
                wanted = self._plan.rounds if client == LIVE else rounds
                if number < _rounds_of(samples[client], wanted):
                    samples[client].append(self._sample(world, latency, what, client))
        for client, taken in samples.items():
            yield _row(world, latency, what, client, taken)

    def _sample(self, world: HostSize, latency: float, what: str, client: str) -> _Sample:
        server = self._clients.server
        name = name_of(client, what, world)
        if client == LIVE and search_is_fresh(what):
            time.sleep(max(0.0, self._last_live + CACHE_TTL + 0.05 - time.monotonic()))
        server.replay(name, latency)
        connections, _, sessions = server.state()
        server.counters()
        daemon = self._clients.daemons.get(client)
        pid = daemon.process.pid if daemon else None
        if pid is not None:
            usage.forget_peak(pid)
            cpu = cpu_of(pid)
        run = self._run(self._commands[name] if client != LIVE else self._clients.command(client, what))
        if client == LIVE:
            self._last_live = time.monotonic()
        else:
            # The daemon logs out a moment after virsh has gone.
            server.settle(connections, sessions)
        sample = _Sample(run, server.counters())
        if pid is not None:
            sample.daemon_cpu, sample.daemon_peak = cpu_of(pid) - cpu, usage.peak(pid)
        check(client, what, run.output, world.size)
        return sample


def _rounds_of(taken: list[_Sample], rounds: int) -> int:
    """How often somebody runs who took so long the first time."""
    if not taken or taken[0].run.seconds < 1:
        return rounds
    return min(rounds, 3 if taken[0].run.seconds < 3 else 1)


def _row(world: HostSize, latency: float, what: str, client: str, taken: list[_Sample]) -> Row:
    def median(of: Callable[[_Sample], float]) -> float:
        return statistics.median(of(sample) for sample in taken)

    def count(name: str) -> int:
        return int(statistics.median_high(sample.counters[name] for sample in taken))

    through_daemon = client in (COLD, LIVE)
    return Row(
        command=what,
        datastores=world.datastores,
        volumes=world.volumes,
        latency_ms=latency,
        client=client,
        rounds=len(taken),
        seconds=median(lambda s: s.run.seconds),
        seconds_least=min(s.run.seconds for s in taken),
        seconds_most=max(s.run.seconds for s in taken),
        requests=count("requests"),
        connections=count("connections"),
        bytes_sent=count("bytes_in"),
        bytes_received=count("bytes_out"),
        cpu=median(lambda s: s.run.cpu),
        peak=max(s.run.peak for s in taken),
        daemon_cpu=median(lambda s: s.daemon_cpu or 0) if through_daemon else None,
        daemon_peak=max(s.daemon_peak or 0 for s in taken) if through_daemon else None,
        server_seconds=median(lambda s: s.counters["own_seconds"]),
        server_cpu=median(lambda s: s.counters["cpu"]),
    )
