# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Runs commands for :mod:`runner` and tells what they used; imports next to nothing, for a reason.

The kernel counts in a command's peak memory that of the process which started it. So commands are started by this
small process, and what it has itself (told first) is the least that can be told of any command.
"""

from __future__ import annotations

import json
import os
import sys
import time


def run(argv: list[str], env: dict[str, str], stdin: str, out: str) -> dict[str, object]:
    """Run one command to its end, with its output in a file."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, out, flags, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    begun = time.perf_counter()
    child = os.posix_spawn(argv[0], argv, env, file_actions=files)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - begun
    cpu, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
    return {"code": os.waitstatus_to_exitcode(status), "seconds": seconds, "cpu": cpu, "peak": peak}


def main() -> None:
    """One line of JSON in, one out, until the input ends."""
    for line in sys.stdin:
        print(json.dumps(run(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
