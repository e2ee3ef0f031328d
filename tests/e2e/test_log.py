# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What libvirt's log says of connections and of what is done through them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.pytest_plugin import Site
from esxkit.harness.servers import PASSWORD, Fake

# libvirt's own server says so of each client that leaves.
LEFT = "End of file while reading data"


@pytest.fixture
def logging_site(mode: str, site: Site, home: Path) -> Iterator[Site]:
    """A way to a host where the driver's process writes all but debug messages to a log of its own."""
    if mode == "embedded":
        log = home / "client.log"
        log.unlink(missing_ok=True)
        yield Site(mode, site.env | {"LIBVIRT_LOG_OUTPUTS": f"2:file:{log}"}, None, home)
        return
    with PrivateLibvirtd(password=PASSWORD, log_level=2) as daemon:
        yield Site(mode, site.env, daemon, home)


def log_of(site: Site) -> str:
    """What the driver's process has logged so far."""
    log = site.daemon.log if site.daemon else site.folder / "client.log"
    return log.read_text() if log.exists() else ""


def errors_in(text: str) -> list[str]:
    """The lines of errors."""
    return [line for line in text.splitlines() if re.search(r" error : ", line) and LEFT not in line]


@pytest.mark.parametrize("user", ["root", None], ids=["user", "no user"])
def test_a_clients_open_logs_no_error(logging_site: Site, new_fake, user: str | None):
    """Neither that there was no access manager, nor that nobody could be asked for the user, nor a keep-alive."""
    server: Fake = new_fake()
    before = log_of(logging_site)
    logging_site.virsh(server, user=user)("pool-list", "--all").check()
    logging_site.virsh(server, user=user)("pool-info", "datastore1", readonly=True).check()
    with logging_site.client() as client:
        conn = client.open(logging_site.uri(server, user=user))
        assert conn.listAllStoragePools(0)
        # 1: the other side does not support it; 0: libvirtd does.
        assert conn.setKeepAlive(5, 3) == (1 if logging_site.mode == "embedded" else 0)
    assert errors_in(log_of(logging_site)[len(before) :]) == []
