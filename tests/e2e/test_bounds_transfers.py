# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Transfers are bounded from both sides: by what a host brings between two breaks, and by the silence of a client."""

from __future__ import annotations

import re

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import Client
from esxkit.harness.pytest_plugin import Site
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import some_bytes

MIB = 1024 * 1024
STORE = "datastore1"
NAME = "t/a.iso"
DATA = some_bytes(3 * MIB)
DOWNLOAD = "esxkit.harness.contents:download"
BREAKS = 16
"""LIMIT_BREAKS: so many may fall on a MiB."""


@pytest.fixture
def server(new_fake) -> Fake:
    """A host with the file."""
    made = new_fake(task_ms=0)
    made.control.add_file(datastore=STORE, path=NAME, size=len(DATA))
    made.fill(STORE, NAME, DATA)
    return made


# ---- breaks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize(
    ("order", "mentions"),
    [
        ({"kind": "cut", "cut_at": 1}, "was interrupted again and again, and only"),
        ({"kind": "cut", "cut_at": 1000, "expire": True}, "was interrupted again and again, and only"),
        ({"kind": "cut", "cut_at": 0}, "failed: "),
    ],
    ids=["one byte", "a little and the session", "nothing"],
)
def test_a_download_that_is_cut_again_and_again_ends(
    site: Site, server: Fake, client: Client, connections: int, order: dict, mentions: str
):
    """Each connection brought a byte, and there was no end of them, before."""
    volume = client.open(site.uri(server, connections=connections)).storagePoolLookupByName(STORE)
    volume = volume.storageVolLookupByName(NAME)
    server.order(method="GET", count=-1, **order)
    before = server.connections()
    with raises_error(libvirt.VIR_ERR_RPC, libvirt.VIR_ERR_SYSTEM_ERROR, mentions=mentions, within=20):
        client.run(DOWNLOAD, volume, 0, 0)
    # Each of the fetching workers may have begun to count, and a retried one of libcurl's own.
    assert server.connections() - before <= 2 * BREAKS * connections
    server.clear_orders()
    assert client.run(DOWNLOAD, volume, 0, 0) == DATA


@pytest.mark.parametrize("cut_at", [200_000, 700_000])
def test_a_download_whose_every_connection_brings_much_arrives(site: Site, server: Fake, client: Client, cut_at: int):
    """Breaks without an end, of a host that brings more between them than LIMIT_BREAKS asks for."""
    volume = client.open(site.uri(server)).storagePoolLookupByName(STORE).storageVolLookupByName(NAME)
    server.order(kind="cut", method="GET", cut_at=cut_at, count=-1)
    assert client.run(DOWNLOAD, volume, 0, 0) == DATA
    assert server.server.service.counters.troubles["cut GET"] >= len(DATA) // cut_at


@pytest.mark.parametrize("method", ["HEAD", "GET", "PUT"])
def test_what_else_is_asked_of_files_is_not_cut_without_end(site: Site, server: Fake, tmp_path, method: str):
    """The length of a file, the descriptor of a disk, and what an upload writes."""
    source = tmp_path / "source"
    source.write_bytes(DATA)
    volume = "Fedora/Fedora.vmdk" if method == "GET" else NAME
    verb = "vol-upload" if method == "PUT" else "vol-download"
    server.order(kind="cut", method=method, cut_at=1 if method == "GET" else 0, count=-1)
    before = server.connections()
    result = site.virsh(server, linger=0)(verb, "--pool", STORE, volume, str(source))
    assert not result.ok
    assert re.search(re.escape(volume.split("/")[1].split(".")[0]), result.err), result.err
    assert server.connections() - before < 2 * BREAKS, result.err
