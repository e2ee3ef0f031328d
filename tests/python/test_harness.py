# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The harness itself, where the end-to-end tests would not notice that it is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import libvirt
import pytest

from esxkit.harness import environment, schema, uri
from esxkit.harness.badserver import RawServer, Relay, closed_port
from esxkit.harness.check import asks_nothing, expect_sentence, raises_error
from esxkit.harness.client import ApiError, Client, WorkerDied, WorkerHung
from esxkit.harness.daemon import PrivateLibvirtd, write_auth_file
from esxkit.harness.oracle import World, md5_uuid
from esxkit.harness.process import Process
from esxkit.harness.servers import Fake
from esxkit.harness.virsh import Virsh, client_environment, human, parse_fields, parse_table

TABLE = """\
 Name         State     Autostart
-----------------------------------
 a b  c       running   yes
 default-\u00fc    inactive  no

"""
GOOD_POOL = "<pool type='dir'><name>a</name><target><path>/a</path></target></pool>"


def test_tables_of_virsh():
    assert parse_table(TABLE) == [
        {"Name": "a b  c", "State": "running", "Autostart": "yes"},
        {"Name": "default-\u00fc", "State": "inactive", "Autostart": "no"},
    ]
    with pytest.raises(ValueError, match="not a table"):
        parse_table("error: no\n")


def test_fields_of_virsh():
    assert parse_fields("Name:     a: b\nState:   running\n\n") == {"Name": "a: b", "State": "running"}


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0.00 B"), (1023, "1023.00 B"), (1024, "1.00 KiB"), (36775657472, "34.25 GiB"), (2**50, "1.00 PiB")],
)
def test_human_sizes(size: int, text: str):
    assert human(size) == text


def test_uris():
    embedded = uri.embedded("h", 1, cacert="/a b", cache_ttl=None)
    assert embedded == f"esx://root@h:1/embed?root={uri.ROOT}&cacert=/a%20b"
    assert uri.through_daemon("esx://h/?a=b", "/s") == "remote+unix:///?name=esx%3A%2F%2Fh%2F%3Fa%3Db&socket=/s"


def test_the_oracle_knows_what_was_seen_on_a_real_host():
    """These two values were printed by libvirt's built-in driver."""
    assert md5_uuid("/vmfs/volumes/c51999a6-5c492c68-7cca-9e4906147268") == "f7b921e3-37bd-50ef-ec46-d1d44238257a"
    assert md5_uuid("iqn.2001-05.com.example:tgt1") == "d284792c-30ab-4fd6-5056-003dc8304f2f"


def test_the_oracle_sees_the_whole_world():
    world = World.load()
    assert (len(world.datastores), len(world.targets), len(world.adapters)) == (14, 16, 7)
    assert len({pool.uuid for pool in world.pools}) == 37
    assert {pool.name for pool in world.pools if not pool.accessible} == {
        "lost-vmfs", "nfs-down", "iqn.2012-07.com.example:nothing-here"
    }  # fmt: skip
    assert world.version == 8_000_003


def test_schemas():
    assert schema.is_valid("storagepool", GOOD_POOL)
    assert not schema.is_valid("storagepool", GOOD_POOL.replace("dir", "iscsi"))
    assert not schema.is_valid("storagepool", "<pool")
    schema.parse_pool(GOOD_POOL)
    with pytest.raises(libvirt.libvirtError):
        schema.parse_pool(GOOD_POOL.replace("dir", "iscsi"))


@pytest.mark.parametrize(
    "message", ["", "No.", "internal error: (null)", "An error occurred, but the cause is unknown", "cannot do it now:"]
)
def test_what_is_no_sentence(message: str):
    with pytest.raises(AssertionError):
        expect_sentence(message)


