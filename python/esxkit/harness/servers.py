# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The servers that the driver is tested against: the fake ESX host, and VMware's own simulator vcsim."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from esxkit.fake import FakeOptions, FakeServer
from esxkit.fake.contents import digest
from esxkit.fake.worlds import WorldPlan
from esxkit.fake.worlds.counts import counts_world
from esxkit.fake.worlds.inventory import world_from
from esxkit.harness import environment
from esxkit.harness.environment import HarnessError
from esxkit.harness.process import Process

PASSWORD: str = FakeOptions().password

_SENT_WITHOUT_A_CALL = frozenset({"CancelWaitForUpdates", "DestroyPropertyFilter", "Logout", "WaitForUpdatesEx"})
"""What a session may send while no client calls: the long poll of a daemon, and the end of a session."""


def _of_calls(found: Counter[str]) -> Counter[str]:
    return Counter({method: count for method, count in found.items() if method not in _SENT_WITHOUT_A_CALL})


class Fake(FakeServer):
    """A fake host in a thread of this process, with the verbs that the tests speak.

    Args:
        world: a name, a plan, or a document of the shape of data/inventory.json; by default the default world.
        counts: make a world from counts instead: datastores, targets, luns, volumes.
        api_version: which release to be.
        switches: as for FakeOptions.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        world: str | WorldPlan | dict[str, Any] = "default",
        *,
        counts: dict[str, int] | None = None,
        api_version: str | None = None,
        **switches: Any,
    ) -> None:
        if counts is not None:
            world = counts_world(counts["datastores"], counts["targets"], counts["luns"], counts["volumes"])
        plan = world_from(world, "edited") if isinstance(world, dict) else world
        super().__init__(plan, api_version=api_version, **switches)
        self._is_running = False

    # Life

    def start(self) -> Self:
        """Start listening, once."""
        return self.__enter__()

    def stop(self) -> None:
        """Stop; harmless when it is stopped already."""
        if self._is_running:
            self.__exit__(None, None, None)

    def __enter__(self) -> Self:
        super().__enter__()
        self._is_running = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_running = False
        super().__exit__(kind, error, trace)

    def pause(self) -> None:
        """Go away; :meth:`resume` brings the host back on the same port, without its sessions."""
        self.control.go_away()

    def resume(self) -> None:
        """Come back after :meth:`pause`, as it was."""
        self.control.come_back()

    def restart(self) -> None:
        """Go away and come back at once."""
        self.pause()
        self.resume()

    # What a client needs to know

    @property
    def port(self) -> int:
        """The port with TLS."""
        return self.address.port

    @property
    def plain_port(self) -> int:
        """The port without TLS; the switch plain_port asks for one."""
        port = urlsplit(self.address.plain_url or "").port
        assert port is not None, "The fake was started without the switch plain_port."
        return port

    @property
    def cacert(self) -> str:
        """The file of the authority that signed the certificate."""
        return self.address.cacert

    @property
    def sha256(self) -> str:
        """The certificate's SHA-256 thumbprint: 64 hex digits."""
        return self.address.thumbprint_sha256.replace(":", "")

    @property
    def sha1(self) -> str:
        """The certificate's SHA-1 thumbprint: 40 hex digits."""
        return self.address.thumbprint_sha1.replace(":", "")

    # What is on its datastores

    def files(self, datastore: str, folder: str = "") -> dict[str, tuple[int, str]]:
        """The files below a folder as they are on disk: size and digest by their path; {} where there is no folder."""
        try:
            root = Path(self.control.real_path(datastore, folder))
        except (ValueError, OSError):
            return {}
        prefix = f"{folder}/" if folder else ""
        return {
            prefix + str(path.relative_to(root)): (path.stat().st_size, _digest(path))
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }

    def contents(self, datastore: str, path: str) -> bytes:
        """The bytes of a file."""
        return Path(self.control.real_path(datastore, path)).read_bytes()

    def text(self, datastore: str, path: str) -> str:
        """A file as text, such as a disk's descriptor."""
        return self.contents(datastore, path).decode()

    def fill(self, datastore: str, path: str, data: bytes) -> None:
        """Write the contents of a file that is there, behind the back of everybody."""
        with Path(self.control.real_path(datastore, path)).open("r+b") as file:
            file.write(data)
            file.truncate()

    # What happened

    def requests(self) -> Counter[str]:
        """The SOAP requests so far, by method."""
        return Counter(self.counters()["methods"])

    def requests_of_calls(self) -> Counter[str]:
        """The requests so far, without those that a session of an earlier test may send at any time.

        A daemon logs out a moment after its client has gone, and repeats its long poll. So two values of
        :meth:`requests` of a fake that tests share may differ although nobody called in between; two of these may not.
        """
        return _of_calls(self.requests())

    def bytes_of_calls(self) -> int:
        """The bytes of these requests and of their replies."""
        return _of_calls(Counter(self.counters()["method_bytes"])).total()

    def connections(self) -> int:
        """The TCP connections so far."""
        return self.counters()["connections"]

    def rescans(self) -> dict[str, int]:
        """How often each adapter was rescanned."""
        return dict(self.counters()["rescans"])

    def sessions(self) -> int:
        """How many sessions are open."""
        return self.counters()["sessions"]

    def session_list(self) -> list[dict[str, Any]]:
        """The open sessions: user, the locale its login named, agent, cookie."""

        async def read() -> list[dict[str, Any]]:
            return [
                {"user": s.user.userName, "asked_locale": s.asked_locale, "agent": s.user.userAgent, "cookie": s.cookie}
                for s in self.service.sessions.all()
            ]

        return self.run(read())

    def cookies(self) -> list[str]:
        """The secrets that make the open sessions."""
        return [session["cookie"] for session in self.session_list()]

    def eventually_without_sessions(self, seconds: float = 30) -> None:
        """Wait until every client has logged out; AssertionError when one has not in time."""
        deadline = time.monotonic() + environment.patience(seconds)
        while self.sessions():
            assert time.monotonic() < deadline, f"After {seconds} s there are still sessions: {self.session_list()}"
            time.sleep(0.01)

    # Switches

    def change(self, **switches: Any) -> dict[str, Any]:
        """Change switches; return what they were."""
        before = {name: getattr(self.options, name) for name in switches}
        self.control.set(**switches)
        return before

    def end_sessions(self) -> None:
        """End every session, as a restarted hostd does."""
        self.control.terminate_sessions()

    def unlock(self) -> None:
        """Lift a lock-out."""
        self.control.unlock()

    def order(self, **order: Any) -> None:
        """Order trouble for calls to come: see esxkit.fake.troubles.Rule."""
        self.control.inject(**order)

    def clear_orders(self) -> None:
        """Take back what was ordered and has not happened."""
        self.control.clear_injected()


