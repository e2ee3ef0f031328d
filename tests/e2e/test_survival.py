# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A daemon with little memory, one client of a hostile server, and one of a server that is well.

The daemon may have 256 MiB of address space more than it has when it has started (RLIMIT_AS, which counts all that is
mapped). Each thread of glibc that allocates may reserve an arena of 64 MiB without ever using it, which would be the
C library's share of the limit and not the driver's; MALLOC_ARENA_MAX=1 in the daemon's environment, a documented
switch, leaves those reservations out. Stacks of threads count as they are, 8 MiB each.

For each reply that the fake can send: the daemon lives, the other client's calls take under a second, what was refused
is named, in the error or in the log, and a new connection works as soon as the server is well again.
"""

from __future__ import annotations

import resource
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import libvirt
import pytest

from esxkit.fake.server import FakeProcess
from esxkit.harness import environment, uri
from esxkit.harness.check import expect_sentence
from esxkit.harness.client import ApiError, Client, Remote
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.environment import patience
from esxkit.harness.servers import PASSWORD
from esxkit.harness.volumes import some_bytes, volume_xml

pytestmark = pytest.mark.skipif(
    bool(environment.preload() or environment.wrapper()), reason="a sanitizer needs more address space than this"
)

MIB = 1024 * 1024
ABOVE_START = 256 * MIB
CALM_MEDIAN, CALM_WORST = 1.0, 5.0
"""Seconds a call on the other connection may take: usually, and in the worst case on a machine that is busy."""
STORES, VOLUMES = 40, 10
QUICK = {"connect_timeout": 3, "stall_timeout": 2, "timeout": 6, "cache_ttl": 0}
STORE, FILE, DISK = "datastore-0000", "folder/plain.raw", "folder/disk.vmdk"

READS = "RetrievePropertiesEx"
"""The reads of a client that asks once, and the looks at tasks: also the result of a search."""
UPDATES = "WaitForUpdatesEx"
"""How a daemon reads the inventory."""


@attrs.frozen
class Case:
    """Orders for the hostile server, and words of which one must be in an error or in the daemon's log ("": none)."""

    orders: tuple[dict[str, Any], ...]
    names: tuple[str, ...] = ("longer", "omitted", "more than", "too long", "too large", "exceeds")
    vcenter: bool = False


def swell(field: str, method: str = "*", **more: Any) -> dict[str, Any]:
    """A megabyte of text in each `field`."""
    return {"kind": "swell", "field": field, "method": method, "count": -1, "size": MIB, **more}


def inventory(field: str, **more: Any) -> Case:
    """A megabyte in a field of the inventory, 20 times where it has as many."""
    return Case((swell(field, UPDATES, most=20, **more),))


def searched(field: str, **more: Any) -> Case:
    """A megabyte in a field of a search's result."""
    return Case((swell(field, READS, **more),))


ANY = ("",)
HEADER = ("header", "not valid HTTP")
"""A line of 1 MB is too long for libcurl, which says what it thinks of such a server."""
MANY_FILES = {"kind": "multiply", "method": READS, "count": -1, "field": "file", "times": 400, "distinct": ["path"]}
MANY_STORES = {"kind": "multiply", "field": "objectSet", "of": "", "times": 1000, "distinct": ["obj"]}

