# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Time is bounded by what the user set: a server that drips, goes on and on, or says nothing holds up no verb longer.

Each verb runs against one trouble with small timeouts in the URI, and has to end within a bound that holds on a busy
machine and is far below the defaults, with an error that names what was waited for. Through a daemon other clients are
answered meanwhile.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import libvirt
import pytest

from esxkit.harness import environment, uri
from esxkit.harness.badserver import Dripper, RawServer
from esxkit.harness.check import raises_error
from esxkit.harness.client import Client
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.environment import patience
from esxkit.harness.live import until, until_live
from esxkit.harness.pytest_plugin import Site
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.virsh import Result

STORE = "datastore1"
DISK = "Fedora/Fedora.vmdk"
IMAGE = "iso/drivers.flp"
QUICK: dict[str, Any] = {"connect_timeout": patience(2), "stall_timeout": patience(2), "timeout": patience(2)}
NOT_SILENT = {"stall_timeout": patience(30)}
"""A header line that comes byte by byte counts as silence until it is whole; so long that is none."""
WITHIN = 15
"""Seconds: what two or three times `timeout` may become on a busy machine; the defaults are 60 and 300."""
TIMED_OUT = (libvirt.VIR_ERR_OPERATION_TIMEOUT,)
DRIP = {"kind": "drip", "step_ms": 300, "count": -1}


@contextlib.contextmanager
def others_are_answered(site: Site, fake: Fake) -> Iterator[None]:
    """Assert that another client of the daemon was answered again and again while the block ran."""
    if site.daemon is None:
        yield
        return
    waits: list[float] = []
    over = threading.Event()

    def ask() -> None:
        with site.client() as client:
            conn = client.open(site.uri(fake, cache_ttl=0))
            while not over.is_set():
                started = time.monotonic()
                conn.listAllStoragePools(0)
                waits.append(time.monotonic() - started)
                over.wait(0.1)

    other = threading.Thread(target=ask)
    other.start()
    until(lambda: bool(waits), "the other client is at work", 20)
    before = len(waits)
    try:
        yield
        until(lambda: len(waits) > before, "the other client was answered", 20)
    finally:
        over.set()
        other.join()
    assert max(waits) < patience(5), f"Another client waited {max(waits):.1f} s."


def ends_in_time(site: Site, server: Fake, *command: str, mentions: str, **parameters: object) -> Result:
    """Run virsh with small timeouts; assert that it fails in time, with words that the error must have."""
    started = time.monotonic()
    result = site.virsh(server, linger=0, **(QUICK | parameters))(*command)
    took = time.monotonic() - started
    assert not result.ok, result
    assert re.search(mentions, result.err), result.err
    assert took < patience(WITHIN), f"It took {took:.1f} s: {result.err}"
    return result


# ---- replies that drip ----------------------------------------------------------------------------

READS = {
    "RetrieveServiceContent": ("pool-list",),
    "Login": ("pool-list",),
    "SearchDatastoreSubFolders_Task": ("vol-list", STORE),
    "RefreshDatastore": ("pool-refresh", STORE),
}


@pytest.mark.parametrize("method", READS)
def test_a_soap_reply_that_drips(site: Site, fake: Fake, new_fake, method: str):
    server = new_fake(task_ms=0)
    server.order(method=method, **DRIP)
    with others_are_answered(site, fake):
        ends_in_time(site, server, *READS[method], mentions="not complete")


def test_the_inventory_that_drips(site: Site, fake: Fake, new_fake):
    server = new_fake(task_ms=0)
    for method in ("RetrievePropertiesEx", "WaitForUpdatesEx"):
        server.order(method=method, **DRIP)
    with others_are_answered(site, fake):
        ends_in_time(site, server, "pool-list", mentions="cannot read the inventory: .*(not complete|in time)")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_what_is_asked_of_a_file_that_drips(site: Site, fake: Fake, new_fake, tmp_path, method: str):
    """The length of an image, and the descriptor of a disk."""
    server = new_fake(task_ms=0)
    server.order(method=method, **DRIP)
    volume = IMAGE if method == "HEAD" else DISK
    command = ("vol-download", "--pool", STORE, volume, str(tmp_path / "out"))
    with others_are_answered(site, fake):
        ends_in_time(site, server, *command, mentions=re.escape(volume), **NOT_SILENT)


