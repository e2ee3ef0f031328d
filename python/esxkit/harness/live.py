# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Looking at live reads: whether a long poll is open, and which threads and files a process has."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from esxkit.fake.server import FakeProcess
from esxkit.harness import uri
from esxkit.harness.client import ApiError, Client, Remote
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.environment import patience
from esxkit.harness.process import Process
from esxkit.harness.pytest_plugin import Site
from esxkit.harness.servers import Fake

LIVE = "esx-live"
"""The thread that keeps an inventory current."""

SOON = 10.0
"""Seconds within which a change is seen that the host reports: mostly milliseconds. A long poll lasts for 30 s."""


def until(holds: Callable[[], bool], what: str, seconds: float = 30) -> float:
    """Wait until something holds; the seconds that took. AssertionError when it takes too long."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < patience(seconds), f"After {patience(seconds):g} s it is not so: {what}."
        time.sleep(0.005)
    return time.monotonic() - begun


def until_live(server: Fake, seconds: float = 30) -> None:
    """Wait until a long poll is open at the fake."""
    assert server.control.await_waits(1, patience(seconds)), f"After {patience(seconds):g} s there is no long poll."


def until_lost(conn: Remote) -> None:
    """Wait until reads fail: a daemon answers from what it was told, until it hears that nobody tells it any more."""

    def fails() -> bool:
        try:
            conn.listAllStoragePools(0)
        except ApiError:
            return True
        return False

    until(fails, "reads fail")


def settled(site: Site, server: Fake) -> None:
    """Wait until a connection that has read causes no request by itself: in a daemon its long poll has to be sent."""
    if site.mode == "remote":
        until_live(server)


def shows(site: Site, holds: Callable[[], bool], what: str) -> None:
    """Assert that a change of the host is seen: by the next read, or in a daemon as soon as the host told of it."""
    if site.mode == "remote":
        until(holds, what, SOON)
    else:
        assert holds(), f"It is not so: {what}."


def driver_threads(pid: int) -> int:
    """How many threads of a process are the driver's. libvirtd makes and ends its own as it pleases."""
    return sum(count for name, count in thread_names(pid).items() if name.startswith("esx-"))


def thread_names(pid: int) -> Counter[str]:
    """The threads of a process by name."""
    names: Counter[str] = Counter()
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            names[(task / "comm").read_text().strip()] += 1
        except OSError:
            continue
    return names


def least_files(process: Process) -> int:
    """The fewest files that a process has open within half a second: some it opens but for a moment."""
    counts = []
    for _ in range(10):
        counts.append(process.open_files())
        time.sleep(0.05)
    return min(counts)


def files_at_rest(daemon: PrivateLibvirtd, client: Client, fake: FakeProcess) -> int:
    """How many files a daemon has open without connections, after one that has used the driver.

    libvirtd opens some at its first client, and flags of the driver with a descriptor live as long as the process.
    """
    address = uri.embedded("127.0.0.1", fake.port, cacert=fake.cacert)
    conn = client.open(uri.through_daemon(address, daemon.socket))
    conn.listAllStoragePools(0)
    conn.close()
    until(lambda: not fake.control.sessions(), "the session has ended")
    return least_files(daemon.process)
