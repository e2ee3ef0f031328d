# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Every reading verb of virsh on pools, on the default world, in both modes."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from esxkit.harness import schema
from esxkit.harness.check import attribute, element, text_of
from esxkit.harness.oracle import Pool, World
from esxkit.harness.virsh import Virsh, human

WORLD = World.load()
EVERY_POOL = pytest.mark.parametrize("pool", WORLD.pools, ids=lambda pool: pool.name)
# One of each kind, and those with something odd about them, for the verbs where the kind makes no difference.
SOME = ("datastore1", "sp ace+plus & <x>%2f", "lost-vmfs", "nfs41", "vsanDatastore", "localdir",
        "iqn.1992-08.com.netapp:sn.1574163012:vs.3", "iqn.2012-07.com.example:nothing-here", "vmhba4")  # fmt: skip
SOME_POOLS = pytest.mark.parametrize("pool", [WORLD.pool(name) for name in SOME], ids=lambda pool: pool.name)


def names(pools: list[Pool] | tuple[Pool, ...]) -> list[str]:
    return sorted(pool.name for pool in pools)


def state(pool: Pool) -> str:
    return "running" if pool.accessible else "inaccessible"


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ((), lambda pool: pool.accessible),
        (("--all",), lambda _: True),
        (("--inactive",), lambda pool: not pool.accessible),
        (("--persistent",), lambda pool: pool.accessible),
        (("--transient",), lambda _: False),
        (("--autostart",), lambda pool: pool.accessible),
        (("--no-autostart",), lambda _: False),
        (("--all", "--type", "fs"), lambda pool: pool.type == "fs"),
        (("--all", "--type", "netfs"), lambda pool: pool.type == "netfs"),
        (("--all", "--type", "dir"), lambda pool: pool.type == "dir"),
        (("--all", "--type", "iscsi"), lambda pool: pool.type == "iscsi"),
        (("--all", "--type", "scsi"), lambda pool: pool.type == "scsi"),
        (("--all", "--type", "dir,netfs"), lambda pool: pool.type in ("dir", "netfs")),
        (("--all", "--type", "rbd"), lambda _: False),
        (
            ("--type", "iscsi", "--persistent", "--autostart"),
            lambda pool: pool.type == "iscsi" and pool.accessible,
        ),
        (("--inactive", "--type", "iscsi"), lambda pool: pool.type == "iscsi" and not pool.accessible),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_pool_list_filters(virsh: Virsh, options, chosen):
    listed = virsh("pool-list", "--name", *options).check().lines()
    assert sorted(listed) == names([pool for pool in WORLD.pools if chosen(pool)])


def test_pool_list_columns(virsh: Virsh):
    rows = virsh("pool-list", "--all").check().table()
    assert {(row["Name"], row["State"], row["Autostart"]) for row in rows} == {
        (pool.name, "active" if pool.accessible else "inactive", "yes") for pool in WORLD.pools
    }
    assert len(rows) == len(WORLD.pools)


def test_pool_list_uuid(virsh: Virsh):
    assert sorted(virsh("pool-list", "--all", "--uuid").check().lines()) == sorted(pool.uuid for pool in WORLD.pools)


def test_pool_list_details(virsh: Virsh):
    rows = {row["Name"]: row for row in virsh("pool-list", "--all", "--details").check().table()}
    assert sorted(rows) == names(WORLD.pools)
    for pool in WORLD.pools:
        sizes = [human(size) if pool.accessible else "-" for size in (pool.capacity, pool.allocation, pool.available)]
        assert list(rows[pool.name].values()) == [pool.name, state(pool), "yes", "yes", *sizes]


@EVERY_POOL
def test_pool_info(virsh: Virsh, pool: Pool):
    fields = virsh("pool-info", "--bytes", pool.name).check().fields()
    expected = {"Name": pool.name, "UUID": pool.uuid, "State": state(pool), "Persistent": "yes", "Autostart": "yes"}
    if pool.accessible:
        expected |= {
            "Capacity": str(pool.capacity),
            "Allocation": str(pool.allocation),
            "Available": str(pool.available),
        }
    assert fields == expected


@SOME_POOLS
def test_pool_uuid_and_name_find_each_other(virsh: Virsh, pool: Pool):
    assert virsh("pool-uuid", pool.name).check().lines() == [pool.uuid]
    assert virsh("pool-name", pool.uuid).check().lines() == [pool.name]


