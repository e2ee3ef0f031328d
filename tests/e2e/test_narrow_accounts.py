# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Accounts that may not do everything: the guide's table of privileges, and what an account sees that sees little."""

from __future__ import annotations

import re
from collections.abc import Callable

import libvirt
import pytest

from esxkit.harness import environment
from esxkit.harness.check import raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.oracle import World
from esxkit.harness.place import DatastorePlace
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import some_bytes, volume_xml

STORE = "datastore1"
IQN = "iqn.1992-08.com.netapp:sn.1574163012:vs.3"
MIB = 1024 * 1024
DISK = "narrow/disk.vmdk"
VIEW, READ = "System.View", "System.Read"
GUIDE = environment.REPOSITORY / "docs" / "reference" / "libvirt-driver-esx-storage.md"
DENIED = (libvirt.VIR_ERR_ACCESS_DENIED,)


def table() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """operation -> privileges on the datastore, and on the host."""
    text = GUIDE.read_text()
    begin = text.index("| operation | on the datastore | on the host |")
    rows = [line.strip("| ").split(" | ") for line in text[begin : text.index("\n\n", begin)].splitlines()[2:]]
    return {
        operation: (tuple(re.findall(r"`([\w.]+)`", store)), tuple(re.findall(r"`([\w.]+)`", host)))
        for operation, store, host in rows
    }


TABLE = table()
WORLD = World.load()


def moid(fake: Fake, kind: str, name: str) -> str:
    """The reference of an object, by its name."""

    async def read() -> str:
        objects = [obj for obj in fake.service.registry.of_type(object) if obj.vi_name == kind]
        return next(obj.moid for obj in objects if obj.read("name") == name)

    return fake.run(read())


def narrow(fake: Fake, store: set[str], host: set[str]) -> None:
    """Let the account do that on the datastore and on the host, and nothing but pass by elsewhere."""
    entities = {moid(fake, "Datastore", STORE): store, moid(fake, "HostSystem", fake.plan.hosts[0].name): host}
    grants = [{"entity": entity, "privileges": sorted(privileges)} for entity, privileges in entities.items()]
    fake.control.add_account(fake.options.username, grants)


@pytest.fixture
def place(site, new_fake, client: Client) -> DatastorePlace:
    fake = new_fake(task_ms=0)
    fake.control.add_disk(datastore=STORE, path=DISK, capacity=MIB, thin=False)
    fake.fill(STORE, DISK.replace(".vmdk", "-flat.vmdk"), some_bytes(MIB))
    conn = client.open(site.uri(fake, cache_ttl=0))
    return DatastorePlace(client, conn, fake, STORE)


def pool_of(place: DatastorePlace) -> Remote:
    """The pool, also where the account may not read its name: its UUID is the same."""
    return place.conn.storagePoolLookupByUUIDString(WORLD.pool(STORE).uuid)


def disk(place: DatastorePlace) -> Remote:
    return pool_of(place).storageVolLookupByName(DISK)


def show(place: DatastorePlace) -> None:
    state, capacity = pool_of(place).info()[:2]
    assert state == libvirt.VIR_STORAGE_POOL_RUNNING
    assert capacity > 0, f"{READ} is missing"


def list_luns(place: DatastorePlace) -> None:
    pools = {pool.name(): pool for pool in place.conn.listAllStoragePools(0)}
    assert pools[IQN].listVolumes()


Operation = Callable[[DatastorePlace], object]
OPERATIONS: dict[str, Operation] = {
    "`pool-list`": show,
    "`pool-refresh` of a datastore": lambda place: pool_of(place).refresh(0),
    "`vol-list`": lambda place: disk(place).info(),
    "`vol-create-as`": lambda place: pool_of(place).createXML(volume_xml("narrow/new.vmdk", MIB), 0),
    "`vol-clone`": lambda place: pool_of(place).createXMLFrom(volume_xml("narrow/copy.vmdk", 0), disk(place), 0),
    "`vol-resize`": lambda place: disk(place).resize(2 * MIB, 0),
    "`vol-wipe`": lambda place: disk(place).wipe(0),
    "`vol-delete`": lambda place: disk(place).delete(0),
    "`vol-upload`": lambda place: place.run("upload", disk(place), some_bytes(MIB, 2)),
    "`vol-download`": lambda place: place.run("download", disk(place)),
    "`vol-key` by the UUID": lambda place: place.conn.storageVolLookupByKey(uuid_of(place)),
    "pools and LUNs": list_luns,
    "`pool-refresh` of an iSCSI target": lambda place: place.conn.storagePoolLookupByName(IQN).refresh(0),
}


def uuid_of(place: DatastorePlace) -> str:
    """The UUID in the disk's descriptor."""
    found = re.search(r'ddb\.uuid = "([^"]*)"', place.fake.text(STORE, DISK))
    assert found
    digits = re.sub(r"[ -]", "", found[1])
    return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])


def words_of(row: str) -> str:
    return max((words for words in OPERATIONS if row.startswith(words)), key=len)


