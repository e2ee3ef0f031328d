# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Calls of clients that may not choose: they may not take all workers of a daemon while hosts are silent.

libvirtd has 20 workers at most, and 5 more for some calls. It begins with 5, and in a burst of calls it stays at
about as many. Here 40 connections of another user are open, their hosts fall silent, and each makes a call that needs
the host. Root's clients have to be answered meanwhile.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from esxkit.fake.server import FakeProcess
from esxkit.harness import access, environment
from esxkit.harness.access import Authority
from esxkit.harness.badserver import RawServer
from esxkit.harness.client import Client
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.environment import patience
from esxkit.harness.servers import PASSWORD
from esxkit.harness.strangers import Callers, can_become_another, crowd_behind, open_to_everybody
from esxkit.harness.uri import embedded, through_daemon

pytestmark = [
    pytest.mark.usefixtures("driver"),
    pytest.mark.skipif(not can_become_another(), reason="only root can become another user by runuser"),
]

CALLERS = 40
PLACES = 4
"""LIMIT_GUEST_PLACES"""
POOL = "datastore1"
DISK = "Fedora/Fedora.vmdk"
TTL = 2
"""The least cache_ttl of such clients, in seconds."""
REFUSED = (
    "too many restricted clients are opening connections or waiting for servers; try again later, "
    "or connect as root or with connect:write"
)


@attrs.define
class OpenDaemon:
    """Two hosts, 127.0.0.1 and localhost to a daemon, and root's way to another driver of it."""

    hosts: dict[str, FakeProcess]
    daemon: PrivateLibvirtd
    env: dict[str, str]
    folder: Path

    def uri(self, name: str, **parameters: Any) -> str:
        return embedded(name, self.hosts[name].port, **{"cache_ttl": TTL, **parameters})

    def callers(self, *uris: str, log: str = "callers.log", read_only: bool = True) -> Callers:
        """40 connections, of these URIs in turn; by default all to one host."""
        uris = uris or (self.uri("127.0.0.1"),)
        addresses = [uris[i % len(uris)] for i in range(CALLERS)]
        path = self.folder / log
        return Callers(self.daemon, addresses, pool=POOL, volume=DISK, log=path, read_only=read_only)

    def one_host_under_two_names(self) -> None:
        self.hosts["localhost"] = self.hosts["127.0.0.1"]
        self.write_sections()

    def write_sections(self, **ports: int) -> None:
        known = {name: host.port for name, host in self.hosts.items()} | ports
        sections = "".join(f"[auth-esx-{name}]\ncredentials=x\nport={port}\n" for name, port in known.items())
        self.daemon.auth_file.write_text(f"[credentials-x]\npassword={PASSWORD}\n{sections}")

    def age(self) -> None:
        """Wait until what the callers have been told before is too old."""
        time.sleep(TTL + 0.2)

    def fall_silent(self) -> None:
        for host in set(self.hosts.values()):
            host.freeze()

    def speak(self) -> None:
        for host in set(self.hosts.values()):
            host.thaw()

    def root_is_answered(self) -> None:
        """Assert that a client of another driver is answered, by all workers and by those that take any call."""
        virsh = environment.program("virsh", "libvirt-clients")
        argv = [virsh, "-c", through_daemon("test:///default", self.daemon.socket)]
        for command, answer in (("list --name", "test"), ("pool-refresh default-pool", "refreshed")) * 2:
            began = time.monotonic()
            done = subprocess.run(
                [*argv, *command.split()], env=self.env, capture_output=True, text=True, timeout=120, check=True
            )
            took = time.monotonic() - began
            assert answer in done.stdout
            assert took < patience(5), f"Root's client waited {took:.1f} s for {command}."


@contextlib.contextmanager
def running(client_env: dict[str, str], tmp_path: Path, settings: str = "", **env: str) -> Iterator[OpenDaemon]:
    """The hosts have no long polls: without those a daemon answers nothing from what it was told."""
    with contextlib.ExitStack() as stack:
        hosts = {name: stack.enter_context(FakeProcess("--task-ms", "0")) for name in ("127.0.0.1", "localhost")}
        for host in hosts.values():
            host.control.set(long_polls="fault")
        trusted = tmp_path / "trusted.pem"
        trusted.write_text("".join(Path(host.cacert).read_text() for host in hosts.values()))
        env = env | {"SSL_CERT_FILE": str(trusted)}
        daemon = stack.enter_context(PrivateLibvirtd(password=PASSWORD, settings=settings, env=env))
        open_to_everybody(daemon)
        found = OpenDaemon(dict(hosts), daemon, client_env, tmp_path)
        found.write_sections()
        # Else the hosts cannot be ended.
        for host in hosts.values():
            stack.callback(host.thaw)
        yield found


