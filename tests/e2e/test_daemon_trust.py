# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What a client of a daemon may not choose, since the daemon's passwords are not the client's.

libvirt's read-only socket is open to every local user. Whoever may choose how far the server is trusted, or the way
to it, can pose as the server and be sent the password.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from esxkit.harness.check import lists_the_world, raises_error
from esxkit.harness.client import Client
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.strangers import can_become_another, open_to_everybody
from esxkit.harness.uri import embedded, through_daemon
from esxkit.harness.virsh import Result, Virsh

SHA256 = "00" * 32
CHOICES = [
    {"no_verify": 1},
    {"thumbprint": SHA256},
    {"cacert": "/etc/passwd"},
    {"transport": "http"},
    {"proxy": "socks5://127.0.0.1:9"},
]

pytestmark = [
    pytest.mark.usefixtures("driver"),
    pytest.mark.skipif(not can_become_another(), reason="only root can become another user by runuser"),
]

Stranger = Callable[..., Result]


@pytest.fixture(scope="module")
def daemon(driver: Path) -> Iterator[PrivateLibvirtd]:
    """A root's daemon that other users may connect to."""
    with PrivateLibvirtd(password=PASSWORD) as running:
        open_to_everybody(running)
        yield running


@pytest.fixture
def stranger(daemon: PrivateLibvirtd, client_env: dict[str, str]) -> Stranger:
    """Run ``virsh pool-list`` through the daemon as user nobody."""
    env = client_env | {name: "/nonexistent" for name in client_env if name == "HOME" or name.startswith("XDG_")}

    def run(fake: Fake, *, read_only: bool, **parameters: Any) -> Result:
        address = through_daemon(embedded(fake.host, fake.port, **parameters), daemon.socket)
        command = Virsh(address, env, ["runuser", "-u", "nobody", "--"])
        return command("pool-list", "--all", "--name", readonly=read_only)

    return run


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_a_read_only_stranger_may_not_choose_whom_to_trust(stranger: Stranger, new_fake, choice):
    fake = new_fake()
    result = stranger(fake, read_only=True, **choice)
    assert not result.ok
    assert "operation forbidden" in result.err
    assert next(iter(choice)) in result.err
    assert fake.requests().total() == 0


def test_a_stranger_with_write_access_may(stranger: Stranger, fake, world):
    assert len(stranger(fake, read_only=False, no_verify=1).check().lines()) == len(world.pools)


def test_a_read_only_stranger_comes_as_far_as_the_certificate(daemon: PrivateLibvirtd, stranger: Stranger, fake):
    before = daemon.auth_file.read_text()
    try:
        daemon.auth_file.write_text(before.replace("[auth-esx-127.0.0.1]", f"[auth-esx-127.0.0.1]\nport={fake.port}"))
        result = stranger(fake, read_only=True)
        assert "is not trusted" in result.err
    finally:
        daemon.auth_file.write_text(before)


def test_nobody_may_choose_the_auth_file(daemon: PrivateLibvirtd, client_env, fake):
    with Client(client_env) as client:
        address = embedded(fake.host, fake.port, cacert=fake.cacert, authfile="/etc/shadow")
        with raises_error(libvirt.VIR_ERR_OPERATION_DENIED, mentions="authfile"):
            client.open(through_daemon(address, daemon.socket))


def test_the_daemons_own_user_may_choose_even_read_only(daemon: PrivateLibvirtd, client_env, fake, world):
    with Client(client_env) as client:
        address = embedded(fake.host, fake.port, cacert=fake.cacert)
        lists_the_world(client.open(through_daemon(address, daemon.socket), readonly=True), world)


def test_default_credentials_are_not_for_read_only_strangers(daemon: PrivateLibvirtd, stranger: Stranger, new_fake):
    """[auth-esx-default] would go to any host that somebody names."""
    fake = new_fake()
    before = daemon.auth_file.read_text()
    try:
        daemon.auth_file.write_text(f"[credentials-x]\npassword={PASSWORD}\n[auth-esx-default]\ncredentials=x\n")
        result = stranger(fake, read_only=True)
        assert "operation forbidden" in result.err
        assert "[auth-esx-127.0.0.1]" in result.err
        assert fake.requests().total() == 0
        assert stranger(fake, read_only=False, no_verify=1).ok
    finally:
        daemon.auth_file.write_text(before)


def test_without_credentials_the_daemon_says_where_they_belong(daemon: PrivateLibvirtd, client_env, fake):
    before = daemon.auth_file.read_text()
    try:
        daemon.auth_file.write_text("")
        with Client(client_env) as client:
            address = embedded(fake.host, fake.port, cacert=fake.cacert)
            with raises_error(libvirt.VIR_ERR_AUTH_FAILED, mentions="[auth-esx-127.0.0.1]"):
                client.open(through_daemon(address, daemon.socket))
    finally:
        daemon.auth_file.write_text(before)
