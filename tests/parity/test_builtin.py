# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""libvirt's built-in ESX driver and ours on the same fake host: they agree but for the differences listed here.

The built-in driver is a client of its own, so it judges the fake as well. It runs in a worker process, since some of
its defects end the process.
"""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator

import pytest

from esxkit.harness import uri
from esxkit.harness.check import attribute
from esxkit.harness.client import ApiError, Client, Remote
from esxkit.harness.oracle import DEFAULT_WORLD, World, read_document
from esxkit.harness.servers import Fake
from esxkit.harness.virsh import Virsh

# The built-in driver cannot describe these kinds of datastores; the last one ends its process.
NOT_DESCRIBED_BY_BUILTIN = {"nfs41", "vsanDatastore", "VVOL-DS", "PMemDS-56db0b8e"}
CRASHES_BUILTIN = {"nfs-down"}
# What it takes for volumes; ours lists every other file as well.
IMAGES = (".vmdk", ".iso", ".flp", ".img")
# It does not escape what it writes into its requests, so it cannot ask for names with markup in them.
MARKUP = "&<"
# The one pool whose target no path leads to: the built-in driver calls every target running.
UNREACHABLE = "iqn.2012-07.com.example:nothing-here"


def software_adapter_only() -> dict:
    """The default world without its hardware iSCSI adapter, which is the only one the built-in driver would see."""
    document = copy.deepcopy(read_document(DEFAULT_WORLD))
    storage = document["storage"]
    (hardware,) = (hba["key"] for hba in storage["hostBusAdapter"] if hba["device"] == "vmhba33")
    storage["hostBusAdapter"] = [hba for hba in storage["hostBusAdapter"] if hba["key"] != hardware]
    storage["scsiTopology"] = [entry for entry in storage["scsiTopology"] if entry["adapter"] != hardware]
    for unit in storage["multipathInfo"]:
        unit["path"] = [path for path in unit["path"] if path["adapter"] != hardware]
    storage["multipathInfo"] = [unit for unit in storage["multipathInfo"] if unit["path"]]
    reached = {unit["lun"] for unit in storage["multipathInfo"]}
    storage["scsiLun"] = [lun for lun in storage["scsiLun"] if lun["key"] in reached]
    return document


@pytest.fixture(scope="module")
def host() -> Iterator[Fake]:
    with Fake(software_adapter_only()) as server:
        yield server


@pytest.fixture(scope="module")
def seen() -> World:
    """What there is to be seen."""
    return World(software_adapter_only())


@pytest.fixture(scope="module")
def _clients(client_env, tmp_path_factory) -> Iterator[tuple[Client, Client]]:
    log = tmp_path_factory.mktemp("parity") / "builtin.log"
    with Client(client_env, log=log) as builtin, Client(client_env) as ours:
        yield builtin, ours


@pytest.fixture(scope="module")
def builtin(_clients, host: Fake) -> Remote:
    """A connection by the built-in driver."""
    return _clients[0].open(uri.builtin(host.host, host.port))


@pytest.fixture(scope="module")
def ours(_clients, host: Fake, driver) -> Remote:
    """A connection by our driver."""
    return _clients[1].open(uri.embedded(host.host, host.port, cacert=host.cacert))


def described(names: list[str]) -> list[str]:
    return [name for name in names if name not in NOT_DESCRIBED_BY_BUILTIN | CRASHES_BUILTIN]


def has_markup(name: str) -> bool:
    return any(character in name for character in MARKUP)


def is_image(name: str) -> bool:
    """Whether the built-in driver takes the file for a volume."""
    return name.lower().endswith(IMAGES)


def test_pool_names(builtin: Remote, ours: Remote, seen: World):
    # Difference: to the built-in driver a pool that cannot be reached is active.
    theirs = Counter(builtin.listStoragePools())
    mine = Counter(ours.listStoragePools() + ours.listDefinedStoragePools())
    # Difference: the built-in driver shows no host bus adapters.
    assert set(theirs) == set(mine) - {pool.name for pool in seen.adapters}
    assert len(seen.adapters) == 7
    # Difference: the built-in driver lists a target once for each of its portals.
    assert max(mine.values()) == 1
    assert {name for name, times in theirs.items() if times > 1} == {
        "iqn.1992-08.com.netapp:sn.1574163012:vs.3",
        "iqn.2010-06.com.purestorage:flasharray.15dbd8b7f06a7c64",
        "iqn.2003-01.org.linux-iscsi.store1.x8664:sn.4b0a2f1e9c3d",
    }


def test_pool_uuids(builtin: Remote, ours: Remote, seen: World):
    for pool in seen.shared_pools:
        uuid = builtin.storagePoolLookupByName(pool.name).UUIDString()
        assert ours.storagePoolLookupByName(pool.name).UUIDString() == uuid
        assert ours.storagePoolLookupByUUIDString(uuid).name() == pool.name


def test_pool_info(builtin: Remote, ours: Remote, seen: World):
    for pool in seen.datastores:
        theirs, mine = (conn.storagePoolLookupByName(pool.name).info() for conn in (builtin, ours))
        assert mine == theirs
    # Differences: the built-in driver calls every target running and knows no sizes of targets.
    for pool in seen.targets:
        theirs, mine = (conn.storagePoolLookupByName(pool.name).info() for conn in (builtin, ours))
        assert theirs[1:] == [0, 0, 0]
        assert mine[1:] == [pool.capacity, pool.capacity, 0]
        assert (mine[0] == theirs[0]) == (pool.name != UNREACHABLE)


def test_pool_types_and_documents(builtin: Remote, ours: Remote, seen: World):
    for name in described([pool.name for pool in seen.shared_pools]):
        theirs, mine = (
            ElementTree.fromstring(conn.storagePoolLookupByName(name).XMLDesc(0)) for conn in (builtin, ours)
        )
        assert mine.get("type") == theirs.get("type")
        for path in ("name", "uuid"):
            assert mine.findtext(path) == theirs.findtext(path)
        if mine.get("type") == "iscsi":
            # Differences: theirs has the target's name where the initiator's belongs, and no device and no path.
            assert attribute(theirs, "source/initiator/iqn", "name") == name
            assert attribute(mine, "source/device", "path") == name
            assert attribute(mine, "source/initiator/iqn", "name") != name
            assert theirs.find("target/path") is None
        else:
            assert mine.findtext("target/path") == theirs.findtext("target/path")
            assert mine.findtext("capacity") == theirs.findtext("capacity")
            for part in ("format", "host", "dir"):
                mine_part, their_part = (root.find(f"source/{part}") for root in (mine, theirs))
                assert (mine_part is None) == (their_part is None)
                if mine_part is not None and their_part is not None:
                    assert mine_part.attrib == their_part.attrib


@pytest.mark.parametrize("name", sorted(NOT_DESCRIBED_BY_BUILTIN))
def test_kinds_that_only_ours_describes(builtin: Remote, ours: Remote, name: str):
    with pytest.raises(ApiError, match="unexpected type"):
        builtin.storagePoolLookupByName(name).XMLDesc(0)
    assert ours.storagePoolLookupByName(name).XMLDesc(0)


def test_volume_names(builtin: Remote, ours: Remote, seen: World):
    for pool in seen.shared_pools:
        if pool.accessible and not has_markup(pool.name):
            theirs, mine = (conn.storagePoolLookupByName(pool.name).listVolumes() for conn in (builtin, ours))
            assert Counter(theirs) == Counter(name for name in mine if pool.iscsi or is_image(name))
            assert sorted(mine) == sorted(volume.name for volume in pool.volumes)


def test_files_that_only_ours_lists(builtin: Remote, ours: Remote, seen: World):
    others = [volume for pool in seen.datastores for volume in pool.volumes if not is_image(volume.name)]
    assert others
    for volume in others:
        with pytest.raises(ApiError, match="No storage volume"):
            builtin.storagePoolLookupByName(volume.pool).storageVolLookupByName(volume.name)
        assert ours.storagePoolLookupByName(volume.pool).storageVolLookupByName(volume.name).key() == volume.key


def test_volumes_of_datastores(builtin: Remote, ours: Remote, seen: World):
    searched = [pool.name for pool in seen.datastores if pool.accessible and not has_markup(pool.name)]
    for name in described(searched):
        their_pool, my_pool = (conn.storagePoolLookupByName(name) for conn in (builtin, ours))
        for volume in seen.pool(name).volumes:
            if has_markup(volume.name) or not is_image(volume.name):
                continue
            theirs, mine = (pool.storageVolLookupByName(volume.name) for pool in (their_pool, my_pool))
            assert mine.path() == theirs.path()
            assert mine.info() == theirs.info()
            # Difference: the key of a disk is its path with us, its UUID with them; a lookup takes theirs as well.
            if volume.format == "vmdk":
                assert mine.key() == mine.path()
                assert ours.storageVolLookupByKey(theirs.key()).name().endswith(".vmdk")
            else:
                assert mine.key() == theirs.key()


def test_names_with_markup_that_only_ours_can_ask_for(builtin: Remote, ours: Remote, seen: World):
    marked = [volume for volume in seen.volumes if has_markup(volume.name) or has_markup(volume.pool)]
    assert marked
    for volume in marked:
        with pytest.raises(ApiError, match="not well-formed"):
            builtin.storagePoolLookupByName(volume.pool).storageVolLookupByName(volume.name)
        assert ours.storagePoolLookupByName(volume.pool).storageVolLookupByName(volume.name).key() == volume.key


def test_luns(builtin: Remote, ours: Remote, seen: World):
    for pool in seen.targets:
        their_pool, my_pool = (conn.storagePoolLookupByName(pool.name) for conn in (builtin, ours))
        for volume in pool.volumes:
            theirs, mine = (one.storageVolLookupByName(volume.name) for one in (their_pool, my_pool))
            assert (mine.name(), mine.key(), mine.path()) == (theirs.name(), theirs.key(), theirs.path())
            assert mine.info() == theirs.info()


def test_volume_documents(builtin: Remote, ours: Remote, seen: World):
    chosen = [seen.pool("datastore1").volumes[0], seen.pool("nfs-ro").volumes[0], seen.targets[0].volumes[0]]
    for volume in chosen:
        theirs, mine = (
            ElementTree.fromstring(
                conn.storagePoolLookupByName(volume.pool).storageVolLookupByName(volume.name).XMLDesc(0)
            )
            for conn in (builtin, ours)
        )
        assert mine.get("type") == theirs.get("type")
        for path in ("name", "capacity", "allocation", "target/path"):
            assert mine.findtext(path) == theirs.findtext(path)
        # Difference: ours tells the physical size as well.
        assert theirs.find("physical") is None


def test_the_connection(builtin: Remote, ours: Remote):
    for call in ("getType", "getVersion", "isEncrypted", "isAlive"):
        assert getattr(ours, call)() == getattr(builtin, call)()


COMMANDS = [
    ("uri",),
    ("pool-list", "--all", "--details"),
    ("pool-info", "datastore1"),
    ("pool-dumpxml", "datastore1"),
    ("vol-list", "nfs-datastore", "--details"),
    ("vol-dumpxml", "--pool", "datastore1", "Fedora/Fedora.vmdk"),
    ("vol-info", "[datastore1] Fedora/Fedora.vmdk"),
    ("vol-list", "iqn.2006-01.com.openfiler:tsn.bdb5a2a2f8e6", "--details"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_round_trips(host: Fake, client_env, driver, command: tuple[str, ...], record_property):
    costs = []
    for address in (uri.builtin(host.host, host.port), uri.embedded(host.host, host.port, cacert=host.cacert)):
        before = host.requests()
        Virsh(address, client_env)(*command).check()
        costs.append((host.requests() - before).total())
    theirs, mine = costs
    record_property("round trips", ("parity", " ".join(command), mine, theirs, str(theirs)))
    assert mine * 2 <= theirs
