# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The moments at which a fake can be told to die or to drop its connections."""

from __future__ import annotations

import http.client

import pytest

from esxkit.fake import FakeServer
from esxkit.fake.events import EXIT_CODE
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
