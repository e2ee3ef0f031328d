# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Child processes that never outlive their parent.

The kernel sends a child SIGKILL when its parent dies (setpriv's ``--pdeathsig``): a test run that is killed leaves no
daemon behind. A child is ended by its own pid, SIGTERM first.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, AnyStr

from esxkit.harness.environment import HarnessError, patience


def piped(pipe: IO[AnyStr] | None) -> IO[AnyStr]:
    """The pipe of a child that was started with one there."""
    assert pipe is not None, "The child was started without a pipe there."
    return pipe


def tied_to_parent(argv: Sequence[str]) -> list[str]:
    """`argv`, run so that it dies with its parent where the system has setpriv."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", *argv] if setpriv else list(argv)


class Process:
    """A running child with its output in one log file.

    Args:
        argv: the command.
        log: the file for its standard output and error.
        env: its whole environment.
        name: what messages call it.
    """

    def __init__(self, argv: Sequence[str], *, log: Path, env: Mapping[str, str], name: str) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                tied_to_parent(argv), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(env)
            )

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the child still runs."""
        return self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._child.poll()

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until `ready()`; raise HarnessError when the child ends or `seconds` are over."""
        deadline = time.monotonic() + patience(seconds)
        while not ready():
            if not self.running:
                raise HarnessError(f"{self.name} ended with {self.exit_code} instead of starting: {self.tail()}")
            if time.monotonic() > deadline:
                raise HarnessError(f"{self.name} was not ready within {seconds} seconds: {self.tail()}")
            time.sleep(0.02)

    def stop(self, seconds: float = 10) -> int:
        """End the child, by SIGTERM and after `seconds` by SIGKILL; return its exit code."""
        if self.running:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(patience(seconds))
            except subprocess.TimeoutExpired:
                self._child.kill()
        return self._child.wait()

    def open_files(self) -> int:
        """How many files the child holds open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def open_file_names(self) -> list[str]:
        """What these files are, as the kernel names them."""
        names = []
        for link in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                names.append(os.readlink(link))
        return sorted(names)

    def tail(self, lines: int = 15) -> str:
        """The last lines of the log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError as error:
            return f"(no log: {error})"
