#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Adds up the C unit tests and pytest: `test_summary.py MESON_TESTLOG_JSON PYTEST_JUNIT_XML`.

Prints what failed or was skipped and one closing line `N passed, N failed` (`, N skipped` where there are any), each
test point of a C program counted by itself. A result file that is missing counts as one failure, so that a runner
that died is never a success. Exit status 1 when anything failed or nothing ran.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree


@dataclass
class Tally:
    """Counts of outcomes, and the names of those that a reader must see."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add the outcomes of another runner."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def tally_program(run: dict) -> Tally:
    """The points of one C test program, from its TAP output as meson kept it."""
    tally = Tally()
    name = run["name"].split(" / ")[-1]
    for bad, rest in re.findall(r"(?m)^(not )?ok\b(.*)$", run.get("stdout") or ""):
        point = f"{name}: {rest.strip(' -')}"
        if re.search(r"(?i)# *skip", rest):
            tally.skipped.append(point)
        elif bad:
            tally.failed.append(point)
        else:
            tally.passed += 1
    # A crash or a timeout may come before the first "not ok".
    if run["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and not tally.failed:
        tally.failed.append(f"{name}: {run['result']}")
    return tally


def tally_meson(log: Path) -> Tally:
    """All C test programs of a testlog.json, which has one object a line."""
    tally = Tally()
    if not log.exists():
        return Tally(failed=[f"the C unit tests did not run ({log.name} is missing)"])
    for line in log.read_text(encoding="utf-8").splitlines():
        tally.add(tally_program(json.loads(line)))
    return tally


def tally_pytest(report: Path) -> Tally:
    """All test cases of a JUnit report."""
    tally = Tally()
    if not report.exists():
        return Tally(failed=[f"pytest did not finish ({report.name} is missing)"])
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failed.append(name)
        elif skipped is not None:
            tally.skipped.append(f"{name} ({skipped.get('message')})")
        else:
            tally.passed += 1
    return tally


def main(argv: list[str]) -> int:
    """Print the summary; the closing line stands alone."""
    tally = tally_meson(Path(argv[1]))
    tally.add(tally_pytest(Path(argv[2])))
    for name in tally.skipped:
        print(f"skipped: {name}")
    for name in tally.failed:
        print(f"FAILED: {name}")
    closing = f"{tally.passed} passed, {len(tally.failed)} failed"
    print(closing + (f", {len(tally.skipped)} skipped" if tally.skipped else ""))
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
