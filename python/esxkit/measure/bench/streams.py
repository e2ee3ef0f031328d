# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""How fast contents of volumes move, and how much memory that takes.

One fake host, and in turn curl and virsh with the same bytes: virsh with the driver in itself (embedded) and through a
private libvirtd (remote). Rounds take turns, so that a machine that is busy for a while is so for everybody; of each
kind the median counts. A transfer's time is that of its command less that of one that moves nothing: virsh vol-info,
which logs in and lists the datastore as well, and curl --head.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs

from esxkit.harness import environment, uri
from esxkit.harness.daemon import PrivateLibvirtd, write_auth_file
from esxkit.harness.process import piped, tied_to_parent
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.virsh import Virsh, client_environment
from esxkit.measure.report import MIB

DATASTORE = "datastore1"
DISK = "bench/disk.vmdk"
FLAT = "bench/disk-flat.vmdk"
CONNECTIONS = 4
"""Of a download that may use several: the driver's default."""


@attrs.frozen
class Measured:
    """One command that ran to its end."""

    seconds: float
    peak: int
    """Most memory it had, in bytes; 0 where nobody could look."""


def _peak(pid: int) -> int:
    """The most memory a process has had, in bytes; 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0


def _forget_peak(pid: int) -> int:
    """Make the present memory of a process its peak; return it in bytes."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _peak(pid)


