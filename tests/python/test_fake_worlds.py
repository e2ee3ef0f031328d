# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Worlds: each is well-formed VI data, in every release, and shows the oddity it is made for."""

from __future__ import annotations

import collections
import itertools

import pytest

from esxkit.fake import options, world
from esxkit.fake.objects.datastore import Datastore
from esxkit.fake.objects.host_system import HostSystem
from esxkit.fake.populate import populate
from esxkit.fake.worlds import NAMES, inventory, scale
from esxkit.fake.worlds.counts import counts_world, iqn
from esxkit.fake.worlds.plan import RELEASES
from esxkit.model.objects import unset_required, wsdl_name
from esxkit.wire.serializer import Serializer
from esxkit.wire.versions import version_for


@pytest.fixture
def made(tmp_path):
    """Populate a world: the service."""
    folders = (tmp_path / str(number) for number in itertools.count())

    def make(plan):
        plan = world(plan) if isinstance(plan, str) else plan
        return populate(plan, options.FakeOptions(), next(folders)).service

    return make


def hosts(service):
    return list(service.registry.of_type(HostSystem))


def stores(service):
    return list(service.registry.of_type(Datastore))


SMALLER = {"large-vcenter": lambda: scale.large_vcenter(40, 80, 400), "many-files": lambda: scale.many_files(2)}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_required_is_unset(made, name):
    missing = []
    for obj in made(SMALLER.get(name, lambda: world(name))()).registry.of_type(object):
        for prop, value in obj._props.items():
            for data in value if isinstance(value, list) else [value]:
                if hasattr(type(data), "_GetPropertyList") and hasattr(data, "dynamicProperty"):
                    missing += [f"{obj.moid}:{prop}{w}" for w in unset_required(data)]
    assert missing == []


@pytest.mark.parametrize("number", RELEASES)
@pytest.mark.parametrize("name", ["default", "vcenter"])
def test_every_release_can_be_written(made, name, number):
    plan = world(name)
    plan.set_api_version(number)
    service = made(plan)
    serializer = Serializer(version_for(number))
    for obj in service.registry.of_type(object):
        for prop, value in obj._props.items():
            if value is not None:
                assert serializer.element(prop, value)
    about = plan.about
    assert about["apiVersion"] == number
    assert about["version"] in about["fullName"]
    assert about["build"] in about["fullName"]


def test_every_name_has_a_purpose():
    assert all(text.endswith(".") or text.endswith(").") for text in NAMES.values())


def test_unknown_world_and_release():
    with pytest.raises(KeyError, match="There is no world 'x'; there are default"):
        world("x")
    with pytest.raises(KeyError, match=r"no release for API version 3\.5"):
        world("default").set_api_version("3.5")


def test_default_world_is_the_committed_inventory(made):
    plain = inventory.load()
    service = made("default")
    (host,) = hosts(service)
    assert [s.moid for s in stores(service)] == [d["moref"] for d in plain["datastores"]]
    assert len(host.storage_device.scsiLun) == len(plain["storage"]["scsiLun"]) == 28
    assert len(host.storage_device.hostBusAdapter) == 9
    uuids = [
        line
        for store in plain["datastores"]
        for text in _texts(store["files"] or [])
        for line in text.splitlines()
        if line.startswith("ddb.uuid")
    ]
    assert len(uuids) == len(set(uuids)) > 10


def _texts(nodes):
    for node in nodes:
        yield node.get("text") or ""
        yield from _texts(node.get("children") or [])


def test_worlds_are_fresh_each_time():
    first = world("default")
    first.datastores.clear()
    assert len(world("default").datastores) == 14


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (1, 0, 0, 3), (3, 2, 4, 1), (2, 300, 1, 0)])
def test_counts(made, counts):
    datastores, targets, luns, volumes = counts
    service = made(counts_world(*counts))
    (host,) = hosts(service)
    assert len(stores(service)) == datastores
    (adapter,) = host.storage_device.hostBusAdapter
    assert [t.iScsiName for t in adapter.configuredStaticTarget] == [iqn(i) for i in range(targets)]
    keys = [lun.key for lun in host.storage_device.scsiLun]
    assert len(set(keys)) == targets * luns
    for store in stores(service):
        assert len(list(store.files.folders(""))) == volumes + 1


def test_counts_are_deterministic():
    assert counts_world(3, 2, 2, 2) == counts_world(3, 2, 2, 2)


def test_vcenter_shares_datastores(made):
    service = made("vcenter")
    assert [h.read("name") for h in hosts(service)] == ["esx1.example.org", "esx2.example.org", "esx3.example.org"]
    mounts = collections.Counter(len(s.read("host")) for s in stores(service))
    assert mounts == {2: 7, 3: 4, 1: 3}
    assert all(s.moid.startswith("datastore-") for s in stores(service))
    assert stores(service)[0].read("summary").url.startswith("ds:///vmfs/volumes/")
    adapters = [{wsdl_name(a) for a in h.storage_device.hostBusAdapter} for h in hosts(service)]
    assert ["HostInternetScsiHba" in a for a in adapters] == [True, True, False]


def test_oddities(made):
    def device(name):
        return hosts(made(name))[0].storage_device

    assert device("no-iscsi").hostBusAdapter == []
    assert [a.device for a in device("two-adapters").hostBusAdapter] == ["vmhba33", "vmhba65"]
    same = [
        (adapter.device, target.address, target.port)
        for adapter in device("same-iqn").hostBusAdapter
        for target in adapter.configuredStaticTarget
        if target.iScsiName == iqn(0)
    ]
    assert same == [("vmhba33", "10.0.0.1", 3260), ("vmhba65", "10.0.0.1", 3260), ("vmhba65", "10.7.7.7", 3261)]
    topology = device("no-topology")
    assert topology.scsiTopology is None
    assert len(topology.multipathInfo.lun) == 4
    states = {state for lun in device("lost-luns").scsiLun for state in lun.operationalState}
    assert states == {"ok", "off", "lostCommunication"}
    assert [s.read("host")[0].mountInfo.path for s in stores(made("no-mount-path"))] == [None, None]
    assert [len(s.read("host")) for s in stores(made("no-mount"))] == [1, 0, 1]
    kinds = [(s.read("summary").type, wsdl_name(s.read("info"))) for s in stores(made("unknown-kind"))]
    assert kinds == [("HOLO", "DatastoreInfo"), ("VMFS", "VmfsDatastoreInfo")]
