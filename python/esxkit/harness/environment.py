# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Where things are, and what the environment says about them.

Environment variables, all optional:

``ESXKIT_DRIVER_DIR``  the folder of ``libvirt_driver_esx.so`` (default ``build/connection-driver``)
``ESXKIT_PRELOAD``     a library to preload into every process that loads the driver (a sanitizer's run time)
``ESXKIT_WRAPPER``     a command to put before every such process, e.g. ``valgrind --error-exitcode=99``
``ESXKIT_SLOW``        a factor for every timeout of the harness (a wrapper such as valgrind is slow)
``ESXKIT_STRESS_SECONDS``  how long the concurrency tests last (default 4)
``ESXKIT_SEED``        which cells of the matrix, and which mutations, the tests run (default: random ones, printed)
``ESXKIT_BREAK_POINTS``  at how many points each change is broken off (default 5; 20 are the full test)
``ESXKIT_KEEP``        keep the private folders of daemons and servers after the run
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

# A unix socket's path is limited to 107 bytes; the longest name below a private folder is
# "run/libvirt/libvirt-admin-sock".
_LONGEST_FOLDER = 70


class HarnessError(Exception):
    """Something the tests need is missing or would not start; the message says what to do."""


def driver_dir() -> Path:
    """The folder that holds the driver's modules."""
    return Path(os.environ.get("ESXKIT_DRIVER_DIR") or REPOSITORY / "build" / "connection-driver")


def driver_module(scheme: str = "esx") -> Path:
    """The module that libvirt loads for `scheme`; raises HarnessError where it is not built."""
    module = driver_dir() / f"libvirt_driver_{scheme}.so"
    if not module.exists():
        raise HarnessError(f"There is no module {module}; build it with './dev build'.")
    return module


def wrapper() -> list[str]:
    """The command to put before every process that loads the driver."""
    return shlex.split(os.environ.get("ESXKIT_WRAPPER", ""))


def preload() -> dict[str, str]:
    """The variables that preload a library into a process that loads the driver."""
    library = os.environ.get("ESXKIT_PRELOAD")
    return {"LD_PRELOAD": library} if library else {}


def patience(seconds: float) -> float:
    """`seconds`, stretched by what the environment says of this run's speed."""
    return seconds * float(os.environ.get("ESXKIT_SLOW") or 1)


def stress_seconds() -> float:
    """How long a concurrency test lasts."""
    return float(os.environ.get("ESXKIT_STRESS_SECONDS") or 4)


def break_points() -> int:
    """At how many points the tests break off each change."""
    return int(os.environ.get("ESXKIT_BREAK_POINTS") or 5)


def program(name: str, package: str) -> str:
    """The path of a program; raises HarnessError naming the Debian package that has it."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        raise HarnessError(f"There is no program '{name}'; install the package {package}.")
    return found


def private_folder(prefix: str) -> Path:
    """Make a private folder with a path short enough for unix sockets below it."""
    for parent in (os.environ.get("TMPDIR"), "/tmp", os.environ.get("XDG_RUNTIME_DIR")):
        if parent and len(parent) + len(prefix) + 10 <= _LONGEST_FOLDER and os.access(parent, os.W_OK):
            return Path(tempfile.mkdtemp(prefix=prefix + "-", dir=parent))
    raise HarnessError("There is no writable temporary folder with a path short enough for sockets; set TMPDIR.")


def drop_folder(folder: Path) -> None:
    """Remove a private folder, unless the environment asks to keep it."""
    if not os.environ.get("ESXKIT_KEEP"):
        shutil.rmtree(folder, ignore_errors=True)
