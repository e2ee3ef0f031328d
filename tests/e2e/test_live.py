# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Live reads in a daemon: they cost nothing, show what happens at the host at once, and agree across clients."""

from __future__ import annotations

import functools
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import libvirt
import pytest

from esxkit.harness.check import lists_the_world, raises_error
from esxkit.harness.client import ApiError, Client, Remote
from esxkit.harness.daemon import PrivateLibvirtd
from esxkit.harness.environment import patience
from esxkit.harness.live import LIVE, SOON, driver_threads, thread_names, until, until_live
from esxkit.harness.meter import Meter
from esxkit.harness.oracle import World
from esxkit.harness.pool_events import Listener
from esxkit.harness.pytest_plugin import Site
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.volumes import flat, some_bytes, tree, volume_xml

WORLD = World.load()
STORE = "datastore1"
IQN = "iqn.1992-08.com.netapp:sn.1574163012:vs.3"
TARGET = "iqn.2006-01.com.openfiler:tsn.bdb5a2a2f8e6"
LUN = WORLD.pool(IQN).volumes[0]
UUID = WORLD.pool("localdir").uuid
MIB = 1024 * 1024
GIB = 1024 * MIB


@pytest.fixture(scope="module")
def place(driver, client_env, home) -> Iterator[Site]:
    """A daemon of this module's own: nobody else's connections are in it."""
    with PrivateLibvirtd(password=PASSWORD) as daemon:
        yield Site("remote", client_env, daemon, home)


@pytest.fixture(scope="module")
def reader(place: Site) -> Iterator[Client]:
    """A client of the daemon."""
    with place.client() as client:
        yield client


@pytest.fixture
def server(new_fake) -> Fake:
    """A host whose tasks end at once."""
    return new_fake(task_ms=0)


@pytest.fixture
def conn(reader: Client, place: Site, server: Fake) -> Iterator[Remote]:
    """A connection whose reads are live, and that would ask at each of them if they were not."""
    conn = reader.open(place.uri(server, cache_ttl=0))
    lists_the_world(conn, WORLD)
    until_live(server)
    yield conn
    conn.close()


def only_long_polls(cost: Meter, most: int) -> None:
    """Assert that the host was asked for nothing, but to tell of further changes."""
    assert set(cost.methods) <= {"WaitForUpdatesEx"}, dict(cost.methods)
    assert cost.total <= most, dict(cost.methods)


# ---- what reads cost -----------------------------------------------------------------------------

READS: dict[str, Callable[[Remote, Remote, Remote, Remote], object]] = {
    "numOfStoragePools": lambda conn, pool, target, lun: conn.numOfStoragePools(),
    "listStoragePools": lambda conn, pool, target, lun: conn.listStoragePools(),
    "numOfDefinedStoragePools": lambda conn, pool, target, lun: conn.numOfDefinedStoragePools(),
    "listDefinedStoragePools": lambda conn, pool, target, lun: conn.listDefinedStoragePools(),
    "listAllStoragePools": lambda conn, pool, target, lun: conn.listAllStoragePools(0),
    "storagePoolLookupByName": lambda conn, pool, target, lun: conn.storagePoolLookupByName("nfs41"),
    "storagePoolLookupByUUIDString": lambda conn, pool, target, lun: conn.storagePoolLookupByUUIDString(UUID),
    "storagePoolLookupByTargetPath": lambda conn, pool, target, lun: conn.storagePoolLookupByTargetPath(
        WORLD.pool(STORE).target_path
    ),
    "pool.info": lambda conn, pool, target, lun: pool.info(),
    "pool.XMLDesc": lambda conn, pool, target, lun: pool.XMLDesc(0),
    "pool.isActive": lambda conn, pool, target, lun: pool.isActive(),
    "pool.isPersistent": lambda conn, pool, target, lun: pool.isPersistent(),
    "pool.autostart": lambda conn, pool, target, lun: pool.autostart(),
    "target.info": lambda conn, pool, target, lun: target.info(),
    "target.XMLDesc": lambda conn, pool, target, lun: target.XMLDesc(0),
    "target.numOfVolumes": lambda conn, pool, target, lun: target.numOfVolumes(),
    "target.listVolumes": lambda conn, pool, target, lun: target.listVolumes(),
    "target.listAllVolumes": lambda conn, pool, target, lun: target.listAllVolumes(0),
    "target.storageVolLookupByName": lambda conn, pool, target, lun: target.storageVolLookupByName(LUN.name),
    "storageVolLookupByPath": lambda conn, pool, target, lun: conn.storageVolLookupByPath(LUN.path),
    "storageVolLookupByKey": lambda conn, pool, target, lun: conn.storageVolLookupByKey(LUN.key),
    "lun.info": lambda conn, pool, target, lun: lun.info(),
    "lun.XMLDesc": lambda conn, pool, target, lun: lun.XMLDesc(0),
    "lun.path": lambda conn, pool, target, lun: lun.path(),
    "lun.storagePoolLookupByVolume": lambda conn, pool, target, lun: lun.storagePoolLookupByVolume(),
}


