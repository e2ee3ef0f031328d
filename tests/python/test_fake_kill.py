# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The moments at which a fake can be told to die or to drop its connections."""

from __future__ import annotations

import base64
import http.client
import os
import time
from pathlib import Path

import pytest

from esxkit.fake import FakeServer
from esxkit.fake.events import EXIT_CODE, PIECE
from esxkit.fake.server import FakeProcess


def ask(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/nothing-here")
        return connection.getresponse().status
    finally:
        connection.close()


def test_moments_are_counted_from_the_last_arming():
    with FakeServer("default", plain_port=0) as fake:
        port = int(fake.plain_url.rsplit(":", 1)[1].split("/")[0])
        ask(port)
        fake.control.arm()
        ask(port)
        assert fake.control.events() == ["GET /nothing-here"]


def test_connections_are_cut_at_their_moment():
    with FakeServer("default", plain_port=0) as fake:
        port = int(fake.plain_url.rsplit(":", 1)[1].split("/")[0])
        fake.control.arm(cut_at=2)
        assert ask(port) == 404
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            ask(port)
        assert ask(port) == 404


def test_a_process_dies_at_its_moment():
    with FakeProcess("--world", "default", "--plain-port", "0") as fake:
        port = int(fake.plain_url.rsplit(":", 1)[1].split("/")[0])
        fake.control.arm(die_at=2)
        assert ask(port) == 404
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            ask(port)
        assert fake.wait(10) == EXIT_CODE


# ---- in the middle of an upload ----------------------------------------------------------------


def upload(fake: FakeProcess | FakeServer, data: bytes) -> int:
    login = base64.b64encode(f"{fake.username}:{fake.password}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", plain_port(fake), timeout=10)
    try:
        address = "/folder/up.bin?dsName=datastore-0000"
        connection.request("PUT", address, data, headers={"Authorization": f"Basic {login}"})
        return connection.getresponse().status
    finally:
        connection.close()


def plain_port(fake: FakeProcess | FakeServer) -> int:
    return int(fake.plain_url.rsplit(":", 1)[1].split("/")[0])


def on_disk(fake: FakeProcess | FakeServer) -> bytes | None:
    path = Path(fake.control.real_path("datastore-0000", "up.bin"))
    return path.read_bytes() if path.exists() else None


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 6])
def test_what_an_upload_left_is_there_after_the_death(at: int, tmp_path):
    """Moments: the request, four pieces, the answer."""
    arguments = ("--world", "small", "--plain-port", "0", "--state", str(tmp_path / "state"))
    data = os.urandom(4 * PIECE)
    with FakeProcess(*arguments) as fake:
        fake.control.arm(die_at=at)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            upload(fake, data)
        assert fake.wait(10) == EXIT_CODE
    with FakeProcess(*arguments) as fake:
        left = on_disk(fake)
        if at == 1:
            assert left is None
        else:
            assert left is not None
            assert min(at - 1, 4) * PIECE <= len(left)
            assert left == data[: len(left)]
        assert upload(fake, data) == (201 if left is None else 200)
        assert on_disk(fake) == data


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 6])
def test_a_cut_upload_can_be_repeated(at: int):
    data = os.urandom(4 * PIECE)
    with FakeServer("small", plain_port=0) as fake:
        fake.control.arm(cut_at=at)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            upload(fake, data)
        left = on_disk(fake)
        assert left is None or data.startswith(left)
        again = upload_when_unlocked(fake, data)
        assert again in (200, 201)
        assert on_disk(fake) == data


def upload_when_unlocked(fake: FakeServer, data: bytes) -> int:
    """The fake needs a moment to see that the client is gone."""
    for _ in range(100):
        status = upload(fake, data)
        if status != 500:
            return status
        time.sleep(0.05)
    return status
