#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""`lint.py ROOT`: every static check, one heading each; exit status 1 when any complains.

The warnings of the compiler that builds are checked by the build, which makes each an error.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from source_checks import complaints


def run(argv: list[str], root: Path) -> bool:
    """Run a checker; whether it was content. One that is not installed is not."""
    try:
        return subprocess.run(argv, cwd=root, check=False).returncode == 0
    except FileNotFoundError:
        print(f"{argv[0]} is not installed")
        return False


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


# Options of gcc that clang does not have.
GCC_ONLY = ("-fprofile-update", "-fdiagnostics-color")


def clang_of(command: str) -> list[str]:
    """Return what clang is asked for a file that `command` compiles: its warnings, and no object."""
    words = shlex.split(command)
    kept = []
    skip = False
    for word in words[1:]:
        if skip or word in ("-o", "-MF", "-MQ"):
            skip = not skip
        elif word not in ("-MD", "-c") and not word.startswith(GCC_ONLY):
            kept.append(word)
    # A lock that is held by a scope is used at the scope's end alone; gcc knows. See meson.build.
    return ["clang", "-fsyntax-only", *kept, "-Wno-unused-variable"]


def clang(root: Path) -> bool:
    """Check all C, tests as well, with the other compiler of Debian, without a warning."""
    commands = json.loads((root / "build" / "compile_commands.json").read_text(encoding="utf-8"))

    def check(entry: dict[str, str]) -> bool:
        return run(clang_of(entry["command"]), Path(entry["directory"]))

    # Sources that several programs share are in there once for each.
    once = {entry["file"]: entry for entry in commands}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return all(list(pool.map(check, once.values())))


def shellcheck(root: Path) -> bool:
    """The shell scripts."""
    return run(["shellcheck", "dev", ".ci/run", *sorted(str(p) for p in (root / "tools").glob("*.sh"))], root)


CHECKERS: tuple[Callable[[Path], bool], ...] = (our_rules, ruff, mypy, cppcheck, clang, shellcheck)


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
