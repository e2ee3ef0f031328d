# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The world of a soak changes, one thing at a time, and a subscriber must hear of each change, and of nothing else.

:class:`WorldChanger` runs in the soak's own process. The functions at the end run in the subscriber's process, by
``client.run("esxkit.harness.soak_world:subscribe", conn)``.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import libvirt

from .client import Client
from .soak_journal import JournalWriter, State

GIB = 1024**3
_RUNNING = libvirt.VIR_STORAGE_POOL_RUNNING
_LOST = (libvirt.VIR_STORAGE_POOL_INACCESSIBLE, 0, 0, 0)

Event = tuple[float, str, str]
"""When it came (monotonic), the pool's name, and what: "defined", "started", "stopped", "undefined", "refresh"."""


@attrs.frozen
class Step:
    """One change: what the slot is afterwards, what makes it so, and the events it must cause, in order."""

    kind: str
    state: State
    make: Callable[[], Any]
    events: tuple[tuple[str, str], ...]


def appears(name: str) -> tuple[tuple[str, str], ...]:
    """The events of a pool that is there."""
    return ((name, "defined"), (name, "started"))


def goes(name: str) -> tuple[tuple[str, str], ...]:
    """The events of a pool that is gone."""
    return ((name, "stopped"), (name, "undefined"))


class WorldChanger:
    """Takes datastores and a target through everything that can happen to them, again and again.

    Args:
        control: the fake's control verbs.
        journal: where the clients read what the world is.
        subscriber: the process that hears the events.
        target: the IQN of the target that changes, with the sizes of its LUNs.
        bound: seconds within which the events of a change must come.
    """

    def __init__(
        self,
        control: Any,
        journal: JournalWriter,
        subscriber: Client,
        target: tuple[str, list[int]],
        bound: float,
        datastores: int = 3,
    ) -> None:
        self._control = control
        self._journal = journal
        self._subscriber = subscriber
        self._bound = bound
        self._chance = random.Random(4711)
        self.latencies: dict[str, list[float]] = {}
        self.problems: list[str] = []
        self._expected: dict[str, list[str]] = {}
        self._slots: list[Iterator[Step]] = [self._datastore(number) for number in range(datastores)]
        for slot in range(datastores):
            self._set(slot, State(None))
        iqn, sizes = target
        self._slots.append(self._target(iqn, sum(sizes), len(sizes)))
        self._set(datastores, _target_state(iqn, sum(sizes), len(sizes)))

    @property
    def changes(self) -> int:
        """How many changes were made."""
        return sum(len(values) for values in self.latencies.values())

    def run(self, over: threading.Event, pause: float) -> None:
        """Changes the world until `over`, with pauses."""
        while not over.wait(pause * self._chance.uniform(0.5, 1.5)):
            try:
                self.step()
            except Exception as error:
                self.problems.append(f"The world could not be changed: {error!r}")
                return

    def step(self) -> None:
        """One change, and the wait for its events."""
        slot = self._chance.randrange(len(self._slots))
        step = next(self._slots[slot])
        seen = self._subscriber.run(f"{__name__}:count")
        begun = self._journal.begin(slot, step.state)
        step.make()
        self._journal.end(slot)
        came, missing = self._subscriber.run(
            f"{__name__}:wait", seen, step.events, self._bound, timeout=self._bound + 30
        )
        if missing:
            self.problems.append(f"{step.kind}: no event {missing} within {self._bound:g} s; there were {came}.")
            return
        # When the first of its events had come; those of a renewal of the session take its time.
        self.latencies.setdefault(step.kind, []).append(came - begun)
        for name in {name for name, _ in step.events}:
            order = [what for of, what in step.events if of == name and what != "refresh"]
            self._expected.setdefault(name, []).extend(order)

    def unexpected(self) -> list[str]:
        """What was told of any pool that had not happened, or in another order, over the whole run."""
        told: dict[str, list[str]] = {}
        for _, name, what in self._subscriber.run(f"{__name__}:lifecycle"):
            told.setdefault(name, []).append(what)
        return [
            f"The events of '{name}' were {events}, and not {self._expected.get(name, [])}."
            for name, events in told.items()
            if events != self._expected.get(name, [])
        ]

    def _set(self, slot: int, state: State) -> None:
        self._journal.begin(slot, state)
        self._journal.end(slot)

    def _datastore(self, number: int) -> Iterator[Step]:
        control, turn = self._control, 0
        while True:
            turn += 1
            name, other = f"changing-{number}-{turn}", f"renamed-{number}-{turn}"
            yield Step(
                "datastore created",
                State(name),
                lambda name=name: control.add_datastore(name=name, capacity=1024 * GIB),
                appears(name),
            )
            sized = self._sized(name)
            yield sized
            yield Step(
                "datastore lost",
                State(name, _LOST),
                lambda name=name: control.set_accessible(name=name, accessible=False),
                ((name, "stopped"),),
            )
            yield Step(
                "datastore back",
                sized.state,
                lambda name=name: control.set_accessible(name=name, accessible=True),
                ((name, "started"),),
            )
            yield Step(
                "datastore renamed",
                attrs.evolve(sized.state, name=other),
                lambda name=name, other=other: control.rename_datastore(name=name, new_name=other),
                goes(name) + appears(other),
            )
            yield self._sized(other)
            yield Step(
                "datastore removed",
                State(None),
                lambda other=other: control.remove_datastore(name=other),
                goes(other),
            )

    def _sized(self, name: str) -> Step:
        capacity = self._chance.randrange(2000, 4000) * GIB
        free = capacity // self._chance.randrange(2, 6)
        return Step(
            "capacity",
            State(name, (_RUNNING, capacity, capacity - free, free)),
            lambda: self._control.set_capacity(name=name, capacity=capacity, free=free),
            ((name, "refresh"),),
        )

    def _target(self, iqn: str, size: int, luns: int) -> Iterator[Step]:
        control, number = self._control, 100
        while True:
            number = number + 1 if number < 200 else 101
            added: list[str] = []
            yield Step(
                "LUN added",
                _target_state(iqn, size + 7 * GIB, luns + 1),
                lambda number=number, added=added: added.append(
                    control.add_lun(iqn=iqn, number=number, size=7 * GIB)
                ),
                ((iqn, "refresh"),),
            )
            yield Step(
                "paths dead",
                State(iqn, _LOST),
                lambda: control.set_path_state(state="dead", iqn=iqn),
                ((iqn, "stopped"),),
            )
            yield Step(
                "paths back",
                _target_state(iqn, size + 7 * GIB, luns + 1),
                lambda: control.set_path_state(state="active", iqn=iqn),
                ((iqn, "started"),),
            )
            yield Step(
                "LUN gone",
                _target_state(iqn, size, luns),
                lambda added=added: control.remove_lun(canonical_name=added[0]),
                ((iqn, "refresh"),),
            )


