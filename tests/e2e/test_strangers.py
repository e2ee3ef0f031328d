# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What clients of a daemon that may not choose can do to it and to a host: the table of docs/SECURITY.md, row by row.

The daemon's system trusts the fake's authority, so that strangers come as far as an open connection.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import libvirt
import pytest

from esxkit.harness.badserver import RawServer
from esxkit.harness.check import asks_nothing, lists_the_world, raises_error
from esxkit.harness.client import ApiError, Client
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.strangers import can_become_another, crowd, crowd_behind, open_to_everybody
from esxkit.harness.uri import builtin, embedded, through_daemon
from esxkit.harness.virsh import Result, Virsh

DOCS = Path(__file__).parents[2] / "docs"

pytestmark = [pytest.mark.usefixtures("driver")]
as_another = pytest.mark.skipif(not can_become_another(), reason="only root can become another user by runuser")

Stranger = Callable[..., Result]


def auth_file(*sections: str, password: str = PASSWORD, more: str = "") -> str:
    """An auth file with one password that all `sections` use; a section may have lines of its own behind its name."""
    text = f"[credentials-x]\npassword={password}\n{more}\n"
    for section in sections:
        name, _, lines = section.partition("\n")
        text += f"[{name}]\ncredentials=x\n{lines}\n"
    return text


@pytest.fixture(scope="module")
def daemon(driver: Path, fake: Fake) -> Iterator[PrivateLibvirtd]:
    """A root's daemon that other users may connect to, on a system that trusts the fake's authority."""
    with PrivateLibvirtd(password=PASSWORD, env={"SSL_CERT_FILE": str(fake.cacert)}) as running:
        open_to_everybody(running)
        yield running


@pytest.fixture(autouse=True)
def own_port(daemon: PrivateLibvirtd, fake: Fake) -> None:
    """The auth file of most tests: the fake is the host's own section, at the port it has."""
    daemon.auth_file.write_text(auth_file(f"auth-esx-127.0.0.1\nport={fake.port}"))


@pytest.fixture
def stranger(daemon: PrivateLibvirtd, client_env: dict[str, str], fake: Fake) -> Stranger:
    """Open and list through the daemon as user nobody, read-only unless told otherwise."""
    env = client_env | {name: "/nonexistent" for name in client_env if name == "HOME" or name.startswith("XDG_")}

    def run(*, port: int | None = None, read_only: bool = True, **parameters: Any) -> Result:
        address = through_daemon(embedded(fake.host, port or fake.port, **parameters), daemon.socket)
        command = Virsh(address, env, ["runuser", "-u", "nobody", "--"])
        return command("pool-list", "--all", "--name", readonly=read_only)

    return run


def is_refused(result: Result, *words: str) -> None:
    assert not result.ok
    assert "operation forbidden" in result.err
    for word in words:
        assert word in result.err, result.err


# ---- who, and where


@as_another
@pytest.mark.parametrize("user", [None, "root"])
def test_the_sections_user_is_let_in(stranger: Stranger, world, user):
    assert len(stranger(user=user).check().lines()) == len(world.pools)


@as_another
@pytest.mark.parametrize("user", ["administrator", "ROOT", "root%20", "nobody", "administrator%40vsphere.local"])
def test_another_user_is_refused_before_any_request(stranger: Stranger, fake, user: str):
    """Five wrong passwords lock an account: nobody may choose whose."""
    with asks_nothing(fake):
        for _ in range(6):
            is_refused(stranger(user=user), "the user", "remove it")


@as_another
def test_the_user_of_the_section_is_not_the_usual_one(stranger: Stranger, daemon: PrivateLibvirtd, fake):
    daemon.auth_file.write_text(auth_file(f"auth-esx-127.0.0.1\nport={fake.port}", more="username=monitor"))
    with asks_nothing(fake):
        is_refused(stranger(user="root"), "the user 'root'")
    assert "incorrect user name or password" in stranger(user="monitor").err


@as_another
def test_another_port_is_refused_before_it_is_connected_to(stranger: Stranger):
    """Any service of the host with a certificate for it would be sent the password."""
    with socket.create_server(("127.0.0.1", 0)) as service:
        service.settimeout(0.5)
        is_refused(stranger(port=service.getsockname()[1]), "the port", "remove it")
        with pytest.raises(TimeoutError):
            service.accept()