CASES: dict[str, Case] = {
    "names of datastores": inventory("name", of="Datastore"),
    # What its owner can do without counts as not set, and nothing is said.
    "URLs of datastores": Case((swell("url", UPDATES, most=20),), ANY),
    "mount paths": Case((swell("path", UPDATES, most=20, of="Datastore"),), ANY),
    "remote paths": Case((swell("remotePath", UPDATES, most=20),), ANY),
    "IQNs": inventory("iScsiName"),
    "aliases": Case((swell("iScsiAlias", UPDATES, most=20),), ANY),
    "portals": inventory("address"),
    "names of LUNs": Case((swell("canonicalName", UPDATES, most=20),), ANY),
    "devices of LUNs": inventory("deviceName"),
    "keys of LUNs": Case((swell("key", UPDATES, most=20),), ANY),
    "references": inventory("obj"),
    "a name of a host": Case((swell("name", UPDATES, of="HostSystem"),), ANY),
    "a version": Case((swell("version", UPDATES),)),
    "a folder of a search": searched("folderPath", fill="a/"),
    "a folder of a search with 400 files": Case(
        ({**MANY_FILES, "also": [{"kind": "swell", "field": "folderPath", "size": MIB, "fill": "a/"}]},)
    ),
    "a path of a search": searched("path", most=20),
    "400 long paths of a search": Case(
        ({**MANY_FILES, "times": 20, "also": [{"kind": "swell", "field": "path", "size": MIB // 50}]},)
    ),
    "friendly names": Case((swell("friendlyName", READS),), ANY),
    "a datacenter's name over 1,000 datastores of one name": Case(
        (
            {
                **MANY_STORES,
                "kind": "multiply",
                "method": UPDATES,
                "count": -1,
                "of": "Datastore",
                "also": [{"kind": "swell", "field": "name", "of": "Datacenter", "size": MIB}],
            },
        ),
        ANY,
        vcenter=True,
    ),
    "messages of faults": Case(
        ({"kind": "fault", "fault": "SystemError", "size": MIB, "count": -1},), ("SystemError", "xxx")
    ),
    "messages of a search's fault": Case(
        ({"kind": "fault", "method": "*", "fault": "ResourceInUse", "size": MIB, "count": -1, "after": 6},),
        ("ResourceInUse",),
    ),
    "a body beside a status": Case(({"kind": "http", "status": 500, "size": MIB, "count": -1},), ("not a SOAP",)),
    "a header": Case((swell("header:X-Long"),), HEADER),
    "300 headers": Case((swell("header:X-Many", size=1000, times=300),), ("header",)),
    "a reason": Case((swell("reason"),), ANY),
    "a cookie": Case((swell("header:Set-Cookie", "Login"),), HEADER),
    "a cookie of 8 KB": Case((swell("header:Set-Cookie", "Login", size=8000),), ANY),
    "headers of files": Case((swell("header:X-Long", "folder:*"),), HEADER),
    "descriptors": Case((swell("body", "GET"),)),
    "lengths of descriptors": Case(
        ({"kind": "lie", "method": "HEAD", "headers": {"Content-Length": str(2**62)}, "count": -1},), ANY
    ),
    "replies to PUT without end": Case(({"kind": "huge", "method": "PUT", "count": -1},), ANY),
    "descriptors without end": Case(({"kind": "huge", "method": "GET", "count": -1},), ANY),
    # Without a ticket that is good, contents go through the vCenter.
    "hosts of tickets": Case((swell("hostName", "AcquireGenericServiceTicket"),), ANY, vcenter=True),
    "tickets": Case((swell("id", "AcquireGenericServiceTicket"),), ANY, vcenter=True),
    "pages without end": Case(({"kind": "endless", "count": -1, "distinct": ["obj"]},)),
    "long pages without end": Case(({"kind": "endless", "count": -1, "size": 8 * MIB},)),
    "pages without end in their time": Case(({"kind": "endless", "count": -1, "step_ms": 300},), ANY),
    "updates that grow": Case(
        ({"kind": "endless", "method": UPDATES, "count": -1, "grow": True, "times": 20, "distinct": ["obj"]},)
    ),
    "replies without end": Case(({"kind": "huge", "method": READS, "count": -1},)),
    "updates of 100 MB": Case(({"kind": "huge", "method": UPDATES, "count": -1},)),
    "deep nesting": Case(({"kind": "deep", "method": UPDATES, "count": -1},), ("nested", "deep")),
    "entities": Case(({"kind": "entities", "method": UPDATES, "count": -1},), ("DOCTYPE", "document type", "entit")),
    "a drip": Case(({"kind": "drip", "step_ms": 50, "count": -1},), ANY),
    "silence after the headers": Case(({"kind": "silent", "count": -1},), ANY),
}


class SmallDaemon:
    """The daemon with little memory, the hostile servers, and the connection to a server that is well."""

    def __init__(self, env: dict[str, str], hostile: dict[bool, FakeProcess], well: FakeProcess) -> None:
        self.env, self.hostile, self._well = env, hostile, well
        self.daemon: PrivateLibvirtd
        self.client: Client
        self.calm: Remote

    def start(self) -> None:
        """Start daemon and connection."""
        self.daemon = PrivateLibvirtd(password=PASSWORD, env={"MALLOC_ARENA_MAX": "1"}).start()
        limit_address_space(self.daemon.process.pid, ABOVE_START)
        self.client = Client(self.env)
        address = uri.embedded("127.0.0.1", self._well.port, cacert=self._well.cacert, cache_ttl=0)
        self.calm = self.client.open(uri.through_daemon(address, self.daemon.socket))

    def stop(self) -> int:
        """End both; the daemon's exit code."""
        self.client.close()
        return self.daemon.stop()

    def uri(self, server: FakeProcess, **parameters: Any) -> str:
        """The way to a server through the daemon."""
        scheme = "vpx" if server is self.hostile[True] else "esx"
        address = uri.embedded("127.0.0.1", server.port, scheme=scheme, cacert=server.cacert, **parameters)
        return uri.through_daemon(address, self.daemon.socket)


def limit_address_space(pid: int, above: int) -> int:
    """Let a process have so many bytes more than it has mapped; what it had."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    size = pages * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (size + above, size + above))
    return size


@pytest.fixture(scope="module")
def places(driver: Path, client_env: dict[str, str]) -> Iterator[SmallDaemon]:
    """Everything, started once."""
    hostile = FakeProcess("--task-ms", "0", "--datastores", str(STORES), "--volumes", str(VOLUMES), "--targets", "20")
    vcenter = FakeProcess("--task-ms", "0", "--world", "vcenter")
    well = FakeProcess("--task-ms", "0")
    with hostile, vcenter, well:
        place = SmallDaemon(client_env, {False: hostile, True: vcenter}, well)
        place.start()
        yield place
        assert place.stop() == 0


@pytest.fixture
def place(places: SmallDaemon) -> SmallDaemon:
    """The same, with a new daemon where the last test has lost it."""
    if not places.daemon.process.running:
        places.stop()
        places.start()
    return places


class Calm:
    """Calls on the connection to the server that is well, one after the other, until the block ends."""

    def __init__(self, conn: Remote) -> None:
        self._conn = conn
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="calm")
        self.seconds: list[float] = []
        self.failure: BaseException | None = None

    def __enter__(self) -> Calm:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._over.wait(0.05):
                begun = time.monotonic()
                pool = self._conn.storagePoolLookupByName("datastore1")
                pool.listAllVolumes(0)
                self.seconds.append(time.monotonic() - begun)
        except BaseException as error:
            self.failure = error

    def check(self) -> None:
        """Assert that all calls worked, and in time."""
        assert self.failure is None, self.failure
        assert self.seconds
        assert statistics.median(self.seconds) < patience(CALM_MEDIAN), self.seconds
        assert max(self.seconds) < patience(CALM_WORST), self.seconds


def store_of(server: FakeProcess, vcenter: bool) -> str:
    return "datastore1" if vcenter else STORE


def visit(client: Client, address: str, store: str) -> list[str]:
    """Each verb once; the messages of those that failed."""
    failed: list[str] = []

    def attempt(work: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return work(*arguments, **options)
        except ApiError as error:
            expect_sentence(error.message)
            failed.append(error.message)
            return None

    conn = attempt(client.open, address)
    if conn is None:
        return failed
    for pool in (attempt(conn.listAllStoragePools, 0) or [])[:60]:
        attempt(pool.XMLDesc, 0)
    for pool in (attempt(conn.listAllStoragePools, libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI) or [])[:2]:
        attempt(pool.listAllVolumes, 0)
    pool = attempt(conn.storagePoolLookupByName, store)
    if pool is not None:
        for volume in (attempt(pool.listAllVolumes, 0) or [])[:20]:
            attempt(volume.XMLDesc, 0)
        attempt(pool.createXML, volume_xml("folder/new.raw", 4096), 0)
        disk = attempt(pool.storageVolLookupByName, DISK)
        if disk is not None:
            attempt(client.run, "esxkit.harness.contents:download", disk)
        plain = attempt(pool.storageVolLookupByName, FILE)
        if plain is not None:
            attempt(client.run, "esxkit.harness.contents:upload", plain, some_bytes(4096))
        new = attempt(pool.storageVolLookupByName, "folder/new.raw")
        if new is not None:
            attempt(new.delete, 0)
    attempt(conn.close)
    return failed


def reset(server: FakeProcess, store: str) -> None:
    """The files the verbs work on, as they were."""
    server.control.clear_injected()
    if "folder" in server.control.list_files(store):
        server.control.remove_file(store, "folder")
    server.control.add_file(store, FILE, size=4096)
    server.control.add_disk(store, DISK, 2 * MIB)


@pytest.mark.parametrize("name", CASES)
def test_survival(place: SmallDaemon, name: str, record_property):
    case = CASES[name]
    server = place.hostile[case.vcenter]
    store = store_of(server, case.vcenter)
    reset(server, store)
    written = place.daemon.log.read_text(errors="replace") if place.daemon.log.exists() else ""
    for order in case.orders:
        server.control.inject(**order)
    begun = time.monotonic()
    with Calm(place.calm) as calm, Client(place.env, timeout=90) as client:
        failed = visit(client, place.uri(server, **QUICK), store)
    assert place.daemon.process.running, f"The daemon died; failed before: {failed}\n{place.daemon.report()}"
    log = place.daemon.log.read_text(errors="replace")[len(written) :]
    record_property("survival", (name, round(time.monotonic() - begun, 1), round(max(calm.seconds, default=0), 2)))
    calm.check()
    said = "\n".join([*failed, log])
    assert any(word in said for word in case.names), f"Nothing of {case.names} is in:\n{said}"
    assert all(len(message.encode()) <= 1023 for message in failed)

    reset(server, store)
    with Client(place.env, timeout=90) as client:
        assert visit(client, place.uri(server, cache_ttl=0), store) == []
