# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Transfers that fail at once, on a busy machine: each is an error of its own, and the client's connection lives on.

An error that reaches a client of libvirtd before the reply to the call that opened the stream breaks the connection
("Unexpected message type 0", then "client socket is closed").
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from esxkit.harness.client import Client
from esxkit.harness.early_failures import BROKEN
from esxkit.harness.environment import patience
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import some_bytes

STORE = "datastore1"
NAME = "t/early.iso"
ROUNDS = int(os.environ.get("ESXKIT_EARLY_FAILURES") or 1500)
SIZE = 4096


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """As many processes that spin as there are processors; more would slow down the tests beside this one."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 2)]
    yield
    for process in spinning:
        process.kill()
        process.wait()


@pytest.fixture
def volume(site, new_fake, client: Client):
    server = new_fake(task_ms=0)
    server.control.add_file(datastore=STORE, path=NAME, size=SIZE)
    server.fill(STORE, NAME, some_bytes(SIZE))
    conn = client.open(site.uri(server, cache_ttl=3600))
    return server, conn.storagePoolLookupByName(STORE).storageVolLookupByName(NAME)


def run(client: Client, volume: object, what: str, rounds: int) -> None:
    met = client.run("esxkit.harness.early_failures:try_often", volume, what, SIZE, rounds, timeout=patience(170))
    assert sum(met.values()) == rounds, met
    assert not any(phrase in message for message in met for phrase in BROKEN), met
    assert "no error" not in met, met


@pytest.mark.parametrize("what", ["download", "sparse download"])
@pytest.mark.usefixtures("busy_machine")
def test_a_refused_download_breaks_no_connection(volume: tuple[Fake, object], client: Client, what: str):
    server, remote = volume
    server.order(kind="http", status=403, method="GET", count=-1)
    run(client, remote, what, ROUNDS)


@pytest.mark.parametrize("what", ["upload", "sparse upload"])
@pytest.mark.usefixtures("busy_machine")
def test_a_refused_upload_breaks_no_connection(volume: tuple[Fake, object], client: Client, what: str):
    server, remote = volume
    server.order(kind="http", status=403, method="PUT", count=-1)
    run(client, remote, what, ROUNDS // 5)