def test_a_descriptor_whose_body_drips(site: Site, fake: Fake, new_fake, tmp_path):
    server = new_fake(task_ms=0)
    server.order(method="GET", cut_at=20, **DRIP)
    command = ("vol-download", "--pool", STORE, DISK, str(tmp_path / "out"))
    with others_are_answered(site, fake):
        ends_in_time(site, server, *command, mentions=re.escape(DISK), **NOT_SILENT)


def test_the_reply_to_an_upload_that_drips(site: Site, fake: Fake, new_fake, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"x" * 100_000)
    # The first PUT makes an empty file; the second has the contents.
    for after in (1, 0):
        # A daemon waits for a moment only for a host that has just kept it waiting: each time another host.
        server = new_fake(task_ms=0)
        server.order(method="PUT", after=after, **DRIP)
        with others_are_answered(site, fake):
            # The end of the upload and the reply to it have the same bound: either may be reached first.
            words = r"was not complete( within 2 s)?|did not end within 2 seconds"
            ends_in_time(site, server, "vol-upload", "--pool", STORE, IMAGE, str(source), mentions=words)


def test_contents_that_drip_have_no_limit(site: Site, new_fake, tmp_path):
    """What is contents may take as long as it takes: longer than `timeout` in all, never silent for as long."""
    server = new_fake(task_ms=0)
    contents = b"0123456789" * 200
    server.fill(STORE, IMAGE, contents)
    # The header, which has a limit, comes at once.
    server.order(kind="drip", method="GET", step_ms=500, step_bytes=200, count=-1, cut_at=500)
    target = tmp_path / "out"
    started = time.monotonic()
    site.virsh(server, linger=0, connections=1, **QUICK)(
        "vol-download", "--pool", STORE, IMAGE, str(target), timeout=120
    ).check()
    assert target.read_bytes() == contents
    assert time.monotonic() - started > QUICK["timeout"]


# ---- answers without an end -----------------------------------------------------------------------


@pytest.mark.parametrize("step_ms", [0, 200])
def test_pages_and_updates_without_end(site: Site, fake: Fake, new_fake, step_ms: int):
    """In a client the pages of one retrieval, through a daemon updates that are truncated each time."""
    server = new_fake(task_ms=0)
    server.order(kind="endless", count=-1, step_ms=step_ms)
    with others_are_answered(site, fake):
        ends_in_time(site, server, "pool-list", mentions=r"cannot read the inventory: .*(\d+ parts|in time)")


def test_large_pages_without_end(site: Site, fake: Fake, new_fake):
    """Pages of a MiB each: the budget of bytes ends it, however much time there is."""
    server = new_fake(task_ms=0)
    server.order(kind="endless", count=-1, size=2**20)
    started = time.monotonic()
    with others_are_answered(site, fake):
        result = site.virsh(server, linger=0, timeout=60)("pool-list", timeout=100)
    assert not result.ok
    assert re.search(r"more than (320 MiB|.* objects|its memory limit); select a part", result.err), result.err
    assert time.monotonic() - started < patience(90)


def test_updates_without_end_while_reads_are_live(client: Client, site: Site, fake: Fake, new_fake):
    """The thread that keeps the inventory current gives up as well, and begins again when the server is well."""
    server = new_fake(task_ms=0)
    conn = client.open(site.uri(server, linger=0, cache_ttl=0, **QUICK))
    pools = len(conn.listAllStoragePools(0))
    if site.daemon:
        until_live(server)
    server.order(kind="endless", count=-1, step_ms=100)
    server.control.set_capacity(name=STORE, capacity=1 << 40, free=1 << 30)
    with others_are_answered(site, fake):
        until(lambda: answers(conn) < 0, "reads fail", patience(WITHIN))
    server.clear_orders()
    until(lambda: answers(conn) == pools, "the connection is well again", 30)


def answers(conn) -> int:
    """How many pools a connection shows; -1 where it fails."""
    try:
        return len(conn.listAllStoragePools(0))
    except Exception:
        return -1


