# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The driver in libvirtd: as root and as a plain user, what it logs, what it leaves behind."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from esxkit.harness.check import lists_the_world
from esxkit.harness.client import Client
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.servers import PASSWORD
from esxkit.harness.uri import embedded, through_daemon
from esxkit.harness.virsh import Virsh

pytestmark = pytest.mark.usefixtures("driver")


def address(fake, daemon, **parameters) -> str:
    return through_daemon(embedded(fake.host, fake.port, **parameters), daemon.socket)


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become another user; the other tests run as a plain user then"
)
def test_a_plain_users_daemon(fake, world, client_env):
    with PrivateLibvirtd(password=PASSWORD, user="nobody") as daemon:
        rows = Virsh(address(fake, daemon, no_verify=1), client_env)("pool-list", "--all", "--name").check().lines()
    assert len(rows) == len(world.pools)


@pytest.fixture
def stranger(client_env):
    """Make virsh of another user on the read-only socket of a daemon of root's."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")

    def make(daemon: PrivateLibvirtd, embedded_uri: str) -> Virsh:
        for folder in (daemon.folder, daemon.socket.parent):
            folder.chmod(0o711)
        ids = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        return Virsh(through_daemon(embedded_uri, f"{daemon.socket}-ro"), client_env | {"HOME": "/nonexistent"}, ids)

    return make


def test_a_reading_stranger_reaches_a_host_that_the_daemon_trusts(stranger, fake, world):
    with PrivateLibvirtd(password=PASSWORD, env={"SSL_CERT_FILE": fake.cacert}) as daemon:
        before = daemon.auth_file.read_text()
        daemon.auth_file.write_text(before.replace("[auth-esx-127.0.0.1]", f"[auth-esx-127.0.0.1]\nport={fake.port}"))
        virsh = stranger(daemon, embedded(fake.host, fake.port))
        assert len(virsh("pool-list", "--all", "--name", readonly=True).check().lines()) == len(world.pools)


def test_a_daemon_without_namespaces(fake, world, client_env):
    with PrivateLibvirtd(password=PASSWORD, covers=False) as daemon:
        rows = (
            Virsh(address(fake, daemon, cacert=fake.cacert), client_env)("pool-list", "--all", "--name").check().lines()
        )
    assert len(rows) == len(world.pools)


def test_no_secret_in_a_log_of_everything(new_fake, world, client_env):
    server = new_fake()
    with PrivateLibvirtd(password=PASSWORD, log_level=1) as daemon, Client(client_env) as client:
        conn = client.open(address(server, daemon, cacert=server.cacert))
        lists_the_world(conn, world)
        server.end_sessions()
        conn.storagePoolLookupByName("datastore1").refresh(0)
        cookies = server.cookies()
        conn.close()
        written = daemon.log.read_text(errors="replace") + daemon.output.read_text(errors="replace")
    assert "datastore1" in written or len(written) > 1000
    assert cookies
    for secret in (PASSWORD, PASSWORD.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"), *cookies):
        assert secret not in written


def test_no_secret_in_the_memory_map_of_arguments(libvirtd, fake, client_env):
    with Client(client_env) as client:
        client.open(address(fake, libvirtd, cacert=fake.cacert)).listAllStoragePools(0)
        for pid in (libvirtd.process.pid, client.pid):
            with open(f"/proc/{pid}/cmdline", "rb") as arguments:
                assert PASSWORD.encode() not in arguments.read()


def test_connections_leave_no_files_open_behind(new_fake, client_env):
    """In a daemon of its own: other tests' clients come and go in the shared one."""
    server = new_fake()
    with PrivateLibvirtd(password=PASSWORD) as daemon, Client(client_env) as client:

        def connect_often() -> None:
            for _ in range(5):
                conn = client.open(address(server, daemon, cacert=server.cacert))
                conn.storagePoolLookupByName("datastore1").numOfVolumes()
                conn.close()
                del conn
            server.eventually_without_sessions()

        connect_often()
        before = daemon.process.open_files()
        connect_often()
        connect_often()
        # The daemon closes what is left of the last connection when it has told the server good-bye.
        deadline = time.monotonic() + 10
        while (after := daemon.process.open_files()) > before and time.monotonic() < deadline:
            time.sleep(0.05)
    assert after <= before + 2, (before, after)


def test_the_daemon_can_be_stopped_with_connections_open(fake, client_env):
    daemon = PrivateLibvirtd(password=PASSWORD).start()
    with Client(client_env) as client:
        conn = client.open(address(fake, daemon, cacert=fake.cacert))
        conn.listAllStoragePools(0)
        code = daemon.process.stop(10)
        daemon.stop()
    assert code == 0, "libvirtd did not end in an orderly way."


def test_the_system_is_left_alone(libvirtd):
    """Everything of the private daemon lies in its own folder."""
    assert shutil.which("virsh")
    assert libvirtd.socket.is_relative_to(libvirtd.folder)
    assert libvirtd.socket.exists()
    system = {f"/run/libvirt/{name}" for name in ("libvirt-sock", "libvirtd.pid")}
    with open("/proc/net/unix", encoding="utf-8") as sockets:
        ours = [line for line in sockets if str(libvirtd.folder) in line]
    assert ours
    assert not any(path in line for line in ours for path in system)
