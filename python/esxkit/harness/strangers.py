# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Clients of a private daemon that run as another user, as they come to the daemon of a system."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs

from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.environment import patience
from esxkit.harness.process import Process, piped, tied_to_parent
from esxkit.harness.uri import through_daemon

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


# Opens each URI of a list, finds a pool and a volume by each, lists the pool, and waits for a line. Then each
# connection evaluates the line in a thread of its own, and prints the seconds that it took and what came of it.
_CALLERS = """
import json, os, sys, threading, time, libvirt
libvirt.registerErrorHandler(lambda *_: None, None)
plan = json.loads(sys.argv[1])
def prepare(uri):
    conn = (libvirt.openReadOnly if plan["read_only"] else libvirt.open)(uri)
    pool = conn.storagePoolLookupByName(plan["pool"])
    pool.numOfVolumes()
    return {"conn": conn, "pool": pool, "vol": pool.storageVolLookupByName(plan["volume"]), "volume": plan["volume"]}
places = [prepare(uri) for uri in plan["uris"]]
print("ready", flush=True)
line = sys.stdin.readline()
lock = threading.Lock()
def run(names):
    began = time.monotonic()
    try:
        eval(line, names)
        words = ""
    except libvirt.libvirtError as error:
        words = error.get_error_message()
    with lock:
        print(json.dumps([time.monotonic() - began, words]), flush=True)
threads = [threading.Thread(target=run, args=(names,)) for names in places]
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
    """Let other users come as far as the daemon's sockets."""
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
    """Open `address` through the daemon `count` times at once, from one process.

    It runs as another user where this one can become it.

    Returns: for each what came of it: "opened NAME", or the error's message.
    """
    argv = _crowd_argv(daemon, address, count, read_only)
    done = subprocess.run(argv, env=_crowd_env(), capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.splitlines()


def crowd_behind(daemon: PrivateLibvirtd, address: str, log: Path, *, read_only: bool, count: int) -> Process:
    """The same while the caller goes on; what came of each is written to `log`."""
    return Process(_crowd_argv(daemon, address, count, read_only), log=log, env=_crowd_env(), name="crowd")


@attrs.frozen
class Ended:
    """What came of one call: the seconds that it took, and the error's message, "" where it was answered."""

    seconds: float
    words: str


class Callers:
    """Connections of one process of another user, which all make the same call at once.

    Each has found the pool and the volume, and listed the pool, before. To be used in a with statement, whose end kills
    the process.

    Args:
        daemon: whom they connect to.
        addresses: the URI of each connection, as the daemon sees it.
        pool: the name of the pool that calls know as `pool`.
        volume: the name of the volume in it that they know as `vol`, and its name as `volume`.
        log: where the outcomes are written.
        read_only: whether the connections are.
    """

    def __init__(
        self,
        daemon: PrivateLibvirtd,
        addresses: Sequence[str],
        *,
        pool: str,
        volume: str,
        log: Path,
        read_only: bool = True,
    ) -> None:
        open_to_everybody(daemon)
        sock = daemon.socket.with_name("libvirt-sock-ro") if read_only else daemon.socket
        uris = [through_daemon(one, sock) for one in addresses]
        plan = {"uris": uris, "pool": pool, "volume": volume, "read_only": read_only}
        become = ["runuser", "-u", "nobody", "--"] if can_become_another() else []
        argv = tied_to_parent([*become, "/usr/bin/python3", "-c", _CALLERS, json.dumps(plan)])
        self._log = log
        with log.open("wb") as output:
            self._child = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=output, stderr=output, env=_crowd_env(), text=True
            )

    def __enter__(self) -> Self:
        self.wait_until(lambda: self._lines()[:1] == ["ready"], 60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.kill()
        self._child.wait()
        piped(self._child.stdin).close()

    def call(self, expression: str) -> None:
        """Begin the call in all connections, and do not wait for any: once for each Callers."""
        piped(self._child.stdin).write(expression + "\n")
        piped(self._child.stdin).flush()

    def ended(self) -> list[Ended]:
        """What has come of the calls that have ended so far."""
        return [Ended(*json.loads(line)) for line in self._lines()[1:]]

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until `ready()`; AssertionError with what was written when `seconds` are over."""
        deadline = time.monotonic() + patience(seconds)
        while not ready():
            assert time.monotonic() < deadline, "\n".join(self._lines()[-15:])
            time.sleep(0.02)

    def _lines(self) -> list[str]:
        """The whole lines of the log."""
        return self._log.read_text(errors="replace").split("\n")[:-1]
