# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The fixtures of the tests of the fake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from soap_client import Soap
from vi_client import ViClient

from esxkit.fake import FakeServer


@pytest.fixture
def serve() -> Iterator[Callable[..., FakeServer]]:
    """Start fakes; arguments are FakeServer's."""
    started: list[FakeServer] = []

    def start(*args: Any, **kwargs: Any) -> FakeServer:
        kwargs.setdefault("task_ms", 0)
        server = FakeServer(*args, **kwargs)
        server.__enter__()
        started.append(server)
        return server

    yield start
    for server in started:
        server.__exit__(None, None, None)


@pytest.fixture(scope="module")
def small() -> Iterator[FakeServer]:
    """A small fake that the tests of a module share and do not change."""
    with FakeServer("small", task_ms=0) as server:
        yield server


@pytest.fixture
def soap() -> Callable[..., Soap]:
    """Make logged-in clients: soap(server), or soap(server, version, login=False)."""

    def make(server: FakeServer, version: str | None = "8.0.3.0", *, login: bool = True) -> Soap:
        client = Soap(server, version)
        if login:
            assert client.login().status == 200
        return client

    return make


@pytest.fixture
def connect() -> Iterator[Callable[[FakeServer], ViClient]]:
    """Make logged-in pyVmomi clients: connect(server)."""
    made: list[ViClient] = []

    def make(server: FakeServer) -> ViClient:
        made.append(ViClient(server))
        return made[-1]

    yield make
    for client in made:
        client.close()