@as_another
def test_without_a_port_the_sections_is_meant(daemon: PrivateLibvirtd, client_env, fake, world):
    address = embedded(fake.host, fake.port).replace(f":{fake.port}/", "/")
    ended = crowd(daemon, address, read_only=True, count=1)
    assert ended[0].startswith("opened"), ended
    with Client(client_env) as client:
        lists_the_world(client.open(through_daemon(address, daemon.socket)), world)


@as_another
@pytest.mark.parametrize("host", ["LOCALHOST", "localhost.", "127.1", "[::ffff:127.0.0.1]", "default"])
def test_a_host_by_another_name_has_no_section(daemon: PrivateLibvirtd, fake, host: str):
    lines = f"\nport={fake.port}"
    sections = [f"auth-esx-{name}{lines}" for name in ("127.0.0.1", "localhost", "default")]
    daemon.auth_file.write_text(auth_file(*sections))
    with asks_nothing(fake):
        ended = crowd(daemon, embedded(host, fake.port), read_only=True, count=1)
        assert "needs a section [auth-esx-" in ended[0], ended


# ---- the table of docs/SECURITY.md


def table() -> dict[str, str]:
    """What the table of clients that may not choose says of each parameter."""
    text = (DOCS / "SECURITY.md").read_text()
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (refused|at most|at least|allowed)([^|]*) \|", text, re.MULTILINE)
    return {name: verdict + rest for names, verdict, rest in rows for name in re.findall(r"\w+", names)}


VALUES = {
    "transport": "http",
    "no_verify": 1,
    "cacert": "/etc/ssl/certs/ca-certificates.crt",
    "thumbprint": "00" * 32,
    "proxy": "socks5://127.0.0.1:9",
    "authfile": "/etc/shadow",
    "auto_answer": 1,
    "vcenter": "*",
    "per_host": 1,
}


def test_the_table_has_every_parameter_of_the_guide():
    guide = (DOCS / "reference" / "libvirt-driver-esx-storage.md").read_text()
    section = guide[guide.index("## URI parameters") : guide.index("## Credentials")]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ", section, re.MULTILINE)
    known = {name for names in rows for name in re.findall(r"`(\w+)`", names)}
    assert {"cacert", "linger", "authfile"} <= known
    assert known == set(table())


@as_another
@pytest.mark.parametrize("name", sorted(table()))
def test_a_stranger_may_say_what_the_table_says(stranger: Stranger, fake, name: str):
    verdict = table()[name]
    if name in ("root", "path"):    # libvirt's own, in each URI of these tests; of vpx:// only, see below
        assert verdict.startswith("allowed")
        return
    before = fake.requests_of_calls()
    number = re.search(r"[\d,]+", verdict)
    if verdict.startswith("refused"):
        is_refused(stranger(**{name: VALUES[name]}), name)
    elif number:
        bound = int(number.group().replace(",", ""))
        beyond = bound + 1 if verdict.startswith("at most") else bound - 1
        is_refused(stranger(**{name: beyond}), name, verdict.split(",")[0].split(";")[0].strip()[:7])
    else:
        assert stranger(**{name: VALUES[name]}).ok
        return
    assert fake.requests_of_calls() == before
    if number:
        assert stranger(**{name: bound}).ok


@as_another
def test_a_stranger_may_choose_a_part_of_a_vcenter(daemon: PrivateLibvirtd, new_fake):
    fake = new_fake(world="vcenter")
    daemon.auth_file.write_text(auth_file(f"auth-esx-127.0.0.1\nport={fake.port}"))
    address = embedded(fake.host, fake.port, scheme="vpx", user=None, path="No/Such")
    ended = crowd(daemon, address, read_only=True, count=1)
    assert "is not trusted" in ended[0], ended


# ---- clients that may write