def run(argv: list[str], env: Mapping[str, str], stdin: str = "") -> Measured:
    """Run a command and look at its memory meanwhile; AssertionError when it fails."""
    begun = time.monotonic()
    with subprocess.Popen(
        tied_to_parent(argv),
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        piped(child.stdin).write(stdin)
        piped(child.stdin).close()
        peak = 0
        while child.poll() is None:
            peak = max(peak, _peak(child.pid))
            time.sleep(0.01)
        seconds = time.monotonic() - begun
        output = piped(child.stdout).read()
    assert child.returncode == 0, f"{argv[0]} {argv[1:]} ended with {child.returncode}:\n{output}"
    return Measured(seconds, peak)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _random_file(path: Path, size: int) -> None:
    with path.open("wb") as file:
        for _ in range(size // MIB):
            file.write(os.urandom(MIB))


class StreamBench:
    """A fake host with a disk of `size` bytes, a daemon, and the commands that move its contents."""

    def __init__(self, fake: Fake, daemon: PrivateLibvirtd, folder: Path, size: int) -> None:
        self.fake, self.daemon, self.folder, self.size = fake, daemon, folder, size
        auth = write_auth_file(folder / "auth.conf", PASSWORD)
        self.env = client_environment(folder, auth)
        self.source = folder / "source"
        self.copy = folder / "copy"
        _random_file(self.source, size)
        create = ("vol-create-as", DATASTORE, DISK, str(size), "--allocation", "0", "--format", "vmdk")
        Virsh(self.uri("embedded"), self.env)(*create).check()

    def uri(self, mode: str, **parameters: Any) -> str:
        """The URI of the fake in one of the modes."""
        address = uri.embedded(self.fake.host, self.fake.port, cacert=str(self.fake.cacert), **parameters)
        return uri.through_daemon(address, self.daemon.socket) if mode == "remote" else address

    def virsh(self, mode: str, *command: str, **parameters: Any) -> Measured:
        """One virsh command."""
        argv = [*environment.wrapper(), environment.program("virsh", "libvirt-clients")]
        return run([*argv, "-c", self.uri(mode, **parameters), *command], self.env)

    def info(self, mode: str) -> Measured:
        """``vol-info`` of the disk: all that virsh does, but no transfer."""
        return self.virsh(mode, "vol-info", "--pool", DATASTORE, DISK)

    def download(self, mode: str, target: str = "/dev/null", connections: int = CONNECTIONS) -> Measured:
        """``vol-download`` of the disk."""
        return self.virsh(mode, "vol-download", "--pool", DATASTORE, DISK, target, connections=connections)

    def upload(self, mode: str) -> Measured:
        """``vol-upload`` to the disk."""
        return self.virsh(mode, "vol-upload", "--pool", DATASTORE, DISK, str(self.source))

    def curl(self, path: str, *options: str) -> Measured:
        """curl with a file of the datastore; the password goes by its standard input."""
        address = f"https://{self.fake.host}:{self.fake.port}/folder/{quote(path)}"
        datastore = quote(quote(DATASTORE, safe=""), safe="")
        argv = [environment.program("curl", "curl"), "--silent", "--show-error", "--fail", "--http1.1", "--config", "-"]
        login = json.dumps(f"root:{PASSWORD}")
        argv += ["--cacert", str(self.fake.cacert), *options, f"{address}?dcPath=ha-datacenter&dsName={datastore}"]
        return run(argv, self.env, f"user = {login}\n")

    def curl_download(self) -> Measured:
        """curl, the same bytes."""
        return self.curl(FLAT, "--output", "/dev/null")

    def curl_upload(self) -> Measured:
        """curl, the same bytes to a file of their own."""
        return self.curl("bench/curl.bin", "--upload-file", str(self.source))


def _medians(kinds: dict[str, Callable[[], Measured]], rounds: int) -> dict[str, float]:
    """Median of the seconds of some rounds, in which everybody takes a turn."""
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind, command in kinds.items():
            times[kind].append(command().seconds)
    return {kind: statistics.median(seconds) for kind, seconds in times.items()}


def throughput(bench: StreamBench, rounds: int) -> dict[str, float]:
    """Seconds for whole commands that move the disk's bytes, and for those that move none."""
    return _medians(
        {
            "nothing curl": lambda: bench.curl(FLAT, "--head"),
            "nothing embedded": lambda: bench.info("embedded"),
            "nothing remote": lambda: bench.info("remote"),
            "upload curl": bench.curl_upload,
            "upload embedded": lambda: bench.upload("embedded"),
            "upload remote": lambda: bench.upload("remote"),
            "download curl": bench.curl_download,
            "download embedded": lambda: bench.download("embedded"),
            "download embedded, 1 connection": lambda: bench.download("embedded", connections=1),
            "download remote": lambda: bench.download("remote"),
        },
        rounds,
    )


def capped(bench: StreamBench, rate: float, size: int) -> dict[str, float]:
    """Seconds for the disk's first bytes from a host that moves `rate` bytes a second on each connection."""

    def part(connections: int) -> Measured:
        command = ("vol-download", "--pool", DATASTORE, DISK, "/dev/null", "--length", str(size))
        return bench.virsh("embedded", *command, connections=connections)

    before = bench.fake.change(rate_limit=rate)
    try:
        return _medians({"1": lambda: part(1), "4": lambda: part(4)}, 1)
    finally:
        bench.fake.change(**before)


def memory(bench: StreamBench) -> dict[str, int]:
    """By how many bytes processes grow while the disk goes up and comes back, the same as it went.

    What a remote client grows by in a download is libvirt's own: it queues whatever the daemon sends until virsh has
    written it to its disk.
    """
    info = bench.info("remote").peak
    pid = bench.daemon.process.pid
    before = _forget_peak(pid)
    up = bench.upload("remote").peak
    down = bench.download("remote", str(bench.copy)).peak
    assert _digest(bench.copy) == _digest(bench.source), "what came back is not what was sent"
    growth = {"daemon": _peak(pid) - before, "client upload": up - info, "client download": down - info}

    embedded = bench.info("embedded").peak
    growth["embedded upload"] = bench.upload("embedded").peak - embedded
    growth["embedded download"] = bench.download("embedded").peak - embedded
    bench.copy.unlink()
    return growth


@attrs.frozen
class Figure:
    """A line of the table: what was measured, and what it has to be."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it is what it has to be."""
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    def __str__(self) -> str:
        aim = f"at least {self.at_least:g}" if self.at_least is not None else ""
        aim = f"at most {self.at_most:g}" if self.at_most is not None else aim
        return f"{self.name:<48} {self.value:>9.2f} {self.unit:<8} {aim:<14} {'' if self.holds else 'MISSED'}".rstrip()


def lines(bench: StreamBench, rounds: int, rate: float) -> Iterator[Figure]:
    """Everything, as it is measured."""
    for name, growth in memory(bench).items():
        ceiling = None if name == "client download" else 32
        yield Figure(f"memory growth, {name}", growth / MIB, "MiB", at_most=ceiling)
    commands = throughput(bench, rounds)
    nothing = {who: commands.pop(f"nothing {who}") for who in ("curl", "embedded", "remote")}
    for who, value in nothing.items():
        yield Figure(f"command that moves nothing, {who}", value, "s")
    seconds = {name: value - nothing[name.replace(",", "").split()[1]] for name, value in commands.items()}
    for name, value in seconds.items():
        yield Figure(name, bench.size / MIB / value, "MiB/s")
    for way in ("upload", "download"):
        whole = commands[f"{way} curl"] / commands[f"{way} embedded"]
        yield Figure(f"{way} embedded, against curl, whole command", whole, "x")
        ratio = seconds[f"{way} curl"] / seconds[f"{way} embedded"]
        yield Figure(f"{way} embedded, against curl", ratio, "x", at_least=0.9)
    # Some seconds of one connection.
    size = min(bench.size, int(rate * 12))
    slow = capped(bench, rate, size)
    for connections, value in slow.items():
        yield Figure(f"capped download, {connections} connection(s)", size / MIB / value, "MiB/s")
    yield Figure("capped download, 4 connections against 1", slow["1"] / slow["4"], "x", at_least=3.5)


def measure(size: int, rounds: int, rate: int, tell: Callable[[str], None] = lambda _text: None) -> dict[str, Any]:
    """Everything, with the headlines.

    Args:
        size: of the disk, in MiB.
        rounds: of each measurement of speed.
        rate: MiB a second of a capped connection.
        tell: hears each line as it is measured.
    """
    folder = environment.private_folder("esxbench")
    figures: dict[str, Figure] = {}
    try:
        with Fake() as fake, PrivateLibvirtd(password=PASSWORD) as daemon:
            bench = StreamBench(fake, daemon, folder, size * MIB)
            for line in lines(bench, rounds, rate * MIB):
                tell(str(line))
                figures[line.name] = line
    finally:
        environment.drop_folder(folder)
    return {
        "size": size * MIB,
        "figures": [{**attrs.asdict(line), "holds": line.holds} for line in figures.values()],
        "download_ratio_to_curl": figures["download embedded, against curl"].value,
        "upload_ratio_to_curl": figures["upload embedded, against curl"].value,
        "download_speedup_4_connections_capped": figures["capped download, 4 connections against 1"].value,
    }