def _digest(path: Path) -> str:
    """The SHA-256 of a file; of a huge sparse one, that it is the same file and takes the same room."""
    status = path.stat()
    if status.st_size > 64 * 1024 * 1024:
        return f"inode {status.st_ino}, {status.st_blocks} blocks, {status.st_mtime_ns} ns"
    return digest(path)


# ---- vcsim ---------------------------------------------------------------------------------------

VCSIM_VERSION = "v0.46.3"


def vcsim_program() -> str:
    """The path of vcsim, built with Go below the checkout's .cache; raises HarnessError saying what is missing."""
    cache = environment.REPOSITORY / ".cache" / "go"
    folder = cache / f"vcsim-{VCSIM_VERSION}"
    program = folder / "vcsim"
    if program.exists():
        return str(program)
    go = shutil.which("go")
    if go is None:
        raise HarnessError("There is no Go tool to build vcsim with; install the package golang-go.")
    folder.mkdir(parents=True, exist_ok=True)
    module = f"github.com/vmware/govmomi/vcsim@{VCSIM_VERSION}"
    done = subprocess.run(
        [go, "install", module], env=_go_environment(cache, folder), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise HarnessError(f"Go cannot build {module}: {done.stderr.strip().splitlines()[-1]}")
    return str(program)


def _go_environment(cache: Path, programs: Path) -> dict[str, str]:
    """An environment in which Go writes below `cache` only, with the user's own settings; programs go to `programs`."""
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return {
        "GOENV": str(config / "go" / "env"),
        **os.environ,
        "GOPATH": str(cache / "path"),
        "GOMODCACHE": str(cache / "modules"),
        "GOCACHE": str(cache / "build"),
        "GOBIN": str(programs),
        # Go makes its modules read-only, and then "rm -r" of the checkout fails.
        "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip(),
        # Go's counters of its own use live below this folder.
        "XDG_CONFIG_HOME": str(cache / "config"),
    }


class Vcsim:
    """VMware's simulator on a loopback port, with TLS.

    Args:
        arguments: e.g. ``-esx``.
    """

    host = "127.0.0.1"

    def __init__(self, *arguments: str) -> None:
        self.folder = environment.private_folder("vcsim")
        log = self.folder / "vcsim.log"
        options = ["-l", f"{self.host}:0", "-username", "root", "-password", PASSWORD]
        env = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        self._process = Process([vcsim_program(), *options, *arguments], log=log, env=env, name="vcsim")
        pattern = re.compile(r"@127\.0\.0\.1:(\d+)/sdk")
        self._process.wait_until(lambda: pattern.search(log.read_text()) is not None, 60)
        self.port = next(int(found[1]) for found in pattern.finditer(log.read_text()))

    def __enter__(self) -> Vcsim:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._process.stop()
        environment.drop_folder(self.folder)
