# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Files that a URI or the environment names: whatever they are, they are not waited for, and not opened unless regular.

A daemon opens them as root. A FIFO would hold one of its workers for good; a device may act on being opened.
"""

from __future__ import annotations

import functools
import os
import resource
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from esxkit.harness.check import asks_nothing, lists_the_world, raises_error
from esxkit.harness.client import ApiError, Client
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.environment import patience
from esxkit.harness.servers import PASSWORD
from esxkit.harness.strangers import crowd
from esxkit.harness.uri import embedded, through_daemon

LIMIT = 1024 * 1024


def make_fifo(folder: Path) -> Path:
    os.mkfifo(folder / "fifo")
    return folder / "fifo"


def make_link(folder: Path) -> Path:
    (folder / "link").symlink_to(make_fifo(folder))
    return folder / "link"


def make_socket(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
    return folder / "socket"


def make_long(folder: Path) -> Path:
    with open(folder / "long", "wb") as file:
        file.truncate(LIMIT + 1)
    return folder / "long"


def make_sparse(folder: Path) -> Path:
    with open(folder / "sparse", "wb") as file:
        file.truncate(1 << 40)
    return folder / "sparse"


def make_empty(folder: Path) -> Path:
    (folder / "empty").touch()
    return folder / "empty"


def make_folder(folder: Path) -> Path:
    (folder / "folder").mkdir()
    return folder / "folder"


def named(path: str, _folder: Path) -> Path:
    return Path(path)


KINDS: dict[str, Callable[[Path], Path]] = {
    "fifo": make_fifo,
    "link-to-fifo": make_link,
    "socket": make_socket,
    "too-long": make_long,
    "sparse": make_sparse,
    "empty": make_empty,
    "folder": make_folder,
    **{
        path: functools.partial(named, path)
        for path in (
            "/dev/zero",
            "/dev/random",
            "/dev/tty",
            "/dev/stdin",
            "/dev/fd/1",
            "/proc/self/fd/0",
            "/proc/self/environ",
            "/proc/kmsg",
            "/sys/kernel/mm/transparent_hugepage/enabled",
            "/nowhere/at/all",
        )
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_ca_file_that_is_none_is_refused_at_once(client: Client, site, fake, tmp_path, kind: str):
    path = KINDS[kind](tmp_path)
    refused = raises_error(libvirt.VIR_ERR_INVALID_ARG, mentions="regular file of at most 1048576 bytes", within=5)
    with asks_nothing(fake), refused:
        client.open(site.uri(fake, cacert=path))


def test_a_ca_file_of_the_greatest_length_is_read(client: Client, site, fake, world, tmp_path):
    pem = Path(fake.cacert).read_text()
    (tmp_path / "ca.pem").write_text(pem + "\n" * (LIMIT - len(pem)))
    lists_the_world(client.open(site.uri(fake, cacert=tmp_path / "ca.pem")), world)


@pytest.mark.parametrize("kind", ["fifo", "link-to-fifo", "socket", "too-long", "/dev/zero", "/proc/kmsg"])
@pytest.mark.parametrize("named_by", ["LIBVIRT_AUTH_FILE", "authfile"])
def test_an_auth_file_that_is_none_is_refused_at_once(client_env, driver, fake, tmp_path, kind: str, named_by: str):
    """In a client; a daemon refuses authfile= whatever it names, and has the test below."""
    path = KINDS[kind](tmp_path)
    env = {name: value for name, value in client_env.items() if name != "LIBVIRT_AUTH_FILE"}
    parameters: dict[str, Any] = {"authfile": path} if named_by == "authfile" else {}
    if not parameters:
        env["LIBVIRT_AUTH_FILE"] = str(path)
    with Client(env) as client, raises_error(libvirt.VIR_ERR_AUTH_FAILED, mentions="auth file", within=5):
        client.open(embedded(fake.host, fake.port, cacert=fake.cacert, **parameters))


@pytest.fixture
def daemon(driver: Path) -> Iterator[PrivateLibvirtd]:
    with PrivateLibvirtd(password=PASSWORD) as running:
        yield running


def test_a_daemons_auth_file_that_is_a_fifo_holds_up_nobody(daemon: PrivateLibvirtd, client_env, fake, world):
    address = through_daemon(embedded(fake.host, fake.port, cacert=fake.cacert), daemon.socket)
    contents = daemon.auth_file.read_text()
    daemon.auth_file.unlink()
    os.mkfifo(daemon.auth_file)
    with Client(client_env) as client:
        for _ in range(3):
            with raises_error(libvirt.VIR_ERR_AUTH_FAILED, mentions="auth file", within=5):
                client.open(address)
        daemon.auth_file.unlink()
        daemon.auth_file.write_text(contents)
        lists_the_world(client.open(address), world)


@pytest.mark.parametrize("read_only", [True, False], ids=["read-only", "writing"])
def test_fifty_opens_with_a_fifo_leave_the_daemon_to_others(
    daemon: PrivateLibvirtd, client_env, fake, world, tmp_path, read_only: bool
):
    """Fifty are more than the daemon has workers: each that waited for a writer would be one less, for good."""
    fifo = make_fifo(tmp_path)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o755)
    ended = crowd(daemon, embedded(fake.host, fake.port, cacert=str(fifo)), read_only=read_only)
    assert len(ended) == 50
    assert all("cacert" in line or "CA file" in line for line in ended), set(ended)
    with Client(client_env) as client:
        conn = client.open(through_daemon(embedded(fake.host, fake.port, cacert=fake.cacert), daemon.socket))
        began = time.monotonic()
        conn.getHostname()
        assert time.monotonic() - began < patience(10), "Workers wait for a writer of the FIFO."
        lists_the_world(conn, world)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize(
    ("trust", "ends"),
    [
        (lambda _fake: {}, "is not trusted"),
        (lambda fake: {"cacert": fake.cacert, "user": "nobody"}, "incorrect user name"),
    ],
    ids=["system", "cacert"],
)
def test_too_few_descriptors_are_named_as_that(client_env, driver, fake, world, host, trust, ends):
    """Not as an auth file that cannot be read, a host that cannot be reached or a certificate that is not trusted."""
    with Client(client_env) as client:
        kept = client.open(embedded(host, fake.port, no_verify=1))
        lists_the_world(kept, world)
        used = len(os.listdir(f"/proc/{client.pid}/fd"))
        told = set()
        # One more at a time, until all that is left to complain of is an authority the system does not know.
        for spare in range(16):
            resource.prlimit(client.pid, resource.RLIMIT_NOFILE, (used + spare, 4096))
            with pytest.raises(ApiError) as caught:
                client.open(embedded(host, fake.port, timeout=100 + spare, **trust(fake)))
            if "too few file descriptors" in caught.value.message:
                assert caught.value.code == libvirt.VIR_ERR_SYSTEM_ERROR
            elif "Too many open files" not in caught.value.message:    # libvirt's own words for its own files
                break
            told.add(caught.value.message)
    assert caught.value.code == libvirt.VIR_ERR_AUTH_FAILED
    assert ends in caught.value.message
    assert len(told) > 1, told
