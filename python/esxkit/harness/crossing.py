# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Changes of one volume that meet: a gate that holds a method at the fake, and what the worker does at once.

The functions without a class are for the worker: ``client.run("esxkit.harness.crossing:…")``.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import libvirt

from esxkit.harness.contents import _send, _transfer, upload
from esxkit.harness.environment import patience
from esxkit.harness.servers import Fake

Outcome = tuple[int, str, float]
"""Of a call: the VIR_ERR code (0: it worked), the message, and the seconds it took."""


class Gate:
    """Holds calls of a method at a fake until the gate is opened; `act` is done in the moment the first one comes."""

    def __init__(self, server: Fake, method: str, act: Callable[[], object] | None = None) -> None:
        self._dispatcher = server.dispatcher
        self._tag = f"<{method}".encode()
        self._act = act
        self._came = threading.Event()
        self._open = threading.Event()

    def __enter__(self) -> Gate:
        self._dispatcher.before = self._hold
        return self

    def __exit__(self, *_exc: object) -> None:
        self._open.set()
        self._dispatcher.before = None

    async def _hold(self, body: bytes) -> None:
        if self._tag in body:
            if not self._came.is_set() and self._act is not None:
                self._act()
            self._came.set()
            while not self._open.is_set():
                await asyncio.sleep(0.01)

    def await_call(self) -> None:
        """Wait until a call is held. AssertionError when none comes."""
        assert self._came.wait(patience(20)), "The call did not come."

    def open(self) -> None:
        """Let go what is held, and what comes from now on."""
        self._open.set()


def outcome_of(work: Callable[[], object]) -> Outcome:
    """What a call comes to."""
    begun = time.monotonic()
    try:
        work()
    except libvirt.libvirtError as error:
        return error.get_error_code(), error.get_error_message(), time.monotonic() - begun
    return 0, "", time.monotonic() - begun


def upload_across(volume: Any, data: bytes, others: Sequence[tuple[Any, str, tuple[Any, ...]]]) -> list[Outcome]:
    """Upload, and call other methods (object, name, arguments) when a part has been sent; what they came to."""
    outcomes: list[Outcome] = []

    def work(stream: Any) -> None:
        volume.upload(stream, 0, 0, 0)
        _send(stream, data[: len(data) // 2])
        for target, name, arguments in others:
            outcomes.append(outcome_of(functools.partial(getattr(target, name), *arguments)))
        _send(stream, data[len(data) // 2 :])

    _transfer(volume, work)
    return outcomes


def upload_twice(volume: Any, data: bytes) -> Outcome:
    """Upload to a volume while another upload to it is under way; what the second came to."""
    outcomes: list[Outcome] = []

    def second() -> None:
        upload(volume, data)

    def first(stream: Any) -> None:
        volume.upload(stream, 0, 0, 0)
        _send(stream, data[: len(data) // 2])
        outcomes.append(outcome_of(second))
        _send(stream, data[len(data) // 2 :])

    _transfer(volume, first)
    return outcomes[0]


def open_and_change(volume: Any, name: str, arguments: tuple[Any, ...]) -> Outcome:
    """Open an upload, send nothing, and call a method of the volume; what that came to."""
    stream = volume.connect().newStream(0)
    volume.upload(stream, 0, 0, 0)
    outcome = outcome_of(lambda: getattr(volume, name)(*arguments))
    stream.abort()
    return outcome


def begin_upload(volume: Any, data: bytes) -> Any:
    """An upload that has begun, and goes on when somebody sends more."""
    stream = volume.connect().newStream(0)
    volume.upload(stream, 0, 0, 0)
    _send(stream, data)
    return stream


def at_once(calls: Sequence[tuple[Any, str, tuple[Any, ...]]]) -> list[Outcome]:
    """Call methods (object, name, arguments) on threads of their own; what they came to."""
    outcomes: list[Outcome] = [(0, "", 0.0)] * len(calls)

    def run(at: int, target: Any, name: str, arguments: tuple[Any, ...]) -> None:
        outcomes[at] = outcome_of(lambda: getattr(target, name)(*arguments))

    threads = [threading.Thread(target=run, args=(at, *call)) for at, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