def test_reads_of_pools_and_luns_cost_nothing(reader: Client, place: Site, server: Fake, conn: Remote):
    ordinary = reader.open(place.uri(server))
    lists_the_world(ordinary, WORLD)
    for one in (conn, ordinary):
        pool, target = (one.storagePoolLookupByName(name) for name in (STORE, IQN))
        lun = one.storageVolLookupByPath(LUN.path)
        for name, read in READS.items():
            with Meter(server) as cost:
                read(one, pool, target, lun)
            assert cost.total == 0, f"{name}: {dict(cost.methods)}"
    with Meter(server) as cost, raises_error(libvirt.VIR_ERR_NO_STORAGE_POOL):
        conn.storagePoolLookupByName("no such pool")
    assert cost.total == 0, dict(cost.methods)
    ordinary.close()


def test_whole_runs_of_virsh_cost_nothing(place: Site, server: Fake, conn: Remote):
    virsh = place.virsh(server, cache_ttl=0)
    for command in (
        ("pool-list", "--all", "--details"),
        ("pool-info", STORE),
        ("pool-dumpxml", STORE),
        ("vol-list", IQN, "--details"),
        ("vol-info", LUN.path),
    ):
        with Meter(server) as cost:
            virsh(*command).check()
        assert cost.total == 0, f"{command}: {dict(cost.methods)}"
    assert server.sessions() == 1


# ---- what happens at the host --------------------------------------------------------------------


def seen(conn: Remote, uuid: str) -> tuple[str, list[int]] | None:
    """Name and info of a pool, None when there is none."""
    try:
        pool = conn.storagePoolLookupByUUIDString(uuid)
        return pool.name(), pool.info()
    except ApiError as error:
        assert error.code == libvirt.VIR_ERR_NO_STORAGE_POOL
        return None


def name_of(conn: Remote, uuid: str) -> str | None:
    """Name of a pool, None when there is none."""
    found = seen(conn, uuid)
    return found[0] if found else None


def has_info(pool: Remote, info: list[int]) -> bool:
    """Whether capacity, allocation and available of a pool are these."""
    return pool.info()[1:] == info


def test_a_change_at_the_host_is_seen_without_a_request(conn: Remote, server: Fake, record_property):
    pool = conn.storagePoolLookupByName(STORE)
    capacity = pool.info()[1]
    delays = []
    with Meter(server) as cost:
        for turn in range(1, 31):
            begun = time.monotonic()
            server.control.set_capacity(name=STORE, capacity=capacity + turn * GIB, free=turn * GIB)
            until(
                functools.partial(has_info, pool, [capacity + turn * GIB, capacity, turn * GIB]),
                "the change is seen",
                SOON,
            )
            delays.append(time.monotonic() - begun)
    only_long_polls(cost, 31)
    median, longest = statistics.median(delays), max(delays)
    record_property("push delay ms", (round(median * 1000, 1), round(longest * 1000, 1)))
    print(f"A change is seen after {median * 1000:.1f} ms (median of {len(delays)}), at most {longest * 1000:.1f} ms.")
    assert median < patience(0.25)


