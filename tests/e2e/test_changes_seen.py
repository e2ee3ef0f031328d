# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Who sees a change when: at once through all connections that share the login of the one that made it, elsewhere after
cache_ttl or a pool-refresh."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import ApiError, Client, Remote
from esxkit.harness.environment import patience
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import flat, some_bytes, tree, volume_xml

STORE = "datastore1"
MIB = 1024 * 1024
SHORT = patience(0.5)
CHANGES = [
    "a new disk",
    "a new plain file",
    "a copy",
    "a larger disk",
    "other contents",
    "contents of another length",
    "a deleted disk",
    "a deleted file",
]


@pytest.fixture
def server(site) -> Iterator[Fake]:
    """A fake whose tasks finish at once, with a small disk and a small file."""
    with Fake(task_ms=0) as fake:
        fake.control.add_disk(datastore=STORE, path="small/disk.vmdk", capacity=MIB)
        fake.control.add_file(datastore=STORE, path="small/file.bin", size=MIB)
        # So that the datastore's summary knows of these two.
        with site.client() as client:
            client.open(site.uri(fake)).storagePoolLookupByName(STORE).refresh(0)
        yield fake


def seen(pool: Remote) -> dict[str, tuple[int, int]]:
    """What a reader sees: capacity and allocation of every volume."""
    return {volume.name(): tuple(volume.info()[1:]) for volume in pool.listAllVolumes(0)}


def truth(fake: Fake) -> dict[str, int]:
    """The capacities of our volumes, by the real files."""
    return {
        path: tree_entry[0] if flat(path) == path else len(fake.contents(STORE, flat(path)))
        for path, tree_entry in tree(fake, STORE).items()
        if path.startswith("small/") and tree_entry is not None and not path.endswith("-flat.vmdk")
    }


def expect_truth(pool: Remote, fake: Fake) -> None:
    ours = {name: sizes[0] for name, sizes in seen(pool).items() if name.startswith("small/")}
    assert ours == truth(fake)


def upload(client: Client, volume: Remote, data: bytes) -> None:
    client.run("esxkit.harness.contents:upload", volume, data)


def change(client: Client, pool: Remote, what: str) -> None:
    """Make one of CHANGES through a connection."""
    disk = pool.storageVolLookupByName("small/disk.vmdk")
    file = pool.storageVolLookupByName("small/file.bin")
    doing: dict[str, Callable[[], object]] = {
        "a new disk": lambda: pool.createXML(volume_xml("small/new.vmdk", 2 * MIB)),
        "a new plain file": lambda: pool.createXML(volume_xml("small/new.bin", 2 * MIB)),
        "a copy": lambda: pool.createXMLFrom(volume_xml("small/copy.vmdk", MIB), disk),
        "a larger disk": lambda: disk.resize(3 * MIB),
        "other contents": lambda: upload(client, disk, some_bytes(MIB)),
        "contents of another length": lambda: upload(client, file, some_bytes(MIB + 4711)),
        "a deleted disk": disk.delete,
        "a deleted file": file.delete,
    }
    doing[what]()


@pytest.mark.parametrize("what", CHANGES)
def test_the_next_read_of_the_same_connection_sees_it(client: Client, site, server: Fake, what: str):
    pool = client.open(site.uri(server, cache_ttl="3600")).storagePoolLookupByName(STORE)
    expect_truth(pool, server)
    before = tree(server, STORE)
    change(client, pool, what)
    assert tree(server, STORE) != before
    expect_truth(pool, server)
    capacity, free = pool.info()[1], pool.info()[3]
    assert free == server.control.free_space(datastore=STORE)["free"] == capacity - pool.info()[2]


@pytest.mark.parametrize("what", CHANGES)
def test_a_connection_with_the_same_login_sees_it_at_once(client: Client, site, server: Fake, what: str):
    pool, other = (client.open(site.uri(server, cache_ttl="3600")).storagePoolLookupByName(STORE) for _ in range(2))
    expect_truth(other, server)
    change(client, pool, what)
    expect_truth(other, server)
    assert other.info()[3] == server.control.free_space(datastore=STORE)["free"]
    assert server.sessions() == 1


@pytest.mark.parametrize("how", ["wait", "refresh"])
@pytest.mark.parametrize("what", CHANGES)
def test_another_login_sees_it_in_time(client: Client, site, server: Fake, what: str, how: str):
    ttl = str(SHORT) if how == "wait" else "3600"
    # Another timeout: nothing is shared then.
    ways: list[dict[str, int]] = [{}, {"timeout": 301}]
    pool, other = (client.open(site.uri(server, cache_ttl=ttl, **way)).storagePoolLookupByName(STORE) for way in ways)
    before = seen(other)
    change(client, pool, what)
    if how == "refresh":
        assert seen(other) == before
        other.refresh(0)
    else:
        time.sleep(1.2 * SHORT)
    expect_truth(other, server)
    assert other.info()[3] == server.control.free_space(datastore=STORE)["free"]


BEHIND = {
    "a new file": lambda fake: fake.control.add_file(datastore=STORE, path="small/new.bin", size=4711),
    "a new disk": lambda fake: fake.control.add_disk(datastore=STORE, path="small/new.vmdk", capacity=2 * MIB),
    "a longer file": lambda fake: fake.fill(STORE, "small/file.bin", some_bytes(MIB + 1)),
    "a file that is gone": lambda fake: fake.control.remove_file(datastore=STORE, path="small/file.bin"),
}