# ---- tasks ----------------------------------------------------------------------------------------


def test_a_search_that_never_ends(site: Site, fake: Fake, new_fake):
    server = new_fake(task_ms=3_600_000)
    with others_are_answered(site, fake):
        ends_in_time(site, server, "vol-list", STORE, mentions=r"SearchDatastoreSubFolders_Task.* did not end in time")


def test_a_look_at_a_task_that_is_not_answered(site: Site, fake: Fake, new_fake):
    server = new_fake(task_ms=0)
    # In a client the first read of this method is that of the inventory.
    server.order(kind="stall", method="RetrievePropertiesEx", count=-1, after=0 if site.daemon else 1)
    with others_are_answered(site, fake):
        ends_in_time(site, server, "vol-list", STORE, mentions=r"querying the task '.*' failed: ")


def test_the_start_of_a_change_that_is_not_answered(site: Site, fake: Fake, new_fake):
    """A minute, whatever the URI said, before."""
    server = new_fake(task_ms=0)
    server.order(kind="stall", method="DeleteVirtualDisk_Task", count=-1)
    with others_are_answered(site, fake):
        ends_in_time(site, server, "vol-delete", "--pool", STORE, DISK, mentions="DeleteVirtualDisk_Task")


def test_a_rescan_that_drips(site: Site, fake: Fake, new_fake, world):
    server = new_fake(task_ms=0)
    server.order(method="RescanHba", **DRIP)
    with others_are_answered(site, fake):
        ends_in_time(site, server, "pool-refresh", world.targets[0].name, mentions="rescan of .* not complete")


def test_a_lookup_by_uuid_that_goes_on_and_on(client: Client, site: Site, fake: Fake, new_fake):
    """Each disk answers in time, and there are many of them."""
    server = new_fake(counts={"datastores": 1, "targets": 0, "luns": 0, "volumes": 200}, task_ms=0)
    server.order(kind="slow", method="QueryVirtualDiskUuid", seconds=1, count=-1)
    conn = client.open(site.uri(server, linger=0, **QUICK))
    with others_are_answered(site, fake), raises_error(*TIMED_OUT, mentions="disks took longer than", within=WITHIN):
        conn.storageVolLookupByKey("11111111-2222-3333-4444-555555555555")


# ---- a server that is busy ------------------------------------------------------------------------


def test_a_file_api_that_stays_busy(site: Site, fake: Fake, new_fake, tmp_path):
    """Ten seconds five times, whatever the URI said, before."""
    server = new_fake(task_ms=0)
    server.order(kind="http", status=503, method="folder:*", count=-1, text="busy")
    with others_are_answered(site, fake):
        ends_in_time(site, server, "vol-download", "--pool", STORE, IMAGE, str(tmp_path / "out"), mentions="503")
    assert server.service.counters.troubles["http HEAD"] > 1


# ---- those that wait for others -------------------------------------------------------------------


@pytest.fixture
def place(driver, client_env, home) -> Iterator[Site]:
    """A daemon: in a client of one thread nobody waits for another."""
    with PrivateLibvirtd(password=PASSWORD) as daemon:
        yield Site("remote", client_env, daemon, home)


def test_a_reader_does_not_wait_for_anothers_question_for_longer(place: Site, new_fake):
    """The other one's goes on for three times `timeout`, the reader waits for one."""
    server = new_fake(task_ms=0)
    address = place.uri(server, linger=0, cache_ttl=0, **(QUICK | {"timeout": patience(3)}))
    with place.client() as first, place.client() as second:
        conn = first.open(address)
        other = second.open(address)
        server.order(kind="endless", count=-1, step_ms=200)
        errors: dict[str, str] = {}

        def read(name: str, reader) -> None:
            try:
                reader.listAllStoragePools(0)
            except Exception as error:
                errors[name] = str(error)

        leader = threading.Thread(target=read, args=("leader", conn))
        leader.start()
        time.sleep(1)
        started = time.monotonic()
        read("waiter", other)
        took = time.monotonic() - started
        leader.join()
    assert "another request for the same data has been in progress for" in errors["waiter"], errors
    assert took < patience(WITHIN), took
    assert "parts" in errors["leader"], errors


