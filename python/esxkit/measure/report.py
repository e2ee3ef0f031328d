# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What the pages of bench, soak and scale are put together from: the head, the machine, numbers, tables and charts."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import attrs
import libvirt
from rich.console import Console
from rich.table import Table as RichTable

from esxkit.harness import environment
from esxkit.harness.usage import MIB

_MARKS = (
    "<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->",
    "<!-- Copyright (C) 2026 the libvirt-esx-storage authors -->",
)
_DECLARATION = "<?xml version='1.0' encoding='utf-8'?>"


def head(title: str) -> list[str]:
    """The first lines of a page of docs/, with its heading."""
    return [*_MARKS, f"# {title}", ""]


# -- the machine -------------------------------------------------------------------------------


def first_line(*argv: str) -> str:
    """The first line that a command prints; "unknown" if it fails."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def machine() -> dict[str, str | int]:
    """Where it was measured, and with what."""
    models = [one for one in Path("/proc/cpuinfo").read_text().splitlines() if one.startswith("model name")]
    number = libvirt.getVersion()
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": models[0].split(":", 1)[1].strip() if models else platform.machine(),
        "kernel": platform.release(),
        "libvirt": f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}",
        "openssl": first_line("pkg-config", "--modversion", "openssl"),
        "python": platform.python_version(),
        "commit": first_line("git", "-C", str(environment.REPOSITORY), "describe", "--always", "--dirty"),
    }


def peers() -> dict[str, str]:
    """The versions of what the driver is measured beside."""
    return {
        "curl": first_line(environment.program("curl", "curl"), "--version").split()[1],
        "libxml2": first_line("pkg-config", "--modversion", "libxml-2.0"),
        "pyvmomi": version("pyvmomi"),
    }


def written_by(command: str) -> str:
    """The sentence that says what wrote a page, when, and where."""
    where = ", ".join(f"{name} {value}" for name, value in machine().items())
    return f"Written by `{command}`, {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}: {where}."


# -- numbers -----------------------------------------------------------------------------------


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many digits that count, and no more than there are.

    >>> number(1234.5), number(1.2345), number(0.01234), number(0), number(None)
    ('1,234', '1.23', '0.0123', '0', '-')
    """
    if value is None:
        return "-"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:,.{digits}g}"


def milliseconds(seconds: float) -> str:
    """A time in milliseconds, with a fraction below 100.

    >>> milliseconds(0.01234), milliseconds(1.2344)
    ('12.3', '1,234')
    """
    return f"{seconds * 1000:.1f}" if seconds < 0.1 else f"{seconds * 1000:,.0f}"


def mebibytes(size: int) -> str:
    """A size in MiB, with a fraction below 100."""
    return f"{size / MIB:.1f}" if size < 100 * MIB else f"{size / MIB:.0f}"


# -- tables ------------------------------------------------------------------------------------


@attrs.frozen
class Table:
    """Names of columns, and rows of texts, with a heading on a terminal.

    All columns are numbers but the first `words` and the last `last_words`.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    words: int = 1
    last_words: int = 0

    def _is_text(self, column: int) -> bool:
        return not self.words <= column < len(self.columns) - self.last_words

    def show(self, console: Console) -> None:
        """Print it on a terminal."""
        table = RichTable(title=self.title, title_justify="left")
        for column, name in enumerate(self.columns):
            table.add_column(name, justify="left" if self._is_text(column) else "right")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)

    def lines(self) -> list[str]:
        """The table alone, as lines of Markdown."""
        rules = tuple("---" if self._is_text(column) else "---:" for column in range(len(self.columns)))
        return ["| " + " | ".join(row) + " |" for row in (self.columns, rules, *self.rows)]

    def markdown(self) -> str:
        """The table below its heading."""
        return "\n".join([f"### {self.title}", "", *self.lines(), ""])


# -- charts ------------------------------------------------------------------------------------


def tidy(chart: bytes) -> bytes:
    """A chart as it is committed: without scripts, without names that differ each time, and marked as ours."""
    text = chart.decode().removeprefix(_DECLARATION).lstrip("\n")
    text = re.sub(r"<!--.*?-->|<script\b.*?</script>|<script\b[^>]*/>", "", text, flags=re.DOTALL)
    text = re.sub(r"chart-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "chart", text)
    return "\n".join([_DECLARATION, *_MARKS, text.rstrip(), ""]).encode()
