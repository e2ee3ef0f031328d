# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Runs a command to its end and tells what it took: by the clock, of the CPU, of memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import attrs

from esxkit.harness.process import piped, tied_to_parent


@attrs.frozen
class Command:
    """What to run: arguments with the program's whole path, environment, and a file for its standard input."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: Path | None = None


@attrs.frozen
class CommandRun:
    """What a command took: seconds by the clock, seconds of CPU, bytes of memory at most; and what it wrote."""

    seconds: float
    cpu: float
    peak: int
    output: str


class Runner:
    """The small process that starts commands; `folder` takes what they write."""

    def __init__(self, folder: Path) -> None:
        self._output = folder / "output"

    def __enter__(self) -> Runner:
        program = Path(__file__).with_name("runner_process.py")
        self._child = subprocess.Popen(
            tied_to_parent([sys.executable, "-I", "-S", str(program)]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_exc: object) -> None:
        piped(self._child.stdin).close()
        self._child.wait()
        piped(self._child.stdout).close()

    def __call__(self, command: Command) -> CommandRun:
        """Run a command; AssertionError with its output when it fails."""
        order = {
            "argv": command.argv,
            "env": dict(command.env),
            "stdin": str(command.stdin or "/dev/null"),
            "out": str(self._output),
        }
        piped(self._child.stdin).write(json.dumps(order) + "\n")
        piped(self._child.stdin).flush()
        told = json.loads(piped(self._child.stdout).readline())
        output = self._output.read_text(errors="replace")
        assert told["code"] == 0, f"{' '.join(command.argv)} ended with {told['code']}:\n{output[-2000:]}"
        return CommandRun(told["seconds"], told["cpu"], told["peak"], output)