# ---- connections that never come to be ------------------------------------------------------------


@pytest.mark.parametrize("what", ["handshake", "silent", "proxy", "silent proxy"])
def test_a_connection_that_is_never_there(site: Site, fake: Fake, what: str):
    """A TLS handshake, and a proxy, that drip or say nothing: `connect_timeout` holds for both."""
    # The beginning of a ServerHello record of 16 KiB; the beginning of a proxy's reply.
    beginning = b"HTTP/1.1 200 OK\r\nX-Long: " if what == "proxy" else b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03"
    trap = RawServer() if what.startswith("silent") else Dripper(beginning)
    with trap as server, others_are_answered(site, fake):
        if "proxy" in what:
            place = uri.embedded(fake.host, fake.port, no_verify=1, proxy=f"{server.host}:{server.port}", **QUICK)
        else:
            place = uri.embedded(server.host, server.port, no_verify=1, **QUICK)
        started = time.monotonic()
        with site.client() as client, pytest.raises(Exception, match=r"within|handshake"):
            client.open(site.wrap(place))
        assert time.monotonic() - started < patience(WITHIN)


# ---- the table of the guide -----------------------------------------------------------------------

ROOT = environment.REPOSITORY


def constant(path: str, name: str) -> int:
    """The value of a #define that is a product of numbers."""
    found = re.search(rf"^#define {name} (.+)$", (ROOT / path).read_text(), re.MULTILINE)
    assert found, f"{path} has no {name}"
    numbers = re.findall(r"\d+", found.group(1))
    value = 1
    for number in numbers:
        value *= int(number)
    return value


def waits_of_the_guide() -> dict[str, str]:
    """The rows of the guide's table of waits: what is waited for -> its bound."""
    text = (ROOT / "docs/reference/libvirt-driver-esx-storage.md").read_text()
    table = text.split("| what is waited for | bound |\n|---|---|\n")[1].split("\n\n")[0]
    return {row.split(" | ")[0].strip("| "): row.split(" | ")[1].strip(" |") for row in table.splitlines()}


CONSTANTS = {
    "a whole retrieval": (r"(\d+) times `timeout`", "include/base/base_limits.h", "LIMIT_WHOLE_TIMEOUTS", 1),
    "the file API, while the server is busy": (
        r"(\d+) tries",
        "include/vi/transfer/vi_transfer.h",
        "VI_TRANSFER_TRIES",
        1,
    ),
    "the contents of a file": (r"(\d+) breaks", "include/base/base_limits.h", "LIMIT_BREAKS", 1),
    "the next bytes of contents that a client sends or receives, the first ones, and the end": (
        r"(\d+) times `stall_timeout`",
        "include/base/base_limits.h",
        "LIMIT_CLIENT_SILENCES",
        1,
    ),
    "cleaning up after a wait": (r"(\d+) s", "src/vi/vi_task.c", "CLEANUP_TIMEOUT_MS", 1000),
    "logging out": (r"(\d+) s", "src/vi/vi_session.c", "LOGOUT_TIMEOUT_MS", 1000),
    "a long poll": (r"(\d+) s", "src/inventory/inventory_live.c", "pollSeconds", 1),
    "the lookup of a disk by its UUID": (
        r"(\d+) s",
        "include/backend/vmfs/esx_vmfs_uuid.h",
        "ESX_VMFS_UUID_TIMEOUT_MS",
        1000,
    ),
}


@pytest.mark.parametrize("row", CONSTANTS)
def test_the_guide_says_which_wait_has_which_bound(row: str):
    pattern, path, name, divisor = CONSTANTS[row]
    bound = waits_of_the_guide()[row]
    found = re.search(pattern, bound)
    assert found, f"The guide's row '{row}' has no {pattern}: {bound}"
    if name == "pollSeconds":
        (wanted,) = (int(found[1]) for found in re.finditer(r"\.pollSeconds = (\d+)", (ROOT / path).read_text()))
    else:
        wanted = constant(path, name) // divisor
    assert int(found.group(1)) == wanted
