# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""How long work takes and how far it is: what a job of a task tells about itself while it runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import attrs

from esxkit.fake.options import FakeOptions
from esxkit.wire.faults import VimFault

_SHOWN_EVERY = 0.05


@attrs.define
class Failure:
    """An order that the next tasks of a method fail: at once, or when so much of the work is done."""

    method: str
    fault: str
    message: str | None = None
    fields: dict[str, Any] = attrs.field(factory=dict)
    at_percent: float = 0
    count: int = 1

    def vim_fault(self) -> VimFault:
        """The fault the task ends with."""
        return VimFault(self.fault, self.message, **self.fields)


class Progress:
    """The clock of one job. A job calls `begun` when its files are there, then `moved` as it goes on.

    Both wait, and are where a cancelled job gets its CancelledError; the job then takes back what it began.
    """

    def __init__(self, options: FakeOptions, show: Callable[[int], None], failure: Failure | None = None):
        self._options, self._show, self._failure = options, show, failure
        self._total, self._done = 0, 0
        self._shown_at = 0.0
        self._shown = 0

    async def begun(self, total: int = 0) -> None:
        """The work has begun, `total` bytes are to be moved; waits the fixed time of a task."""
        self._total = total
        if self._options.task_ms > 0:
            await asyncio.sleep(self._options.task_ms / 1000)
        self._fail_at(0 if total else 100)

    async def moved(self, count: int) -> None:
        """So many bytes more are done; waits as long as they take."""
        rate = self._options.task_bytes_per_second
        await asyncio.sleep(count / rate if rate > 0 else 0)
        self._done += count
        percent = min(100 * self._done / self._total, 100) if self._total else 100
        self._fail_at(percent)
        now = time.monotonic()
        if int(percent) > self._shown and percent < 100 and now - self._shown_at >= _SHOWN_EVERY:
            self._shown_at, self._shown = now, int(percent)
            self._show(self._shown)

    def _fail_at(self, percent: float) -> None:
        if self._failure is not None and self._failure.at_percent <= percent:
            raise self._failure.vim_fault()