def test_what_one_client_has_seen_no_other_sees_older(place: Site, conn: Remote, server: Fake):
    with place.client() as other_client:
        other = other_client.open(place.uri(server, cache_ttl=3600)).storagePoolLookupByName(STORE)
        mine = conn.storagePoolLookupByName(STORE)
        capacity = mine.info()[1]
        server.control.set_capacity(name=STORE, capacity=capacity, free=0)
        until(lambda: mine.info()[3] == 0, "the first change is seen", SOON)
        over = threading.Event()

        def change() -> None:
            free = 0
            while not over.wait(0.003):
                free += MIB
                server.control.set_capacity(name=STORE, capacity=capacity, free=free)

        changer = threading.Thread(target=change)
        changer.start()
        try:
            last, turns = 0, 0
            end = time.monotonic() + 2
            while time.monotonic() < end:
                for pool in (mine, other):
                    free = pool.info()[3]
                    # The very first answers may still show what was before the first change.
                    assert turns == 0 or free >= last
                    turns, last = turns + (free != last), free
        finally:
            over.set()
            changer.join()
    assert turns > 10


VIM_CHANGES: dict[str, tuple[Callable[[Fake], object], Callable[[Remote], object], object]] = {
    "a datastore is renamed": (
        lambda fake: fake.control.rename_datastore(name="nfs41", new_name="renamed"),
        lambda conn: name_of(conn, WORLD.pool("nfs41").uuid),
        "renamed",
    ),
    "a datastore is created": (
        lambda fake: fake.control.add_datastore(name="brand new"),
        lambda conn: "brand new" in {pool.name() for pool in conn.listAllStoragePools(0)},
        True,
    ),
    "a datastore is gone": (
        lambda fake: fake.control.remove_datastore(name="nfs41"),
        lambda conn: seen(conn, WORLD.pool("nfs41").uuid),
        None,
    ),
    "a path goes dead": (
        lambda fake: fake.control.set_path_state(state="dead", iqn=TARGET),
        lambda conn: conn.storagePoolLookupByName(TARGET).info()[0],
        libvirt.VIR_STORAGE_POOL_INACCESSIBLE,
    ),
    "a target comes": (
        lambda fake: fake.control.add_target(iqn="iqn.2026-01.org.example:new", address="10.9.8.7", luns=3),
        lambda conn: len(conn.listAllStoragePools(0)),
        len(WORLD.pools) + 1,
    ),
}


@pytest.mark.parametrize("what", VIM_CHANGES)
def test_what_happens_at_the_host_reaches_reads(conn: Remote, server: Fake, what: str):
    make, look, wanted = VIM_CHANGES[what]
    assert look(conn) != wanted
    with Meter(server) as cost:
        make(server)
        until(lambda: look(conn) == wanted, what, SOON)
    only_long_polls(cost, 3)


def test_an_nfs_mount_that_is_lost_and_comes_back_reaches_reads(conn: Remote, server: Fake):
    pool, expected = conn.storagePoolLookupByName("nfs41"), WORLD.pool("nfs41")
    with Meter(server) as cost:
        server.control.set_accessible(name="nfs41", accessible=False)
        until(lambda: pool.info() == [libvirt.VIR_STORAGE_POOL_INACCESSIBLE, 0, 0, 0], "the mount is lost", SOON)
        server.control.set_accessible(name="nfs41", accessible=True)
        back = [libvirt.VIR_STORAGE_POOL_RUNNING, expected.capacity, expected.allocation, expected.available]
        until(lambda: pool.info() == back, "the mount is back", SOON)
    only_long_polls(cost, 4)


def test_a_lun_that_a_rescan_finds_reaches_reads(place: Site, conn: Remote, server: Fake):
    target = conn.storagePoolLookupByName(TARGET)
    before = target.numOfVolumes()
    server.control.add_lun(iqn=TARGET, number=77, size=3 * GIB, on_rescan=True)
    with place.client() as other:
        other.open(place.uri(server)).storagePoolLookupByName(TARGET).refresh(0)
    assert target.numOfVolumes() == before + 1
    # And one that the host finds by itself.
    with Meter(server) as cost:
        server.control.add_lun(iqn=TARGET, number=78, size=3 * GIB)
        until(lambda: target.numOfVolumes() == before + 2, "the LUN is there", SOON)
    only_long_polls(cost, 2)