@pytest.mark.parametrize("how", ["wait", "refresh", "cache_ttl=0"])
@pytest.mark.parametrize("what", BEHIND)
def test_what_happens_behind_the_back_is_seen_in_time(client: Client, site, server: Fake, what: str, how: str):
    ttl = {"wait": str(SHORT), "refresh": "3600", "cache_ttl=0": "0"}[how]
    pool = client.open(site.uri(server, cache_ttl=ttl)).storagePoolLookupByName(STORE)
    before = seen(pool)
    BEHIND[what](server)
    if how == "refresh":
        time.sleep(1.2 * SHORT)
        assert seen(pool) == before
        pool.refresh(0)
    elif how == "wait":
        time.sleep(1.2 * SHORT)
    expect_truth(pool, server)


def test_a_change_of_ones_own_shows_also_what_happened_behind_the_back(client: Client, site, server: Fake):
    pool = client.open(site.uri(server, cache_ttl="3600")).storagePoolLookupByName(STORE)
    seen(pool)
    BEHIND["a new file"](server)
    change(client, pool, "a deleted disk")
    expect_truth(pool, server)


def test_a_volume_that_is_gone_behind_the_back_can_be_neither_changed_nor_made_again_by_mistake(
    client: Client, site, server: Fake
):
    pool = client.open(site.uri(server, cache_ttl="3600")).storagePoolLookupByName(STORE)
    disk = pool.storageVolLookupByName("small/disk.vmdk")
    for name in ("small/disk.vmdk", "small/disk-flat.vmdk"):
        server.control.remove_file(datastore=STORE, path=name)
    before = tree(server, STORE)
    for call in (lambda: disk.resize(2 * MIB), disk.delete, disk.wipe, lambda: upload(client, disk, some_bytes(MIB))):
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions="small/disk.vmdk"):
            call()
        assert tree(server, STORE) == before


def test_the_free_space_follows_what_is_made_and_deleted(client: Client, site, server: Fake):
    pool = client.open(site.uri(server, cache_ttl="3600")).storagePoolLookupByName(STORE)
    free = [pool.info()[3]]
    made = pool.createXML(volume_xml("small/thick.vmdk", 64 * MIB))
    free.append(pool.info()[3])
    thin = pool.createXML(volume_xml("small/thin.vmdk", 64 * MIB, thin=True))
    free.append(pool.info()[3])
    made.delete()
    free.append(pool.info()[3])
    thin.delete()
    free.append(pool.info()[3])
    # A descriptor has less than a KiB.
    assert 64 * MIB <= free[0] - free[1] < 64 * MIB + 1024
    assert free[1] - free[2] < 1024
    assert 64 * MIB <= free[3] - free[2] < 64 * MIB + 1024
    assert free[4] == free[0]


def test_free_space_that_the_server_does_not_count_at_once(client: Client, site, server: Fake):
    """Real servers look at it every now and then; a refresh makes them look."""
    server.change(lazy_free_space=True)
    pool = client.open(site.uri(server, cache_ttl="3600")).storagePoolLookupByName(STORE)
    before = pool.info()[3]
    pool.createXML(volume_xml("small/thick.vmdk", 64 * MIB))
    pool.refresh(0)
    assert 64 * MIB <= before - pool.info()[3] < 64 * MIB + 1024


# ---- two clients at once -----------------------------------------------------------------------


def side_by_side(*works: Callable[[], None]) -> list[Exception | None]:
    """Run all works at once; what each failed with."""
    failures: list[Exception | None] = [None] * len(works)

    def run(number: int) -> None:
        try:
            works[number]()
        except Exception as error:
            failures[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


@pytest.fixture
def pools(site, server: Fake) -> Iterator[list[Remote]]:
    """The datastore by two clients in processes of their own."""
    with site.client() as one, site.client() as two:
        yield [client.open(site.uri(server, cache_ttl="0.2")).storagePoolLookupByName(STORE) for client in (one, two)]


def test_two_clients_at_work_side_by_side(pools: list[Remote], server: Fake):
    def work(number: int) -> Callable[[], None]:
        def make_and_delete() -> None:
            for turn in range(8):
                ending = (".vmdk", ".bin")[turn % 2]
                volume = pools[number].createXML(volume_xml(f"small/{number}-{turn}{ending}", (turn + 1) * 65536))
                assert f"small/{number}-{turn}{ending}" in pools[number].listVolumes()
                if turn % 4 >= 2:
                    volume.delete()

        return make_and_delete

    assert side_by_side(work(0), work(1)) == [None, None]
    made = {
        f"small/{n}-{turn}{ending}"
        for n in (0, 1)
        for turn, ending in ((0, ".vmdk"), (1, ".bin"), (4, ".vmdk"), (5, ".bin"))
    }
    assert set(truth(server)) == made | {"small/disk.vmdk", "small/file.bin"}
    for pool in pools:
        pool.refresh(0)
        expect_truth(pool, server)


@pytest.mark.parametrize("name", ["small/same.vmdk", "small/same.bin"])
def test_of_two_who_make_the_same_volume_one_succeeds(pools: list[Remote], server: Fake, name: str):
    before = set(tree(server, STORE))
    for turn in range(5):
        failures = side_by_side(*(lambda pool=pool: pool.createXML(volume_xml(name, MIB)) for pool in pools))
        failed = [failure for failure in failures if failure is not None]
        assert len(failed) == 1, f"turn {turn}: {failures}"
        assert isinstance(failed[0], ApiError)
        assert failed[0].code == libvirt.VIR_ERR_STORAGE_VOL_EXIST
        assert set(tree(server, STORE)) - before == {name, flat(name)}
        assert server.contents(STORE, flat(name)) == bytes(MIB)
        pools[0].refresh(0)
        pools[0].storageVolLookupByName(name).delete()