@as_another
@pytest.mark.parametrize("name", ["no_verify", "cacert", "thumbprint", "proxy", "transport"])
def test_trust_fixed_forbids_all_but_root_to_choose(
    stranger: Stranger, daemon: PrivateLibvirtd, client_env, fake, world, name: str
):
    choice = {name: VALUES[name]}
    with asks_nothing(fake):
        daemon.auth_file.write_text(auth_file(f"auth-esx-127.0.0.1\nport={fake.port}\ntrust=fixed"))
        is_refused(stranger(read_only=False, **choice), name, "trust=fixed")
        # Nor by a name that only the default section covers: the password is the same.
        daemon.auth_file.write_text(auth_file("auth-esx-h\ntrust=fixed", "auth-esx-default"))
        is_refused(stranger(read_only=False, **choice), name, "trust=fixed")

    daemon.auth_file.write_text(auth_file(f"auth-esx-127.0.0.1\nport={fake.port}\ntrust=fixed"))
    assert stranger(read_only=False).ok
    with Client(client_env) as client:
        address = embedded(fake.host, fake.port, no_verify=1)
        lists_the_world(client.open(through_daemon(address, daemon.socket)), world)


@as_another
def test_a_trust_that_is_misspelt_lets_nobody_in(stranger: Stranger, daemon: PrivateLibvirtd, fake):
    daemon.auth_file.write_text(auth_file(f"auth-esx-127.0.0.1\nport={fake.port}\ntrust=Fixed"))
    result = stranger(read_only=False, no_verify=1)
    assert "other than 'fixed' and 'free'" in result.err


MISSPELT = {
    "another case": "Trust=fixed",
    "a locale": "trust[de]=fixed",
    "a later line": "trust=fixed\ntrust=free",
    "the section again": "trust=fixed\n[auth-esx-127.0.0.1]\ntrust=free",
    "two ports": "port=1",
    "a port in another case": "Port=1",
}


@as_another
@pytest.mark.parametrize("case", MISSPELT)
def test_a_key_that_is_misspelt_or_contradicted_lets_nobody_in(
    stranger: Stranger, daemon: PrivateLibvirtd, fake, case: str
):
    """The daemon's administrator wanted to forbid something, and it must not be lost."""
    daemon.auth_file.write_text(auth_file(f"auth-esx-127.0.0.1\nport={fake.port}\n{MISSPELT[case]}"))
    with asks_nothing(fake):
        for read_only in (False, True):
            result = stranger(read_only=read_only)
            assert not result.ok
            assert "the section [auth-esx-127.0.0.1] of the auth file has the" in result.err


@as_another
def test_libvirts_own_driver_does_not_read_the_sections_of_this_one(
    daemon: PrivateLibvirtd, client_env, stranger: Stranger, fake
):
    """It lets each client choose user, port and trust; it reads [auth-esx-HOST], and not [auth-esxstorage-HOST]."""
    address = f"remote+unix:///?name={quote(builtin(fake.host, fake.port), safe='')}&socket={daemon.socket}"
    other = Virsh(address, client_env | {"HOME": "/nonexistent"}, ["runuser", "-u", "nobody", "--"])
    before = fake.requests()["Login"]
    assert other("list", readonly=True).ok
    assert fake.requests()["Login"] == before + 1

    daemon.auth_file.write_text(auth_file(f"auth-esxstorage-127.0.0.1\nport={fake.port}"))
    assert stranger().ok
    before = fake.requests()["Login"]
    assert not other("list", readonly=True).ok
    assert fake.requests()["Login"] == before


# ---- what they cost


@as_another
def test_a_wrong_password_is_tried_once_for_all_strangers(
    daemon: PrivateLibvirtd, client_env, stranger: Stranger, fake, world
):
    """The one in the auth file has been changed at the host, say: five opens would lock root out there."""
    section = f"auth-esx-127.0.0.1\nport={fake.port}"
    daemon.auth_file.write_text(auth_file(section, password="of yesterday"))
    before = fake.requests()["Login"]
    ended = crowd(daemon, embedded(fake.host, fake.port), read_only=True, count=8)
    for timeout in (7, 8, 9):
        ended += stranger(timeout=timeout).err.splitlines()[:1]
    assert not any(line.startswith("opened") for line in ended)
    assert 1 <= fake.requests()["Login"] - before < 5
    assert "not tried again for 15 minutes" in stranger().err

    tried = fake.requests()["Login"]
    assert not stranger().ok
    assert fake.requests()["Login"] == tried
    daemon.auth_file.write_text(auth_file(section))
    assert stranger().ok