@pytest.fixture
def place(driver: Path, client_env: dict[str, str], tmp_path: Path) -> Iterator[OpenDaemon]:
    with running(client_env, tmp_path) as found:
        yield found


def the_others_are_refused(callers: Callers) -> None:
    """Assert that all but a few of the calls have ended soon, with the reason and the way out."""
    callers.wait_until(lambda: len(callers.ended()) >= CALLERS - PLACES, 5)
    refused = [one for one in callers.ended() if REFUSED in one.words]
    assert len(refused) >= CALLERS - PLACES, callers.ended()
    assert max(one.seconds for one in refused) < patience(3)


VERBS = {
    "vol-list": "pool.listAllVolumes()",
    "vol-list of old clients": "pool.listVolumes()",
    "the number of volumes": "pool.numOfVolumes()",
    "a volume by its name": "pool.storageVolLookupByName(volume)",
    "a volume by its path": "conn.storageVolLookupByPath(vol.key())",
    "a volume by a UUID": "conn.storageVolLookupByKey('60002ac0-0000-0000-0000-000000000000')",
    "vol-info": "vol.info()",
    "vol-dumpxml": "vol.XMLDesc()",
    "pool-list": "conn.listAllStoragePools()",
    "pool-list of old clients": "conn.listStoragePools()",
    "pool-info": "pool.info()",
    "pool-dumpxml": "pool.XMLDesc()",
    "a pool by its UUID": "conn.storagePoolLookupByUUID(pool.UUID())",
    "the pool of a volume": "vol.storagePoolLookupByVolume()",
    "whether a pool is active": "pool.isActive()",
    "hostname": "conn.getHostname()",
    "nodeinfo": "conn.getInfo()",
}


@pytest.mark.parametrize("verb", VERBS)
def test_calls_at_a_silent_host_do_not_take_all_workers(place: OpenDaemon, verb: str):
    with place.callers() as callers:
        place.age()
        place.fall_silent()
        callers.call(VERBS[verb])
        the_others_are_refused(callers)
        place.root_is_answered()


def test_when_the_host_is_back_its_answers_are_given(place: OpenDaemon):
    with place.callers() as callers, place.callers(log="later.log") as later:
        place.age()
        place.fall_silent()
        callers.call("pool.listAllVolumes()")
        the_others_are_refused(callers)
        place.speak()
        callers.wait_until(lambda: len(callers.ended()) == CALLERS, 60)
        # Some waited for the host, and the places are free again.
        assert sum(one.words == "" for one in callers.ended()) == PLACES
        later.call("[pool.listAllVolumes(), conn.listAllStoragePools()]")
        later.wait_until(lambda: len(later.ended()) == CALLERS, 60)
        assert sum(one.words == "" for one in later.ended()) >= PLACES


CHANGES = {
    "vol-download": "vol.download(conn.newStream(), 0, 0, 0)",
    "pool-refresh": "pool.refresh()",
    "vol-delete": "vol.delete()",
    "vol-create": "pool.createXML('<volume><name>new.iso</name><capacity>1</capacity></volume>')",
}


@pytest.mark.parametrize("verb", CHANGES)
def test_those_denied_to_write_do_not_take_all_workers(driver, client_env, tmp_path: Path, verb: str):
    """Their connections are not read-only, but access control denies them connect:write and nothing else."""
    with Authority() as authority, authority.deny("connect.write"):
        bus = {"DBUS_SYSTEM_BUS_ADDRESS": authority.address}
        with running(client_env, tmp_path, access.SETTINGS, **bus) as place, place.callers(read_only=False) as callers:
            # What they know of the volumes is not too old: the first that needs the host is the verb itself.
            place.fall_silent()
            callers.call(CHANGES[verb])
            the_others_are_refused(callers)
            place.root_is_answered()


