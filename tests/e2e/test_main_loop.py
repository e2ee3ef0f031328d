# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""libvirtd's main loop waits for no host: what clients leave behind keeps neither other clients nor a SIGTERM waiting.

The host is a fake in a process of its own, which is frozen: its connections stay open and nothing answers.
"""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from esxkit.fake.server import FakeProcess
from esxkit.harness import environment, uri
from esxkit.harness.client import ApiError, Client
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.environment import patience
from esxkit.harness.live import files_at_rest
from esxkit.harness.process import piped
from esxkit.harness.servers import PASSWORD
from esxkit.harness.volumes import some_bytes

MIB = 1024 * 1024
STORE = "datastore-0000"
CLIENTS = 50
DATA = some_bytes(8 * MIB)
TEMPORARY = ".upload-"


def until(ready: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + patience(seconds)
    while not ready():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@attrs.define
class BusyDaemon:
    """A host, a daemon, and clients of both."""

    host: FakeProcess
    daemon: PrivateLibvirtd
    env: dict[str, str]
    folder: Path
    clients: list[subprocess.Popen[bytes]] = attrs.field(factory=list)
    silent: bool = False

    def uri(self, **parameters: Any) -> str:
        address = uri.embedded("127.0.0.1", self.host.port, cacert=self.host.cacert, **parameters)
        return uri.through_daemon(address, self.daemon.socket)

    def fall_silent(self) -> None:
        self.host.freeze()
        self.silent = True

    def speak(self) -> None:
        self.host.thaw()
        self.silent = False

    def virsh(self, *arguments: str, **parameters: Any) -> None:
        argv = [environment.program("virsh", "libvirt-clients"), "-c", self.uri(**parameters), *arguments]
        with (self.folder / "virsh.log").open("ab") as log:
            self.clients.append(subprocess.Popen(argv, env=self.env, stdin=subprocess.PIPE, stdout=log, stderr=log))

    def kill_clients(self) -> None:
        for client in self.clients:
            client.kill()
        for client in self.clients:
            client.wait()
            with contextlib.suppress(OSError):
                piped(client.stdin).close()
        self.clients.clear()

    def temporaries(self) -> set[str]:
        root = Path(self.host.control.real_path(STORE))
        return {path.name for path in root.rglob(f"*{TEMPORARY}*")}

    def threads(self) -> list[str]:
        """The names of the daemon's threads that run transfers."""
        found = []
        for task in Path(f"/proc/{self.daemon.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found.append((task / "comm").read_text().strip())
        return [name for name in found if name in ("esx-stream", "esx-fetch")]

    def files_at_rest(self) -> int:
        with Client(self.env) as client:
            return files_at_rest(self.daemon, client, self.host)

    def slowest_answer(self, seconds: float) -> float:
        """How long another client of the daemon has waited for its connection, for `seconds`."""
        other = uri.through_daemon("test:///default", self.daemon.socket)
        slowest, end = 0.0, time.monotonic() + seconds
        with Client(self.env) as client:
            while time.monotonic() < end:
                begun = time.monotonic()
                conn = client.open(other)
                assert conn.getType() == "TEST"
                conn.close()
                slowest = max(slowest, time.monotonic() - begun)
                time.sleep(0.02)
        return slowest

    def start_uploads(self, count: int = CLIENTS, **parameters: Any) -> None:
        """Start uploads of `count` clients, none of which ends, and return when each has begun its file."""
        for i in range(count):
            self.virsh("vol-upload", "--pool", STORE, f"m/{i}.iso", "/dev/stdin", **parameters)
            # virsh sends what fills its buffer, and waits for more.
            given = self.clients[-1].stdin
            assert given is not None
            fcntl.fcntl(given, fcntl.F_SETPIPE_SZ, MIB)
            given.write(DATA[: MIB // 2])
            given.flush()
        log = self.folder / "virsh.log"
        until(lambda: len(self.temporaries()) == count, f"not all of {count} uploads have begun, see {log}", 120)


@pytest.fixture
def place(driver, client_env: dict[str, str], tmp_path: Path) -> Iterator[BusyDaemon]:
    with FakeProcess("--world", "small", "--task-ms", "0") as host:
        for i in range(CLIENTS):
            host.control.add_file(datastore=STORE, path=f"m/{i}.iso", size=len(DATA))
        daemon = PrivateLibvirtd(password=PASSWORD, settings="max_workers = 60\n").start()
        found = BusyDaemon(host, daemon, client_env, tmp_path)
        # Only as fast that no upload is done while the others begin.
        host.control.set(rate_limit=100_000)
        try:
            yield found
        finally:
            if found.silent:
                found.speak()
            found.kill_clients()
            daemon.stop()


def test_killed_uploaders_of_a_silent_host_keep_nobody_waiting(place: BusyDaemon):
    """Point 3: the clients die, the host is silent, and other clients are answered; then all of it comes to rest."""
    files = place.files_at_rest()
    place.start_uploads()
    place.fall_silent()
    place.kill_clients()
    assert place.slowest_answer(8) < patience(3)
    place.speak()
    place.host.control.set(rate_limit=0)
    until(lambda: not place.threads(), f"threads that stay: {place.threads()}", 90)
    log = place.daemon.log.read_text(errors="replace")
    unnamed = {name for name in place.temporaries() if name not in log}
    assert not unnamed, "left on the datastore, and in no message"
    until(lambda: not place.host.control.sessions(), "sessions that stay")
    process = place.daemon.process
    try:
        until(lambda: process.open_files() <= files + 2, "files that stay open", 90)
    except AssertionError:
        pytest.fail(f"Before there were {files} open files, now there are {process.open_file_names()}.")


@pytest.mark.parametrize("count", [1, CLIENTS])
def test_a_daemon_that_uploads_to_a_silent_host_ends_at_once(place: BusyDaemon, count: int):
    """Point 3: SIGTERM with uploads under way; what they leave is in the log."""
    place.start_uploads(count)
    place.fall_silent()
    begun = time.monotonic()
    code = place.daemon.process.stop(30)
    took = time.monotonic() - begun
    log = place.daemon.log.read_text(errors="replace")
    assert code == 0, place.daemon.report()
    assert took < patience(5)
    place.speak()
    assert all(name in log for name in place.temporaries())


def test_killed_downloaders_of_a_silent_host_keep_nobody_waiting(place: BusyDaemon):
    files = place.files_at_rest()
    for i in range(10):
        place.virsh("vol-download", "--pool", STORE, f"m/{i}.iso", str(place.folder / f"copy{i}"))
    until(lambda: place.threads().count("esx-stream") == 10, "the downloads have not begun")
    place.fall_silent()
    place.kill_clients()
    assert place.slowest_answer(3) < patience(3)
    place.speak()
    until(lambda: not place.threads(), "threads that stay", 90)
    until(lambda: not place.host.control.sessions(), "sessions that stay")
    until(lambda: place.daemon.process.open_files() <= files + 2, "files that stay open")


def test_a_client_dies_while_its_clone_is_under_way(place: BusyDaemon):
    place.host.control.add_disk(datastore=STORE, path="m/disk.vmdk", capacity=MIB, thin=False)
    place.host.control.set(task_bytes_per_second=MIB // 4)
    place.virsh("vol-clone", "--pool", STORE, "m/disk.vmdk", "m/copy.vmdk")
    until(lambda: place.host.counters()["methods"].get("CopyVirtualDisk_Task", 0) > 0, "no clone was begun")
    place.fall_silent()
    place.kill_clients()
    assert place.slowest_answer(3) < patience(3)
    place.speak()
    until(lambda: not place.host.control.sessions(), "sessions that stay", 90)


def test_connections_close_while_their_login_is_renewed(place: BusyDaemon):
    with Client(place.env) as client:
        conns = [client.open(place.uri()) for _ in range(5)]
        place.host.control.terminate_sessions()
        place.host.control.inject(kind="slow", method="Login", seconds=5, count=1)
        with Client(place.env, timeout=patience(60)) as reader:
            conns.append(reader.open(place.uri(cache_ttl=0)))
            place.host.control.terminate_sessions()
            place.virsh("pool-list", cache_ttl=0)
            for conn in conns[:5]:
                conn.close()
            assert place.slowest_answer(3) < patience(3)
    until(lambda: not place.host.control.sessions(), "sessions that stay", 90)


def test_the_end_of_an_upload_is_bounded_by_timeout(place: BusyDaemon):
    """Point 3: with a known length only the last look and the move are left to Finish; its bound is the URI's."""
    place.host.control.set(rate_limit=0)
    place.host.control.inject(kind="stall", method="MoveDatastoreFile_Task", count=-1)
    with Client(place.env, timeout=patience(60)) as client:
        volume = client.open(place.uri(timeout=3)).storagePoolLookupByName(STORE).storageVolLookupByName("m/0.iso")
        begun = time.monotonic()
        with pytest.raises(ApiError, match=r"within 3 seconds|m/0\.iso"):
            client.run("esxkit.harness.contents:upload", volume, DATA, 0, len(DATA))
        assert time.monotonic() - begun < patience(15)


@pytest.mark.parametrize("step", [0, 1], ids=["one login", "logins of their own"])
def test_waits_for_the_end_of_uploads_do_not_add_up(place: BusyDaemon, step: int):
    """Point 3: clients that have announced their end and died keep the main loop for one bound, not for one each.

    A client that chooses another time-out than the others has a login of its own.
    """
    place.host.control.set(rate_limit=0)
    place.host.control.inject(kind="stall", method="MoveDatastoreFile_Task", count=-1)
    source = place.folder / "source"
    source.write_bytes(DATA)
    for i in range(5):
        place.virsh("vol-upload", "--pool", STORE, f"m/{i}.iso", str(source), timeout=6, stall_timeout=30 + i * step)
    until(lambda: any(order["hits"] for order in place.host.control.injected()), "no upload has come to its move")
    place.fall_silent()
    place.kill_clients()
    # One wait of 6 s, and a tenth of a second for each of the others; five of 6 s would be 30.
    assert place.slowest_answer(3) < patience(15)
    begun = time.monotonic()
    assert place.daemon.stop() == 0
    assert time.monotonic() - begun < patience(15)


def test_a_known_length_leaves_only_the_move_to_finish(place: BusyDaemon):
    """Point 3: the client has sent all and said so; a check that hangs keeps this client waiting, and no other."""
    source = place.folder / "source"
    source.write_bytes(DATA)
    place.host.control.set(rate_limit=0)
    place.host.control.inject(kind="stall", method="HEAD", path="*.upload-*", count=-1)
    place.virsh("vol-upload", "--pool", STORE, "m/1.iso", str(source), "--length", str(len(DATA)), stall_timeout=30)
    until(lambda: any(order["hits"] for order in place.host.control.injected()), "the file's size was not asked for")
    time.sleep(0.5)
    assert place.slowest_answer(3) < patience(3)
    assert place.clients[0].poll() is None
