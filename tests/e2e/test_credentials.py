# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A password that nobody gave is not sent: the open fails before any request, and names the section looked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import pytest

from esxkit.harness import uri
from esxkit.harness.check import lists_the_world, raises_error
from esxkit.harness.client import Client
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.pytest_plugin import Site
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.virsh import Virsh, client_environment

AUTH_FAILED = libvirt.VIR_ERR_AUTH_FAILED
PASSPHRASE = libvirt.VIR_CRED_PASSPHRASE

NewSite = Callable[[str | None], Site]


@pytest.fixture
def new_site(mode: str, driver: Path, tmp_path: Path) -> Iterator[NewSite]:
    """Make ways to a host whose auth file, in the client or in a daemon of its own, has these lines; None: no file."""
    daemons: list[PrivateLibvirtd] = []

    def make(text: str | None) -> Site:
        env = client_environment(tmp_path)
        env["HOME"] = env["XDG_CONFIG_HOME"] = "/nonexistent"
        added = {}
        if text is not None:
            path = tmp_path / "auth.conf"
            path.write_text(text)
            added["LIBVIRT_AUTH_FILE"] = str(path)
        if mode == "embedded":
            return Site(mode, env | added, None, tmp_path)
        daemons.append(PrivateLibvirtd(env=added).start())
        return Site(mode, env, daemons[-1], tmp_path)

    yield make
    for daemon in daemons:
        assert daemon.stop() == 0


def address(site: Site, server: Fake, host: str = "127.0.0.1", user: str | None = "root") -> str:
    return site.wrap(uri.embedded(host, server.port, user=user, no_verify=1))


def untouched(server: Fake) -> bool:
    """Whether nobody has connected."""
    return server.connections() == 0 and not server.requests()


NEAR_MISSES = {
    "no file": ("127.0.0.1", None, "[auth-esx-127.0.0.1]"),
    "an empty file": ("127.0.0.1", "", "[auth-esx-127.0.0.1]"),
    "another host": ("127.0.0.1", "[auth-esx-127.0.0.2]", "[auth-esx-127.0.0.1]"),
    "other case": ("LocalHost", "[auth-esx-localhost]", "[auth-esx-LocalHost]"),
    "other case, named": ("LocalHost", "[auth-esx-localhost]", "[auth-esx-localhost] is not used"),
    "another name of the host": ("localhost", "[auth-esx-127.0.0.1]", "[auth-esx-localhost]"),
    "the other scheme": ("127.0.0.1", "[auth-vpx-127.0.0.1]", "[auth-esx-127.0.0.1]"),
    "the other scheme, named": ("127.0.0.1", "[auth-vpx-127.0.0.1]", "[auth-vpx-127.0.0.1] is not used"),
    "a section in capitals": ("127.0.0.1", "[AUTH-ESX-127.0.0.1]", "[auth-esx-127.0.0.1]"),
    "with a port": ("127.0.0.1", "[auth-esx-127.0.0.1:443]", "[auth-esx-127.0.0.1]"),
    "default of nothing": ("127.0.0.1", "[auth-libvirt-default]", "[auth-esx-127.0.0.1]"),
}


@pytest.mark.parametrize(("host", "section", "named"), NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_without_an_entry_and_a_callback_nothing_is_sent(
    new_site: NewSite, new_fake, host: str, section: str | None, named: str
):
    server = new_fake(lockout_after=1)
    lines = f"[credentials-x]\npassword={PASSWORD}\n{section}\ncredentials=x\n" if section else section
    site = new_site(lines)
    with site.client() as client, raises_error(AUTH_FAILED, mentions=named):
        client.open(address(site, server, host))
    assert untouched(server)


@pytest.mark.parametrize("user", ["root", None], ids=["user", "no user"])
def test_cron_locks_nobody_out(new_site: NewSite, new_fake, world, user: str | None):
    """virsh has a callback, which takes the end of its input for an empty answer; cron gives it neither terminal nor
    input. Five such runs locked the account.
    """
    setsid = shutil.which("setsid")
    assert setsid is not None
    server = new_fake(lockout_after=5, lockout_seconds=600)
    site = new_site(None)
    virsh = Virsh(address(site, server, user=user), site.env, prefix=[setsid, "--wait"])
    for _ in range(5):
        result = virsh("pool-list")
        assert not result.ok
        assert "authentication failed" in result.err
        assert "[auth-esx-127.0.0.1]" in result.err
    assert untouched(server)
    with Client(site.env) as client:
        embedded = uri.embedded("127.0.0.1", server.port, no_verify=1)
        lists_the_world(client.open(embedded, answers={PASSPHRASE: PASSWORD}), world)


@pytest.mark.parametrize("kind", [libvirt.VIR_CRED_PASSPHRASE, libvirt.VIR_CRED_NOECHOPROMPT])
def test_an_empty_answer_is_no_password(new_fake, tmp_path: Path, driver: Path, kind: int):
    server = new_fake(lockout_after=1)
    site = Site("embedded", client_environment(tmp_path), None, tmp_path)
    with site.client() as client, raises_error(AUTH_FAILED, mentions="[auth-esx-127.0.0.1]"):
        client.open(address(site, server), answers={kind: ""})
    assert untouched(server)


FILES_WITHOUT = {
    "no password=": ("username=root", "[auth-esx-127.0.0.1]"),
    "empty": ("password=", "[auth-esx-127.0.0.1]"),
    "blanks": ("password=   ", "password= that is empty"),
    "an account that was not meant": (f"username=LAB\\svc\npassword={PASSWORD}", "username="),
}


@pytest.mark.parametrize(("credentials", "named"), FILES_WITHOUT.values(), ids=FILES_WITHOUT)
def test_credentials_without_a_password(new_site: NewSite, new_fake, credentials: str, named: str):
    """Also where there is a callback: an empty password= is a mistake, and not a wish to be asked."""
    server = new_fake(lockout_after=1)
    site = new_site(f"[credentials-x]\n{credentials}\n[auth-esx-127.0.0.1]\ncredentials=x\n")
    for answers in [None, {PASSPHRASE: ""}]:
        with site.client() as client, raises_error(AUTH_FAILED, mentions=named):
            client.open(address(site, server), answers=answers)
    assert untouched(server)


def test_a_backslash_is_written_twice(new_site: NewSite, new_fake, world):
    """GLib's key files read \\s as a blank."""
    server = new_fake(username="LAB\\svc", password=" a\\b")
    site = new_site("[credentials-x]\nusername=LAB\\\\svc\npassword=\\sa\\\\b\n[auth-esx-127.0.0.1]\ncredentials=x\n")
    with site.client() as client:
        lists_the_world(client.open(address(site, server, user=None)), world)
        assert server.session_list()[0]["user"] == "LAB\\svc"


@pytest.mark.parametrize("service", ["esx", "esxstorage"])
@pytest.mark.parametrize("host", ["LocalHost", "default"])
def test_the_spelling_of_the_uri_and_default_are_found(new_site: NewSite, new_fake, world, service: str, host: str):
    server = new_fake()
    site = new_site(f"[credentials-x]\npassword={PASSWORD}\n[auth-{service}-{host}]\ncredentials=x\n")
    with site.client() as client:
        lists_the_world(client.open(address(site, server, "LocalHost")), world)