def test_calls_at_a_dripping_host_do_not_take_all_workers(place: OpenDaemon):
    with place.callers() as callers:
        place.age()
        place.hosts["127.0.0.1"].control.inject(
            kind="drip", method="SearchDatastoreSubFolders_Task", step_ms=300, count=-1
        )
        callers.call("pool.listAllVolumes()")
        the_others_are_refused(callers)
        place.root_is_answered()


SEVERAL: dict[str, tuple[dict[str, Any], ...]] = {
    "two hosts": ({"name": "127.0.0.1"}, {"name": "localhost"}),
    "two names of one host": ({"name": "127.0.0.1"}, {"name": "localhost"}),
    "four logins at one host": tuple({"name": "127.0.0.1", "timeout": 300 - i} for i in range(4)),
}


@pytest.mark.parametrize("what", SEVERAL)
def test_calls_at_several_hosts_have_one_bound(place: OpenDaemon, what: str):
    """What holds for one host must not hold for each of two: twice as many calls would be all workers."""
    if what == "two names of one host":
        place.one_host_under_two_names()
    with place.callers(*(place.uri(**one) for one in SEVERAL[what])) as callers:
        place.age()
        place.fall_silent()
        callers.call("pool.listAllVolumes()")
        the_others_are_refused(callers)
        place.root_is_answered()


def test_opens_and_calls_together_do_not_take_all_workers(place: OpenDaemon, tmp_path: Path):
    with RawServer() as silent, place.callers() as callers:
        place.write_sections(localhost=silent.port)
        behind = crowd_behind(
            place.daemon, embedded("localhost", silent.port), tmp_path / "opens", read_only=True, count=34
        )
        try:
            place.age()
            place.fall_silent()
            callers.call("pool.listAllVolumes()")
            behind.wait_until(lambda: REFUSED in (tmp_path / "opens").read_text(), 20)
            the_others_are_refused(callers)
            place.root_is_answered()
        finally:
            behind.stop(9)


def test_what_is_in_memory_is_answered_while_others_are_refused(place: OpenDaemon):
    """One host is silent, and all places are taken; of the other one everything is known, for a minute."""
    known = place.uri("localhost", cache_ttl=60)
    with place.callers(known, log="readers.log") as readers, place.callers() as callers:
        place.age()
        place.fall_silent()
        callers.call("pool.listAllVolumes()")
        the_others_are_refused(callers)
        readers.call("[pool.info(), vol.info(), pool.listAllVolumes(), conn.listAllStoragePools(), vol.XMLDesc()]")
        readers.wait_until(lambda: len(readers.ended()) == CALLERS, 20)
        assert {one.words for one in readers.ended()} == {""}


def test_root_is_not_counted(place: OpenDaemon):
    """Root's clients, also one that may only read, get answers of another host while calls of others are refused."""
    address = through_daemon(place.uri("localhost", cache_ttl=0), place.daemon.socket.with_name("libvirt-sock-ro"))
    place.hosts.pop("localhost")
    with place.callers() as callers, Client(place.env) as client:
        place.age()
        place.fall_silent()
        callers.call("pool.listAllVolumes()")
        the_others_are_refused(callers)
        conn = client.open(address, readonly=True)
        for _ in range(PLACES + 1):
            assert conn.storagePoolLookupByName(POOL).listAllVolumes()


def test_the_table_of_verbs_has_no_verb_without_a_bound():
    """Each verb that may wait for a server begins with the visit that bounds it, in the storage API and beside it."""
    sources = Path(__file__).parents[2] / "src"
    table = (sources / "api" / "esx_storage_driver.c").read_text()
    verbs = set(re.findall(r"^    \.\w+ = (esx\w+),", table, re.MULTILINE))
    assert len(verbs) > 30
    text = "".join(path.read_text() for path in sources.glob("*/esx_*.c"))
    bounded = set(re.findall(r"^(esx\w+)\([^{;]*\)\n\{\n    g_autoptr\(PlacesVisit\) visit = ", text, re.MULTILINE))
    waits_for_nothing = {
        "esxStoragePoolDefineXML",
        "esxStoragePoolCreateXML",
        "esxConnectGetStoragePoolCapabilities",
        "esxConnectStoragePoolEventDeregisterAny",
    }
    assert verbs - bounded == waits_for_nothing
    assert bounded - verbs == {"esxConnectGetHostname", "esxNodeGetInfo"}
