# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""virsh as a function, and its tables as Python values."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import attrs

from esxkit.harness import environment
from esxkit.harness.process import tied_to_parent


@attrs.frozen
class Result:
    """What one run of virsh gave."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Whether virsh said that it succeeded."""
        return self.code == 0

    def check(self) -> Result:
        """Itself; raises AssertionError with the whole story when virsh failed."""
        assert self.ok, f"virsh {shlex.join(self.argv)} ended with {self.code}:\n{self.out}{self.err}"
        return self

    def table(self) -> list[dict[str, str]]:
        """The table of a listing."""
        return parse_table(self.out)

    def fields(self) -> dict[str, str]:
        """The ``Name:  value`` lines of an info command."""
        return parse_fields(self.out)

    def lines(self) -> list[str]:
        """The lines that say something."""
        return [line.strip() for line in self.out.splitlines() if line.strip()]


class Virsh:
    """virsh, bound to one connection URI.

    Args:
        uri: what ``-c`` gets; None leaves the choice to virsh.
        env: the environment, e.g. from :func:`client_environment`.
        prefix: a command to put before it, such as one that enters a namespace.
    """

    def __init__(self, uri: str | None, env: Mapping[str, str], prefix: list[str] | None = None) -> None:
        self.uri = uri
        self.env = dict(env)
        self.prefix = prefix or []

    def __call__(self, *arguments: str, timeout: float = 60, readonly: bool = False) -> Result:
        """Run one virsh command and wait for it; a run over `timeout` seconds is an error of its own."""
        options = ["--readonly"] if readonly else []
        if self.uri is not None:
            options += ["-c", self.uri]
        argv = [
            *self.prefix,
            *environment.wrapper(),
            environment.program("virsh", "libvirt-clients"),
            *options,
            *arguments,
        ]
        seconds = environment.patience(timeout)
        try:
            done = subprocess.run(
                tied_to_parent(argv),
                env=self.env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                check=False,
                text=True,
                errors="replace",
            )
        except subprocess.TimeoutExpired as expired:
            raise AssertionError(f"virsh {shlex.join(arguments)} did not end within {seconds} seconds.") from expired
        return Result(arguments, done.returncode, done.stdout, done.stderr)

    def batch(self, *commands: tuple[str, ...], timeout: float = 60) -> Result:
        """Run several commands on one open connection."""
        return self("; ".join(shlex.join(command) for command in commands), timeout=timeout)


def client_environment(home: Path, auth_file: Path | None = None, modules: Path | None = None) -> dict[str, str]:
    """The environment of a libvirt client that sees no configuration but ours."""
    kept = ("PATH", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "COVERAGE_PROCESS_START", "GCOV_PREFIX", "G_SLICE")
    env = {name: os.environ[name] for name in os.environ if name in kept or name.endswith("SAN_OPTIONS")}
    env |= {
        "LC_ALL": "C.UTF-8",
        "LANGUAGE": "C",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "LIBVIRT_DRIVER_DIR": str(modules or environment.driver_dir()),
    }
    if auth_file is not None:
        env["LIBVIRT_AUTH_FILE"] = str(auth_file)
    return env | environment.preload()


def parse_table(text: str) -> list[dict[str, str]]:
    """The rows of a virsh listing by column heading.

    virsh pads every column to its widest cell with at least three blanks between columns, so a heading's offset is
    where its column begins in each row; cells may hold blanks.
    """
    lines = text.rstrip("\n").splitlines()
    if len(lines) < 2 or not re.fullmatch(r"-+", lines[1].strip()):
        raise ValueError(f"This is not a table of virsh: {text!r}")
    headings = [(found.group(), found.start()) for found in re.finditer(r"\S+(?: \S+)*", lines[0])]
    rows = []
    for line in lines[2:]:
        if not line.strip():
            continue
        ends = [start for _, start in headings[1:]] + [None]
        cells = zip(headings, ends, strict=True)
        rows.append({name: line[start:end].strip() for (name, start), end in cells})
    return rows


def parse_fields(text: str) -> dict[str, str]:
    """The ``Name:  value`` lines of commands such as pool-info."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def human(size: int | None) -> str:
    """A size as virsh prints it: two decimals in the largest unit that leaves at least 1; "-" where there is none.

    >>> human(36775657472), human(494), human(0)
    ('34.25 GiB', '494.00 B', '0.00 B')
    """
    if size is None:
        return "-"
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if value < 1024:
            return f"{value:.2f} {unit}"
        value /= 1024
    return f"{value:.2f} EiB"
