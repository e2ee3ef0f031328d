# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""One fake host, one client process and, where the driver is in a daemon, one daemon; reset from cell to cell."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path
from typing import Any

from esxkit.attack.matrix.names import DISK, DISK_SIZE, FILE, FILE_SIZE, FOLDER, Names
from esxkit.fake.worlds.counts import counts_world
from esxkit.fake.worlds.plan import WorldPlan
from esxkit.fake.worlds.vcenter import vcenter_world
from esxkit.harness import environment, uri
from esxkit.harness.client import ApiError, Client, Remote, WorkerDied, WorkerHung
from esxkit.harness.daemon import PrivateLibvirtd, write_auth_file
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.virsh import client_environment
from esxkit.harness.volumes import some_bytes

QUICK: dict[str, Any] = {"connect_timeout": 0.5, "stall_timeout": 0.4, "timeout": 1, "task_timeout": 2, "cache_ttl": 0}
"""The time-outs of the URI in a cell."""
ACTIONS = "esxkit.attack.matrix.actions"
GIVE_UP = 30.0
"""Seconds after which a call that does not come back is ended."""

Files = dict[str, Any]
"""What is in the matrix' folder of both datastores: contents (of descriptors: what does not differ by chance)."""

_BY_CHANCE = re.compile(rb"^(CID|parentCID|ddb\.(uuid|longContentID|\w*[iI]d)\b).*\n", re.MULTILINE)


def _world(kind: str) -> WorldPlan:
    """A small host; a vCenter with three datastores."""
    if kind == "esx":
        return counts_world(2, 2, 2, 3)
    world = vcenter_world()
    kept = ("datastore1", "of-vmfs5", "nfs-datastore")
    world.datastores[:] = [one for one in world.datastores if one["name"] in kept]
    for host in world.hosts:
        host.datastores = [name for name in kept if host.datastores is None or name in host.datastores]
    return world


_STORES = {"esx": ("datastore-0000", "datastore-0001"), "vpx": ("datastore1", "of-vmfs5")}
_IQNS = {
    "esx": "iqn.2026-01.org.example:target-0000",
    "vpx": "iqn.2003-10.com.lefthandnetworks:mg-group:1187:esx-vol",
}


