# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Host bus adapters as pools, their LUNs as volumes, in both modes.

The world "adapters" has one of each kind; vmhba2, vmhba3 (Fibre Channel) and vmhba4 (FCoE) share two LUNs behind two
targets each. The default world's adapters are shown with its other pools by the tests of the verbs.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from typing import Any

import libvirt
import pytest

from esxkit.fake.worlds import WorldPlan
from esxkit.fake.worlds import world as named
from esxkit.fake.worlds.adapters import adapter
from esxkit.harness import schema
from esxkit.harness.check import attribute, element, raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.meter import Meter
from esxkit.harness.oracle import md5_uuid
from esxkit.harness.pool_events import Listener
from esxkit.harness.servers import Fake

ALL = ("vmhba0", "vmhba1", "vmhba2", "vmhba3", "vmhba4", "vmhba5", "vmhba6", "vmhba66", "vmhba67")
SHARE = ("vmhba2", "vmhba3", "vmhba4")
RUNNING, INACCESSIBLE = libvirt.VIR_STORAGE_POOL_RUNNING, libvirt.VIR_STORAGE_POOL_INACCESSIBLE
ESX1 = "Sites/Berlin/Cluster A/esx1.example.org"


def plan(edit: Callable[[dict[str, Any]], None] = lambda _: None, name: str = "adapters") -> WorldPlan:
    """A world after its first host's storage was edited."""
    made = named(name)
    edit(made.hosts[0].storage)
    return made


@pytest.fixture(scope="module")
def host() -> Iterator[Fake]:
    with Fake("adapters") as server:
        yield server


@pytest.fixture(scope="module")
def shown(site, host: Fake) -> Iterator[Remote]:
    with site.client() as worker:
        yield worker.open(site.uri(host))


def adapters(conn: Remote) -> list[str]:
    """The names of all pools of the type scsi."""
    return sorted(pool.name() for pool in conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_SCSI))


def contents(conn: Remote, names: tuple[str, ...] = ALL) -> dict[str, list[str]]:
    """The volumes of pools."""
    return {name: sorted(conn.storagePoolLookupByName(name).listVolumes()) for name in names}


def keys_of(conn: Remote, pool: str) -> dict[str, str]:
    """Key by name of a pool's volumes."""
    return {volume.name(): volume.key() for volume in conn.storagePoolLookupByName(pool).listAllVolumes(0)}


# ---- what there is -------------------------------------------------------------------------------


def test_an_adapter_of_each_kind_is_a_pool(shown: Remote):
    assert adapters(shown) == sorted(ALL)
    everything = {pool.name() for pool in shown.listAllStoragePools(0)}
    assert set(ALL) < everything
    assert "vmhba65" not in everything, "iSCSI adapters stay targets"
    assert len([name for name in everything if name.startswith("iqn.")]) == 1


@pytest.mark.parametrize("name", ALL)
def test_the_document_of_an_adapter(shown: Remote, name: str):
    xml = shown.storagePoolLookupByName(name).XMLDesc(0)
    root = ElementTree.fromstring(xml)
    schema.validate("storagepool", xml)
    schema.parse_pool(xml)
    assert root.get("type") == "scsi"
    assert element(root, "source/adapter").attrib == {"type": "scsi_host", "name": name}
    assert root.findtext("target/path") == "/vmfs/devices/disks"
    assert attribute(root, "source/product", "name")


@pytest.mark.parametrize(
    ("name", "product"),
    [
        ("vmhba0", "Wellsburg AHCI Controller"),
        ("vmhba2", "LPe32000, WWNN 20000090faaa55f6, WWPN 10000090faaa55f6"),
        ("vmhba3", "LPe32000, WWNN c05076000a1b2c04, WWPN c05076000a1b2c06"),
        ("vmhba4", "OneConnect FCoE, WWNN 20000090fa000001, WWPN 10000090fa000001"),
        ("vmhba5", "PERC H730 Mini, WWNN 5d0946606e78ac00"),
    ],
)
def test_model_and_wwns(shown: Remote, name: str, product: str):
    root = ElementTree.fromstring(shown.storagePoolLookupByName(name).XMLDesc(0))
    assert attribute(root, "source/product", "name") == product


def test_uuids_are_made_of_host_and_adapter(shown: Remote):
    pool = shown.storagePoolLookupByName("vmhba2")
    assert pool.UUIDString() == md5_uuid("ha-host\nkey-vim.host.FibreChannelHba-vmhba2")
    assert shown.storagePoolLookupByUUIDString(pool.UUIDString()).name() == "vmhba2"
    assert len({shown.storagePoolLookupByName(name).UUIDString() for name in ALL}) == len(ALL)


