# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Memory is bounded by what came in: names, paths and documents of 1 MB, and many things made of one of them.

The process with the driver (libvirtd, or the client) stays, its peak of memory stays in proportion to the reply, the
call answers or says why not, and what is not long is there as before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import libvirt
import pytest

from esxkit.fake.worlds import parts
from esxkit.fake.worlds.counts import counts_world
from esxkit.harness import usage
from esxkit.harness.check import expect_sentence, lists_the_world, raises_error
from esxkit.harness.client import ApiError, Client, Remote
from esxkit.harness.servers import Fake

MB = 1000 * 1000
READS = ("RetrievePropertiesEx", "WaitForUpdatesEx")

# A reply of one megabyte may become LIMIT_AMPLIFICATION (48) times as much by the letter of include/base/base_limits.h;
# a text that is too long is decoded, with buffers that double, and nothing is made of it.
MOST = 24 * MB

# A sanitizer keeps what was freed.
SANITIZED = "ESXKIT_PRELOAD" in os.environ or "ESXKIT_WRAPPER" in os.environ

FIELDS = {
    "datastore": {"field": "name", "of": "Datastore"},
    "host": {"field": "name", "of": "HostSystem"},
    "mount path": {"field": "path", "of": "Datastore"},
    "URL": {"field": "url", "of": "Datastore"},
    "kind": {"field": "type", "of": "Datastore"},
    "NFS host": {"field": "remoteHost", "of": "Datastore"},
    "NFS path": {"field": "remotePath", "of": "Datastore"},
    "extent": {"field": "diskName", "of": "Datastore"},
    "adapter": {"field": "device", "of": "HostSystem"},
    "IQN": {"field": "iScsiName", "of": "HostSystem"},
    "alias": {"field": "iScsiAlias", "of": "HostSystem"},
    "portal": {"field": "address", "of": "HostSystem"},
    "LUN": {"field": "deviceName", "of": "HostSystem"},
    "canonical name": {"field": "canonicalName", "of": "HostSystem"},
    "UUID": {"field": "uuid", "of": "HostSystem"},
    "device path": {"field": "devicePath", "of": "HostSystem"},
    "key": {"field": "key", "of": "HostSystem"},
    "vendor": {"field": "vendor", "of": "HostSystem"},
    "version": {"field": "version"},
}


def culprit(site, client: Client) -> int:
    """The process that has the driver in it."""
    return site.daemon.process.pid if site.daemon else client.pid


@contextmanager
def within(pid: int, most: int = MOST) -> Iterator[None]:
    """Assert that the process takes at most `most` bytes more in the block than it had before."""
    usage.forget_peak(pid)
    before = usage.memory(pid)
    yield
    grown = usage.peak(pid) - before
    assert SANITIZED or grown < most, f"It took {grown / MB:.0f} MB more."


def warm(site, client: Client, fake: Fake) -> None:
    """Let the process load all that a first call takes."""
    pool = client.open(site.uri(fake)).storagePoolLookupByName("datastore1")
    assert pool.listAllVolumes(0)


def answers_or_says_why(call: Callable[[], object]) -> ApiError | None:
    """The error of `call`, a whole sentence; None when it answers."""
    try:
        call()
    except ApiError as error:
        expect_sentence(error.message)
        assert len(error.message) < 1024
        return error
    return None


def listed(conn: Remote) -> set[str]:
    return {pool.name() for pool in conn.listAllStoragePools(0)}


@pytest.mark.parametrize("field", FIELDS)
def test_a_text_of_one_megabyte(site, fake: Fake, new_fake, world, field: str):
    server = new_fake()
    for method in READS:
        server.order(kind="swell", method=method, size=MB, fill="a/%2f", most=1, count=-1, **FIELDS[field])
    with site.client() as client:
        warm(site, client, fake)

        def read() -> None:
            conn = client.open(site.uri(server, cache_ttl="0"))
            for pool in conn.listAllStoragePools(0):
                pool.XMLDesc(0)

        with within(culprit(site, client)):
            error = answers_or_says_why(read)
    assert error is None or error.code in (libvirt.VIR_ERR_RPC, libvirt.VIR_ERR_NO_STORAGE_POOL), error
    server.clear_orders()
    if site.daemon:
        server.eventually_without_sessions()
    with site.client() as client:
        lists_the_world(client.open(site.uri(server)), world)


def test_one_folder_of_one_megabyte(site, client: Client, new_fake, world):
    """400 files in a folder whose path is 1 MB were 1.7 GB, and ended libvirtd; here 12 of 100 KB are."""
    server = new_fake()
    pool = world.pool("datastore1")
    many = {"kind": "multiply", "field": "file", "times": 400, "distinct": ["path"], "most": 12}
    conn = client.open(site.uri(server, cache_ttl="0"))
    target = conn.storagePoolLookupByName(pool.name)
    target.listAllVolumes(0)
    server.order(
        kind="swell",
        method="RetrievePropertiesEx",
        field="folderPath",
        size=MB // 10,
        fill="a/",
        most=12,
        count=-1,
        also=[many],
    )
    with within(culprit(site, client)):
        error = answers_or_says_why(lambda: target.listAllVolumes(0))
    assert error is None
    shown = {volume.name() for volume in target.listAllVolumes(0)}
    assert shown < {volume.name for volume in pool.volumes}
    assert listed(conn) == {pool.name for pool in world.pools}
    server.clear_orders()
    assert len(target.listAllVolumes(0)) == len(pool.volumes)


