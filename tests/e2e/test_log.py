# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What libvirt's log says of connections and of what is done through them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.live import until
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
        yield Site(
            mode, site.env | {"LIBVIRT_LOG_FILTERS": "2:esx", "LIBVIRT_LOG_OUTPUTS": f"2:file:{log}"}, None, home
        )
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


AUDIT = re.compile(
    r"audit: identity='(?P<identity>.*?)' verb='(?P<verb>.*?)' pool='(?P<pool>.*?)' volume='(?P<volume>.*?)' "
    r"outcome='(?P<outcome>.*?)' task='(?P<task>.*?)'(?: reason='(?P<reason>.*)')?$"
)
# What is a task of the server, and what is one call, or a transfer without one.
TASKS = {"create": True, "clone": True, "resize": True, "wipe": True, "delete": True}


def audits(site: Site) -> list[dict[str, str]]:
    """What the log says of changes; each line that has the word has the form."""
    lines = [line for line in log_of(site).splitlines() if "audit:" in line]
    found = [AUDIT.search(line) for line in lines]
    assert all(found), lines
    assert all(" info : " in line for line in lines), lines
    return [match.groupdict() for match in found if match]


def test_each_change_is_one_line_of_the_log(logging_site: Site, new_fake, tmp_path: Path):
    """Who, which verb, pool, volume, outcome and task."""
    server: Fake = new_fake(task_ms=0)
    image = tmp_path / "image"
    image.write_bytes(bytes(2**20))
    virsh = logging_site.virsh(server)
    with_pool = ("--pool", "datastore1")
    for arguments in (
        ("vol-create-as", "datastore1", "audit/a.vmdk", "1M"),
        ("vol-clone", *with_pool, "audit/a.vmdk", "audit/b.vmdk"),
        ("vol-resize", *with_pool, "audit/b.vmdk", "2M"),
        ("vol-wipe", *with_pool, "audit/b.vmdk"),
        ("vol-upload", *with_pool, "audit/a.vmdk", str(image)),
        ("vol-download", *with_pool, "audit/a.vmdk", str(tmp_path / "out")),
        ("vol-delete", *with_pool, "audit/b.vmdk"),
        ("pool-refresh", "datastore1"),
        ("vol-list", "datastore1"),
        ("vol-info", *with_pool, "audit/a.vmdk"),
    ):
        virsh(*arguments).check()
    until(lambda: len(audits(logging_site)) == 8, "each change is in the log")
    found = audits(logging_site)
    assert [(one["verb"], one["volume"], one["outcome"]) for one in found] == [
        ("create", "audit/a.vmdk", "done"),
        ("clone", "audit/b.vmdk", "done"),
        ("resize", "audit/b.vmdk", "done"),
        ("wipe", "audit/b.vmdk", "done"),
        ("upload", "audit/a.vmdk", "done"),
        ("download", "audit/a.vmdk", "done"),
        ("delete", "audit/b.vmdk", "done"),
        ("refresh", "-", "done"),
    ]
    assert {one["pool"] for one in found} == {"datastore1"}
    for one in found:
        if TASKS.get(one["verb"]):
            assert one["task"].startswith("haTask"), one
        if logging_site.mode == "remote":
            assert re.search(r"uid \d+, process \d+", one["identity"]), one
        else:
            assert one["identity"] == "-"


def test_a_change_that_fails_says_why(logging_site: Site, new_fake):
    server: Fake = new_fake(task_ms=0)
    virsh = logging_site.virsh(server)
    assert not virsh("vol-create-as", "datastore1", "Fedora/Fedora.vmdk", "1M").ok
    server.order(kind="close", method="CreateVirtualDisk_Task")
    assert not virsh("vol-create-as", "datastore1", "it's new.vmdk", "1M").ok
    first, second = audits(logging_site)
    assert (first["verb"], first["volume"], first["outcome"]) == ("create", "Fedora/Fedora.vmdk", "failed")
    assert first["reason"]
    assert (second["volume"], second["outcome"]) == (r"it\'s new.vmdk", "unknown")
