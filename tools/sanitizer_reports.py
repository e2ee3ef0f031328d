#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""`sanitizer_reports.py FOLDER`: judges the report files that the sanitizers wrote.

Every error of AddressSanitizer and UndefinedBehaviorSanitizer counts. A leak counts when a frame of its stack is in
our module, whose name tools/sanitize.sh has printed with each frame: virsh, libvirtd and Python leave things of their
own at exit, and those are not ours to fix. What ThreadSanitizer warns of counts when the code that touches the memory,
in either thread, is ours: libvirt's objects and loop come from GLib, whose locks TSan does not see, so that it warns of
what libvirt does with objects that we have it make.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

MODULE = "libvirt_driver_"
LEAK = re.compile(r"^(Direct|Indirect) leak of .*?:$\n((?:^ +#\d+ .*$\n?)+)", re.MULTILINE)
ERROR = re.compile(r"^.*(ERROR: AddressSanitizer|runtime error:|(ERROR|FATAL): ThreadSanitizer).*$", re.MULTILINE)
WARNING = re.compile(r"^WARNING: ThreadSanitizer: .*?^SUMMARY: .*?$", re.MULTILINE | re.DOTALL)
STACK = re.compile(r"^  \S.*:$\n((?:^    #\d+ .*$\n?)+)", re.MULTILINE)
RUN_TIME = "(libtsan.so"


def touched_by_us(warning: str) -> bool:
    """Whether the code that touches the memory in one of the two threads, the first two stacks, is ours."""
    for stack in STACK.findall(warning)[:2]:
        frames = [frame for frame in stack.splitlines() if RUN_TIME not in frame]
        if frames and MODULE in frames[0]:
            return True
    return False


def complaints(text: str) -> tuple[list[str], int]:
    """What counts in one report, and how many foreign leaks and warnings it has besides."""
    ours = [match.group(0) for match in ERROR.finditer(text)]
    foreign = 0
    for leak in LEAK.finditer(text):
        if MODULE in leak.group(2):
            ours.append(leak.group(0))
        else:
            foreign += 1
    for warning in WARNING.finditer(text):
        if touched_by_us(warning.group(0)):
            ours.append(warning.group(0))
        else:
            foreign += 1
    return ours, foreign


def main(argv: list[str]) -> int:
    """Print what counts; exit status 1 when anything does."""
    folder = Path(argv[1])
    count = foreign = 0
    reports = sorted(path for path in folder.rglob("*") if path.is_file())
    for report in reports:
        found, others = complaints(report.read_text(encoding="utf-8", errors="replace"))
        foreign += others
        count += len(found)
        for complaint in found:
            print(f"{report}:\n{complaint}\n")
    print(f"sanitize: {count} errors, races and leaks of the driver; {foreign} of others in {len(reports)} reports")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
