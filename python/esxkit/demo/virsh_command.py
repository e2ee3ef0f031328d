# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``esxkit virsh ARGUMENTS``: virsh with the driver, on a fake ESX host in the background (started if needed).

The host's address is kept in a file in the user's runtime folder, so that the next command finds the same host.
``esxkit virsh --stop-fake`` ends it. Without arguments virsh is interactive, as always.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from esxkit.harness import environment, uri
from esxkit.harness.daemon import write_auth_file
from esxkit.harness.environment import HarnessError
from esxkit.harness.virsh import client_environment


def runtime_folder() -> Path:
    """A private folder of this user that outlives a command."""
    parent = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(parent) / "esxkit" if parent else Path(tempfile.gettempdir()) / f"esxkit-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise HarnessError(f"The folder {folder} belongs to somebody else; set XDG_RUNTIME_DIR.")
    return folder


def running_fake(state: Path) -> dict[str, Any] | None:
    """The address of the fake host that was started before, if it still answers."""
    try:
        address = json.loads(state.read_text(encoding="utf-8"))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{address['control']}counters", timeout=5):
            return address
    except (OSError, ValueError, KeyError):
        return None


def start_fake(state: Path) -> dict[str, Any]:
    """Start a fake host that stays when this command ends; return its address."""
    log = state.with_suffix(".log")
    argv = [sys.executable, "-m", "esxkit", "fake"]
    with state.open("wb") as output, log.open("wb") as errors:
        child = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True, cwd="/"
        )
    deadline = time.monotonic() + environment.patience(20)
    while time.monotonic() < deadline and child.poll() is None:
        if address := running_fake(state):
            print(f"Started a fake ESX host on port {address['port']}; 'virsh --stop-fake' ends it.", file=sys.stderr)
            return address
        time.sleep(0.05)
    raise HarnessError(f"The fake ESX host did not start: {log.read_text(errors='replace').strip()}")


def stop_fake(state: Path) -> None:
    """End the fake host, if it runs."""
    if address := running_fake(state):
        os.kill(address["pid"], signal.SIGTERM)
    state.unlink(missing_ok=True)


def run(parsed: argparse.Namespace) -> int:
    """The command; becomes virsh."""
    try:
        folder = runtime_folder()
        state = folder / "fake.json"
        if parsed.arguments == ["--stop-fake"]:
            stop_fake(state)
            return 0
        environment.driver_module("esx")
        address = running_fake(state) or start_fake(state)
        auth_file = write_auth_file(folder / "auth.conf", address["password"])
        env = os.environ | client_environment(folder, auth_file)
        embedded = uri.embedded("127.0.0.1", address["port"], cacert=address["cacert"])
        program = environment.program("virsh", "libvirt-clients")
    except HarnessError as error:
        print(f"esxkit virsh: {error}", file=sys.stderr)
        return 1
    os.execve(program, [program, "-c", embedded, *parsed.arguments], env)


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Register ``esxkit virsh``; every argument is virsh's, whatever it looks like."""
    parser = subparsers.add_parser(
        "virsh", help="virsh on a fake host (started if needed)", prefix_chars="\0", add_help=False
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    parser.set_defaults(run=run)
