# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What processes use: CPU time and memory of those that run, and of a command that runs to its end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import attrs

from esxkit.harness.process import tied_to_parent

MIB = 1024 * 1024


def cpu_seconds(pid: int, thread: str | None = None) -> float:
    """CPU time of all threads a process has now, or of those with that name."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            if thread is None or (task / "comm").read_text().strip() == thread:
                total += int((task / "schedstat").read_text().split()[0])
        except OSError:
            continue
    return total / 1e9


def _status(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"The kernel does not tell {field} of process {pid}.")


def memory(pid: int) -> int:
    """Bytes of memory a process has now."""
    return _status(pid, "VmRSS")


def peak(pid: int) -> int:
    """The most memory it has had since `forget_peak`, in bytes."""
    return _status(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    """Let the peak begin with what it has now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


@attrs.frozen
class Used:
    """What a piece of work took: seconds by the clock, seconds of CPU, and bytes of memory."""

    seconds: float
    cpu: float
    peak: int
    after: int


class Use:
    """Measures a block of code in which another process works: ``with Use(pid) as use: ...``, then ``use.taken``."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.taken: Used

    def __enter__(self) -> Use:
        forget_peak(self._pid)
        self._cpu, self._begun = cpu_seconds(self._pid), time.perf_counter()
        return self

    def __exit__(self, *_exc: object) -> None:
        seconds = time.perf_counter() - self._begun
        self.taken = Used(seconds, cpu_seconds(self._pid) - self._cpu, peak(self._pid), memory(self._pid))


@attrs.frozen
class Ran:
    """A command that ended."""

    code: int
    out: str
    err: str
    used: Used


def run(argv: list[str], env: Mapping[str, str], folder: Path) -> Ran:
    """Run a command to its end; `folder` takes what it writes."""
    paths = folder / "stdout", folder / "stderr"
    with paths[0].open("wb") as out, paths[1].open("wb") as err:
        begun = time.perf_counter()
        child = subprocess.Popen(tied_to_parent(argv), env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        looker = _Looker(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begun
        looker.stop()
    child.returncode = os.waitstatus_to_exitcode(status)
    printed, complained = (path.read_text(errors="replace") for path in paths)
    return Ran(child.returncode, printed, complained, Used(seconds, usage.ru_utime + usage.ru_stime, looker.peak, 0))


class _Looker(threading.Thread):
    """Looks at a command's memory until it has ended: the kernel's own sum counts that of who forked it as well."""

    def __init__(self, pid: int) -> None:
        super().__init__(name="looker", daemon=True)
        self._pid, self._ended = pid, threading.Event()
        self.peak = 0
        self.start()

    def run(self) -> None:
        while not self._ended.wait(0.005):
            with contextlib.suppress(OSError, ValueError):
                self.peak = max(self.peak, peak(self._pid))

    def stop(self) -> None:
        """The command has ended."""
        self._ended.set()
        self.join()
