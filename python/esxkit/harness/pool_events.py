# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Listening to events of storage pools, by libvirt-python in a worker and by virsh.

An event is a word, ``NAME:KIND``, such as ``datastore1:started``; kinds are those of libvirt's lifecycle, and refresh.
Nothing here sleeps: whoever waits is woken by the event, or fails at the deadline.

>>> with Listener(client, conn) as listener:          # doctest: +SKIP
...     fake.control.rename_datastore("a", "b")
...     listener.expect("a:stopped", "a:undefined", "b:defined", "b:started")
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import Any

import attrs
import libvirt

from esxkit.harness import environment
from esxkit.harness.client import Client, Remote
from esxkit.harness.process import piped, tied_to_parent
from esxkit.harness.virsh import Virsh

LIFECYCLE = libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE
REFRESH = libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH

_KINDS = {
    libvirt.VIR_STORAGE_POOL_EVENT_DEFINED: "defined",
    libvirt.VIR_STORAGE_POOL_EVENT_UNDEFINED: "undefined",
    libvirt.VIR_STORAGE_POOL_EVENT_STARTED: "started",
    libvirt.VIR_STORAGE_POOL_EVENT_STOPPED: "stopped",
    libvirt.VIR_STORAGE_POOL_EVENT_CREATED: "created",
    libvirt.VIR_STORAGE_POOL_EVENT_DELETED: "deleted",
}


@attrs.frozen
class PoolEvent:
    """One event as a callback was told of it."""

    pool: str
    uuid: str
    kind: str
    when: float
    """time.monotonic(), which is the same clock in all processes of a machine."""

    def __str__(self) -> str:
        return f"{self.pool}:{self.kind}"


# ---- in the worker -----------------------------------------------------------------------------


class _Ear:
    """Some registrations on one connection, and what they were told that nobody has taken yet."""

    def __init__(self, conn: Any, pool: Any, events: Sequence[int], once: bool) -> None:
        self._conn = conn
        self._once = once
        self._told: list[PoolEvent] = []
        self._news = threading.Condition()
        callbacks = {LIFECYCLE: self._lifecycle, REFRESH: self._refresh}
        self._ids = {event: conn.storagePoolEventRegisterAny(pool, event, callbacks[event], event) for event in events}

    def _lifecycle(self, _conn: Any, pool: Any, event: int, _detail: int, number: int) -> None:
        self._hear(pool, _KINDS.get(event, str(event)), number)

    def _refresh(self, _conn: Any, pool: Any, number: int) -> None:
        self._hear(pool, "refresh", number)

    def _hear(self, pool: Any, kind: str, number: int) -> None:
        event = PoolEvent(pool.name(), pool.UUIDString(), kind, time.monotonic())
        if self._once:
            self._conn.storagePoolEventDeregisterAny(self._ids.pop(number))
        with self._news:
            self._told.append(event)
            self._news.notify_all()

    def take(self, count: int, seconds: float) -> list[PoolEvent]:
        """What was told, once that is at least `count` events or the time is over."""
        with self._news:
            self._news.wait_for(lambda: len(self._told) >= count, seconds)
            taken, self._told = self._told, []
            return taken

    def close(self) -> None:
        """Deregister."""
        while self._ids:
            self._conn.storagePoolEventDeregisterAny(self._ids.popitem()[1])


_ears: dict[int, _Ear] = {}


def _listen(conn: Any, pool: Any, events: Sequence[int], once: bool) -> int:
    number = len(_ears) + 1
    _ears[number] = _Ear(conn, pool, events, once)
    return number


def _take(number: int, count: int, seconds: float) -> list[PoolEvent]:
    return _ears[number].take(count, seconds)


def _close(number: int) -> None:
    _ears[number].close()


# ---- for a test --------------------------------------------------------------------------------