def test_pools_renamed_while_clients_hold_them(place: Site, conn: Remote, server: Fake):
    uuid = WORLD.pool(STORE).uuid
    with place.client() as client:
        other = client.open(place.uri(server))
        held = [one.storagePoolLookupByName(STORE) for one in (conn, other)]
        volume = held[0].storageVolLookupByName("Fedora/Fedora.vmdk")
        server.control.rename_datastore(name=STORE, new_name="other name")
        until(lambda: name_of(conn, uuid) == "other name", "the new name", SOON)
        for pool in held:
            # The object has an old name, and the UUID counts.
            assert len(pool.listAllVolumes(0)) == len(WORLD.pool(STORE).volumes)
            assert pool.storageVolLookupByName("Fedora/Fedora.vmdk").key() == "[other name] Fedora/Fedora.vmdk"
        # A volume knows its pool by name only.
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_POOL, mentions=STORE):
            volume.info()
        for one in (conn, other):
            pool = one.storagePoolLookupByName("other name")
            assert pool.UUIDString() == uuid
            assert pool.storageVolLookupByName("Fedora/Fedora.vmdk").key() == "[other name] Fedora/Fedora.vmdk"
        server.control.rename_datastore(name="other name", new_name=STORE)
        until(lambda: name_of(conn, uuid) == STORE, "the old name", SOON)
        for pool in held:
            assert len(pool.listAllVolumes(0)) == len(WORLD.pool(STORE).volumes)
        assert volume.info()[1] == 16777216 * 1024


# ---- one client changes, another reads ------------------------------------------------------------


def upload(client: Client, volume: Remote, data: bytes) -> None:
    client.run("esxkit.harness.contents:upload", volume, data)


CHANGES: dict[str, Callable[[Client, Remote], object]] = {
    "create a disk": lambda client, pool: pool.createXML(volume_xml("own/new.vmdk", 2 * MIB)),
    "create a file": lambda client, pool: pool.createXML(volume_xml("own/new.bin", 2 * MIB)),
    "clone": lambda client, pool: pool.createXMLFrom(
        volume_xml("own/copy.vmdk", 2 * MIB), pool.storageVolLookupByName("own/new.vmdk")
    ),
    "resize": lambda client, pool: pool.storageVolLookupByName("own/new.vmdk").resize(3 * MIB),
    "upload to a disk": lambda client, pool: upload(
        client, pool.storageVolLookupByName("own/new.vmdk"), some_bytes(3 * MIB)
    ),
    "wipe": lambda client, pool: pool.storageVolLookupByName("own/new.vmdk").wipe(),
    "upload to a file": lambda client, pool: upload(
        client, pool.storageVolLookupByName("own/new.bin"), some_bytes(MIB + 4711)
    ),
    "delete a disk": lambda client, pool: pool.storageVolLookupByName("own/copy.vmdk").delete(),
    "delete a file": lambda client, pool: pool.storageVolLookupByName("own/new.bin").delete(),
    "refresh": lambda client, pool: pool.refresh(0),
}


def listed(pool: Remote) -> dict[str, int]:
    """The capacities of the volumes in our folder, as a reader sees them."""
    return {
        volume.name(): volume.info()[1] for volume in pool.listAllVolumes(0) if volume.name().startswith("own/")
    }


def truth(fake: Fake) -> dict[str, int]:
    """The capacities, by the real files."""
    return {
        path: entry[0] if flat(path) == path else len(fake.contents(STORE, flat(path)))
        for path, entry in tree(fake, STORE).items()
        if path.startswith("own/") and entry is not None and not path.endswith("-flat.vmdk")
    }


@pytest.mark.parametrize("lazy", [False, True], ids=["", "lazy free space"])
def test_what_one_client_changes_the_next_read_of_another_shows(
    reader: Client, place: Site, conn: Remote, server: Fake, lazy: bool
):
    """Every changing verb; the reader's answers would last for an hour, if they could."""
    server.change(lazy_free_space=lazy)
    mine = conn.storagePoolLookupByName(STORE)
    mine.refresh(0)
    with place.client() as client:
        other = client.open(place.uri(server, cache_ttl=3600)).storagePoolLookupByName(STORE)
        for what, change in CHANGES.items():
            before = (listed(other), other.info(), tree(server, STORE))
            if what == "refresh":
                # Behind everybody's back: nobody may know of it before.
                server.control.add_file(datastore=STORE, path="own/behind.bin", size=3 * MIB)
                assert listed(other) == before[0]
            change(reader, mine)
            assert (listed(other), other.name()) == (truth(server), STORE), what
            assert what == "refresh" or tree(server, STORE) != before[2], what
            space = server.control.free_space(datastore=STORE)
            assert other.info()[3] == space["published"], what
            # Where the server counts late, at least a refresh makes it count.
            assert space["published"] == space["free"] or (lazy and what != "refresh"), what


