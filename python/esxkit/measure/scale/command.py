# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``python -m esxkit.measure.scale``: the driver in the largest worlds, and what one update costs there.

Three worlds of the fake (a vCenter, a host with all the LUNs it may have, a full datastore), read embedded and through
a private libvirtd; then changes of single datastores, one after the other, in a daemon that is live. Whatever the
driver does happens in a process of its own, whose CPU time and memory the kernel tells. The fake's time is told beside
it: it writes hundreds of megabytes in Python, and whoever waits for it measures the fake.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from esxkit.fake.worlds import scale as worlds
from esxkit.harness import environment, uri
from esxkit.harness.client import ApiError, Client
from esxkit.harness.daemon import PrivateLibvirtd, write_auth_file
from esxkit.harness.live import LIVE, until_live
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.usage import MIB, Use, Used, cpu_seconds, memory, run
from esxkit.harness.virsh import client_environment
from esxkit.measure.scale.page import Figures, Pure, ScaleRow, Update, write_report

SIZES = (10, 100, 1000, 2000)
GIB = 1024**3
_PATIENCE = 300
_AGAIN = 5
"""How often what is quick is done."""

Outcome = tuple[str, float]
"""What came of a call, and the seconds it took."""


class ScaleSite:
    """Clients, a daemon and a folder for them."""

    def __init__(self, folder: Path, figures: Figures, say: Callable[[str], None]) -> None:
        self.folder, self.figures, self.say = folder, figures, say
        self.env = client_environment(folder, write_auth_file(folder / "auth.conf", PASSWORD))

    def uri(self, fake: Fake, daemon: PrivateLibvirtd | None = None, **parameters: Any) -> str:
        """The URI of a fake, embedded or through a daemon."""
        scheme = "vpx" if fake.service.is_vcenter else "esx"
        address = uri.embedded(fake.host, fake.port, scheme=scheme, cacert=fake.cacert, **parameters)
        return address if daemon is None else uri.through_daemon(address, daemon.socket)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A fresh process with libvirt-python."""
        client = Client(self.env, timeout=_PATIENCE)
        try:
            yield client
        finally:
            client.close()

    @contextmanager
    def fake(self, world: Any, **counts: int) -> Iterator[Fake]:
        """A fake, whose start is timed when it is a named world."""
        begun = time.perf_counter()
        with Fake(world) if not counts else Fake(counts=counts) as fake:
            if isinstance(world, str):
                self.figures.start[world] = time.perf_counter() - begun
            yield fake

    def measure(
        self, fake: Fake, pid: int, what: str, where: str, work: Callable[[], Outcome], times: int = 1
    ) -> ScaleRow:
        """Do `work`, which happens in process `pid`, some times; the row of the median is kept."""
        fake.control.reset_counters()
        before, walls = time.process_time(), []
        with Use(pid) as use:
            for _ in range(times):
                try:
                    outcome, seconds = work()
                    walls.append(seconds)
                except ApiError as error:
                    outcome = f"error: {error.message}"
        seconds = statistics.median(walls) if walls else use.taken.seconds / times
        used = attrs.evolve(use.taken, seconds=seconds, cpu=use.taken.cpu / times)
        return self._keep(fake, what, where, used, (time.process_time() - before) / times, outcome)

    def virsh(self, fake: Fake, address: str, where: str, *command: str) -> ScaleRow:
        """A whole virsh command."""
        fake.control.reset_counters()
        before = time.process_time()
        argv = [*environment.wrapper(), environment.program("virsh", "libvirt-clients"), "-c", address, *command]
        ran = run(argv, self.env, self.folder)
        lines = sum(1 for line in ran.out.splitlines()[2:] if line)
        outcome = f"{lines} lines" if ran.code == 0 else ran.err.strip().splitlines()[-1]
        return self._keep(fake, "virsh " + " ".join(command), where, ran.used, time.process_time() - before, outcome)

    def _keep(self, fake: Fake, what: str, where: str, used: Used, fake_cpu: float, outcome: str) -> ScaleRow:
        counters = fake.control.counters()
        row = ScaleRow(what, where, used, counters["total"], counters["bytes_out"], fake_cpu, outcome)
        self.figures.rows.setdefault(fake.address.world, []).append(row)
        self.say(
            f"{row.where:<10} {what:<44} {used.seconds * 1000:10.1f} ms  CPU {used.cpu * 1000:8.1f} ms  "
            f"peak {used.peak / MIB:6.1f} MiB  {row.requests:4} requests  {row.sent / MIB:7.1f} MiB  {outcome}"
        )
        return row


def _timed(client: Client, what: str, function: str, *arguments: Any) -> Callable[[], Outcome]:
    """A call that is timed in the client's process."""

    def work() -> Outcome:
        count, seconds = client.run(f"esxkit.measure.scale.probe:{function}", *arguments)
        return f"{count} {what}", seconds

    return work


def embedded(site: ScaleSite, fake: Fake, volumes_of: str) -> None:
    """Read everything in one process, twice."""
    with site.client() as client:
        conn = client.open(site.uri(fake))
        pools = _timed(client, "pools", "pools", conn)
        site.measure(fake, client.pid, "pool list, the first read", "embedded", pools)
        site.measure(fake, client.pid, "pool list again", "embedded", pools)
        pool = conn.storagePoolLookupByName(volumes_of)
        volumes = _timed(client, "volumes", "volumes", pool)
        site.measure(fake, client.pid, "volumes of a pool, the first time", "embedded", volumes)
        site.measure(fake, client.pid, "volumes of a pool again", "embedded", volumes)
        conn.close()
    site.virsh(fake, site.uri(fake), "embedded", "pool-list", "--all")
    site.virsh(fake, site.uri(fake), "embedded", "vol-list", volumes_of)


