# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Events of storage pools: what clients hear of changes at the host, and of those made through the driver.

Nobody sleeps: an event is waited for. That there is none is known by one that comes later, see expect_no_more().
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import ApiError, Client, Remote
from esxkit.harness.environment import patience, preload
from esxkit.harness.live import until, until_live
from esxkit.harness.pool_events import LIFECYCLE, REFRESH, Listener, VirshListener
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import some_bytes, volume_xml
from esxkit.measure.bench import events

MIB = 1024 * 1024
GIB = 1024 * MIB
ONE, TWO = "datastore-0000", "datastore-0001"
NEW_IQN = "iqn.2026-01.org.example:new"
WORLD = {"datastores": 2, "targets": 2, "luns": 2, "volumes": 1}


@pytest.fixture(scope="module")
def worker(site) -> Iterator[Client]:
    """The client that listens."""
    with site.client() as client:
        yield client


@pytest.fixture
def server(new_fake) -> Fake:
    """A small host whose tasks end at once."""
    return new_fake(counts=WORLD, task_ms=0)


@pytest.fixture
def conn(worker: Client, site, server: Fake) -> Iterator[Remote]:
    """A connection to it that has read nothing yet."""
    conn = worker.open(site.uri(server))
    yield conn
    leave(conn, server)


def leave(conn: Remote, server: Fake) -> None:
    """Close a connection. The daemon says good-bye to the host later, and waits when that is gone by then."""
    gc.collect()  # a failed call, as an exception shows it, still has its pool, and that the connection
    conn.close()
    server.eventually_without_sessions()


@pytest.fixture
def listener(worker: Client, conn: Remote) -> Iterator[Listener]:
    """What it hears of all pools."""
    with Listener(worker, conn) as listener:
        yield listener


@pytest.fixture
def iqn(conn: Remote) -> str:
    """The name of a target."""
    return next(name for name in sorted(conn.listStoragePools()) if name.startswith("iqn."))


def came(name: str) -> list[str]:
    return [f"{name}:defined", f"{name}:started"]


def went(name: str) -> list[str]:
    return [f"{name}:stopped", f"{name}:undefined"]


def expect_no_more(listener: Listener, conn: Remote, name: str = TWO) -> None:
    """Nothing else was told.

    The event of a refresh may overtake what the host tells. A listing after it does not: the host is asked for the rest
    before, and that is told. So the event of a second refresh comes last.
    """
    pool = conn.storagePoolLookupByName(name)
    pool.refresh(0)
    conn.listStoragePools()
    pool.refresh(0)
    listener.expect(f"{name}:refresh", f"{name}:refresh")


# ---- what happens at the host --------------------------------------------------------------------


def test_datastores_come_and_go(listener: Listener, conn: Remote, server: Fake):
    server.control.add_datastore(name="brand new")
    listener.expect(*came("brand new"))
    assert "brand new" in conn.listStoragePools()
    server.control.rename_datastore(name="brand new", new_name="renamed")
    listener.expect(*went("brand new"), *came("renamed"))
    server.control.remove_datastore(name="renamed")
    listener.expect(*went("renamed"))
    assert "renamed" not in conn.listStoragePools()
    expect_no_more(listener, conn)


def test_who_listens_hears_of_nothing_that_was_before(worker: Client, site, conn: Remote, server: Fake):
    """Not even when its last read was earlier still."""
    conn.listStoragePools()
    server.control.add_datastore(name="early")
    until(lambda: "early" in conn.listStoragePools(), "the new datastore is seen")
    server.control.remove_datastore(name="early")
    if site.mode == "remote":
        # The host tells the daemon by itself, a moment later; a listing after a refresh asks it, and then all is told.
        conn.storagePoolLookupByName(TWO).refresh(0)
        assert "early" not in conn.listStoragePools()
    with Listener(worker, conn) as listener:
        assert "early" not in conn.listStoragePools()
        expect_no_more(listener, conn)


def test_a_renamed_datastore_keeps_its_uuid(listener: Listener, server: Fake):
    server.control.rename_datastore(name=ONE, new_name="renamed")
    events = listener.expect(*went(ONE), *came("renamed"))
    assert len({event.uuid for event in events}) == 1