def test_what_is_left_out_is_in_the_log_once(site, new_fake, tmp_path: Path):
    server = new_fake()
    server.order(
        kind="swell", method="RetrievePropertiesEx", field="folderPath", size=MB, fill="left/out", most=1, count=-1
    )
    log = site.daemon.log if site.daemon else tmp_path / "client.log"
    before = len(log.read_text(errors="replace")) if log.exists() else 0
    with site.client(log=None if site.daemon else log) as client:
        conn = client.open(site.uri(server, cache_ttl="0"))
        for _ in range(3):
            conn.storagePoolLookupByName("datastore1").listAllVolumes(0)
        conn.close()
    told = [line for line in log.read_text(errors="replace")[before:].splitlines() if "1 omitted" in line]
    assert len(told) == 1, told
    assert "1 omitted, the first one is a folder whose path is too long" in told[0]
    assert "the volumes of pool 'datastore1'" in told[0]
    assert "left/outleft/out" in told[0]
    assert len(told[0]) < 500


def test_many_files_below_one_long_path(site, client: Client, new_fake, world):
    """More names than may be made of a reply are an error that says so, and the next call works."""
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    pool = conn.storagePoolLookupByName("datastore1")
    many = {"kind": "multiply", "field": "file", "times": 400, "distinct": ["path"]}
    server.order(
        kind="swell", method="RetrievePropertiesEx", field="folderPath", size=4000, fill="a", count=-1, also=[many]
    )
    with within(culprit(site, client), 48 * 5 * MB):
        error = answers_or_says_why(lambda: pool.listAllVolumes(0))
    if site.mode == "remote":
        # What no message of libvirt's protocol can hold is not made at all.
        assert error is not None
        assert re.search("exceed their memory limit|than the 31457280 bytes that a daemon can send", error.message)
    elif error is not None:
        assert error.code == libvirt.VIR_ERR_RPC
        assert "exceed their memory limit" in error.message
    server.clear_orders()
    assert len(pool.listAllVolumes(0)) == len(world.pool("datastore1").volumes)


@pytest.mark.parametrize("size", [900, MB])
def test_a_datacenter_over_many_datastores_of_one_name(site, client: Client, fake: Fake, new_fake, world, size: int):
    """A name of 1 MB in the names of 1,000 pools was 3 GB, in a daemon at open; here it is 100 pools."""
    server = new_fake(world="vcenter")
    for _ in range(100):
        server.control.add_datastore(name="same")
    for method in READS:
        server.order(kind="swell", method=method, size=size, fill="x", count=-1, field="name", of="Datacenter")
    warm(site, client, fake)
    with within(culprit(site, client)):
        conn = client.open(site.uri(server, scheme="vpx", cache_ttl="0"))
        names = listed(conn)
    assert {target.name for target in world.targets} <= names
    assert all(len(name) <= 1024 for name in names)
    assert any(name.startswith("same (") for name in names) == (size < 1024)
    assert ("datastore1" in names) == (size < 1024)


def test_a_descriptor_of_one_megabyte(site, client: Client, new_fake, world):
    server = new_fake()
    conn = client.open(site.uri(server))
    disk = next(volume for volume in world.pool("datastore1").volumes if volume.name.endswith(".vmdk"))
    server.order(kind="swell", method="GET", field="body", size=MB, fill='RW 1 VMFS "a"\n', count=-1)
    with within(culprit(site, client)):
        with pytest.raises(ApiError) as raised:
            client.run("esxkit.harness.contents:download", conn.storageVolLookupByKey(disk.key))
    expect_sentence(raised.value.message)
    server.clear_orders()
    assert conn.storageVolLookupByKey(disk.key).info()


# So many files that a daemon may list, below folders whose names make each path long.
FILES, FOLDERS, PART = 16_000, 4, 250
# Name and key of each, in a datastore called "long".
LIST_BYTES = FILES * 2 * (FOLDERS * (PART + 1) + 10)


def test_names_that_do_not_fit_into_a_message(site, client: Client, new_fake):
    """A daemon lists no more than LIMIT_LIST_BYTES (30 MiB) of names and keys at once, and says what to do instead."""
    assert LIST_BYTES > 30 * 1024 * 1024
    tree: list[dict[str, object]] = [{"name": f"{i:05d}.iso", "kind": "iso", "size": 1} for i in range(FILES)]
    for level in range(FOLDERS):
        tree = [{"name": str(level) * PART, "kind": "dir", "children": tree}]
    plan = counts_world(datastores=0, targets=0, luns=0)
    plan.datastores = [parts.vmfs_datastore("long", "naa.long", tree)]
    pool = client.open(site.uri(new_fake(world=plan))).storagePoolLookupByName("long")
    if site.daemon:
        with raises_error(libvirt.VIR_ERR_OPERATION_FAILED, mentions="connect without a daemon"):
            pool.listAllVolumes(0)
    else:
        assert pool.numOfVolumes() == FILES
    name = "/".join(str(level) * PART for level in reversed(range(FOLDERS))) + "/00007.iso"
    assert pool.storageVolLookupByName(name).info()[1] == 1
