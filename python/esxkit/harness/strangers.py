# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Clients of a private daemon that run as another user, as they come to the daemon of a system."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .daemon import PrivateLibvirtd
from .process import Process
from .uri import through_daemon

# Opens a URI in many threads at once and prints how each open ended; ends with its process.
_CROWD = """
import os, sys, threading, libvirt
libvirt.registerErrorHandler(lambda *_: None, None)
uri, count, read_only = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "ro"
def run():
    try:
        conn = (libvirt.openReadOnly if read_only else libvirt.open)(uri)
        words = "opened " + conn.getHostname()
    except libvirt.libvirtError as error:
        words = error.get_error_message()
    print(words.replace(chr(10), "<LF>"), flush=True)
threads = [threading.Thread(target=run) for _ in range(count)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
os._exit(0)
"""


def can_become_another() -> bool:
    """Whether this process may run a client as another user."""
    return os.geteuid() == 0 and shutil.which("runuser") is not None


def open_to_everybody(daemon: PrivateLibvirtd) -> None:
    """Lets other users come as far as the daemon's sockets."""
    for folder in (daemon.folder, daemon.socket.parent):
        folder.chmod(0o755)
    for path in daemon.socket.parent.glob("*-sock*"):
        path.chmod(0o777)


def _crowd_argv(daemon: PrivateLibvirtd, address: str, count: int, read_only: bool) -> list[str]:
    open_to_everybody(daemon)
    become = ["runuser", "-u", "nobody", "--"] if can_become_another() else []
    sock = daemon.socket.with_name("libvirt-sock-ro") if read_only else daemon.socket
    kind = "ro" if read_only else "rw"
    return [*become, "/usr/bin/python3", "-c", _CROWD, through_daemon(address, sock), str(count), kind]


def _crowd_env() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent"}


def crowd(daemon: PrivateLibvirtd, address: str, *, read_only: bool, count: int = 50) -> list[str]:
    """Opens `address` through the daemon `count` times at once, from one process.

    It runs as another user where this one can become it.

    Returns: for each what came of it: "opened NAME", or the error's message.
    """
    argv = _crowd_argv(daemon, address, count, read_only)
    done = subprocess.run(argv, env=_crowd_env(), capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.splitlines()


def crowd_behind(daemon: PrivateLibvirtd, address: str, log: Path, *, read_only: bool, count: int) -> Process:
    """The same while the caller goes on; what came of each is written to `log`."""
    return Process(_crowd_argv(daemon, address, count, read_only), log=log, env=_crowd_env(), name="crowd")