def test_raises_error():
    with raises_error(5, 7, mentions="pool 'x'"):
        raise ApiError(7, 28, "There is no pool 'x' here.")
    for block in (
        lambda: raises_error(6),
        lambda: raises_error(7, mentions="pool 'y'"),
        lambda: raises_error(7, within=-1),
    ):
        with pytest.raises(AssertionError), block():
            raise ApiError(7, 28, "There is no pool 'x' here.")
    with pytest.raises(AssertionError), raises_error(7):
        pass


def test_the_auth_file_is_private(tmp_path: Path):
    path = write_auth_file(tmp_path / "auth.conf", "a b&<c>")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "password=a b&<c>\n" in path.read_text()


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return client_environment(tmp_path)


@pytest.mark.parametrize("covers", [True, False])
def test_a_private_libvirtd_serves_and_ends(tmp_path: Path, env: dict[str, str], covers: bool):
    daemon = PrivateLibvirtd(modules=tmp_path, covers=covers).start()
    pools = Virsh(uri.through_daemon("test:///default", daemon.socket), env)("pool-list", "--name").check().lines()
    assert pools == ["default-pool"]
    assert daemon.stop() == 0
    assert not daemon.folder.exists()


def test_a_client_is_a_process_of_its_own(env: dict[str, str]):
    with Client(env) as client:
        conn = client.open("test:///default")
        (pool,) = conn.listAllStoragePools(0)
        assert pool.name() == "default-pool"
        with pytest.raises(ApiError) as caught:
            conn.storagePoolLookupByName("nope")
        assert caught.value.code == libvirt.VIR_ERR_NO_STORAGE_POOL
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            client.run("operator:floordiv", 1, 0)
        with pytest.raises(WorkerDied, match="SIGABRT"):
            client.run("os:abort")


def test_a_call_that_hangs_is_ended(env: dict[str, str]):
    with Client(env) as client, pytest.raises(WorkerHung):
        client.run("time:sleep", 60, timeout=0.2)


def test_children_die_with_their_parent(tmp_path: Path):
    script = (
        "import os, sys, pathlib, time; sys.path.insert(0, sys.argv[1]);"
        "from esxkit.harness.process import Process;"
        "child = Process(['sleep', '60'], log=pathlib.Path(sys.argv[2]), env=dict(os.environ), name='sleep');"
        "comm = pathlib.Path(f'/proc/{child.pid}/comm');"
        "[time.sleep(0.01) for _ in range(500) if comm.read_text() != 'sleep\\n'];"
        "print(child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    argv = [sys.executable, "-c", script, str(environment.REPOSITORY / "python"), str(tmp_path / "log")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    deadline = time.monotonic() + 5
    while os.path.exists(f"/proc/{pid}") and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline, "The child outlives its parent."
        time.sleep(0.02)


def test_a_process_that_ends_instead_of_starting_is_told(tmp_path: Path):
    child = Process(["sh", "-c", "echo no such luck; exit 3"], log=tmp_path / "log", env=dict(os.environ), name="it")
    with pytest.raises(environment.HarnessError, match=r"it ended with 3(.|\n)*no such luck"):
        child.wait_until(lambda: False, 5)


def test_a_missing_module_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ESXKIT_DRIVER_DIR", str(tmp_path))
    with pytest.raises(environment.HarnessError, match=r"\./dev build"):
        environment.driver_module()


def test_raw_servers_and_relays():
    import socket

    with RawServer(b"hello", hang_up=True) as server, Relay("127.0.0.1", server.port) as relay:
        with socket.create_connection(("127.0.0.1", relay.port)) as client:
            assert client.recv(10) == b"hello"
        assert relay.connections == 1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", closed_port()))


def test_a_host_that_is_shared_is_asked_nothing(soap):
    """What sessions of earlier tests send by themselves does not count."""
    with Fake() as server:
        client = soap(server)
        with asks_nothing(server):
            client.collector("CancelWaitForUpdates")
            client.call("Logout", ("SessionManager", "ha-sessionmgr"))
        assert server.requests()["Logout"] == 1
        with pytest.raises(AssertionError, match="Login"), asks_nothing(server):
            client.login()
