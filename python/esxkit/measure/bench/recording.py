# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Shows the replay server what each client says to one host, and what the fake answers.

The fake's tasks are done before the call that starts them returns (``task_ms=0``): how long a host searches is its own
affair and the same for everybody, and so one look at the task is enough for everybody.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import attrs

from esxkit.harness.client import Client
from esxkit.harness.servers import Fake
from esxkit.measure.bench import bound, worlds
from esxkit.measure.bench.clients import CACHE_TTL, COLD, CURL, EMBEDDED, LIVE, Clients, check, search_is_fresh
from esxkit.measure.bench.runner import Command, Runner


@attrs.frozen
class HostSize:
    """A host of the matrix."""

    datastores: int
    volumes: int

    @property
    def size(self) -> tuple[int, int]:
        """Both numbers."""
        return self.datastores, self.volumes


def name_of(client: str, what: str, world: HostSize) -> str:
    """What a recording is called. All that a live daemon is asked is in one: its long poll lasts through all of it."""
    return f"{client}/{'' if client == LIVE else what}/{world.datastores}/{world.volumes}"


class Holder:
    """A client that keeps a connection of a daemon open, so that its reads are live: a context manager."""

    def __init__(self, clients: Clients, kind: str = LIVE) -> None:
        self._clients, self._kind = clients, kind

    def __enter__(self) -> Holder:
        server = self._clients.server
        self._worker = Client(self._clients.env)
        self._conn = self._worker.open(self._clients.uri(self._kind))
        self._conn.listAllStoragePools()
        deadline = time.monotonic() + 10
        while server.state()[1] == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.state()[1], "The daemon does not keep its inventory current: there is no long poll."
        return self

    def __exit__(self, *_exc: object) -> None:
        self._worker.close()
        self._clients.server.settle()


def record(clients: Clients, run: Runner, world: HostSize, wanted: Iterable[tuple[str, str]]) -> dict[str, Command]:
    """Record what these clients say for these commands on a host; the commands by the name of their recording.

    Args:
        clients: whom to ask, and the server that writes it down.
        run: runs them.
        world: the host.
        wanted: pairs of client and command. curl needs the embedded driver's for the same command.
    """
    server = clients.server
    made: dict[str, Command] = {}
    wanted = list(wanted)
    with Fake(worlds.host(*world.size), plain_port=0, task_ms=0) as fake:
        for client, what in wanted:
            if client in (CURL, LIVE):
                continue
            name = name_of(client, what, world)
            server.record(name, fake.plain_port)
            made[name] = clients.command(client, what)
            check(client, what, run(made[name]).output, world.size)
            server.settle()
            if client == COLD:
                # How far the daemon gets with going live before virsh closes differs from run to run.
                with Holder(clients, COLD):
                    pass
        for what in (what for client, what in wanted if client == CURL):
            name = name_of(CURL, what, world)
            ours = server.requests(name_of(EMBEDDED, what, world))
            bodies = bound.record(server, ours, fake.plain_port, name)
            server.settle()
            made[name] = bound.command(server, bodies, clients.folder / name.replace("/", "-"), clients.env)
        live = [what for client, what in wanted if client == LIVE]
        if live:
            server.record(name_of(LIVE, "", world), fake.plain_port)
            with Holder(clients):
                for what in live:
                    if search_is_fresh(what):
                        time.sleep(CACHE_TTL + 0.1)
                    check(LIVE, what, run(clients.command(LIVE, what)).output, world.size)
    server.counters()
    return made
