# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The world of a soak changes, one thing at a time, and a subscriber must hear of each change, and of nothing else."""

from __future__ import annotations

import functools
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import libvirt

from esxkit.harness.pool_events import Listener, PoolEvent
from esxkit.measure.soak.journal import JournalWriter, State

GIB = 1024**3
_RUNNING = libvirt.VIR_STORAGE_POOL_RUNNING
_LOST = (libvirt.VIR_STORAGE_POOL_INACCESSIBLE, 0, 0, 0)


@attrs.frozen
class WorldStep:
    """One change: what the slot is afterwards, what makes it so, and the events it must cause, in order."""

    kind: str
    state: State
    make: Callable[[], Any]
    events: tuple[str, ...]
    """NAME:KIND, as :mod:`~esxkit.harness.pool_events` writes them."""


def appears(name: str) -> tuple[str, ...]:
    """The events of a pool that is there."""
    return (f"{name}:defined", f"{name}:started")


def goes(name: str) -> tuple[str, ...]:
    """The events of a pool that is gone."""
    return (f"{name}:stopped", f"{name}:undefined")


class WorldChanger:
    """Takes datastores and a target through everything that can happen to them, again and again.

    Args:
        control: the fake's control verbs.
        journal: where the clients read what the world is.
        listener: hears the events.
        target: the IQN of the target that changes, with the sizes of its LUNs.
        bound: seconds within which the events of a change must come.
    """

    def __init__(
        self,
        control: Any,
        journal: JournalWriter,
        listener: Listener,
        target: tuple[str, list[int]],
        bound: float,
        datastores: int = 3,
    ) -> None:
        self._control = control
        self._journal = journal
        self._listener = listener
        self._bound = bound
        self._chance = random.Random(4711)
        self.latencies: dict[str, list[float]] = {}
        self.problems: list[str] = []
        self._expected: list[str] = []
        self._told: list[str] = []
        self._slots: list[Iterator[WorldStep]] = [self._datastore(number) for number in range(datastores)]
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
        """Change the world until `over`, with pauses."""
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
        begun = self._journal.begin(slot, step.state)
        step.make()
        self._journal.end(slot)
        last = self._hear(step)
        if last is not None:
            self.latencies.setdefault(step.kind, []).append(last - begun)
            self._expected += [event for event in step.events if not event.endswith(":refresh")]

    def _hear(self, step: WorldStep) -> float | None:
        """When the last event of a step came; None when one did not come in time."""
        missing, last = list(step.events), 0.0
        deadline = time.monotonic() + self._bound
        while missing:
            try:
                (event,) = self._listener.next(1, max(0.01, deadline - time.monotonic()))
            except AssertionError:
                self.problems.append(f"{step.kind}: no event {missing} within {self._bound:g} s.")
                return None
            self._heard(event)
            if str(event) in missing:
                missing.remove(str(event))
                last = event.when
        return last

    def _heard(self, event: PoolEvent) -> None:
        # Clients change volumes all the time, and refresh pools.
        if event.kind != "refresh":
            self._told.append(str(event))

    def unexpected(self) -> list[str]:
        """What was told, over the whole run, that had not happened, or in another order."""
        while self._listener.told():
            for event in self._listener.next(len(self._listener.told())):
                self._heard(event)
        if self._told == self._expected:
            return []
        pairs = zip([*self._told, None], [*self._expected, None], strict=False)
        first = next(at for at, (told, expected) in enumerate(pairs) if told != expected)
        return [f"Events were {self._told[first : first + 6]}, and not {self._expected[first : first + 6]}."]

    def _set(self, slot: int, state: State) -> None:
        self._journal.begin(slot, state)
        self._journal.end(slot)

    def _datastore(self, number: int) -> Iterator[WorldStep]:
        control, turn = self._control, 0
        while True:
            turn += 1
            name, other = f"changing-{number}-{turn}", f"renamed-{number}-{turn}"
            yield WorldStep(
                "datastore created",
                State(name),
                functools.partial(control.add_datastore, name=name, capacity=1024 * GIB),
                appears(name),
            )
            sized = self._sized(name, 2000)
            yield sized
            yield WorldStep(
                "datastore lost",
                State(name, _LOST),
                functools.partial(control.set_accessible, name=name, accessible=False),
                (f"{name}:stopped",),
            )
            yield WorldStep(
                "datastore back",
                sized.state,
                functools.partial(control.set_accessible, name=name, accessible=True),
                (f"{name}:started",),
            )
            yield WorldStep(
                "datastore renamed",
                attrs.evolve(sized.state, name=other),
                functools.partial(control.rename_datastore, name=name, new_name=other),
                goes(name) + appears(other),
            )
            yield self._sized(other, 3100)
            yield WorldStep(
                "datastore removed",
                State(None),
                functools.partial(control.remove_datastore, name=other),
                goes(other),
            )

    def _sized(self, name: str, least: int) -> WorldStep:
        """At least so many GiB, and 900 more at most: two of these differ by far more than 1 %."""
        capacity = self._chance.randrange(least, least + 900) * GIB
        free = capacity // self._chance.randrange(2, 6)
        return WorldStep(
            "capacity",
            State(name, (_RUNNING, capacity, capacity - free, free)),
            lambda: self._control.set_capacity(name=name, capacity=capacity, free=free),
            (f"{name}:refresh",),
        )

    def _add_lun(self, iqn: str, number: int, added: list[str]) -> None:
        added.append(self._control.add_lun(iqn=iqn, number=number, size=7 * GIB))

    def _remove_lun(self, added: list[str]) -> None:
        self._control.remove_lun(canonical_name=added[0])

    def _target(self, iqn: str, size: int, luns: int) -> Iterator[WorldStep]:
        control, number = self._control, 100
        while True:
            number = number + 1 if number < 200 else 101
            added: list[str] = []
            yield WorldStep(
                "LUN added",
                _target_state(iqn, size + 7 * GIB, luns + 1),
                functools.partial(self._add_lun, iqn, number, added),
                (f"{iqn}:refresh",),
            )
            yield WorldStep(
                "paths dead",
                _target_state(iqn, size + 7 * GIB, luns + 1, libvirt.VIR_STORAGE_POOL_INACCESSIBLE),
                lambda: control.set_path_state(state="dead", iqn=iqn),
                (f"{iqn}:stopped",),
            )
            yield WorldStep(
                "paths back",
                _target_state(iqn, size + 7 * GIB, luns + 1),
                lambda: control.set_path_state(state="active", iqn=iqn),
                (f"{iqn}:started",),
            )
            yield WorldStep(
                "LUN removed",
                _target_state(iqn, size, luns),
                functools.partial(self._remove_lun, added),
                (f"{iqn}:refresh",),
            )


def _target_state(iqn: str, size: int, luns: int, state: int = _RUNNING) -> State:
    return State(iqn, (state, size, size, 0), luns)