def test_sizes_are_the_sum_of_the_luns(shown: Remote):
    for name in ALL:
        pool = shown.storagePoolLookupByName(name)
        total = sum(volume.info()[1] for volume in pool.listAllVolumes(0))
        assert pool.info() == [RUNNING, total, total, 0]
        assert (pool.isActive(), pool.isPersistent(), pool.autostart()) == (1, 1, 1)
    assert shown.storagePoolLookupByName("vmhba0").numOfVolumes() == 0


def test_the_type_is_among_the_capabilities(shown: Remote):
    root = ElementTree.fromstring(shown.getStoragePoolCapabilities(0))
    assert "scsi" in [pool.get("type") for pool in root.findall("pool") if pool.get("supported") == "yes"]


# ---- volumes -------------------------------------------------------------------------------------


def test_a_lun_is_found_by_key_path_and_canonical_name(shown: Remote):
    for name in ("vmhba1", "vmhba5", "vmhba6"):
        pool = shown.storagePoolLookupByName(name)
        for volume in pool.listAllVolumes(0):
            canonical = volume.name().rpartition("/")[2]
            schema.validate_volume(volume.XMLDesc(0))
            assert pool.storageVolLookupByName(canonical).key() == volume.key()
            found = [shown.storageVolLookupByPath(volume.path()), shown.storageVolLookupByKey(volume.key())]
            found.append(shown.storageVolLookupByKey(canonical))
            for other in found:
                assert (other.name(), other.key(), other.path()) == (volume.name(), volume.key(), volume.path())
                assert other.storagePoolLookupByVolume().name() == name


def test_a_shared_lun_is_one_key_in_several_pools_and_found_in_the_first(shown: Remote):
    lists = [keys_of(shown, name) for name in SHARE]
    assert len(lists[0]) == 2
    assert lists[0] == lists[1] == lists[2]
    for name, key in lists[0].items():
        for found in (shown.storageVolLookupByKey(key), shown.storageVolLookupByPath(name)):
            assert found.storagePoolLookupByVolume().name() == "vmhba2"


def test_a_lun_behind_a_target_as_well_is_found_at_the_target(site, new_fake, client: Client):
    def share(storage: dict[str, Any]) -> None:
        target = storage["scsiTopology"][0]["target"][0]
        mine = next(entry for entry in storage["scsiTopology"] if entry["adapter"].endswith("-vmhba1"))
        mine["target"][0]["lun"].append(target["lun"][0])

    conn = client.open(site.uri(new_fake(world=plan(share))))
    (target,) = [name for name in conn.listStoragePools() if name.startswith("iqn.")]
    ((name, key),) = keys_of(conn, target).items()
    assert keys_of(conn, "vmhba1")[name] == key
    assert conn.storageVolLookupByKey(key).storagePoolLookupByVolume().name() == target


def test_luns_are_read_only(shown: Remote):
    pool = shown.storagePoolLookupByName("vmhba5")
    volume = pool.listAllVolumes(0)[0]
    for call in (lambda: volume.delete(0), lambda: volume.resize(1 << 40, 0), lambda: volume.wipe(0)):
        with raises_error(libvirt.VIR_ERR_NO_SUPPORT, mentions="attached to the adapter"):
            call()


# ---- where the LUNs are read from ------------------------------------------------------------------


def without(*fields: str) -> Callable[[dict[str, Any]], None]:
    def edit(storage: dict[str, Any]) -> None:
        for field in fields:
            storage[field] = None

    return edit


@pytest.mark.parametrize(
    "missing",
    [
        ("scsiTopology",),
        ("scsiTopology", "nvmeTopology"),
        ("scsiTopology", "nvmeTopology", "plugStoreTopology"),
        ("scsiTopology", "multipathInfo"),
        ("scsiTopology", "nvmeTopology", "multipathInfo"),
        ("multipathInfo", "plugStoreTopology", "nvmeTopology"),
    ],
    ids="-".join,
)
def test_missing_topologies_change_nothing(shown: Remote, site, new_fake, client: Client, missing: tuple[str, ...]):
    conn = client.open(site.uri(new_fake(world=plan(without(*missing)))))
    assert contents(conn) == contents(shown)
    assert {conn.storagePoolLookupByName(name).info()[0] for name in ALL} == {RUNNING}


def test_namespaces_are_listed_by_the_nvme_topology_alone(shown: Remote, site, new_fake, client: Client):
    fields = ("scsiTopology", "multipathInfo", "plugStoreTopology")
    conn = client.open(site.uri(new_fake(world=plan(without(*fields)))))
    nvme = ("vmhba6", "vmhba66", "vmhba67")
    expected = {name: volumes if name in nvme else [] for name, volumes in contents(shown).items()}
    assert contents(conn) == expected


