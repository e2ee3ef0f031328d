# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What the C test programs and pytest left behind: one `Result` for each program and each test case."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from xml.etree import ElementTree

import attrs

CRASHES = {-int(number) for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)}
"""Ends of a C program that no check of it causes. GLib's checks end it with SIGABRT."""

DEATHS = re.compile(r"\bWorkerDied\b|\blibvirtd died\b|\bworker '\w+' crashed\b")
"""In the message of a failed test case: a process died that was to live on."""


@attrs.define
class Result:
    """The outcome of one C test program, or of one test case of pytest.

    Attributes:
        passed: how many points passed.
        failed: the names of those that failed.
        skipped: the names of those that were skipped.
        output: what it printed, where it failed.
        crashed: whether a process died, rather than a check failed.
        seed: of the random numbers of a C program.
    """

    passed: int = 0
    failed: list[str] = attrs.Factory(list)
    skipped: list[str] = attrs.Factory(list)
    output: str = ""
    crashed: bool = False
    seed: str = ""


Results = dict[str, Result]


def result_of_program(run: dict) -> Result:
    """The points of one C test program, from its TAP output as meson kept it."""
    name = run["name"].split(" / ")[-1]
    printed = run.get("stdout") or ""
    result = Result(crashed=run.get("returncode") in CRASHES)
    for bad, rest in re.findall(r"(?m)^(not )?ok\b(.*)$", printed):
        point = f"{name}: {rest.strip(' -')}"
        if re.search(r"(?i)# *skip", rest):
            result.skipped.append(point)
        elif bad:
            result.failed.append(point)
        else:
            result.passed += 1
    # A crash or a timeout may come before the first "not ok".
    if run["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and not result.failed:
        result.failed.append(f"{name}: {run['result']}")
    if result.failed:
        result.output = f"{printed}{run.get('stderr') or ''}"
    seed = re.search(r"(?m)^# random seed: (\w+)$", printed)
    result.seed = seed[1] if seed else ""
    return result


def results_of_meson(log: Path) -> Results:
    """All C test programs of a testlog.json, which has one object a line."""
    if not log.exists():
        return {log.name: Result(failed=[f"the C unit tests did not run ({log.name} is missing)"], crashed=True)}
    runs = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return {run["name"].split(" / ")[-1]: result_of_program(run) for run in runs}


def results_of_pytest(report: Path) -> Results:
    """All test cases of a JUnit report. A case may be there twice: what failed at its end has an entry of its own."""
    if not report.exists():
        return {report.name: Result(failed=[f"pytest did not finish ({report.name} is missing)"], crashed=True)}
    results: Results = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        result = results.setdefault(name, Result())
        troubles = [*case.findall("failure"), *case.findall("error")]
        skipped = case.find("skipped")
        if troubles:
            result.failed.append(name)
            result.output += "".join(f"{trouble.get('message')}\n{trouble.text}\n" for trouble in troubles)
            # Not in the text: it quotes source code, which may name any of them.
            result.crashed |= any(DEATHS.search(str(trouble.get("message"))) for trouble in troubles)
        elif skipped is not None:
            result.skipped.append(f"{name} ({skipped.get('message')})")
        else:
            result.passed += 1
    return results


def passed_then(result: Result | None) -> bool:
    """Whether that is a success: all of it passed, and there was something."""
    return result is not None and result.passed > 0 and not result.failed
