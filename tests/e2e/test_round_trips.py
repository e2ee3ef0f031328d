# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Round trips of whole virsh runs (connect and close included) and of single calls, counted at the fake host.

The table is the budget. What the built-in driver needs stands beside it (D datastores, I targets, N volumes).

Through a daemon two requests more are counted: the filter that stays at the host, and the long poll by which it is to
tell of changes from then on. Nobody waits for the poll, and the reads that follow cost nothing.
"""

from __future__ import annotations

import re
import time

import pytest

from esxkit.harness.client import Client
from esxkit.harness.environment import REPOSITORY
from esxkit.harness.live import settled
from esxkit.harness.meter import Budget, Meter
from esxkit.harness.oracle import World
from esxkit.harness.pytest_plugin import Site
from esxkit.harness.servers import Fake

WORLD = World.load()
DISK = "Fedora/Fedora.vmdk"
DISK_PATH = f"[datastore1] {DISK}"
IQN = "iqn.1992-08.com.netapp:sn.1574163012:vs.3"
LUN = WORLD.pool(IQN).volumes[0]
UUID = WORLD.pool("localdir").uuid
SLOW_SEARCH = 14
LIVE = {"embedded": 0, "remote": 2}


BUDGETS = [
    Budget(("uri",), 3, "12"),
    Budget(("pool-list", "--all"), 4, "17+5D+4I"),
    Budget(("pool-list", "--all", "--details"), 4, "17+5D+4I"),
    Budget(("pool-info", "datastore1"), 4, "17"),
    Budget(("pool-info", UUID), 4, "17+"),
    Budget(("pool-dumpxml", "datastore1"), 4, "18"),
    Budget(("pool-dumpxml", IQN), 4, "17"),
    Budget(("pool-uuid", "datastore1"), 4, "15"),
    Budget(("pool-name", UUID), 4, "15-19"),
    Budget(("vol-list", "datastore1"), 8, "29+9N"),
    Budget(("vol-list", "datastore1", "--details"), 8, "29+16N"),
    Budget(("vol-info", "--pool", "datastore1", DISK), 8, "33"),
    Budget(("vol-info", DISK_PATH), 8, "27"),
    Budget(("vol-dumpxml", "--pool", "datastore1", DISK), 8, "41"),
    Budget(("vol-dumpxml", DISK_PATH), 8, "35"),
    Budget(("vol-path", "--pool", "datastore1", DISK), 8, "27"),
    Budget(("vol-key", "--pool", "datastore1", DISK), 8, "26"),
    Budget(("vol-name", DISK_PATH), 8, "24-40"),
    Budget(("vol-pool", DISK_PATH), 8, "23-43"),
    Budget(("vol-list", IQN), 4, "26"),
    Budget(("vol-list", IQN, "--details"), 4, "30"),
    Budget(("vol-info", "--pool", IQN, LUN.name), 4, "22"),
    Budget(("vol-info", LUN.path), 4, "41"),
    Budget(("vol-info", LUN.key), 4, "41"),
    Budget(("vol-dumpxml", "--pool", IQN, LUN.name), 4, "22"),
    Budget(("vol-path", "--pool", IQN, LUN.name), 4, "20"),
    Budget(("vol-key", "--pool", IQN, LUN.name), 4, "20"),
    Budget(("vol-pool", LUN.path), 4, "41"),
    Budget(("vol-pool", LUN.key), 4, "41"),
]


@pytest.fixture(scope="module")
def counted():
    """A fake for tests that leave no session there: the requests of another test are not counted."""
    with Fake() as server:
        yield server


@pytest.mark.parametrize("budget", BUDGETS, ids=str)
def test_a_virsh_run_keeps_its_budget(site, counted, budget: Budget, record_property):
    virsh = site.virsh(counted)
    with Meter(counted) as cost:
        virsh(*budget.argv).check()
        # Through the daemon the connection is closed a moment after virsh has gone.
        counted.eventually_without_sessions()
    most = budget.most + LIVE[site.mode] * (budget.argv != ("uri",))
    record_property("round trips", (site.mode, str(budget), cost.total, most, budget.builtin))
    assert 0 < cost.total <= most, f"{cost.total} requests, at most {most} allowed: {dict(cost.methods)}"


def test_connect_and_close_cost_exactly_three(site, counted):
    with Meter(counted) as cost:
        site.virsh(counted)("uri").check()
        counted.eventually_without_sessions()
    assert cost.methods == {"RetrieveServiceContent": 1, "Login": 1, "Logout": 1}


@pytest.mark.parametrize("volumes", [4, 1000])
def test_listing_volumes_costs_the_same_for_few_and_many(site, new_fake, volumes: int, record_property):
    # A search that ends at once: how often it is looked at depends on how long it takes, and here only that.
    server = new_fake(counts={"datastores": 1, "targets": 0, "luns": 0, "volumes": volumes}, task_ms=0)
    virsh = site.virsh(server)
    (pool,) = virsh("pool-list", "--name").check().lines()
    server.eventually_without_sessions()
    with Meter(server) as cost:
        rows = virsh("vol-list", pool, "--details", timeout=60).check().table()
        server.eventually_without_sessions()
    command = f"vol-list --details, N = {volumes}, a search of 0 s"
    most = 6 + LIVE[site.mode]
    record_property("round trips", (site.mode, command, cost.total, most, str(29 + 16 * volumes)))
    assert len(rows) == volumes
    assert cost.total <= most, dict(cost.methods)


@pytest.mark.parametrize("volumes", [4, 200])
def test_a_slow_search_costs_a_few_waits_more_whatever_it_finds(site, new_fake, volumes: int, record_property):
    counts = {"datastores": 1, "targets": 0, "luns": 0, "volumes": volumes}
    server = new_fake(counts=counts, task_ms=2500)
    virsh = site.virsh(server)
    (pool,) = virsh("pool-list", "--name").check().lines()
    server.eventually_without_sessions()
    with Meter(server) as cost:
        rows = virsh("vol-list", pool, "--details", timeout=60).check().table()
        server.eventually_without_sessions()
    command = f"vol-list --details, N = {volumes}, a search of 2.5 s"
    most = SLOW_SEARCH + LIVE[site.mode]
    record_property("round trips", (site.mode, command, cost.total, most, str(29 + 16 * volumes)))
    assert len(rows) == volumes
    assert cost.total <= most, dict(cost.methods)


def test_within_cache_ttl_a_listing_is_free_and_after_it_costs_one(client: Client, site, new_fake):
    """After it, too, where the host tells of changes. In a client the second read makes the filter: two requests."""
    first, second = new_fake(), new_fake()
    conn = client.open(site.uri(first, cache_ttl=3600))
    conn.listAllStoragePools(0)
    settled(site, first)
    with Meter(first) as cost:
        for pool in conn.listAllStoragePools(0):
            pool.info()
            pool.XMLDesc(0)
    assert cost.total == 0, dict(cost.methods)
    # Another host: a login that has read nothing yet.
    conn = client.open(site.uri(second, cache_ttl=0.2))
    conn.listAllStoragePools(0)
    settled(site, second)
    for most in (2, 1):
        time.sleep(0.3)
        with Meter(second) as cost:
            conn.listAllStoragePools(0)
        assert cost.total == (most if site.mode == "embedded" else 0), dict(cost.methods)


def test_the_default_cache_ttl_lasts_for_a_burst(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server))
    conn.listAllStoragePools(0)
    settled(site, server)
    with Meter(server) as cost:
        conn.listAllStoragePools(0)
        conn.storagePoolLookupByName("datastore1").info()
    assert cost.total == 0, dict(cost.methods)


# Calls on a warm connection, and what each may cost with cache_ttl=0.
POOL_CALLS = {
    "listAllStoragePools": lambda conn, pool, lun: conn.listAllStoragePools(0),
    "numOfStoragePools": lambda conn, pool, lun: conn.numOfStoragePools(),
    "storagePoolLookupByName": lambda conn, pool, lun: conn.storagePoolLookupByName("nfs41"),
    "storagePoolLookupByUUIDString": lambda conn, pool, lun: conn.storagePoolLookupByUUIDString(UUID),
    "pool.info": lambda conn, pool, lun: pool.info(),
    "pool.XMLDesc": lambda conn, pool, lun: pool.XMLDesc(0),
    "pool.isActive": lambda conn, pool, lun: pool.isActive(),
    "lun.info": lambda conn, pool, lun: lun.info(),
    "lun.XMLDesc": lambda conn, pool, lun: lun.XMLDesc(0),
    "lun.path": lambda conn, pool, lun: lun.path(),
    "storageVolLookupByPath": lambda conn, pool, lun: conn.storageVolLookupByPath(LUN.path),
    "storageVolLookupByKey": lambda conn, pool, lun: conn.storageVolLookupByKey(LUN.key),
}


@pytest.fixture(scope="module")
def unproven(site):
    """A fake, and a warm connection that proves everything on every call, with a pool and a LUN."""
    with Fake() as server, site.client() as worker:
        conn = worker.open(site.uri(server, cache_ttl="0"))
        things = conn, conn.storagePoolLookupByName("datastore1"), conn.storageVolLookupByPath(LUN.path)
        settled(site, server)
        yield server, things


@pytest.mark.parametrize("call", POOL_CALLS)
def test_with_cache_ttl_0_a_call_on_pools_and_luns_costs_at_most_one(unproven, call: str):
    server, things = unproven
    with Meter(server) as cost:
        POOL_CALLS[call](*things)
    assert cost.total <= 1, dict(cost.methods)


VOLUME_CALLS = {
    "listAllVolumes": lambda pool, volume: pool.listAllVolumes(0),
    "info": lambda pool, volume: volume.info(),
    "XMLDesc": lambda pool, volume: volume.XMLDesc(0),
    "lookupByName": lambda pool, volume: pool.storageVolLookupByName(DISK),
}


@pytest.mark.parametrize("call", VOLUME_CALLS)
def test_with_cache_ttl_0_a_call_on_volumes_costs_one_more_than_a_fresh_one(client: Client, site, new_fake, call: str):
    def measure(ttl: str) -> int:
        server = new_fake()
        conn = client.open(site.uri(server, cache_ttl=ttl))
        pool = conn.storagePoolLookupByName("datastore1")
        volume = pool.storageVolLookupByName(DISK)
        pool.refresh(0)
        pool.info()
        settled(site, server)
        with Meter(server) as cost:
            VOLUME_CALLS[call](pool, volume)
        return cost.total

    assert measure("0") <= measure("3600") + 1


def test_after_one_listing_all_about_the_volumes_is_free(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="3600"))
    pool = conn.storagePoolLookupByName("datastore1")
    volumes = pool.listAllVolumes(0)
    settled(site, server)
    with Meter(server) as cost:
        for volume in volumes:
            volume.info()
            volume.XMLDesc(0)
            volume.path()
            conn.storageVolLookupByKey(volume.key())
        pool.numOfVolumes()
        pool.listVolumes()
    assert cost.total == 0, dict(cost.methods)


def test_one_tcp_connection_is_enough_for_calls_in_a_row(site, new_fake):
    """A long poll has another."""
    server = new_fake()
    site.virsh(server)("vol-list", "datastore1", "--details").check()
    assert 1 <= server.connections() <= 1 + LIVE[site.mode]


def test_the_guide_says_what_a_listing_costs_with_cache_ttl_0(driver, client_env, home, counted):
    """In a client: docs/explanation/how-current.md has the number that the host counts."""
    text = (REPOSITORY / "docs" / "explanation" / "how-current.md").read_text()
    said = re.search(r"of the (\d+) pools of the demo takes (\d+) requests instead of (\d+)\b", " ".join(text.split()))
    assert said
    site = Site("embedded", client_env, None, home)
    costs = []
    for ttl in (0, 3600):
        counted.eventually_without_sessions()
        with Meter(counted) as cost:
            rows = site.virsh(counted, cache_ttl=ttl)("pool-list", "--all", "--details").check().table()
            counted.eventually_without_sessions()
        costs.append(cost.total)
    assert [len(rows), *costs] == [int(number) for number in said.groups()]
