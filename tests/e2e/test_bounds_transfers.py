# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Transfers are bounded from both sides: by what a host brings between two breaks, and by the silence of a client."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterator

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import ApiError, Client, Remote
from esxkit.harness.environment import patience
from esxkit.harness.live import thread_names, until
from esxkit.harness.pytest_plugin import Site
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import some_bytes, tree

MIB = 1024 * 1024
STORE = "datastore1"
NAME = "t/a.iso"
DATA = some_bytes(3 * MIB)
DOWNLOAD = "esxkit.harness.contents:download"
BREAKS = 16
"""LIMIT_BREAKS: so many may fall on a MiB."""
STALL = patience(1)
"""Seconds: `stall_timeout` of the tests of silent clients."""
SILENCE = 10 * STALL
"""LIMIT_CLIENT_SILENCES times that."""
BIG = "t/big.iso"


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
        ({"kind": "cut", "cut_at": 1}, "was interrupted repeatedly, and only"),
        ({"kind": "cut", "cut_at": 1000, "expire": True}, "was interrupted repeatedly, and only"),
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
    assert server.service.counters.troubles["cut GET"] >= len(DATA) // cut_at


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


# ---- silent clients -------------------------------------------------------------------------------


@contextlib.contextmanager
def another_client(site: Site, server: Fake, client: Client) -> Iterator[Remote]:
    """Another client's connection; where the driver is in the client, another one of the same process."""
    if site.daemon is None:
        yield client.open(site.uri(server, cache_ttl=0))
        return
    with site.client() as other:
        yield other.open(site.uri(server, cache_ttl=0))


def transfers(site: Site, client: Client) -> int:
    """How many threads of the process with the driver run a transfer."""
    names = thread_names(site.daemon.process.pid if site.daemon else client.pid)
    return names["esx-stream"] + names["esx-fetch"]


def deleted(conn: Remote, name: str) -> bool:
    """Try to delete a volume; only another change of it may be in the way."""
    try:
        conn.storagePoolLookupByName(STORE).storageVolLookupByName(name).delete(0)
    except ApiError as error:
        assert "another change of" in error.message, error
        return False
    return True


def send_and_finish(stream: Remote) -> None:
    stream.send(b"y")
    stream.finish()


def take_all(stream: Remote) -> None:
    while stream.recv(MIB):
        pass


UPLOADS = {
    "nothing": (0, b"", "has sent nothing"),
    "a byte": (0, b"x", "has sent nothing"),
    "a part": (MIB, DATA[:100_000], "has sent nothing"),
    "all but the end": (MIB, DATA[:MIB], "has not ended the upload"),
}
"""What was sent of an upload -> the length that was announced, the bytes, and words of the error."""


def test_a_client_that_falls_silent_in_an_upload_holds_its_volume_for_a_while(
    site: Site, server: Fake, client: Client
):
    """A volume, a thread and a connection of the host were held for as long as the client liked, before."""
    for kind in UPLOADS:
        server.control.add_file(datastore=STORE, path=f"t/{kind}.iso", size=MIB)
    before = tree(server, STORE)
    conn = client.open(site.uri(server, stall_timeout=STALL, cache_ttl=0))
    streams = {}
    begun = time.monotonic()
    for kind, (length, data, _) in UPLOADS.items():
        streams[kind] = conn.newStream(0)
        volume = conn.storagePoolLookupByName(STORE).storageVolLookupByName(f"t/{kind}.iso")
        volume.upload(streams[kind], 0, length, 0)
        if data:
            assert streams[kind].send(data) == len(data)
    with another_client(site, server, client) as other:
        until(lambda: len(tree(server, STORE)) == len(before) + 3, "three uploads have begun", SILENCE / 2)
        assert not deleted(other, "t/a byte.iso")
        assert time.monotonic() - begun < SILENCE, "too late to see that the volume was held"
        until(lambda: deleted(other, "t/a byte.iso"), "the volume is free", 2 * SILENCE)
        assert time.monotonic() - begun > SILENCE
        until(lambda: transfers(site, client) == 0, "no thread is left", SILENCE)
    del before["t/a byte.iso"]
    assert tree(server, STORE) == before
    for kind, (_, _, words) in UPLOADS.items():
        with pytest.raises(ApiError, match=f"the client {words} for {SILENCE:g} s; the volume is unchanged"):
            send_and_finish(streams[kind])


def test_a_client_that_takes_nothing_of_a_download_is_waited_for_for_a_while(site: Site, server: Fake, client: Client):
    """Through a daemon the client is stopped: libvirt's library takes what comes by itself."""
    server.control.add_file(datastore=STORE, path=BIG, size=200 * MIB)
    server.change(rate_limit=4 * MIB)
    conn = client.open(site.uri(server, stall_timeout=STALL))
    stream = conn.newStream(0)
    begun = time.monotonic()
    conn.storagePoolLookupByName(STORE).storageVolLookupByName(BIG).download(stream, 0, 0, 0)
    if site.daemon:
        os.kill(client.pid, signal.SIGSTOP)
    try:
        assert transfers(site, client) > 0
        until(lambda: transfers(site, client) == 0, "no thread is left", 3 * SILENCE)
    finally:
        os.kill(client.pid, signal.SIGCONT)
    assert time.monotonic() - begun > SILENCE
    with pytest.raises(ApiError, match=f"the client has read nothing for {SILENCE:g} s"):
        take_all(stream)


def test_a_client_may_pause_for_longer_than_a_host(site: Site, server: Fake, client: Client):
    """A pause of a few stall timeouts, in an upload and in a download, breaks neither."""
    conn = client.open(site.uri(server, stall_timeout=STALL))
    volume = conn.storagePoolLookupByName(STORE).storageVolLookupByName(NAME)
    changed = DATA[::-1]
    stream = conn.newStream(0)
    volume.upload(stream, 0, 0, 0)
    time.sleep(3 * STALL)
    stream.send(changed[:1000])
    time.sleep(3 * STALL)
    at = 1000
    while at < len(changed):
        at += stream.send(changed[at : at + 200_000])
    stream.finish()
    assert server.contents(STORE, NAME) == changed

    stream = conn.newStream(0)
    volume.download(stream, 0, 0, 0)
    time.sleep(3 * STALL)
    got = bytearray()
    while piece := stream.recv(200_000):
        got += piece
    stream.finish()
    assert got == changed