@SOME_POOLS
def test_pool_info_by_uuid(virsh: Virsh, pool: Pool):
    assert virsh("pool-info", pool.uuid).check().fields()["Name"] == pool.name


def expect_sizes(root: ElementTree.Element, pool: Pool) -> None:
    sizes = {name: int(text_of(root, name)) for name in ("capacity", "allocation", "available")}
    assert sizes == {"capacity": pool.capacity, "allocation": pool.allocation, "available": pool.available}
    assert {attribute(root, name, "unit") for name in sizes} == {"bytes"}


@EVERY_POOL
def test_pool_dumpxml(virsh: Virsh, pool: Pool):
    xml = virsh("pool-dumpxml", pool.name).check().out
    root = ElementTree.fromstring(xml)
    assert root.get("type") == pool.type
    assert root.findtext("name") == pool.name
    assert root.findtext("uuid") == pool.uuid
    expect_sizes(root, pool)
    assert root.findtext("target/path") == pool.target_path
    assert root.find("target/permissions") is None
    source_format = root.find("source/format")
    assert (source_format.get("type") if source_format is not None else None) == pool.format
    schema.validate("storagepool", xml)
    schema.parse_pool(xml)


@pytest.mark.parametrize("pool", [p for p in WORLD.pools if p.type == "iscsi"], ids=lambda pool: pool.name)
def test_pool_dumpxml_of_a_target_names_portals_and_initiators(virsh: Virsh, pool: Pool):
    source = element(ElementTree.fromstring(virsh("pool-dumpxml", pool.name).check().out), "source")
    hosts = {(host.get("name"), int(host.get("port", ""))) for host in source.findall("host")}
    assert hosts
    assert hosts <= set(pool.hosts)
    assert attribute(source, "device", "path") == pool.device
    assert attribute(source, "initiator/iqn", "name") in pool.initiators


@pytest.mark.parametrize("pool", WORLD.adapters, ids=lambda pool: pool.name)
def test_pool_dumpxml_of_an_adapter_names_it_its_model_and_its_wwns(virsh: Virsh, pool: Pool):
    source = element(ElementTree.fromstring(virsh("pool-dumpxml", pool.name).check().out), "source")
    assert element(source, "adapter").attrib == {"type": "scsi_host", "name": pool.adapter}
    assert attribute(source, "product", "name") == pool.product


@pytest.mark.parametrize("pool", [p for p in WORLD.pools if p.hosts and p.type == "netfs"], ids=lambda pool: pool.name)
def test_pool_dumpxml_of_nfs_names_host_and_directory(virsh: Virsh, pool: Pool):
    source = element(ElementTree.fromstring(virsh("pool-dumpxml", pool.name).check().out), "source")
    assert attribute(source, "host", "name") == pool.hosts[0][0]
    assert attribute(source, "dir", "path") == pool.directory


@pytest.mark.parametrize("pool", [p for p in WORLD.pools if p.type == "fs"], ids=lambda pool: pool.name)
def test_pool_dumpxml_of_vmfs_names_its_first_extent(virsh: Virsh, pool: Pool):
    source = element(ElementTree.fromstring(virsh("pool-dumpxml", pool.name).check().out), "source")
    assert pool.device is not None
    assert pool.device in attribute(source, "device", "path")


@SOME_POOLS
def test_pool_dumpxml_inactive(virsh: Virsh, pool: Pool):
    xml = virsh("pool-dumpxml", "--inactive", pool.name).check().out
    root = ElementTree.fromstring(xml)
    assert (root.findtext("name"), root.findtext("uuid")) == (pool.name, pool.uuid)
    schema.validate("storagepool", xml)


@pytest.mark.parametrize("name", ["datastore1", "nfs-datastore", "iqn.1992-08.com.netapp:sn.1574163012:vs.3", "vmhba6"])
def test_pool_refresh(virsh: Virsh, name: str):
    assert "refreshed" in virsh("pool-refresh", name).check().out


def test_pool_capabilities(virsh: Virsh):
    xml = virsh("pool-capabilities").check().out
    supported = {
        pool.get("type") for pool in ElementTree.fromstring(xml).findall("pool") if pool.get("supported") == "yes"
    }
    assert {"dir", "fs", "netfs", "iscsi", "scsi"} <= supported
    assert "rbd" not in supported
    schema.validate("storagepoolcaps", xml)
