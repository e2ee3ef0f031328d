# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``python -m esxkit.measure.bench.events``: how long a change at the host takes to be heard of, and to be seen.

A fake host, a private libvirtd with the driver in it, and two clients of that in processes of their own: one listens,
the other reads one pool's state over and over. A datastore is lost and comes back; each time runs from before the
change was asked of the fake, by one clock for all processes:

* *event*: to the moment the callback of the client that listens is called;
* *read*: to the moment a read of the other client has returned that shows the change. Nothing tells it that there is
  something to see, and it rests half a millisecond between reads.

They take turns, so that the reader is idle while the event is timed.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

import attrs
import libvirt

from esxkit.harness import environment, uri
from esxkit.harness.client import Client, Remote
from esxkit.harness.daemon import PrivateLibvirtd, write_auth_file
from esxkit.harness.live import until_live
from esxkit.harness.pool_events import LIFECYCLE, Listener
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.virsh import client_environment

POOL = "datastore-0000"
REST = 0.0005
"""Seconds between two reads of who looks for a change."""


@attrs.frozen
class Times:
    """Milliseconds that the same thing took again and again."""

    each: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.each)

    def most(self, share: float) -> float:
        """What this share of them did not exceed."""
        return sorted(self.each)[math.ceil(len(self.each) * share) - 1]

    def figures(self) -> dict[str, float]:
        """What is told of them."""
        return {
            "changes": len(self.each),
            "median_ms": round(self.median, 3),
            "p95_ms": round(self.most(0.95), 3),
            "max_ms": round(max(self.each), 3),
        }


# ---- in the worker that reads ------------------------------------------------------------------


def await_state(pool: Any, state: int, seconds: float) -> float:
    """Read until the pool is in a state; when the read returned that showed it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if pool.info()[0] == state:
            return time.monotonic()
        time.sleep(REST)
    raise AssertionError(f"The pool is not in the state {state} within {seconds} s.")


# ---- measuring ---------------------------------------------------------------------------------


class EventBench:
    """A fake host whose changes are timed.

    Args:
        fake: the host; one of its datastores is called POOL.
        listening, reading: a connection each, in workers of their own.
    """

    def __init__(self, fake: Fake, listening: tuple[Client, Remote], reading: tuple[Client, Remote]) -> None:
        self._fake = fake
        self._listening = listening
        self._reader, conn = reading
        self._pool = conn.storagePoolLookupByName(POOL)
        self._accessible = True
        # The worker imports this module now, and not while something is timed.
        self._wait_for(libvirt.VIR_STORAGE_POOL_RUNNING)

    def _wait_for(self, state: int) -> float:
        return self._reader.run("esxkit.measure.bench.events:await_state", self._pool, state, 10.0)

    def _change(self) -> float:
        """Lose the datastore, or get it back; when that was begun."""
        self._accessible = not self._accessible
        begun = time.monotonic()
        self._fake.control.set_accessible(name=POOL, accessible=self._accessible)
        return begun

    def events(self, changes: int) -> Times:
        """From a change to the callback."""
        times = []
        with Listener(*self._listening, events=[LIFECYCLE]) as listener:
            for _ in range(changes):
                until_live(self._fake)
                begun = self._change()
                (event,) = listener.expect(f"{POOL}:{'started' if self._accessible else 'stopped'}")
                times.append((event.when - begun) * 1000)
        return Times(tuple(times))

    def reads(self, changes: int) -> Times:
        """From a change to the end of the first read that shows it."""
        times = []
        for _ in range(changes):
            until_live(self._fake)
            seen: list[float] = []
            state = libvirt.VIR_STORAGE_POOL_INACCESSIBLE if self._accessible else libvirt.VIR_STORAGE_POOL_RUNNING
            before = self._fake.requests().total()
            looking = threading.Thread(target=lambda state=state, seen=seen: seen.append(self._wait_for(state)))
            looking.start()
            # The reader is at it by then; at an idle host nobody else asks.
            time.sleep(0.02)
            assert self._fake.requests().total() == before, "reads of a live daemon have asked the host"
            begun = self._change()
            looking.join()
            assert seen, "the change was not seen"
            times.append((seen[0] - begun) * 1000)
        return Times(tuple(times))


def measure(changes: int = 100, datastores: int = 100, latency_ms: float = 0) -> dict[str, Any]:
    """Both kinds of times through a daemon of its own; `event_latency_ms_median` is the headline."""
    folder = environment.private_folder("esxbench")
    env = client_environment(folder, write_auth_file(folder / "auth.conf", PASSWORD))
    world = {"datastores": datastores, "targets": 2, "luns": 2, "volumes": 0}
    try:
        with (
            Fake(counts=world, latency_ms=latency_ms) as fake,
            PrivateLibvirtd(password=PASSWORD) as daemon,
            Client(env) as first,
            Client(env) as second,
        ):
            address = uri.embedded(fake.host, fake.port, cacert=str(fake.cacert))
            conns = [client.open(uri.through_daemon(address, daemon.socket)) for client in (first, second)]
            bench = EventBench(fake, (first, conns[0]), (second, conns[1]))
            events, reads = bench.events(changes), bench.reads(changes)
            for conn in conns:
                conn.close()
    finally:
        environment.drop_folder(folder)
    return {
        "datastores": datastores,
        "latency_ms": latency_ms,
        "event": events.figures(),
        "read": reads.figures(),
        "event_latency_ms_median": round(events.median, 3),
    }


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when events take 50 ms or more."""
    parser = argparse.ArgumentParser(prog="bench-events", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--changes", type=int, default=100, help="of each kind (default 100)")
    parser.add_argument("--datastores", type=int, default=100, help="the host has (default 100)")
    parser.add_argument("--latency", type=float, default=0, metavar="MS", help="of each request (default 0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file as well")
    arguments = parser.parse_args(argv)

    figures = measure(arguments.changes, arguments.datastores, arguments.latency)
    for kind in ("event", "read"):
        row = figures[kind]
        print(
            f"change → {kind:<6} median {row['median_ms']:8.2f} ms   95 % {row['p95_ms']:8.2f} ms   "
            f"most {row['max_ms']:8.2f} ms   ({row['changes']} changes)"
        )
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if figures["event_latency_ms_median"] < 50 else 1


if __name__ == "__main__":
    sys.exit(main())