class Listener:
    """A subscription in a worker, and a listing behind it: a daemon does not wait for the host in the former.

    Args:
        client: the worker.
        conn: a connection in it.
        pool: the only pool that is of interest.
        events: of what kinds, LIFECYCLE and REFRESH.
        once: the callback deregisters itself when it is called.
        lists: whether to list; without it what changes soon may be no event yet.
    """

    def __init__(
        self,
        client: Client,
        conn: Remote,
        pool: Remote | None = None,
        events: Sequence[int] = (LIFECYCLE, REFRESH),
        *,
        once: bool = False,
        lists: bool = True,
    ) -> None:
        self._client = client
        self._number: int = client.run(f"{__name__}:_listen", conn, pool, list(events), once)
        if lists:
            conn.listStoragePools()
        self._rest: list[PoolEvent] = []

    def next(self, count: int = 1, seconds: float = 10) -> list[PoolEvent]:
        """The next `count` events, in their order; AssertionError with what there is when they do not come in time."""
        deadline = time.monotonic() + environment.patience(seconds)
        while len(self._rest) < count:
            left = deadline - time.monotonic()
            assert left > 0, f"Of {count} events there came but {self.told()} within {seconds} s."
            self._rest += self._client.run(f"{__name__}:_take", self._number, count - len(self._rest), min(left, 5))
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def expect(self, *wanted: str, seconds: float = 10) -> list[PoolEvent]:
        """Wait for just these events, in this order."""
        try:
            events = self.next(len(wanted), seconds)
        except AssertionError as error:
            raise AssertionError(f"{error} Expected were {list(wanted)}.") from None
        told = [str(event) for event in events]
        assert told == list(wanted), f"Told was {told}, expected were {list(wanted)}."
        return events

    def until(self, wanted: str, seconds: float = 10) -> list[str]:
        """What is told up to the first `wanted`, without that."""
        before: list[str] = []
        deadline = time.monotonic() + environment.patience(seconds)
        while (event := str(self.next(1, max(0.01, deadline - time.monotonic()))[0])) != wanted:
            before.append(event)
        return before

    def told(self) -> list[str]:
        """What was told and not taken, as of now."""
        self._rest += self._client.run(f"{__name__}:_take", self._number, 0, 0)
        return [str(event) for event in self._rest]

    def close(self) -> None:
        """Deregister."""
        self._client.run(f"{__name__}:_close", self._number)

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._client.exit_code is None:
            self.close()


class VirshListener:
    """``virsh pool-event --loop --timestamp`` in the background.

    Args:
        virsh: bound to a URI.
        event: "lifecycle" or "refresh"; virsh listens to one kind.
        pool: the only pool that is of interest.
    """

    _LINE = re.compile(r"[-\d]+ [:.\d]+[+\d]*: event '(\w+)' for storage pool (.+?)(?:: (\w+))?$")

    def __init__(self, virsh: Virsh, event: str = "lifecycle", pool: str | None = None) -> None:
        arguments = ["pool-event", "--event", event, "--loop", "--timestamp", *(["--pool", pool] if pool else [])]
        argv = [*environment.wrapper(), environment.program("virsh", "libvirt-clients"), "-c", str(virsh.uri)]
        self._child = subprocess.Popen(
            tied_to_parent([*argv, *arguments]),
            env=virsh.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        os.set_blocking(piped(self._child.stdout).fileno(), False)
        self._text = b""

    def next(self, seconds: float = 10) -> str:
        """The next event; AssertionError when none comes in time, or virsh prints something else."""
        with selectors.DefaultSelector() as selector:
            selector.register(piped(self._child.stdout), selectors.EVENT_READ)
            deadline = time.monotonic() + environment.patience(seconds)
            while b"\n" not in self._text:
                left = deadline - time.monotonic()
                assert left > 0, f"virsh has told of no event within {seconds} s: {self._text!r}"
                if selector.select(left):
                    data = piped(self._child.stdout).read()
                    assert data, f"virsh has ended with {self._child.wait()}: {self._text!r}"
                    self._text += data
        line, _, self._text = self._text.partition(b"\n")
        found = self._LINE.match(line.decode())
        assert found, f"This is no event: {line!r}"
        return f"{found[2]}:{(found[3] or found[1]).lower()}"

    def expect(self, *wanted: str, seconds: float = 10) -> None:
        """Wait for just these events, in this order."""
        assert [self.next(seconds) for _ in wanted] == list(wanted)

    def __enter__(self) -> VirshListener:
        return self

    def __exit__(self, *_exc: object) -> None:
        """Interrupt virsh, as people do."""
        self._child.send_signal(signal.SIGINT)
        try:
            self._child.wait(environment.patience(10))
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        piped(self._child.stdout).close()