def test_a_change_costs_the_next_read_two_requests_and_later_ones_none(conn: Remote, server: Fake):
    pool = conn.storagePoolLookupByName(STORE)
    pool.createXML(volume_xml("own/new.bin", MIB))
    with Meter(server) as cost:
        pool.info()
    # And a long poll for each thing that is told meanwhile, as the space that the volume takes.
    assert cost.total - cost.methods["WaitForUpdatesEx"] <= 1, dict(cost.methods)
    assert cost.total <= 5, dict(cost.methods)
    until_live(server)
    with Meter(server) as cost:
        pool.info()
        conn.listAllStoragePools(0)
    assert cost.total == 0, dict(cost.methods)


def test_a_storm_of_refreshes(place: Site, conn: Remote, server: Fake):
    with place.client() as one, place.client() as two:
        pools = [client.open(place.uri(server)).storagePoolLookupByName(STORE) for client in (one, two)]
        targets = [client.open(place.uri(server)).storagePoolLookupByName(TARGET) for client in (one, two)]
        expected = len(WORLD.pool(STORE).volumes)

        def storm(number: int) -> None:
            for _ in range(10):
                (pools, targets)[number // 2 % 2][number % 2].refresh(0)
                assert len(pools[number % 2].listAllVolumes(0)) == expected
                assert conn.storagePoolLookupByName(TARGET).info()[0] == libvirt.VIR_STORAGE_POOL_RUNNING

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(storm, range(8)))
    lists_the_world(conn, WORLD)
    until_live(server)
    with Meter(server) as cost:
        lists_the_world(conn, WORLD)
    assert cost.total == 0, dict(cost.methods)
    assert server.sessions() == 1
    assert server.requests()["Login"] == 1


# ---- threads --------------------------------------------------------------------------------------


def test_the_daemon_has_one_live_thread_for_a_server_and_none_without_connections(
    reader: Client, place: Site, server: Fake
):
    pid = place.own_daemon.process.pid
    until(lambda: thread_names(pid)[LIVE] == 0, "the live threads of others have ended", 5)
    conns = [reader.open(place.uri(server)) for _ in range(3)]
    for conn in conns:
        lists_the_world(conn, WORLD)
    # A thread gives itself its name when it first runs.
    until(lambda: thread_names(pid)[LIVE] > 0, "there is a live thread", 5)
    live = thread_names(pid)[LIVE]
    for conn in conns:
        conn.close()
    assert live == 1
    until(lambda: thread_names(pid)[LIVE] == 0, "the live thread has ended", 5)
    server.eventually_without_sessions(5)


def test_connections_that_come_and_go_leave_no_thread_behind(reader: Client, place: Site, server: Fake, conn: Remote):
    pid = place.own_daemon.process.pid

    def come_and_go(often: int) -> None:
        for _ in range(often):
            other = reader.open(place.uri(server))
            other.storagePoolLookupByName(STORE).info()
            other.close()

    come_and_go(1)
    until(lambda: driver_threads(pid) == 1, "there is but the live thread", 5)
    come_and_go(50)
    until(lambda: driver_threads(pid) == 1, "there are no more threads than before", 5)
    assert thread_names(pid)[LIVE] == 1
    assert server.requests()["Login"] == 1


def test_embedded_there_is_a_live_thread_only_for_who_listens(place: Site, home, client_env, server: Fake):
    embedded = Site("embedded", client_env, None, home)
    with embedded.client() as client:
        conn = client.open(embedded.uri(server, cache_ttl=0))
        for _ in range(2):
            lists_the_world(conn, WORLD)
        with Meter(server) as cost:
            lists_the_world(conn, WORLD)
        assert cost.methods == {"WaitForUpdatesEx": 1}
        assert thread_names(client.pid)[LIVE] == 0
        with Listener(client, conn):
            lists_the_world(conn, WORLD)
            until_live(server)
            assert thread_names(client.pid)[LIVE] == 1
            with Meter(server) as cost:
                lists_the_world(conn, WORLD)
            assert cost.total == 0, dict(cost.methods)
