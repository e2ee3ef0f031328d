# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""One host under several names in a daemon's auth file: clients that may not choose lock no account there."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import libvirt
import pytest

from esxkit.harness.check import lists_the_world
from esxkit.harness.client import ApiError, Client
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.strangers import can_become_another, crowd, open_to_everybody
from esxkit.harness.uri import embedded, through_daemon

pytestmark = [
    pytest.mark.usefixtures("driver"),
    pytest.mark.skipif(not can_become_another(), reason="only root can become another user by runuser"),
]


def auth_file(fake: Fake, *names: str, password: str = PASSWORD) -> str:
    """An auth file with a section for each of `names`, all with one password and the port of `fake`."""
    sections = (f"[auth-esx-{name}]\ncredentials=x\nport={fake.port}\n" for name in names)
    return f"[credentials-x]\npassword={password}\n" + "".join(sections)


@contextmanager
def trusting(*fakes: Fake) -> Iterator[PrivateLibvirtd]:
    """A daemon of its own, on a system that trusts the authorities of `fakes`."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as bundle:
        bundle.write("".join(Path(fake.cacert).read_text() for fake in fakes))
        bundle.flush()
        Path(bundle.name).chmod(0o644)
        with PrivateLibvirtd(password=PASSWORD, env={"SSL_CERT_FILE": bundle.name}) as running:
            open_to_everybody(running)
            yield running


NAMES = [
    *("127.0.0.1", "localhost", "LOCALHOST", "Localhost", "localhost."),
    *("127.1", "127.0.1", "2130706433", "localHOST", "LocalHost"),
]
"""What the fake's certificate is good for, in spellings that libcurl takes: each has a section of its own."""


def wrong_logins(fake: Fake, since: int) -> int:
    """ESX locks an account after five."""
    return fake.requests()["Login"] - since


def open_by_names(daemon: PrivateLibvirtd, fake: Fake, names: list[str]) -> list[str]:
    """What came of opens by each name, of several at once, with the sharing and without."""
    ended = []
    for _ in range(2):
        for number, name in enumerate(names):
            address = embedded(name, fake.port)
            ended += crowd(daemon, address, read_only=True, count=2)
            ended += crowd(daemon, f"{address}&timeout={60 + number}", read_only=True, count=1)
    return ended


@pytest.mark.parametrize("count", [2, 3, len(NAMES)])
def test_a_wrong_password_is_tried_once_whatever_the_host_is_called(new_fake, count: int):
    """A short name and an FQDN, a name and an address: it is one host, and one account of it."""
    fake = new_fake()
    names = NAMES[:count]
    with trusting(fake) as running:
        running.auth_file.write_text(auth_file(fake, *names, password="of yesterday"))
        before = fake.requests()["Login"]
        ended = open_by_names(running, fake, names)
        assert not any(line.startswith("opened") for line in ended), ended
        assert wrong_logins(fake, before) == 1, ended
        assert any("it has the same certificate" in line and "unless auth.conf is corrected" in line for line in ended)


def test_many_wrong_passwords_of_one_account_are_bounded(new_fake, client_env):
    """A section for each name, and a password for each section: the account is the same."""
    fake = new_fake()
    text = "".join(
        f"[credentials-{number}]\npassword=of day {number}\n"
        f"[auth-esx-{name}]\ncredentials={number}\nport={fake.port}\n" for number, name in enumerate(NAMES)
    )
    with trusting(fake) as running:
        running.auth_file.write_text(text)
        before = fake.requests()["Login"]
        ended = open_by_names(running, fake, NAMES)
        assert not any(line.startswith("opened") for line in ended), ended
        assert wrong_logins(fake, before) == 3, ended
        assert any("3 logins at" in line for line in ended), ended
        # The way out: a client that may choose logs in, with the right password. Then one may be tried again.
        fake.change(password="of day 9")
        with Client(client_env) as client:
            client.open(through_daemon(embedded(NAMES[9], fake.port), running.socket))
        before = fake.requests()["Login"]
        ended = crowd(running, f"{embedded(NAMES[9], fake.port)}&timeout=77", read_only=True, count=1)
        assert ended[0].startswith("opened"), ended
        assert wrong_logins(fake, before) == 1


def test_a_login_without_an_outcome_counts(new_fake):
    """The host thinks longer about a wrong password than the client waits, who may choose that."""
    fake = new_fake()
    fake.order(kind="slow", method="Login", count=-1, seconds=3)
    with trusting(fake) as running:
        running.auth_file.write_text(auth_file(fake, fake.host, password="of yesterday"))
        before = fake.requests()["Login"]
        for number in range(8):
            crowd(running, f"{embedded(fake.host, fake.port)}&timeout=1.{number}", read_only=True, count=1)
        assert wrong_logins(fake, before) == 3


def test_another_host_with_the_same_password_is_another(new_fake):
    """It has a certificate of its own, and takes the password that the first one refuses."""
    first, other = new_fake(lockout_after=5), new_fake()
    first.change(password="of today")
    with trusting(first, other) as running:
        running.auth_file.write_text(auth_file(first, *NAMES[:2]))
        before = first.requests()["Login"]
        assert not any(line.startswith("opened") for line in open_by_names(running, first, NAMES[:2]))
        assert wrong_logins(first, before) == 1
        text = auth_file(first, "127.0.0.1") + f"[auth-esx-localhost]\ncredentials=x\nport={other.port}\n"
        running.auth_file.write_text(text)
        assert crowd(running, embedded("localhost", other.port), read_only=True, count=1)[0].startswith("opened")


def test_who_may_choose_lets_the_strangers_in_again(new_fake, client_env, world):
    """The host has got the password of auth.conf back: that is the way out, by any of its names."""
    fake = new_fake()
    with trusting(fake) as running:
        running.auth_file.write_text(auth_file(fake, *NAMES[:2]))
        fake.change(password="of today")
        assert not open_by_names(running, fake, NAMES[:2])[0].startswith("opened")
        fake.change(password=PASSWORD)
        assert "not tried again" in crowd(running, embedded("localhost", fake.port), read_only=True, count=1)[0]
        with Client(client_env) as client:
            lists_the_world(client.open(through_daemon(embedded("127.0.0.1", fake.port), running.socket)), world)
        assert crowd(running, embedded("localhost", fake.port), read_only=True, count=1)[0].startswith("opened")


def fails_soon(conn: Any) -> ApiError:
    """What a list fails with, as soon as the daemon has noticed that the session has ended."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            conn.listAllStoragePools()
        except ApiError as error:
            return error
        time.sleep(0.1)
    raise AssertionError("The lists went on.")


def test_a_password_that_was_changed_is_tried_once_to_renew_all_sessions(new_fake, client_env, world):
    """Each name has a session of its own, and each would try the old password, also without a client's call."""
    fake = new_fake(lockout_after=5)
    with trusting(fake) as running, Client(client_env) as client:
        names = [name for name in NAMES if not name.endswith(".")][:6]      # which not every system resolves
        running.auth_file.write_text(auth_file(fake, *names))
        conns = [client.open(through_daemon(embedded(name, fake.port), running.socket)) for name in names]
        for conn in conns:
            lists_the_world(conn, world)
        fake.change(password="of today")
        before = fake.requests()["Login"]
        fake.end_sessions()
        for conn in conns * 2:
            assert fails_soon(conn).code == libvirt.VIR_ERR_AUTH_FAILED
        assert wrong_logins(fake, before) == 1
