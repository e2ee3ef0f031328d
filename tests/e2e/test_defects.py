# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The known defects of libvirt's built-in ESX driver that concern reading: none of them here.

Each test is numbered as in the project's list of those defects. The one that is not here (15) concerns what
changes something.
"""

from __future__ import annotations

import copy
import time

import libvirt
import pytest

from esxkit.harness.badserver import Relay
from esxkit.harness.check import lists_the_world, raises_error
from esxkit.harness.client import Client
from esxkit.harness.live import settled, shows
from esxkit.harness.oracle import DEFAULT_WORLD, World, read_document
from esxkit.harness.uri import embedded

DOCUMENT = read_document(DEFAULT_WORLD)
TWO_PORTALS = "iqn.1992-08.com.netapp:sn.1574163012:vs.3"
ON_THE_HARDWARE_ADAPTER = "iqn.2003-10.com.lefthandnetworks:mg-group:1187:esx-vol"


@pytest.fixture
def edited(new_fake):
    """Make a fake whose world is the default one after an edit, and what must be seen of it."""

    def make(edit, **options):
        document = copy.deepcopy(DOCUMENT)
        edit(document)
        return new_fake(world=document, **options), World(document)

    return make


def datastore(document, name: str):
    return next(item for item in document["datastores"] if item["summary"]["name"] == name)


def disks(files):
    for file in files:
        if file["kind"] == "dir":
            yield from disks(file["children"])
        elif file["kind"] == "vmdk":
            yield file


def internet_scsi(document):
    return [hba for hba in document["storage"]["hostBusAdapter"] if hba["_type"] == "HostInternetScsiHba"]


def drop_adapters(document, adapters) -> None:
    """Take adapters with their topology and paths out of a world."""
    storage = document["storage"]
    keys = {adapter["key"] for adapter in adapters}
    storage["hostBusAdapter"] = [hba for hba in storage["hostBusAdapter"] if hba["key"] not in keys]
    storage["scsiTopology"] = [entry for entry in storage["scsiTopology"] if entry["adapter"] not in keys]
    for unit in storage["multipathInfo"]:
        unit["path"] = [path for path in unit["path"] if path["adapter"] not in keys]
    storage["multipathInfo"] = [unit for unit in storage["multipathInfo"] if unit["path"]]
    reached = {unit["lun"] for unit in storage["multipathInfo"]}
    storage["scsiLun"] = [lun for lun in storage["scsiLun"] if lun["key"] in reached]


def test_defect_01_a_datastore_without_a_mount_path(client: Client, site, edited):
    """The built-in driver hashes the absent path and crashes."""

    def edit(document):
        del datastore(document, "of-vmfs5")["mountInfo"]["path"]

    server, world = edited(edit)
    conn = client.open(site.uri(server))
    lists_the_world(conn, world)
    for pool in world.pools:
        assert conn.storagePoolLookupByUUIDString(pool.uuid).name() == pool.name
    assert conn.storagePoolLookupByName("of-vmfs5").XMLDesc(0)


def test_defect_02_sizes_and_nas_details_that_are_absent(client: Client, site, edited):
    """The built-in driver reads through the absent sizes and NAS details and crashes."""

    def edit(document):
        for item in document["datastores"]:
            item["info"].pop("nas", None)
            for disk in disks(item["files"] or []):
                disk["disk"]["capacityKb"] = None

    server, _world = edited(edit)
    conn = client.open(site.uri(server))
    for pool in conn.listAllStoragePools(0):
        assert pool.XMLDesc(0)
    for volume in conn.storagePoolLookupByName("datastore1").listAllVolumes(0):
        assert len(volume.info()) == 3
        assert volume.XMLDesc(0)


@pytest.mark.parametrize(
    "parameter", ["no_verify=2", "transport=ftp", "proxy=ftp://h", "proxy=h:99999", "proxy=:80", "cache_ttl=x"]
)
def test_defect_03_a_bad_parameter_is_an_error_and_no_crash(site, fake, parameter: str):
    """The built-in driver frees its parsed URI twice and crashes."""
    name, value = parameter.split("=")
    result = site.virsh(fake, **({"no_verify": 1} | {name: value}))("pool-list")
    assert result.code == 1
    assert name in result.err


@pytest.mark.parametrize("maxnames", [0, 1, 3])
@pytest.mark.parametrize("pool", [None, "datastore1", "iqn.1992-08.com.netapp:sn.1574163012:vs.3"])
def test_defect_04_no_more_names_than_asked_for(client: Client, site, fake, maxnames: int, pool: str | None):
    """The built-in driver ignores maxnames and writes behind the array."""
    count, written = client.run("esxkit.harness.stress:few_names", site.uri(fake), maxnames, pool)
    assert 0 <= count == written <= maxnames


def test_defect_05_a_target_that_vanishes(client: Client, site, new_fake):
    """The built-in driver reads through an adapter that is gone, and calls a target that is gone running."""
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    pool = conn.storagePoolLookupByName(ON_THE_HARDWARE_ADAPTER)
    server.control.remove_target(iqn=ON_THE_HARDWARE_ADAPTER)
    shows(site, lambda: ON_THE_HARDWARE_ADAPTER not in conn.listStoragePools(), "the target has gone")
    for call in (pool.info, lambda: pool.XMLDesc(0), lambda: pool.refresh(0), pool.listVolumes):
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_POOL, mentions=ON_THE_HARDWARE_ADAPTER):
            call()
    assert conn.storagePoolLookupByName(TWO_PORTALS).info()


def test_defect_06_a_search_that_goes_on_is_waited_for(site, new_fake):
    """The built-in driver reads freed memory when a task reports anything before its end."""
    server = new_fake(task_ms=1200)
    listed = site.virsh(server)("vol-list", "datastore1").check()
    assert "Fedora/Fedora.vmdk" in listed.out
    assert server.requests()["CreatePropertyCollector"] == 1
    assert server.requests()["DestroyPropertyCollector"] == 1


def test_defect_07_a_failed_open_leaves_no_session(client: Client, site, new_fake):
    """The built-in driver does not log out when opening fails after the login."""
    server = new_fake()
    for parameters in ({"scheme": "vpx"}, {"scheme": "vpx", "path": "no/such/path"}):
        with raises_error(None):
            client.open(site.uri(server, **parameters))
    assert server.requests()["Login"] == server.requests()["Logout"]
    assert server.sessions() == 0


def test_defect_08_luns_of_every_target_are_found_by_path_and_key(conn, world):
    """The built-in driver stops at the first target of each adapter."""
    for pool in world.targets:
        for volume in pool.volumes:
            assert conn.storageVolLookupByPath(volume.path).key() == volume.key
            assert conn.storageVolLookupByKey(volume.key).path() == volume.path


def test_defect_09_a_target_knows_only_its_own_luns(conn, world):
    """The built-in driver answers for LUNs of other targets, and for a name nobody has with the last LUN."""
    for pool in [target for target in world.targets if target.accessible]:
        others = {volume.name for volume in world.volumes if volume.type == "block"} - {v.name for v in pool.volumes}
        stranger = conn.storagePoolLookupByName(pool.name)
        for name in (sorted(others)[0], "naa.none"):
            with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions=name):
                stranger.storageVolLookupByName(name)


def test_defect_10_targets_of_every_adapter_are_listed(conn):
    """The built-in driver sees the first iSCSI adapter only."""
    assert conn.storagePoolLookupByName(ON_THE_HARDWARE_ADAPTER).numOfVolumes() == 1
    assert conn.storagePoolLookupByName(TWO_PORTALS).numOfVolumes() == 2


def test_defect_11_one_pool_for_each_iqn_with_the_luns_of_all_its_portals(conn):
    """The built-in driver lists a pool for each portal, with the LUNs of the first one."""
    assert conn.listStoragePools().count(TWO_PORTALS) == 1
    behind_two_adapters = "iqn.2003-01.org.linux-iscsi.store1.x8664:sn.4b0a2f1e9c3d"
    assert conn.listStoragePools().count(behind_two_adapters) == 1
    assert conn.storagePoolLookupByName(behind_two_adapters).numOfVolumes() == 2


def test_defect_12_a_host_without_iscsi_adapters_lists_its_datastores(client: Client, site, edited):
    """For the built-in driver the whole listing fails, datastores included."""
    server, world = edited(lambda document: drop_adapters(document, internet_scsi(document)))
    assert world.targets == ()
    conn = client.open(site.uri(server))
    lists_the_world(conn, world)
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_POOL):
        conn.storagePoolLookupByName(TWO_PORTALS)


def test_defect_13_a_datastore_not_mounted_here_hides_no_other(client: Client, site, edited):
    """In the built-in driver lookups by UUID fail for all datastores behind it."""

    def edit(document):
        datastore(document, "datastore1")["mountInfo"] = None

    server, world = edited(edit)
    conn = client.open(site.uri(server))
    for pool in world.datastores:
        if pool.name != "datastore1":
            assert conn.storagePoolLookupByUUIDString(pool.uuid).name() == pool.name


@pytest.mark.parametrize("name", ["iso/*.iso", "iso/floppy.im?", "iso/[f]loppy.img", "*", "*/*"])
def test_defect_14_names_are_no_patterns(conn, name: str):
    """The built-in driver passes names on as patterns."""
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions=name):
        conn.storagePoolLookupByName("datastore1").storageVolLookupByName(name)
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions=name):
        conn.storageVolLookupByPath(f"[datastore1] {name}")


def test_defect_14_names_with_pattern_characters_are_found(conn):
    """Nor can the built-in driver address such names exactly."""
    name = "100% [brackets]+plus/a%2fb#c?.iso"
    volume = conn.storagePoolLookupByName("datastore1").storageVolLookupByName(name)
    assert conn.storageVolLookupByPath(volume.path()).name() == name


def test_defect_16_an_error_is_told_as_it_was(client: Client, site, new_fake):
    """The built-in driver turns every error of a lookup into "not found", or into no error at all."""
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0", timeout="4"))
    pool = conn.storagePoolLookupByName("datastore1")
    settled(site, server)
    for method in ("WaitForUpdatesEx", "SearchDatastore_Task", "SearchDatastoreSubFolders_Task"):
        server.order(kind="html", method=method, count=-1)
    if site.mode == "remote":
        # Where the host tells of changes, only a read behind a change asks.
        pool.refresh(0)
    for lookup in (
        lambda: conn.storagePoolLookupByName("datastore1"),
        lambda: conn.storageVolLookupByPath("/vmfs/devices/disks/none"),
        lambda: conn.storageVolLookupByKey("[datastore1] none"),
    ):
        with raises_error(libvirt.VIR_ERR_RPC):
            lookup()
    server.clear_orders()
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions="/vmfs/devices/disks/none"):
        conn.storageVolLookupByPath("/vmfs/devices/disks/none")


A_UUID_NOBODY_HAS = "6000c29a-0000-4000-8000-00000000dead"


def test_defect_16_a_uuid_that_could_not_be_looked_for_is_not_called_missing(client: Client, site, new_fake):
    """The built-in driver says "not found" when it could ask nobody."""
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="3600", timeout="4"))
    conn.listAllStoragePools(0)
    for method in ("SearchDatastoreSubFolders_Task", "QueryVirtualDiskUuid"):
        server.order(kind="fault", fault="NoPermission", method=method, count=-1)
        with raises_error(libvirt.VIR_ERR_ACCESS_DENIED):
            conn.storageVolLookupByKey(A_UUID_NOBODY_HAS)
        server.clear_orders()
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions=A_UUID_NOBODY_HAS):
        conn.storageVolLookupByKey(A_UUID_NOBODY_HAS)
    server.pause()
    with raises_error(libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_OPERATION_TIMEOUT, within=10):
        conn.storageVolLookupByKey(A_UUID_NOBODY_HAS)


@pytest.mark.parametrize("kind", ["VsanDatastoreInfo", "DatastoreInfo"])
def test_defect_17_kinds_not_known_are_shown_all_the_same(client: Client, site, new_fake, world, kind: str):
    """The built-in driver cannot describe a datastore of a kind it does not know."""
    renamed = dict.fromkeys(("VsanDatastoreInfo", "VvolDatastoreInfo", "PMemDatastoreInfo"), "FutureDatastoreInfo")
    server = new_fake(renamed_types=renamed if kind == "DatastoreInfo" else {})
    conn = client.open(site.uri(server))
    for name in ("vsanDatastore", "VVOL-DS", "PMemDS-56db0b8e"):
        pool = conn.storagePoolLookupByName(name)
        assert "<pool type='dir'>" in pool.XMLDesc(0)
        assert pool.numOfVolumes() == len(world.pool(name).volumes)


def test_defect_18_a_disk_that_cannot_be_asked_for_its_uuid_breaks_no_lookup(client: Client, site, new_fake, world):
    """The built-in driver asks every disk for its UUID and gives up at the first that fails."""
    server = new_fake()
    conn = client.open(site.uri(server))
    (uuid,) = next(volume for volume in world.volumes if volume.name == "snap/snap.vmdk").aliases
    server.order(kind="fault", fault="FileLocked", method="QueryVirtualDiskUuid", count=1)
    volume = conn.storageVolLookupByKey(uuid)
    assert volume.name().endswith(".vmdk")


def test_defect_19_a_path_costs_no_request(client: Client, site, new_fake):
    """The built-in driver asks for the session before everything, even before a mere string."""
    server = new_fake()
    conn = client.open(site.uri(server))
    volumes = conn.storagePoolLookupByName("datastore1").listAllVolumes(0)
    settled(site, server)
    before = server.requests()
    assert all(volume.path() for volume in volumes)
    assert server.requests() == before


def test_defect_20_a_lookup_costs_the_same_among_200_datastores(client: Client, site, new_fake):
    """The built-in driver reads all datastores for each lookup, one by one for a UUID."""
    server = new_fake(counts={"datastores": 200, "targets": 0, "luns": 0, "volumes": 0})
    conn = client.open(site.uri(server))
    uuids = [pool.UUIDString() for pool in conn.listAllStoragePools(0)]
    assert len(uuids) == 200
    conn.close()
    server.eventually_without_sessions()
    before = server.requests().total()
    assert site.virsh(server)("pool-name", uuids[-1]).ok
    server.eventually_without_sessions()
    # 5 as for 14 datastores, and two more pages of 100 objects; in a daemon a filter and a long poll, too.
    assert server.requests().total() - before <= {"embedded": 7, "remote": 9}[site.mode]


@pytest.mark.parametrize(
    "command",
    [
        ("vol-dumpxml", "--pool", "datastore1", "Fedora/Fedora.vmdk"),
        ("vol-list", "datastore1"),
        ("vol-list", "datastore1", "--details"),
    ],
    ids=lambda command: command[0],
)
def test_defects_21_and_22_one_search_a_command(site, new_fake, command):
    """The built-in driver searches two or three times for one command."""
    server = new_fake()
    site.virsh(server)(*command).check()
    methods = server.requests()
    assert methods["SearchDatastoreSubFolders_Task"] + methods["SearchDatastore_Task"] == 1


def test_defect_23_a_session_that_dies_inside_a_call_is_renewed(client: Client, site, new_fake, world):
    """For the built-in driver a session that ends inside a call is an error, and may be the end of the connection."""
    server = new_fake()
    conn = client.open(site.uri(server))
    pool = conn.storagePoolLookupByName("datastore1")
    server.order(kind="fault", fault="NotAuthenticated", method="SearchDatastoreSubFolders_Task", count=1)
    assert pool.numOfVolumes() == len(world.pool("datastore1").volumes)


def test_defect_24_a_silent_server_is_given_up(client: Client, site, new_fake, world):
    """The built-in driver has no timeout at all."""
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0", stall_timeout="1", timeout="2"))
    pool = conn.storagePoolLookupByName("datastore1")
    settled(site, server)
    server.order(kind="stall", method="*", count=-1)
    with raises_error(libvirt.VIR_ERR_OPERATION_TIMEOUT, within=10):
        # Where the host tells of changes, a listing asks for nothing.
        conn.listAllStoragePools(0) if site.mode == "embedded" else pool.refresh(0)
    server.clear_orders()
    lists_the_world(conn, world)


def test_defect_25_answers_in_pages(client: Client, site, new_fake, world):
    """The built-in driver uses the calls that know no pages."""
    server = new_fake(page_size=2)
    conn = client.open(site.uri(server))
    lists_the_world(conn, world)
    methods = server.requests()
    assert methods["ContinueRetrievePropertiesEx"] + methods["WaitForUpdatesEx"] > 2


def test_defect_26_ipv6(client: Client, site, fake, world):
    """The built-in driver resolves names to IPv4 addresses only."""
    try:
        relay = Relay("::1", fake.port)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with relay:
        lists_the_world(client.open(site.wrap(embedded("[::1]", relay.port, cacert=fake.cacert))), world)
        assert relay.connections == 1


def test_defect_27_what_the_built_in_driver_lacks_is_there(conn):
    """It has no lists with flags, no info with flags, no capabilities, no lookup by target path."""
    pools = conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_FS)
    assert "datastore1" in [pool.name() for pool in pools]
    pool = conn.storagePoolLookupByName("datastore1")
    volume = next(v for v in pool.listAllVolumes(0) if v.name() == "Fedora/Fedora.vmdk")
    assert volume.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2] > 0
    assert "<pool type='iscsi' supported='yes'>" in conn.getStoragePoolCapabilities(0)
    path = "/vmfs/volumes/4f8b3c2e-1a7d9e60-5b3f-001b219a3c5e"
    assert conn.storagePoolLookupByTargetPath(path).name() == "datastore1"


def test_defect_28_a_long_call_holds_up_no_other(client: Client, site, new_fake):
    """The built-in driver holds one lock during every exchange."""
    server = new_fake(task_ms=2000)
    conn = client.open(site.uri(server, cache_ttl="0"))
    pool = conn.storagePoolLookupByName("datastore1")
    slow, quick = client.run("esxkit.harness.stress:while_busy", pool, conn)
    assert slow >= 1.9
    assert quick >= 3, f"Of the quick calls {quick} came back before the slow one."


def test_defect_29_lookups_side_by_side_do_not_hang(client: Client, site, new_fake, world):
    """The built-in driver hangs when two searches wait at once."""
    server = new_fake(task_ms=10)
    conn = client.open(site.uri(server, cache_ttl="0"))
    expected = {pool.name: (pool.uuid, None, {v.name: v.key for v in pool.volumes}) for pool in world.pools}
    started = time.monotonic()
    done, wrong = client.run("esxkit.harness.stress:misses", conn, 2.0, 4, expected, timeout=30)
    assert not wrong, wrong
    assert done["look_up_volume"]
    assert done["miss_volume"]
    assert time.monotonic() - started < 25
