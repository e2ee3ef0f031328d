# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Looking at live reads: whether the long poll is open, and which threads a process has."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from .environment import patience
from .servers import Fake

LIVE = "esx-live"
"""The thread that keeps an inventory current."""


def until(holds: Callable[[], bool], what: str, seconds: float = 10) -> float:
    """Waits until something holds; the seconds that took. AssertionError when it takes too long."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < patience(seconds), f"After {patience(seconds):g} s it is not so: {what}."
        time.sleep(0.005)
    return time.monotonic() - begun


def long_polls(server: Fake) -> int:
    """How many requests the fake holds open at this moment: those of sessions, while nobody asks, are long polls."""

    async def count() -> int:
        return sum(session.in_flight for session in server.server.service.sessions.all())

    return server.server.run(count())


def until_live(server: Fake, polls: int = 1, seconds: float = 10) -> None:
    """Waits until so many long polls are open, and nothing else is on its way."""

    def quiet() -> bool:
        before = server.requests().total()
        if long_polls(server) != polls:
            return False
        time.sleep(0.02)
        return long_polls(server) == polls and server.requests().total() == before

    until(quiet, f"{polls} long polls at the fake", seconds)


def thread_names(pid: int) -> Counter[str]:
    """The threads of a process by name."""
    names: Counter[str] = Counter()
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            names[(task / "comm").read_text().strip()] += 1
        except OSError:
            continue
    return names
