#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Adds up the C unit tests and pytest: `test_summary.py BUILD`, after `second_look.py BUILD`.

Prints what C programs that failed have printed, what failed or was skipped, and one closing line `N passed, N failed`
(`, N skipped` and `, N unsteady` where there are any), each test point of a C program counted by itself. A test that
failed at first and passed at the second look is unsteady: it counts as passed, and what it printed when it failed is
shown. A result file that is missing counts as one failure, so that a runner that died is never a success. Exit status
1 when anything failed or nothing ran.
"""

from __future__ import annotations

import sys
from pathlib import Path

from second_look import first_results, is_looked_at_again, second_results
from test_results import Result, Results, passed_then

SHOWN = 60
"""How many lines of what a failed test has printed are shown: the last ones."""


def settle(first: Results, second: Results) -> tuple[Results, list[str]]:
    """What counts, and the names of the unsteady: their second result replaces the first one."""
    unsteady = [name for name, result in first.items() if result.failed and passed_then(second.get(name))]
    return {name: second[name] if name in unsteady else result for name, result in first.items()}, unsteady


def show(name: str, result: Result) -> None:
    """Print the end of what a test that failed has printed."""
    lines = result.output.rstrip().splitlines()
    print(f"---- {name}" + (f", the last {SHOWN} of {len(lines)} lines" if len(lines) > SHOWN else ""))
    print("\n".join(lines[-SHOWN:]))


def report(first: Results, second: Results) -> int:
    """Print the summary; the closing line stands alone. The exit status."""
    counted, unsteady = settle(first, second if is_looked_at_again(first) else {})
    for name, result in first.items():
        # pytest has shown its own failures already, but for one that was seen no more the second time.
        if result.failed and ("::" not in name or name in unsteady):
            show(name, result)
    skipped = [name for result in counted.values() for name in result.skipped]
    failed = [name for result in counted.values() for name in result.failed]
    passed = sum(result.passed for result in counted.values())
    for kind, names in (("skipped", skipped), ("unsteady", unsteady), ("FAILED", failed)):
        for name in names:
            print(f"{kind}: {name}")
    closing = f"{passed} passed, {len(failed)} failed"
    closing += f", {len(skipped)} skipped" if skipped else ""
    print(closing + (f", {len(unsteady)} unsteady" if unsteady else ""))
    return 1 if failed or not passed else 0


def main(argv: list[str]) -> int:
    """Read what the runners left in the build folder."""
    build = Path(argv[1])
    return report(first_results(build), second_results(build))


if __name__ == "__main__":
    sys.exit(main(sys.argv))