def test_an_nfs_mount_that_is_lost_and_comes_back(worker: Client, site, new_fake):
    server = new_fake()
    conn = worker.open(site.uri(server))
    with Listener(worker, conn) as listener:
        server.control.set_accessible(name="nfs41", accessible=False)
        listener.expect("nfs41:stopped")
        assert conn.storagePoolLookupByName("nfs41").info() == [libvirt.VIR_STORAGE_POOL_INACCESSIBLE, 0, 0, 0]
        server.control.remove_datastore(name="nfs-down")
        listener.expect("nfs-down:undefined")
        server.control.set_accessible(name="nfs41", accessible=True)
        listener.expect("nfs41:started")
        assert conn.storagePoolLookupByName("nfs41").info()[0] == libvirt.VIR_STORAGE_POOL_RUNNING
        expect_no_more(listener, conn, "datastore1")
    leave(conn, server)


def test_sizes_are_told_from_one_percent_on(listener: Listener, conn: Remote, server: Fake):
    pool = conn.storagePoolLookupByName(ONE)
    capacity, _, free = pool.info()[1:]
    server.control.set_capacity(name=ONE, capacity=capacity, free=free - capacity // 50)
    listener.expect(f"{ONE}:refresh")
    free -= capacity // 50
    little = free - capacity // 200
    server.control.set_capacity(name=ONE, capacity=capacity, free=little)
    until(lambda: pool.info()[3] == little, "the new size is seen")
    server.control.set_capacity(name=ONE, capacity=capacity + GIB * 100, free=little)
    listener.expect(f"{ONE}:refresh")
    expect_no_more(listener, conn)


def test_targets_come_and_go(listener: Listener, conn: Remote, server: Fake):
    server.control.add_target(iqn=NEW_IQN, address="10.9.8.7", luns=2)
    listener.expect(*came(NEW_IQN))
    assert conn.storagePoolLookupByName(NEW_IQN).numOfVolumes() == 2
    server.control.remove_target(iqn=NEW_IQN)
    listener.expect(*went(NEW_IQN))
    expect_no_more(listener, conn)


def test_a_target_whose_paths_die_and_live(listener: Listener, conn: Remote, server: Fake, iqn: str):
    server.control.set_path_state(state="dead", iqn=iqn)
    listener.expect(f"{iqn}:stopped")
    server.control.set_path_state(state="active", iqn=iqn)
    listener.expect(f"{iqn}:started")
    expect_no_more(listener, conn)


def test_a_lun_that_a_rescan_finds(listener: Listener, conn: Remote, server: Fake, iqn: str):
    pool = conn.storagePoolLookupByName(iqn)
    before = set(pool.listVolumes())
    server.control.add_lun(iqn=iqn, number=77, size=3 * GIB, on_rescan=True)
    pool.refresh(0)
    # One of the refresh, one of what it has found.
    listener.expect(f"{iqn}:refresh", f"{iqn}:refresh")
    assert len(set(pool.listVolumes()) - before) == 1
    expect_no_more(listener, conn)


# ---- what is done through the driver -------------------------------------------------------------


def test_a_refresh_is_told(listener: Listener, conn: Remote, server: Fake, iqn: str):
    for name in (ONE, iqn):
        conn.storagePoolLookupByName(name).refresh(0)
        listener.expect(f"{name}:refresh")
    server.order(kind="fault", fault="HostConfigFault", method="RefreshDatastore")
    with raises_error(None):
        conn.storagePoolLookupByName(ONE).refresh(0)
    expect_no_more(listener, conn)


CHANGES: dict[str, Callable[[Client, Remote], object]] = {
    "a new disk": lambda client, pool: pool.createXML(volume_xml("a/disk.vmdk", MIB)),
    "a new file": lambda client, pool: pool.createXML(volume_xml("a/file.bin", MIB)),
    "a copy": lambda client, pool: pool.createXMLFrom(
        volume_xml("a/copy.vmdk", MIB), pool.storageVolLookupByName("a/disk.vmdk")
    ),
    "a larger disk": lambda client, pool: pool.storageVolLookupByName("a/disk.vmdk").resize(2 * MIB),
    "a wiped disk": lambda client, pool: pool.storageVolLookupByName("a/disk.vmdk").wipe(),
    "other contents": lambda client, pool: client.run(
        "esxkit.harness.contents:upload", pool.storageVolLookupByName("a/file.bin"), some_bytes(MIB + 1)
    ),
    "a deleted disk": lambda client, pool: pool.storageVolLookupByName("a/copy.vmdk").delete(),
    "a deleted file": lambda client, pool: pool.storageVolLookupByName("a/file.bin").delete(),
}


def test_changes_of_volumes_are_told_to_other_clients(
    worker: Client, listener: Listener, conn: Remote, site, server: Fake
):
    """In the daemon by another process, embedded through another connection of the same one."""
    with site.client() as other:
        client = other if site.daemon else worker
        changer = client.open(site.uri(server))
        pool = changer.storagePoolLookupByName(ONE)
        for what, change in CHANGES.items():
            change(client, pool)
            assert listener.expect(f"{ONE}:refresh"), what
            mine, others = (sorted(one.storagePoolLookupByName(ONE).listVolumes()) for one in (conn, changer))
            assert mine == others
        expect_no_more(listener, conn)
        changer.close()


REFUSED: dict[str, Callable[[Remote], object]] = {
    "a name that is taken": lambda pool: pool.createXML(volume_xml("a/disk.vmdk", MIB)),
    "a smaller disk": lambda pool: pool.storageVolLookupByName("a/disk.vmdk").resize(
        MIB // 2, libvirt.VIR_STORAGE_VOL_RESIZE_SHRINK
    ),
    "a disk that is open": lambda pool: pool.storageVolLookupByName("a/disk.vmdk").delete(),
    "a name that cannot be": lambda pool: pool.createXML(volume_xml("../x.vmdk", MIB)),
}


def test_what_is_refused_is_not_told(listener: Listener, conn: Remote, server: Fake):
    pool = conn.storagePoolLookupByName(ONE)
    server.control.add_disk(datastore=ONE, path="a/disk.vmdk", capacity=MIB)
    pool.refresh(0)
    listener.expect(f"{ONE}:refresh")
    server.order(kind="fault", fault="FileLocked", method="DeleteVirtualDisk_Task")
    for change in REFUSED.values():
        with pytest.raises(ApiError):
            change(pool)
    expect_no_more(listener, conn)


# ---- troubles ------------------------------------------------------------------------------------


def test_a_session_that_was_ended(listener: Listener, conn: Remote, server: Fake):
    """What changed in the gap is told, and once."""
    until_live(server)
    server.order(kind="slow", method="Login", seconds=0.3)
    server.end_sessions()
    server.control.rename_datastore(name=ONE, new_name="renamed")
    server.control.add_target(iqn=NEW_IQN, address="10.9.8.7")
    events = listener.next(6)
    assert [str(event) for event in events[:2]] == went(ONE)
    assert sorted(map(str, events[2:])) == sorted(came("renamed") + came(NEW_IQN))
    expect_no_more(listener, conn)
    server.control.remove_target(iqn=NEW_IQN)
    listener.expect(*went(NEW_IQN))


def test_a_host_that_was_restarted(listener: Listener, conn: Remote, server: Fake):
    until_live(server)
    server.pause()
    server.control.rename_datastore(name=ONE, new_name="renamed")
    server.resume()
    listener.expect(*went(ONE), *came("renamed"), seconds=20)
    expect_no_more(listener, conn)


def test_a_host_that_is_away_when_somebody_begins_to_listen(worker: Client, conn: Remote, server: Fake):
    server.pause()
    with Listener(worker, conn, lists=False) as listener:
        server.resume()
        # What is there then is what later changes are seen against.
        until_live(server)
        server.control.remove_datastore(name=ONE)
        listener.expect(*went(ONE))


# ---- who hears what ------------------------------------------------------------------------------


def test_one_pool(worker: Client, listener: Listener, conn: Remote, server: Fake):
    pool = conn.storagePoolLookupByName(ONE)
    with Listener(worker, conn, pool) as picky:
        server.control.rename_datastore(name=TWO, new_name="other")
        listener.expect(*went(TWO), *came("other"))
        pool.refresh(0)
        picky.expect(f"{ONE}:refresh")
        server.control.rename_datastore(name=ONE, new_name="renamed")
        picky.expect(*went(ONE), *came("renamed"))
        assert picky.told() == []


def test_two_clients(listener: Listener, site, server: Fake):
    with site.client() as other:
        conn = other.open(site.uri(server))
        with Listener(other, conn) as second:
            server.control.remove_datastore(name=ONE)
            listener.expect(*went(ONE))
            second.expect(*went(ONE))
        conn.close()
        # Embedded, the login of the other process ends with its connection, and not only with the process.
        until(lambda: server.sessions() == 1, "one login is left")
    # The other one has gone; this one hears on.
    server.control.remove_datastore(name=TWO)
    listener.expect(*went(TWO))


def test_a_client_that_may_only_read(worker: Client, site, server: Fake):
    conn = worker.open(site.uri(server), readonly=True)
    with Listener(worker, conn) as listener:
        server.control.remove_datastore(name=ONE)
        listener.expect(*went(ONE))
    leave(conn, server)


def test_another_host(worker: Client, listener: Listener, conn: Remote, site, new_fake):
    other = new_fake(counts=WORLD)
    stranger = worker.open(site.uri(other))
    with Listener(worker, stranger) as second:
        other.control.rename_datastore(name=ONE, new_name="there")
        second.expect(*went(ONE), *came("there"))
        expect_no_more(listener, conn)
        assert second.told() == []
    leave(stranger, other)


def test_who_has_heard_enough(worker: Client, conn: Remote, server: Fake):
    first = Listener(worker, conn, events=[LIFECYCLE])
    with Listener(worker, conn, events=[REFRESH]) as second:
        first.close()
        server.control.remove_datastore(name=ONE)
        expect_no_more(second, conn)
        assert first.told() == []
    with Listener(worker, conn) as third:
        server.control.remove_datastore(name=TWO)
        third.expect(*went(TWO))


def test_a_callback_that_deregisters_itself(worker: Client, conn: Remote, server: Fake):
    with Listener(worker, conn, events=[REFRESH], once=True) as once:
        pool = conn.storagePoolLookupByName(ONE)
        pool.refresh(0)
        once.expect(f"{ONE}:refresh")
        with Listener(worker, conn, events=[REFRESH]) as later:
            pool.refresh(0)
            later.expect(f"{ONE}:refresh")
        assert once.told() == []


def test_nobody_listens_twice(worker: Client, conn: Remote, listener: Listener):
    with pytest.raises((ApiError, RuntimeError), match="already tracked"):
        Listener(worker, conn)
    with raises_error(libvirt.VIR_ERR_INVALID_ARG):
        conn.storagePoolEventDeregisterAny(4711)


def test_a_client_that_dies_while_it_listens(site, server: Fake):
    with site.client() as dying:
        conn = dying.open(site.uri(server))
        Listener(dying, conn)
        until_live(server)
        dying.kill()
        del conn
    if site.daemon:
        server.eventually_without_sessions()


@pytest.mark.usefixtures("driver")
def test_how_soon_it_is_heard_can_be_measured():
    figures = events.measure(changes=4, datastores=2)
    for kind in ("event", "read"):
        assert figures[kind]["changes"] == 4
        assert 0 < figures[kind]["median_ms"] <= figures[kind]["max_ms"] < 1000 * patience(5)
    assert figures["event_latency_ms_median"] == figures["event"]["median_ms"]


# ---- virsh ---------------------------------------------------------------------------------------

INTERRUPTED = pytest.mark.skipif(
    "tsan" in preload().get("LD_PRELOAD", ""), reason="TSan's own run time dies of the signal that ends virsh"
)


@INTERRUPTED
def test_virsh_shows_what_happens(site, server: Fake):
    virsh = site.virsh(server)
    with VirshListener(virsh) as listener:
        until_live(server)
        server.control.add_datastore(name="brand new")
        listener.expect(*came("brand new"))
        server.control.set_accessible(name=ONE, accessible=False)
        listener.expect(f"{ONE}:stopped")
        server.control.rename_datastore(name=TWO, new_name="renamed")
        listener.expect(*went(TWO), *came("renamed"))
    server.eventually_without_sessions()


@INTERRUPTED
def test_virsh_shows_what_is_refreshed(site, server: Fake):
    virsh = site.virsh(server)
    # Of all pools: virsh looks a pool up before it listens, and then the host is polled too early to tell.
    with VirshListener(virsh, "refresh") as listener:
        until_live(server)
        server.control.set_capacity(name=TWO, capacity=1000 * GIB, free=10 * GIB)
        listener.expect(f"{TWO}:refresh")
    server.eventually_without_sessions()