def through_daemon(site: ScaleSite, fake: Fake, volumes_of: str, path: str | None) -> None:
    """The same through a daemon that is live, whose process is what is measured."""
    with PrivateLibvirtd(password=PASSWORD) as daemon, site.client() as client:
        pid = daemon.process.pid
        site.figures.steady.setdefault("", memory(pid))
        conn = client.open(site.uri(fake, daemon))
        pools = _timed(client, "pools", "pools", conn)
        site.measure(fake, pid, "pool list, the first read", "daemon", pools)
        until_live(fake)
        site.measure(fake, pid, "pool list, live", "daemon", pools, _AGAIN)
        look_up = _timed(client, "pool", "look_up", conn, volumes_of)
        site.measure(fake, pid, "look a pool up, and its info, live", "daemon", look_up, _AGAIN)
        volumes = _timed(client, "volumes", "volumes", conn.storagePoolLookupByName(volumes_of))
        site.measure(fake, pid, "volumes of a pool, the first time", "daemon", volumes)
        site.virsh(fake, site.uri(fake, daemon), "daemon", "pool-list", "--all")
        if path is not None:
            scoped = client.open(site.uri(fake, daemon, path=path))
            pools = _timed(client, "pools", "pools", scoped)
            site.measure(fake, pid, "pools of one host (path=), the first read", "daemon", pools)
            site.measure(fake, pid, "pools of one host (path=), live", "daemon", pools, _AGAIN)
            scoped.close()
        site.figures.steady[fake.address.world] = memory(pid)
        conn.close()


def update_cost(site: ScaleSite, fake: Fake) -> Update:
    """Change single datastores of a live daemon, each when the one before has been taken in."""
    changes = site.figures.changes
    stores = [plain["name"] for plain in fake.plan.datastores]
    with PrivateLibvirtd(password=PASSWORD) as daemon, site.client() as client:
        pid = daemon.process.pid
        conn = client.open(site.uri(fake, daemon))
        pools = conn.numOfStoragePools()
        until_live(fake)
        begun = fake.control.counters()["waits"]
        cpu, live_cpu, times = cpu_seconds(pid), cpu_seconds(pid, LIVE), []
        for number in range(changes):
            name = stores[number % len(stores)]
            started = time.perf_counter()
            # By more than a hundredth of the capacity: an event for each.
            fake.control.set_capacity(name, 1024 * GIB, (100 + number * 37 % 800) * GIB)
            assert fake.control.await_waits(1, 20, begun + number + 1), "The daemon does not wait any more."
            times.append(time.perf_counter() - started)
        used, live_used = cpu_seconds(pid) - cpu, cpu_seconds(pid, LIVE) - live_cpu
        info = conn.storagePoolLookupByName(name).info()
        assert info[3] == (100 + (changes - 1) * 37 % 800) * GIB, "The daemon does not show the last change."
        conn.close()
    update = Update(
        fake.address.world, len(stores), pools, used / changes, live_used / changes, statistics.median(times)
    )
    site.figures.updates.append(update)
    site.say(
        f"{update.datastores:5} datastores, {pools:5} pools: {update.cpu * 1e6:6.0f} us CPU an update, "
        f"{update.live_cpu * 1e6:6.0f} of them in {LIVE}; {update.seconds * 1e3:.2f} ms until the next long poll"
    )
    return update


def pure(site: ScaleSite) -> None:
    """The program that measures an update without any server; built when it is not there."""
    build = environment.driver_dir().parent
    program = build / "tests" / "bench" / "bench_inventory"
    ninja = ["ninja", "-C", str(build), "--quiet", str(program.relative_to(build))]
    subprocess.run(ninja, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run([str(program)], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        found = json.loads(line)
        times = (found[f"{name}_us"] for name in ("decode", "update_cpu", "whole"))
        site.figures.pure.append(Pure(found["world"], found["datastores"], found["pools"], *times))


def measure(site: ScaleSite) -> None:
    """Everything."""
    pure(site)
    path = "Sites/Berlin/Cluster 000/esx0000.example.org"
    for world, volumes_of, scope in (
        ("large-vcenter", "datastore-0000", path),
        ("many-luns", worlds.iqn(0), None),
        ("many-files", "large", None),
    ):
        site.say(f"--- {world}")
        with site.fake(world) as fake:
            embedded(site, fake, volumes_of)
            through_daemon(site, fake, volumes_of, scope)
            if world == "large-vcenter":
                update_cost(site, fake)
    for size in SIZES:
        site.say(f"--- {size} datastores")
        with site.fake(None, datastores=size, targets=2, luns=2, volumes=0) as fake:
            if size == SIZES[-1]:
                through_daemon(site, fake, "datastore-0000", None)
            update_cost(site, fake)


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and write the report."""
    parser = argparse.ArgumentParser(prog="scale", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--changes", type=int, default=500, metavar="N", help="updates for each size (default 500)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file as well")
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="write SCALE.md and scale-update.svg there")
    arguments = parser.parse_args(argv)
    folder, figures = environment.private_folder("esxscale"), Figures(arguments.changes)
    load = os.getloadavg()[0]
    try:
        measure(ScaleSite(folder, figures, lambda line: print(line, flush=True)))
    finally:
        environment.drop_folder(folder)
    figures.load = load, os.getloadavg()[0]
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(attrs.asdict(figures), indent=2) + "\n")
    if arguments.report is not None:
        write_report(figures, arguments.report)
    return 0