def operation_of(row: str) -> Operation:
    return OPERATIONS[words_of(row)]


def test_each_row_has_its_operation():
    assert {words_of(row) for row in TABLE} == OPERATIONS.keys()


@pytest.mark.parametrize("row", TABLE)
def test_the_privileges_of_a_row_are_enough(place: DatastorePlace, row: str):
    store, host = TABLE[row]
    narrow(place.fake, {VIEW, *store}, {VIEW, *host})
    place.conn = place.client.open(place.conn.getURI())
    operation_of(row)(place)


LACKING = [(row, privilege) for row, columns in TABLE.items() for privilege in {*columns[0], *columns[1]}]


@pytest.mark.parametrize(("row", "privilege"), sorted(LACKING))
def test_a_privilege_that_is_missing_is_named(place: DatastorePlace, row: str, privilege: str):
    store, host = ({VIEW, *column} - {privilege} for column in TABLE[row])
    narrow(place.fake, store, host)
    place.conn = place.client.open(place.conn.getURI())
    if operation_of(row) is show:
        with pytest.raises(AssertionError, match=f"{READ} is missing"):
            show(place)
    elif operation_of(row) is list_luns or (privilege == READ and not TABLE[row][0]):
        assert not any(pool.name() == IQN for pool in place.conn.listAllStoragePools(0))
    else:
        with raises_error(*DENIED, mentions=privilege):
            operation_of(row)(place)


# ---- what an account sees ------------------------------------------------------------------------

ALL = [VIEW, READ, "Datastore.Browse", "Datastore.FileManagement"]


def without_hosts(fake: Fake) -> None:
    """Let the account do everything with datastores, and see no host."""
    hosts = [moid(fake, "HostSystem", host.name) for host in fake.plan.hosts]
    top = {"entity": fake.service.root_folder.moid, "privileges": ALL}
    fake.control.add_account(fake.options.username, [top, *({"entity": host, "privileges": []} for host in hosts)])


def shown(conn: Remote) -> dict[str, tuple[str, list[int]]]:
    """UUID and sizes of the pools of datastores, by name."""
    kinds = libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI | libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_SCSI
    others = {pool.name() for pool in conn.listAllStoragePools(kinds)}
    pools = conn.listAllStoragePools(0)
    return {pool.name(): (pool.UUIDString(), pool.info()) for pool in pools if pool.name() not in others}


@pytest.mark.parametrize("scheme", ["esx", "vpx"])
def test_an_account_that_sees_no_host_gets_the_datastores(site, new_fake, client: Client, scheme: str):
    """With the UUIDs, states and sizes that everybody else sees, and usable."""
    fake = new_fake(world="vcenter" if scheme == "vpx" else "default", task_ms=0)
    address = site.uri(fake, **({"scheme": "vpx"} if scheme == "vpx" else {}), cache_ttl=0, linger=0)
    conn = client.open(address)
    before = shown(conn)
    conn.close()
    fake.eventually_without_sessions()
    without_hosts(fake)
    conn = client.open(address)
    assert shown(conn) == before
    pool = conn.storagePoolLookupByName(STORE)
    volume = pool.createXML(volume_xml("narrow/new.vmdk", MIB), 0)
    assert volume.info()[1] == MIB
    with raises_error(libvirt.VIR_ERR_OPERATION_FAILED, mentions="processors"):
        conn.getInfo()
    assert fake.requests()["Login"] == 2, "an account without hosts is logged in, and stays so"


@pytest.mark.parametrize("scheme", ["esx", "vpx"])
def test_a_datastore_that_may_not_be_read_is_not_lost(site, new_fake, client: Client, scheme: str):
    fake = new_fake(world="vcenter" if scheme == "vpx" else "default")
    store = moid(fake, "Datastore", STORE)
    for name in ("summary", "info", "host", "browser"):
        fake.control.hide_property(moid=store, path=name)
    conn = client.open(site.uri(fake, **({"scheme": "vpx"} if scheme == "vpx" else {})))
    pool = conn.storagePoolLookupByName(store)
    assert pool.info()[0] == libvirt.VIR_STORAGE_POOL_RUNNING
    with raises_error(*DENIED, mentions=READ):
        pool.listAllVolumes(0)
    with raises_error(*DENIED, mentions=READ):
        pool.createXML(volume_xml("narrow/new.vmdk", MIB), 0)


def test_an_nfs_datastore_whose_info_may_not_be_read_has_its_source(site, new_fake, client: Client):
    """From the summary and from the reference, which is "host:/export" on a host."""
    nfs = next(pool for pool in WORLD.pools if pool.type == "netfs" and pool.accessible and pool.format == "nfs")
    fake = new_fake()
    before = client.open(site.uri(fake, linger=0)).storagePoolLookupByName(nfs.name).XMLDesc(0)
    fake.control.hide_property(moid=moid(fake, "Datastore", nfs.name), path="info")
    after = client.open(site.uri(fake, cache_ttl=0)).storagePoolLookupByName(nfs.name).XMLDesc(0)
    assert after == before
    assert "<host name=" in after