def _target_state(iqn: str, size: int, luns: int) -> State:
    return State(iqn, (_RUNNING, size, size, 0), luns)


# ---- in the subscriber's process ------------------------------------------------------------------

_LIFECYCLE = {
    libvirt.VIR_STORAGE_POOL_EVENT_DEFINED: "defined",
    libvirt.VIR_STORAGE_POOL_EVENT_STARTED: "started",
    libvirt.VIR_STORAGE_POOL_EVENT_STOPPED: "stopped",
    libvirt.VIR_STORAGE_POOL_EVENT_UNDEFINED: "undefined",
}
_events: list[Event] = []
_news = threading.Condition()


def _heard(pool: Any, what: str) -> None:
    with _news:
        _events.append((time.monotonic(), pool.name(), what))
        _news.notify_all()


def subscribe(conn: Any) -> None:
    """Listens to all pools of a connection."""
    conn.storagePoolEventRegisterAny(
        None,
        libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
        lambda _conn, pool, event, _detail, _opaque: _heard(pool, _LIFECYCLE.get(event, f"lifecycle {event}")),
        None,
    )
    conn.storagePoolEventRegisterAny(
        None, libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH, lambda _conn, pool, _opaque: _heard(pool, "refresh"), None
    )


def count() -> int:
    """How many events have come."""
    with _news:
        return len(_events)


def lifecycle() -> list[Event]:
    """Those of them that are none of contents."""
    with _news:
        return [event for event in _events if event[2] != "refresh"]


def wait(
    seen: int, expected: tuple[tuple[str, str], ...], seconds: float
) -> tuple[float | list[Event], list[tuple[str, str]]]:
    """Waits until all of `expected` have come after the first `seen` events.

    Returns when the last of them came and what is missing: nothing. Or, after `seconds`, the events there were instead.
    """
    deadline = time.monotonic() + seconds
    with _news:
        while True:
            came = _events[seen:]
            missing = [one for one in expected if one not in [(name, what) for _, name, what in came]]
            if not missing:
                return max(at for at, name, what in came if (name, what) in expected), []
            left = deadline - time.monotonic()
            if left <= 0:
                return came, missing
            _news.wait(left)
