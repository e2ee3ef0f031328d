# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Transfers that meet trouble on their way: what arrives is every byte, and what is left behind is nothing."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from esxkit.harness import environment
from esxkit.harness.client import Client
from esxkit.harness.volumes import some_bytes, tree

MIB = 1024 * 1024
STORE = "datastore1"
SIZE = 24 * MIB
DATA = some_bytes(SIZE)
NAME = "t/a.iso"
XML = f"<volume><name>{NAME}</name><capacity>1</capacity></volume>"
DOWNLOAD = "esxkit.harness.contents:download"
UPLOAD = "esxkit.harness.contents:upload"


@pytest.fixture
def place(site, new_fake, client: Client):
    """A fake with the volume, and the volume."""
    server = new_fake(task_ms=0)
    volume = client.open(site.uri(server)).storagePoolLookupByName(STORE).createXML(XML, 0)
    server.fill(STORE, NAME, DATA)
    return server, volume


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "cut", "cut_at": 100_000, "count": 6},
        {"kind": "cut", "cut_at": 300_000, "count": 2, "expire": True},
        {"kind": "expire", "cut_at": 100_000, "count": 3},
        {"kind": "http", "status": 401, "count": 1},
        {"kind": "close", "count": 3},
    ],
    ids=lambda order: "-".join(str(value) for value in order.values()),
)
def test_a_download_survives(place, client: Client, order: dict):
    server, volume = place
    # So slow that one connection would not do.
    server.change(rate_limit=32 * MIB)
    server.order(method="GET", after=2, **order)
    assert client.run(DOWNLOAD, volume, 0, SIZE) == DATA
    assert server.service.counters.troubles[f"{order['kind']} GET"] == order["count"]


def test_a_download_uses_connections_side_by_side(place, client: Client):
    server, volume = place
    server.change(rate_limit=16 * MIB)
    before = server.connections()
    assert client.run(DOWNLOAD, volume, 0, SIZE) == DATA
    assert server.connections() - before in (3, 4)


def test_an_upload_that_breaks_leaves_the_volume_and_nothing_else(place, client: Client):
    server, volume = place
    new = some_bytes(4 * MIB, 2)
    before = tree(server, STORE)
    server.order(kind="cut", method="PUT", cut_at=1_000_000, after=1)
    with pytest.raises(Exception, match=r"\.upload-|broke"):
        client.run(UPLOAD, volume, new)
    assert tree(server, STORE) == before
    client.run(UPLOAD, volume, new)
    assert server.contents(STORE, NAME) == new + DATA[len(new) :]


def test_a_client_that_is_killed_leaves_nothing_at_a_daemon(place, site, tmp_path):
    if site.daemon is None:
        pytest.skip("the driver dies with its client")
    server, _ = place
    source = tmp_path / "source"
    source.write_bytes(DATA)
    before = tree(server, STORE)
    server.change(rate_limit=4 * MIB)
    argv = [environment.program("virsh", "libvirt-clients"), "-c", site.uri(server)]
    argv += ["vol-upload", "--pool", STORE, NAME, str(source)]
    with subprocess.Popen(argv, env=site.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as virsh:
        deadline = time.monotonic() + environment.patience(20)
        while len(tree(server, STORE)) == len(before):
            assert time.monotonic() < deadline, "no file was begun"
            time.sleep(0.02)
        virsh.send_signal(signal.SIGKILL)
    # The fake keeps the file open until it has what was sent, and the daemon's tries to delete it are bounded.
    server.change(rate_limit=0)
    deadline = time.monotonic() + environment.patience(20)
    while tree(server, STORE) != before:
        assert time.monotonic() < deadline, f"left behind: {tree(server, STORE).keys() - before.keys()}"
        time.sleep(0.1)
