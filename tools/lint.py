#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""`lint.py ROOT`: every static check, one heading each; exit status 1 when any complains.

The compiler's warnings are checked by the build, which makes each an error.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from source_checks import complaints


def run(argv: list[str], root: Path) -> bool:
    """Run a checker; whether it was content."""
    return subprocess.run(argv, cwd=root, check=False).returncode == 0


def our_rules(root: Path) -> bool:
    """The project's own rules."""
    found = complaints(root)
    for complaint in found:
        print(complaint)
    return not found


def ruff(root: Path) -> bool:
    """Python."""
    return run([sys.executable, "-m", "ruff", "check", "--quiet", "--output-format", "concise", "."], root)


def mypy(root: Path) -> bool:
    """Types of Python: see [tool.mypy] in pyproject.toml."""
    return run([sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context"], root)


def cppcheck(root: Path) -> bool:
    """C, as the build compiles it; generated and foreign files are not ours to check."""
    return run(
        [
            "cppcheck",
            "--project=build/compile_commands.json",
            "--file-filter=src/*",
            "--enable=warning,performance,portability",
            "--inline-suppr",
            "--library=gtk",
            "--suppress=*:*/vim_types.*",
            "--suppress=*:*/.cache/*",
            # Says that it checked fewer combinations of macros than there are, not that something is wrong.
            "--suppress=toomanyconfigs",
            "--suppress=missingIncludeSystem",
            # Its model of g_assert() goes on after a failure, so every pointer that was asserted seems NULL.
            "--suppress=nullPointerRedundantCheck",
            # glib's macros in conditions.
            "--suppress=unknownMacro",
            "--cppcheck-build-dir=build/cppcheck",
            "--error-exitcode=1",
            "--quiet",
            "-j2",
        ],
        root,
    )


def shellcheck(root: Path) -> bool:
    """The shell scripts."""
    return run(["shellcheck", "dev", ".ci/run", *sorted(str(p) for p in (root / "tools").glob("*.sh"))], root)


CHECKERS: tuple[Callable[[Path], bool], ...] = (our_rules, ruff, mypy, cppcheck, shellcheck)


def main(argv: list[str]) -> int:
    """Run every checker, whatever the earlier ones found."""
    root = Path(argv[1])
    (root / "build" / "cppcheck").mkdir(exist_ok=True)
    bad = []
    for checker in CHECKERS:
        print(f"== {checker.__name__.replace('_', ' ')}", flush=True)
        if not checker(root):
            bad.append(checker.__name__.replace("_", " "))
    print(f"lint: {', '.join(bad)} complained" if bad else "lint: all good")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