def test_an_adapter_that_the_topology_leaves_out(shown: Remote, site, new_fake, client: Client):
    def leave_out(storage: dict[str, Any]) -> None:
        kept = [entry for entry in storage["scsiTopology"] if not entry["adapter"].endswith("-vmhba3")]
        storage["scsiTopology"] = kept

    conn = client.open(site.uri(new_fake(world=plan(leave_out))))
    assert contents(conn) == contents(shown)


def test_no_topology_at_all_is_adapters_without_luns(site, new_fake, client: Client):
    fields = ("scsiTopology", "multipathInfo", "plugStoreTopology", "nvmeTopology")
    conn = client.open(site.uri(new_fake(world=plan(without(*fields)))))
    assert contents(conn) == {name: [] for name in ALL}


@pytest.mark.parametrize("version", ["5.5", "6.0", "6.5", "6.7", "7.0.3.0"])
def test_older_hosts(shown: Remote, site, new_fake, client: Client, version: str):
    """They do not know nvmeTopology (7.0), and name the kinds that are newer than they are by their base."""
    server = new_fake(world="adapters", api_version=version)
    conn = client.open(site.uri(server))
    assert adapters(conn) == sorted(ALL)
    assert contents(conn) == contents(shown)


def test_no_adapters(site, new_fake, client: Client):
    conn = client.open(site.uri(new_fake(world="empty")))
    assert adapters(conn) == []
    assert conn.listStoragePools() == []


def test_only_iscsi_adapters(site, new_fake, client: Client):
    conn = client.open(site.uri(new_fake(world="two-adapters")))
    assert adapters(conn) == []


# ---- names ---------------------------------------------------------------------------------------


def test_a_datastore_of_that_name_keeps_it(site, new_fake, client: Client):
    server = new_fake(world="adapters")
    conn = client.open(site.uri(server, cache_ttl="0"))
    uuid = conn.storagePoolLookupByName("vmhba5").UUIDString()
    server.control.rename_datastore(name="datastore-0000", new_name="vmhba5")
    conn.storagePoolLookupByName("vmhba1").refresh(0)
    assert "<pool type='fs'>" in conn.storagePoolLookupByName("vmhba5").XMLDesc(0)
    assert conn.storagePoolLookupByName("vmhba5 (ha-host)").UUIDString() == uuid


def test_names_that_mean_something_in_xml(site, new_fake, client: Client):
    device = "vm'hba\"<b>&amp;"

    def add(storage: dict[str, Any]) -> None:
        storage["hostBusAdapter"].append(adapter("fibre", device, "M & <N>", "f" * 16, "8" + "0" * 15))

    conn = client.open(site.uri(new_fake(world=plan(add))))
    xml = conn.storagePoolLookupByName(device).XMLDesc(0)
    root = ElementTree.fromstring(xml)
    schema.validate("storagepool", xml)
    assert attribute(root, "source/adapter", "name") == device
    assert attribute(root, "source/product", "name") == f"M & <N>, WWNN {'f' * 16}, WWPN 8{'0' * 15}"


@pytest.mark.parametrize(("length", "there"), [(1024, True), (1025, False)])
def test_the_longest_name(site, new_fake, client: Client, length: int, there: bool):
    device = "h" * length

    def add(storage: dict[str, Any]) -> None:
        storage["hostBusAdapter"].append(adapter("block", device, "M"))

    conn = client.open(site.uri(new_fake(world=plan(add))))
    assert (device in adapters(conn)) == there
    assert set(ALL) <= set(adapters(conn))


# ---- a vCenter -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vcenter() -> Iterator[Fake]:
    with Fake("vcenter") as server:
        yield server


def test_a_whole_vcenter_shows_none(site, vcenter: Fake, client: Client):
    assert adapters(client.open(site.uri(vcenter, scheme="vpx"))) == []
    assert adapters(client.open(site.uri(vcenter, scheme="vpx", per_host="0"))) == []


def test_one_host_of_a_vcenter_shows_its_own(site, vcenter: Fake, client: Client, world):
    conn = client.open(site.uri(vcenter, scheme="vpx", path=ESX1))
    assert adapters(conn) == sorted(pool.name for pool in world.adapters)
    for pool in world.adapters:
        assert sorted(conn.storagePoolLookupByName(pool.name).listVolumes()) == sorted(v.name for v in pool.volumes)
    assert adapters(client.open(site.uri(vcenter, scheme="vpx", path=ESX1, per_host="0"))) == []


def test_a_whole_vcenter_shows_those_of_all_hosts_if_asked_to(site, vcenter: Fake, client: Client, world):
    conn = client.open(site.uri(vcenter, scheme="vpx", per_host="1"))
    hosts = [f"esx{number}.example.org" for number in (1, 2, 3)]
    names = [f"{pool.name} ({host})" for pool in world.adapters for host in hosts]
    assert adapters(conn) == sorted(names)
    assert len({conn.storagePoolLookupByName(name).UUIDString() for name in names}) == len(names)
    shared = world.pool("vmhba4").volumes[0]
    holders = [name for name in names if shared.name in conn.storagePoolLookupByName(name).listVolumes()]
    assert len(holders) == 6
    for _ in range(2):
        found = conn.storageVolLookupByKey(shared.key)
        assert found.storagePoolLookupByVolume().name() == min(holders)


