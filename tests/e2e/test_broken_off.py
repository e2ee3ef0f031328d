# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What is left when a change is broken off: by a client, a daemon or a server that is killed, or by the network.

An undisturbed run tells how many moments a change has (see esxkit.fake.events); then it is broken off at points spread
evenly over these. Afterwards the datastore holds the old or the new state, or what the error named; where a client or
daemon was killed nobody could be told, and a temporary file of an upload may be there, which vol-list shows. Then the
change is made again, and must succeed; only what an error or vol-list named may be deleted before.

ESXKIT_BREAK_POINTS says how many points there are (default 5; 20 are the full test).
"""

from __future__ import annotations

import functools
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from esxkit.fake.events import EXIT_CODE
from esxkit.fake.server import FakeProcess
from esxkit.harness import environment, uri
from esxkit.harness.client import ApiError, Client, Remote, WorkerDied
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.environment import patience
from esxkit.harness.live import until
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.volumes import flat, some_bytes, volume_xml

POINTS = environment.break_points()
STORE = "datastore-0000"
MIB = 1024 * 1024
OLD, NEW = some_bytes(MIB, "old"), some_bytes(MIB, "new")
TEMPORARY = re.compile(r"\.upload-[0-9a-f]{8}$")

State = dict[str, bytes]
"""What a datastore holds: contents by path; of a descriptor only that it is there."""


@attrs.frozen
class Change:
    """A verb with the volume it is about, and what it comes to."""

    label: str
    target: str
    run: Callable[[Client, Remote], object]
    after: State

    def __str__(self) -> str:
        return self.label


def disk(name: str, contents: bytes) -> State:
    return {name: b"descriptor", flat(name): contents}


def upload(client: Client, pool: Remote, name: str) -> None:
    client.run("esxkit.harness.contents:upload", pool.storageVolLookupByName(name), NEW)


BEFORE = {**disk("w/disk.vmdk", OLD), "w/file.bin": OLD}
WITHOUT_DISK = {"w/file.bin": OLD}
CHANGES = [
    Change(
        "create a disk",
        "w/new.vmdk",
        lambda client, pool: pool.createXML(volume_xml("w/new.vmdk", MIB)),
        {**BEFORE, **disk("w/new.vmdk", bytes(MIB))},
    ),
    Change(
        "create a plain file",
        "w/new.bin",
        lambda client, pool: pool.createXML(volume_xml("w/new.bin", MIB)),
        {**BEFORE, "w/new.bin": bytes(MIB)},
    ),
    Change(
        "clone a disk",
        "w/copy.vmdk",
        lambda client, pool: pool.createXMLFrom(
            volume_xml("w/copy.vmdk", MIB), pool.storageVolLookupByName("w/disk.vmdk")
        ),
        {**BEFORE, **disk("w/copy.vmdk", OLD)},
    ),
    Change(
        "upload to a disk",
        "w/disk.vmdk",
        lambda client, pool: upload(client, pool, "w/disk.vmdk"),
        {**BEFORE, **disk("w/disk.vmdk", NEW)},
    ),
    Change(
        "upload to a plain file",
        "w/file.bin",
        lambda client, pool: upload(client, pool, "w/file.bin"),
        {**BEFORE, "w/file.bin": NEW},
    ),
    Change(
        "delete a disk",
        "w/disk.vmdk",
        lambda client, pool: pool.storageVolLookupByName("w/disk.vmdk").delete(),
        WITHOUT_DISK,
    ),
]


# ---- the server --------------------------------------------------------------------------------


def make_volumes(control: Any) -> None:
    """The volumes as they are before each change, and nothing else."""
    root = Path(control.real_path(STORE))
    if (root / "w").exists():
        control.remove_file(datastore=STORE, path="w")
    control.add_disk(datastore=STORE, path="w/disk.vmdk", capacity=MIB, thin=False)
    control.add_file(datastore=STORE, path="w/file.bin", size=MIB)
    for name in ("w/disk-flat.vmdk", "w/file.bin"):
        (root / name).write_bytes(OLD)


def state(control: Any) -> State:
    root = Path(control.real_path(STORE))
    return {
        name: b"descriptor" if name.endswith(".vmdk") and "-flat" not in name else path.read_bytes()
        for path in (root / "w").rglob("*")
        if path.is_file() and (name := str(path.relative_to(root)))
    }


@pytest.fixture
def server() -> Iterator[Fake]:
    with Fake("small", task_ms=5) as fake:
        make_volumes(fake.control)
        yield fake


@functools.cache
def moments(change_label: str) -> int:
    """How many moments an undisturbed run of a change has, on a connection that knows its pool."""
    change = next(change for change in CHANGES if change.label == change_label)
    with Fake("small", task_ms=5) as fake:
        make_volumes(fake.control)
        env = environment_of_clients()
        with Client(env) as client:
            pool = warm_pool(client, uri.embedded(fake.host, fake.port, cacert=fake.cacert))
            fake.control.arm()
            change.run(client, pool)
            count = len(fake.control.events())
        assert state(fake.control) == change.after
        return count


_env: dict[str, str] = {}


def environment_of_clients() -> dict[str, str]:
    return _env


@pytest.fixture(autouse=True)
def keep_environment(client_env: dict[str, str]) -> None:
    _env.update(client_env)


def moment(change: Change, point: int) -> int:
    """The moment of one of the points, spread evenly from the first to the last."""
    last = moments(change.label)
    return 1 + point * (last - 1) // max(POINTS - 1, 1)


def warm_pool(client: Client, address: str) -> Remote:
    pool = client.open(address).storagePoolLookupByName(STORE)
    pool.listVolumes()
    return pool


# ---- what must be so afterwards ----------------------------------------------------------------


def leftovers(left: State) -> set[str]:
    return {name for name in left if TEMPORARY.search(name)}


def named(left: State, message: str) -> set[str]:
    """What an error names, a disk with its extent."""
    found = {name for name in left if f"[{STORE}] {name}" in message}
    return found | {flat(name) for name in found}


def is_good(left: State, change: Change, message: str | None) -> bool:
    """Whether the datastore holds the old or the new state, beside new files that somebody was told of.

    What was there before is never half old and half new, whatever an error says.
    """
    if message is None:
        told = leftovers(left) | {change.target, flat(change.target)}
    else:
        told = named(left, message)
    told -= set(BEFORE)
    rest = {name: contents for name, contents in left.items() if name not in told}
    states = ({n: c for n, c in wanted.items() if n not in told} for wanted in (BEFORE, change.after))
    return any(rest == wanted for wanted in states)


def expect_good_end(control: object, change: Change, message: str | None) -> None:
    """The server may have a task or a request to end yet, that nobody waits for."""
    deadline = time.monotonic() + patience(20)
    while not is_good(left := state(control), change, message):
        assert time.monotonic() < deadline, f"{sorted(left)} is left, and the error was: {message}"
        time.sleep(0.02)


def expect_repeatable(client: Client, address: str, control: object, change: Change) -> None:
    """The same again, after deleting what vol-list shows of the first try."""
    pool = warm_pool(client, address)
    deadline = time.monotonic() + patience(20)
    while True:
        try:
            repeat(client, pool, change)
            break
        except ApiError as error:
            # What the killed one had open is locked until the server has noticed.
            assert time.monotonic() < deadline, error
            time.sleep(0.05)
            pool.refresh(0)
    assert state(control) == change.after


def repeat(client: Client, pool: Remote, change: Change) -> None:
    pool.refresh(0)
    names = pool.listVolumes()
    for name in filter(TEMPORARY.search, names):
        pool.storageVolLookupByName(name).delete()
    is_new = change.target not in BEFORE
    if is_new and change.target in names:
        pool.storageVolLookupByName(change.target).delete()
    if change.target in change.after or change.target in names:
        change.run(client, pool)


EVERY_POINT = pytest.mark.parametrize("point", range(POINTS))
EVERY_CHANGE = pytest.mark.parametrize("change", CHANGES, ids=str)


# ---- the network -------------------------------------------------------------------------------


@EVERY_CHANGE
@EVERY_POINT
def test_the_connection_is_cut(site, client: Client, server: Fake, change: Change, point: int):
    pool = warm_pool(client, site.uri(server))
    server.control.arm(cut_at=moment(change, point))
    message = ""
    try:
        change.run(client, pool)
    except ApiError as error:
        message = error.message
    server.control.arm()
    if not message:
        assert state(server.control) == change.after
    expect_good_end(server.control, change, message)
    expect_repeatable(client, site.uri(server), server.control, change)


# ---- whoever works is killed -------------------------------------------------------------------


def signal_when(server: Fake, pid: int, number: int, is_it: Callable[[str, int], bool]) -> None:
    """Has the fake itself send a signal to a process at the first moment that is it, so that nothing comes between."""
    events = server.service.events
    sent: list[str] = []

    def signal_once(what: str) -> None:
        if not sent and is_it(what, len(events.log)):
            sent.append(what)
            os.kill(pid, number)

    server.control.arm()
    events.after = signal_once


def kill_at(server: Fake, pid: int, at: int) -> None:
    signal_when(server, pid, signal.SIGKILL, lambda _what, number: number == at)


@EVERY_CHANGE
@EVERY_POINT
def test_the_client_is_killed(site, server: Fake, change: Change, point: int):
    with site.client() as victim:
        pool = warm_pool(victim, site.uri(server))
        kill_at(server, victim.pid, moment(change, point))
        try:
            change.run(victim, pool)
        except WorkerDied:
            pass
    expect_good_end(server.control, change, None)
    with site.client() as client:
        expect_repeatable(client, site.uri(server), server.control, change)


@EVERY_CHANGE
def test_the_daemon_is_killed(driver, client_env: dict[str, str], server: Fake, change: Change):
    address = uri.embedded(server.host, server.port, cacert=server.cacert)
    for point in range(POINTS):
        make_volumes(server.control)
        with Client(client_env) as client:
            daemon = PrivateLibvirtd(password=PASSWORD).start()
            try:
                pool = warm_pool(client, uri.through_daemon(address, daemon.socket))
                kill_at(server, daemon.process.pid, moment(change, point))
                try:
                    change.run(client, pool)
                except ApiError as error:
                    assert error.message
            finally:
                daemon.stop()
            expect_good_end(server.control, change, None)
        with Client(client_env) as client:
            expect_repeatable(client, address, server.control, change)


class Phoenix:
    """A fake in a process of its own, that dies and comes back on its port with its files."""

    def __init__(self, folder: Path) -> None:
        self._arguments = ["--world", "small", "--task-ms", "5", "--state", str(folder)]
        self.process = FakeProcess(*self._arguments).__enter__()
        self._arguments += ["--port", str(self.process.port)]

    def come_back(self, done: bool) -> None:
        """Start it again when it is dead.

        A change that is done may have needed fewer looks at its task than the undisturbed run, so that the last moments
        do not come. Then it is killed here.
        """
        try:
            assert self.process.wait(patience(2 if done else 60)) == EXIT_CODE
        except subprocess.TimeoutExpired:
            assert done, "The moment has not come."
            self.process.kill()
        self.process.__exit__(None, None, None)
        self.process = FakeProcess(*self._arguments).__enter__()

    def stop(self) -> None:
        self.process.__exit__(None, None, None)


@EVERY_CHANGE
def test_the_server_is_killed(driver, client_env: dict[str, str], tmp_path: Path, change: Change):
    phoenix = Phoenix(tmp_path / "state")
    address = uri.embedded("127.0.0.1", phoenix.process.port, cacert=phoenix.process.cacert)
    try:
        for point in range(POINTS):
            make_volumes(phoenix.process.control)
            with Client(client_env) as client:
                pool = warm_pool(client, address)
                phoenix.process.control.arm(die_at=moment(change, point))
                message = ""
                try:
                    change.run(client, pool)
                except ApiError as error:
                    message = error.message
                phoenix.come_back(done=not message)
                expect_good_end(phoenix.process.control, change, message)
                expect_repeatable(client, address, phoenix.process.control, change)
    finally:
        phoenix.stop()


# ---- libvirtd is told to stop ------------------------------------------------------------------


def test_a_daemon_that_is_told_to_stop_takes_back_a_long_clone(driver, client_env: dict[str, str], server: Fake):
    """The clone would take a quarter of an hour."""
    address = uri.embedded(server.host, server.port, cacert=server.cacert)
    server.change(task_bytes_per_second=1024)
    before = state(server.control)
    daemon = PrivateLibvirtd(password=PASSWORD).start()
    with Client(client_env) as client:
        pool = warm_pool(client, uri.through_daemon(address, daemon.socket))
        signal_when(server, daemon.process.pid, signal.SIGTERM, has_waited_for_a_task())
        started = time.monotonic()
        with pytest.raises(ApiError):
            CHANGES[2].run(client, pool)
    # A second SIGTERM would kill it while it ends.
    until(lambda: daemon.process.exit_code is not None, "the daemon has ended")
    assert daemon.stop() == 0
    assert time.monotonic() - started < patience(15)
    assert server.requests()["CancelTask"] == 1
    assert state(server.control) == before


def has_waited_for_a_task() -> Callable[[str, int], bool]:
    """The moment at which a client has had two answers about a task that runs."""
    answers = [0]

    def is_it(what: str, _number: int) -> bool:
        if what.endswith(": running"):
            answers[0] = 1
        elif answers[0] > 0 and what.startswith("answer of"):
            answers[0] += 1
        return answers[0] > 2

    return is_it