class Testbed:
    """The driver in one mode ("embedded", "remote") at a server of one kind ("esx", "vpx")."""

    def __init__(self, mode: str, kind: str) -> None:
        self.mode, self.kind = mode, kind
        self.folder = environment.private_folder("esxm")
        for name in ("config", "cache", "run"):
            (self.folder / name).mkdir(mode=0o700)
        write_auth_file(self.folder / "auth.conf", PASSWORD)
        self.fake = Fake(_world(kind), task_ms=0, page_size=8).start()
        self.daemon = PrivateLibvirtd(password=PASSWORD).start() if mode == "remote" else None
        self.client = self._new_client()
        self.conn: Remote | None = None
        store, other = _STORES[kind]
        self._roots = {one: Path(self.fake.control.real_path(one, "")) for one in (store, other)}
        self.names = Names(self._uri(), store, other, _IQNS[kind])
        self._pristine: Files = {}
        self.reset()
        descriptor = (self._roots[store] / DISK).read_text()
        found = re.search(r'ddb\.uuid = "([^"]*)"', descriptor)
        assert found, f"The descriptor has no UUID: {descriptor}"
        digits = found[1].replace(" ", "").replace("-", "")
        dashed = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
        self.names = Names(self.names.uri, store, other, _IQNS[kind], dashed)

    def close(self) -> None:
        """End everything."""
        self.client.kill()
        if self.daemon is not None:
            self.daemon.stop()
        self.fake.stop()
        environment.drop_folder(self.folder)

    def _uri(self) -> str:
        address = uri.embedded("127.0.0.1", self.fake.port, scheme=self.kind, cacert=self.fake.cacert, **QUICK)
        return uri.through_daemon(address, self.daemon.socket) if self.daemon is not None else address

    def _new_client(self) -> Client:
        env = client_environment(self.folder, self.folder / "auth.conf")
        return Client(env, timeout=GIVE_UP, log=self.folder / "client.log")

    # -- the files ---------------------------------------------------------------------------

    def reset(self) -> None:
        """The server is well, and its files are as they were."""
        self.fake.clear_orders()
        if self._pristine and self.files() == self._pristine:
            return
        for _ in range(3):
            self._lay_out()
            files = self.files()
            if files == (self._pristine or files):
                break
            time.sleep(1)  # Something of the last cell was still at work.
        self._pristine = self._pristine or files
        assert files == self._pristine, f"The files are not as they were: {sorted(files)}"

    def _lay_out(self) -> None:
        control = self.fake.control
        for store in self._roots:
            if FOLDER in control.list_files(store):
                control.remove_file(store, FOLDER)
        store, other = self.names.store, self.names.other
        control.add_disk(store, DISK, DISK_SIZE, thin=False)
        control.add_file(store, FILE, size=FILE_SIZE)
        control.make_folder(other, FOLDER)
        self.fake.fill(store, DISK.replace(".vmdk", "-flat.vmdk"), some_bytes(DISK_SIZE, "disk"))
        self.fake.fill(store, FILE, some_bytes(FILE_SIZE, "file"))

    @property
    def pristine(self) -> Files:
        """The files before a verb."""
        return self._pristine

    def files(self) -> Files:
        """The files as they are."""
        found: Files = {}
        for store, root in self._roots.items():
            for path in (root / FOLDER).rglob("*"):
                name = f"[{store}] {path.relative_to(root)}"
                try:
                    found[name] = "folder" if path.is_dir() else _contents(path)
                except FileNotFoundError:
                    continue  # It went while this looked.
        return found

    def settle(self, seconds: float = 5) -> None:
        """Wait until the server has no task under way."""
        end = time.monotonic() + seconds
        while self.fake.service.background and time.monotonic() < end:
            time.sleep(0.01)

    # -- the verbs ---------------------------------------------------------------------------

    def run(self, action: str, opens: bool = False) -> Any:
        """Run an action; ApiError, WorkerDied, WorkerHung."""
        arguments = (self.names,) if opens else (self.connection(), self.names)
        return self.client.run(f"{ACTIONS}:{action}", *arguments, timeout=GIVE_UP)

    def connection(self) -> Remote:
        """The connection of all cells; a new one where there is none."""
        if self.conn is None:
            self.conn = self.client.open(self.names.uri)
        return self.conn

    def drop_connection(self) -> None:
        """The next cell has a new one."""
        conn, self.conn = self.conn, None
        if conn is not None:
            with contextlib.suppress(ApiError, WorkerDied, WorkerHung):
                conn.close()

    def ready(self, opens: bool) -> Any:
        """What a verb begins with: no login at all where it opens a connection itself, else an open connection."""
        if not opens:
            self.connection()
            return None
        self.drop_connection()
        with contextlib.suppress(AssertionError):
            self.fake.eventually_without_sessions(2)
        return None

    def warm(self) -> Any:
        """A connection that has read twice, as a standing filter wants it; the pools."""
        self.run("pool_list")
        pools = self.run("pool_list")
        if self.mode == "remote":
            self.fake.control.await_waits(1, 2)
        return pools

    def alive(self) -> bool:
        """Whether the daemon, or the process with the driver, runs."""
        return self.daemon.process.running if self.daemon is not None else self.client.exit_code is None

    def daemon_died(self) -> bool:
        """Whether there is a daemon, and it has ended."""
        return self.daemon is not None and not self.daemon.process.running


def _contents(path: Path) -> Any:
    data = path.read_bytes()
    if path.suffix == ".vmdk" and not path.stem.endswith("-flat"):
        data = _BY_CHANCE.sub(b"", data)
    return hash(data), len(data)