def test_wwns_of_the_hosts_of_a_vcenter(site, vcenter: Fake, client: Client):
    conn = client.open(site.uri(vcenter, scheme="vpx", per_host="1"))
    texts = [conn.storagePoolLookupByName(f"vmhba5 (esx{n}.example.org)").XMLDesc(0) for n in (1, 2, 3)]
    assert [found[1] for text in texts for found in re.finditer(r"WWPN (\w+)", text)] == [
        "c05076000a1b2c06",
        "c05076000a1b2c16",
        "c05076000a1b2c26",
    ]


def test_a_host_may_hide_them(site, new_fake, client: Client):
    server = new_fake(world="adapters")
    hidden = client.open(site.uri(server, per_host="0"))
    assert adapters(hidden) == []
    assert adapters(client.open(site.uri(server, per_host="1"))) == sorted(ALL)
    assert adapters(hidden) == [], "the two share no session"


# ---- refresh, states, events ----------------------------------------------------------------------


def test_a_refresh_rescans_that_adapter_and_no_other(site, new_fake, client: Client):
    server = new_fake(world="adapters")
    conn = client.open(site.uri(server))
    pool = conn.storagePoolLookupByName("vmhba5")
    with Meter(server) as cost:
        pool.refresh(0)
    assert cost.methods["RescanHba"] == 1
    assert server.rescans() == {"vmhba5": 1}


def test_a_refresh_that_the_host_refuses(site, new_fake, client: Client):
    server = new_fake(world="adapters")
    conn = client.open(site.uri(server))
    server.order(kind="fault", fault="HostConfigFault", method="RescanHba")
    with raises_error(None, mentions="vmhba5"):
        conn.storagePoolLookupByName("vmhba5").refresh(0)


def test_a_refresh_of_an_adapter_of_a_vcenter(site, new_fake, client: Client):
    server = new_fake(world="vcenter")
    conn = client.open(site.uri(server, scheme="vpx", per_host="1"))
    conn.storagePoolLookupByName("vmhba4 (esx2.example.org)").refresh(0)
    assert server.rescans() == {"vmhba4": 1}


def test_an_adapter_without_a_living_path_is_inaccessible(site, new_fake, client: Client):
    server = new_fake(world="adapters")
    conn = client.open(site.uri(server, cache_ttl="0"))

    def states() -> list[int]:
        return [conn.storagePoolLookupByName(name).info()[0] for name in (*SHARE, "vmhba0")]

    assert states() == [RUNNING] * 4
    assert server.control.set_path_state(state="dead", device="vmhba2") == 4
    conn.storagePoolLookupByName("vmhba5").refresh(0)
    assert states() == [INACCESSIBLE, RUNNING, RUNNING, RUNNING]
    server.control.set_path_state(state="standby", device="vmhba2")
    conn.storagePoolLookupByName("vmhba5").refresh(0)
    assert states() == [RUNNING] * 4


def test_events(site, new_fake, client: Client):
    server = new_fake(world="adapters")
    conn = client.open(site.uri(server))
    with Listener(client, conn) as listener:
        server.control.set_path_state(state="dead", device="vmhba3")
        listener.expect("vmhba3:stopped")
        server.control.set_path_state(state="active", device="vmhba3")
        listener.expect("vmhba3:started")
        server.control.add_adapter_lun(device="vmhba5", number=7)
        pool = conn.storagePoolLookupByName("vmhba5")
        before = set(pool.listVolumes())
        pool.refresh(0)
        # One of the refresh, one of what it has found.
        listener.expect("vmhba5:refresh", "vmhba5:refresh")
        assert len(set(pool.listVolumes()) - before) == 1
        server.control.remove_adapter(device="vmhba1")
        listener.expect("vmhba1:stopped", "vmhba1:undefined")
        assert "vmhba1" not in adapters(conn)


# ---- what it costs -------------------------------------------------------------------------------


def test_reading_adapters_costs_no_request_of_its_own(site, new_fake):
    server = new_fake(world="adapters")
    lun = "/vmfs/devices/disks"
    for command in (("pool-list", "--all", "--details"), ("pool-dumpxml", "vmhba2"), ("vol-list", "vmhba2")):
        with Meter(server) as cost:
            out = site.virsh(server)(*command).check().out
            server.eventually_without_sessions()
        assert "vmhba2" in out or lun in out
        assert cost.total <= 4 + (2 if site.mode == "remote" else 0), dict(cost.methods)