@as_another
def test_strangers_share_one_login_whatever_they_linger(daemon: PrivateLibvirtd, stranger: Stranger, fake):
    stranger().check()
    before = fake.requests()["Login"]
    for linger in (0, 1, 5):
        stranger(linger=linger).check()
    assert fake.requests()["Login"] == before


@as_another
def test_a_silent_host_does_not_take_all_workers(daemon: PrivateLibvirtd, client_env, fake, world, tmp_path):
    """34 opens at a host that accepts and is silent: the daemon has 20 workers, and 5 more for some calls."""
    with RawServer() as silent, Client(client_env) as client:
        sections = [f"auth-esx-127.0.0.1\nport={fake.port}", f"auth-esx-localhost\nport={silent.port}"]
        daemon.auth_file.write_text(auth_file(*sections))
        address = through_daemon(embedded(fake.host, fake.port, no_verify=1), daemon.socket)
        conn = client.open(address)
        lists_the_world(conn, world)
        behind = crowd_behind(
            daemon, embedded("localhost", silent.port), tmp_path / "log", read_only=True, count=34
        )
        try:
            behind.wait_until(lambda: "opening connections" in (tmp_path / "log").read_text(), 20)
            began = time.monotonic()
            conn.getHostname()
            lists_the_world(client.open(address), world)
            assert time.monotonic() - began < 9, "The others had to wait for the silent host (10 s for each worker)."
        finally:
            behind.stop(9)


# ---- what they write


LINES = {
    "host": lambda text: embedded(f"a{text}b", 1),
    "user": lambda text: embedded("127.0.0.1", 1, user=f"a{text}b"),
    "path": lambda text: embedded("127.0.0.1", 1, scheme="vpx") + f"&path=a{text}b",
    "proxy": lambda text: embedded("127.0.0.1", 1) + f"&proxy=a{text}b",
    "cacert": lambda text: embedded("127.0.0.1", 1) + f"&cacert=/a{text}b",
    "timeout": lambda text: embedded("127.0.0.1", 1) + f"&timeout=a{text}b",
    "name": lambda text: embedded("127.0.0.1", 1, no_verify=2) + f"&a{text}b=1",
    "fragment": lambda text: embedded("127.0.0.1", 1) + f"#a{text}b",
}


@pytest.mark.parametrize("place", LINES)
@pytest.mark.parametrize("text", ["%0Aforged: line", "%0D", "%1B[2J", "%C2%85", "%E2%80%A8", "%E2%80%AE"], ids=repr)
def test_what_a_uri_says_breaks_no_line(daemon: PrivateLibvirtd, client_env, place: str, text: str):
    address = LINES[place](quote(text, safe="%"))
    written = daemon.log.stat().st_size
    with Client(client_env) as client:
        for way in (address, through_daemon(address, daemon.socket)):
            with pytest.raises(ApiError) as caught:
                client.open(way)
            message = caught.value.message
            assert all(ord(c) >= 32 and c not in "\x7f\x85\u2028\u202e" for c in message), ascii(message)
    log = daemon.log.read_bytes()[written:].decode(errors="replace")
    assert "forged" not in log or all(re.match(r"\d{4}-\d\d-\d\d ", line) for line in log.splitlines()), log
    assert not set("\r\x1b\x85\u2028\u202e") & set(log)


def test_names_of_parameters_are_cut(daemon: PrivateLibvirtd, client_env, fake, world):
    written = daemon.log.stat().st_size
    address = embedded(fake.host, fake.port) + "&" + "a" * (1 << 20) + "=1" + "".join(f"&x{i}=1" for i in range(5000))
    with Client(client_env) as client:
        lists_the_world(client.open(through_daemon(address, daemon.socket)), world)
        with raises_error(libvirt.VIR_ERR_INVALID_ARG, mentions="255 bytes", within=10):
            client.open(through_daemon(embedded("h" * (1 << 20), 1), daemon.socket))
    assert daemon.log.stat().st_size - written < 16 * 1024
