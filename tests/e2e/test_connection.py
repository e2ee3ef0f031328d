# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Opening a connection: the URI's parameters, credentials, the schemes, aliases."""

from __future__ import annotations

import os
import signal

import libvirt
import pytest

from esxkit.harness import uri
from esxkit.harness.badserver import closed_port
from esxkit.harness.check import lists_the_world, raises_error
from esxkit.harness.client import Client
from esxkit.harness.daemon import covered, namespaces_permitted, write_auth_file
from esxkit.harness.servers import PASSWORD
from esxkit.harness.virsh import Virsh, client_environment

INVALID = libvirt.VIR_ERR_INVALID_ARG
AUTH_FAILED = libvirt.VIR_ERR_AUTH_FAILED

BAD_PARAMETERS = [
    ("no_verify", "2"), ("no_verify", "yes"), ("no_verify", ""), ("no_verify", "-1"),
    ("cacert", "/no/such/file.pem"), ("cacert", ""),
    ("thumbprint", "xyz"), ("thumbprint", "00:11"), ("thumbprint", "g" * 64), ("thumbprint", ""),
    ("proxy", "ftp://h"), ("proxy", "h:99999"), ("proxy", ":80"), ("proxy", "h:"), ("proxy", "h:x"), ("proxy", ""),
    ("transport", "ftp"), ("transport", ""),
    ("cache_ttl", "-1"), ("cache_ttl", "x"), ("cache_ttl", ""), ("cache_ttl", "1e99"), ("cache_ttl", "nan"),
    ("connect_timeout", "-1"), ("connect_timeout", "x"), ("connect_timeout", ""),
    ("stall_timeout", "abc"), ("stall_timeout", "-0.5"),
    ("timeout", "1s"), ("timeout", "-3"), ("timeout", "inf"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD_PARAMETERS, ids=lambda value: value or "(empty)")
def test_an_invalid_parameter_is_named(client: Client, site, fake, name: str, value: str):
    parameters = {"no_verify": 1} | {name: value}
    with raises_error(INVALID, mentions=name):
        client.open(site.uri(fake, **parameters))


def test_an_unknown_parameter_is_ignored(site, fake, world):
    result = site.virsh(fake, cacert=fake.cacert, wibble="1")("pool-list", "--all", "--name").check()
    assert len(result.lines()) == len(world.pools)


@pytest.mark.parametrize(
    "parameters",
    [
        {"cache_ttl": "0"},
        {"cache_ttl": "0.25"},
        {"cache_ttl": "3600"},
        {"connect_timeout": "5", "stall_timeout": "2.5", "timeout": "30"},
    ],
    ids=str,
)
def test_valid_parameters(client: Client, site, fake, world, parameters):
    lists_the_world(client.open(site.uri(fake, **parameters)), world)


def test_plain_http_when_asked_for(client: Client, site, new_fake, world):
    server = new_fake(plain_port=0)
    conn = client.open(site.wrap(uri.embedded(server.host, server.plain_port, transport="http")))
    lists_the_world(conn, world)
    assert conn.isEncrypted() == 0
    assert conn.isSecure() == 0


def test_a_server_is_required(client: Client, site):
    with raises_error(INVALID):
        client.open(site.wrap(f"esx:///embed?root={uri.ROOT}"))


def test_the_user_defaults_to_root(client: Client, site, fake, world):
    address = uri.embedded(fake.host, fake.port, user=None, cacert=fake.cacert)
    lists_the_world(client.open(site.wrap(address)), world)


def test_a_wrong_user_is_refused_and_tried_once(client: Client, site, new_fake):
    server = new_fake(lockout_after=2)
    with raises_error(AUTH_FAILED, mentions="nobody"):
        client.open(site.uri(server, user="nobody"))
    assert server.requests()["Login"] == 1
    assert server.sessions() == 0
    client.open(site.uri(server)).close()


def test_a_wrong_password_is_refused_and_tried_once(home, fake, new_fake, tmp_path, driver):
    server = new_fake(lockout_after=2)
    env = client_environment(home, write_auth_file(tmp_path / "auth.conf", "not the password"))
    with Client(env) as client:
        with raises_error(AUTH_FAILED):
            client.open(uri.embedded(server.host, server.port, cacert=server.cacert))
        assert server.requests()["Login"] == 1
        assert "not the password" not in str(client)


def test_a_locked_account_is_auth_failed(client: Client, site, new_fake):
    server = new_fake(lockout_after=1, lockout_seconds=60)
    for _ in range(2):
        with raises_error(AUTH_FAILED):
            client.open(site.uri(server, user="nobody"))
    with raises_error(AUTH_FAILED):
        client.open(site.uri(server))
    server.unlock()
    client.open(site.uri(server)).close()


def test_the_callback_is_asked_for_what_is_missing(home, fake, world, driver):
    env = client_environment(home)
    env.pop("LIBVIRT_AUTH_FILE", None)
    answers = {libvirt.VIR_CRED_AUTHNAME: "root", libvirt.VIR_CRED_PASSPHRASE: PASSWORD}
    with Client(env) as client:
        address = uri.embedded(fake.host, fake.port, user=None, cacert=fake.cacert)
        lists_the_world(client.open(address, answers=answers), world)
        noecho = {libvirt.VIR_CRED_NOECHOPROMPT: PASSWORD}
        address = uri.embedded(fake.host, fake.port, cacert=fake.cacert)
        lists_the_world(client.open(address, answers=noecho), world)


@pytest.mark.parametrize("answers", [None, {}, {libvirt.VIR_CRED_AUTHNAME: "root"}], ids=["none", "empty", "name only"])
def test_without_a_password_the_error_says_so(home, fake, driver, answers):
    env = client_environment(home)
    env["HOME"] = env["XDG_CONFIG_HOME"] = "/nonexistent"
    with Client(env) as client, raises_error(AUTH_FAILED, INVALID, libvirt.VIR_ERR_OPERATION_UNSUPPORTED):
        client.open(uri.embedded(fake.host, fake.port, cacert=fake.cacert), answers=answers)


def test_the_authfile_parameter_works_in_a_client_only(home, fake, world, tmp_path, driver, libvirtd):
    mine = write_auth_file(tmp_path / "mine.conf", PASSWORD)
    env = client_environment(home)
    with Client(env) as client:
        address = uri.embedded(fake.host, fake.port, cacert=fake.cacert, authfile=mine)
        lists_the_world(client.open(address), world)
        # A client must not make the daemon read a file of its choice.
        with raises_error(libvirt.VIR_ERR_OPERATION_DENIED, mentions="authfile"):
            client.open(uri.through_daemon(address, libvirtd.socket))


def test_esx_at_a_vcenter_and_vpx_at_a_host_are_errors(client: Client, site, new_fake):
    host = new_fake()
    with raises_error(INVALID, mentions="esx://"):
        client.open(site.uri(host, scheme="vpx"))
    vcenter = new_fake(world="vcenter")
    with raises_error(INVALID, mentions="vpx://"):
        client.open(site.uri(vcenter))
    assert host.sessions() == vcenter.sessions() == 0


def test_closing_logs_out(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server))
    assert server.sessions() == 1
    conn.close()
    server.eventually_without_sessions()


