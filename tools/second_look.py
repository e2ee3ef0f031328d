#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Runs the tests of `./dev test` that failed once more, one by one and nothing beside them: `second_look.py BUILD`.

A test that passes then depends on how busy the machine is, or on chance: it is unsteady, and test_summary.py says so.
Nothing is run again where more than MOST tests failed, or where a process crashed in one of them: neither is the
machine's doing. The random numbers of a C program are those of the first run. Exit status 0 whatever the tests do.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from test_results import Results, results_of_meson, results_of_pytest

MOST = 5
"""More failures than these are no accident."""


def first_results(build: Path) -> Results:
    """What the first run left in the build folder."""
    return {
        **results_of_meson(build / "meson-logs" / "testlog.json"),
        **results_of_pytest(build / "pytest.junit.xml"),
    }


def second_results(build: Path) -> Results:
    """What the second run left: the tests that it ran, if any."""
    results: Results = {}
    for log in sorted((build / "meson-logs").glob("second-*.json")):
        results |= results_of_meson(log)
    report = build / "pytest.second.junit.xml"
    return results | (results_of_pytest(report) if report.exists() else {})


def is_looked_at_again(first: Results) -> bool:
    """Whether what failed is so little, and of such a kind, that it is run again."""
    failed = [result for result in first.values() if result.failed]
    return 0 < len(failed) <= MOST and not any(result.crashed for result in failed)


def commands(build: Path, first: Results) -> list[list[str]]:
    """What runs the failed tests once more: a command for each C program, and one for pytest."""
    failed = {name: result for name, result in first.items() if result.failed}
    found = []
    for name, result in failed.items():
        if "::" not in name:
            seed = [f"--test-args=--seed={result.seed}"] if result.seed else []
            meson = ["meson", "test", "-C", str(build), "--no-rebuild", "--suite", "unit", "--quiet"]
            found.append([*meson, "--logbase", f"second-{name}", *seed, name])
    if any("::" in name for name in failed):
        again = ["--last-failed", "--last-failed-no-failures", "none", "-n", "0"]
        found.append([sys.executable, "-m", "pytest", *again, f"--junitxml={build / 'pytest.second.junit.xml'}"])
    return found


def main(argv: list[str]) -> int:
    """Run what failed, where that is called for."""
    build = Path(argv[1])
    first = first_results(build)
    if is_looked_at_again(first):
        print("== a second look at what failed", flush=True)
        for command in commands(build, first):
            subprocess.run(command, check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