def test_a_killed_client_leaves_no_session_behind_in_the_daemon(libvirtd, client_env, new_fake):
    server = new_fake()
    client = Client(client_env)
    address = uri.embedded(server.host, server.port, cacert=server.cacert)
    client.open(uri.through_daemon(address, libvirtd.socket)).listAllStoragePools(0)
    assert server.sessions() == 1
    os.kill(client.pid, signal.SIGKILL)
    client.close()
    server.eventually_without_sessions()


def test_many_connections_one_after_the_other(client: Client, site, new_fake, world):
    server = new_fake()
    for _ in range(30):
        conn = client.open(site.uri(server))
        lists_the_world(conn, world)
        conn.close()
        del conn
    server.eventually_without_sessions()


def test_several_hosts_at_once(client: Client, site, new_fake, world):
    servers = [new_fake() for _ in range(3)]
    connections = [client.open(site.uri(server)) for server in servers]
    for conn in connections:
        lists_the_world(conn, world)
    assert [server.sessions() for server in servers] == [1, 1, 1]


def test_refused_connection(client: Client, site):
    address = uri.embedded("127.0.0.1", closed_port(), no_verify=1)
    with raises_error(libvirt.VIR_ERR_SYSTEM_ERROR, mentions="127.0.0.1", within=5):
        client.open(site.wrap(address))


@pytest.mark.skipif(not namespaces_permitted(), reason="needs root and permission to make mount namespaces")
def test_uri_aliases(home, fake, world, tmp_path, client_env, driver):
    address = uri.embedded(fake.host, fake.port, cacert=fake.cacert)
    covers = tmp_path / "cover/etc/libvirt"
    covers.mkdir(parents=True)
    (covers / "libvirt.conf").write_text(f'uri_aliases = [ "esx1={address}" ]\nuri_default = "esx1"\n')
    prefix = covered(tmp_path, [], covers=("/etc/libvirt",))
    for chosen in ("esx1", None):
        listed = Virsh(chosen, client_env, prefix)("pool-list", "--all", "--name").check().lines()
        assert len(listed) == len(world.pools)


@pytest.mark.parametrize(
    "command", ["uri", "hostname", "version", "capabilities", "list --all", "nodeinfo", "net-list --all"], ids=str
)
def test_what_virsh_and_virt_manager_ask_on_opening(virsh: Virsh, command: str):
    result = virsh(*command.split())
    if command in ("nodeinfo", "net-list --all"):
        # Not ours to answer; what counts is that it is said, and that nothing breaks.
        assert result.ok or "not supported" in result.err
    else:
        result.check()
