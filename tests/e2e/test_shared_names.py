# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Datastores of two datacenters that share a name: pools with a suffix, and what the bare name still finds."""

from __future__ import annotations

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.live import until
from esxkit.harness.servers import Fake

NAME = "shared"
HERE = f"{NAME} (Sites/Berlin)"
THERE = f"{NAME} (Paris)"


@pytest.fixture
def vcenter(new_fake) -> Fake:
    """A vCenter with a datastore `shared` that no other datacenter has."""
    server = new_fake(world="vcenter")
    server.control.add_datastore(name=NAME)
    server.control.add_file(datastore=NAME, path="both/a.iso", size=512)
    server.control.add_file(datastore=NAME, path="here/a.iso", size=512)
    return server


def add_namesake(server: Fake, name: str = NAME) -> str:
    """A second datastore of that name, in Paris; its moid."""
    paris = server.control.add_datacenter(name="Paris")
    moid = server.control.add_datastore(name=name, datacenter=paris, mounted=True)
    server.control.add_file(datastore=moid, path="both/a.iso", size=1024)
    server.control.add_file(datastore=moid, path="there/a.iso", size=1024)
    return moid


def called(conn: Remote) -> list[str]:
    """The pools whose name begins so."""
    return sorted(pool.name() for pool in conn.listAllStoragePools(0) if pool.name().startswith(NAME))


def connect(client: Client, site, server: Fake) -> Remote:
    return client.open(site.uri(server, scheme="vpx", cache_ttl="0"))


def test_a_path_of_a_shared_name_finds_the_file_that_one_pool_has(client: Client, site, vcenter: Fake):
    add_namesake(vcenter)
    conn = connect(client, site, vcenter)
    for folder, pool in (("here", HERE), ("there", THERE)):
        for find in (conn.storageVolLookupByPath, conn.storageVolLookupByKey):
            for path in (f"[{NAME}] {folder}/a.iso", f"[{NAME}]  {folder}/a.iso", f"[{pool}] {folder}/a.iso"):
                volume = find(path)
                assert volume.key() == f"[{pool}] {folder}/a.iso"
                assert volume.storagePoolLookupByVolume().name() == pool


def test_a_path_of_a_shared_name_that_two_pools_have_lists_them(client: Client, site, vcenter: Fake):
    add_namesake(vcenter)
    conn = connect(client, site, vcenter)
    for find in (conn.storageVolLookupByPath, conn.storageVolLookupByKey):
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions=f"2 of the pools '{THERE}', '{HERE}'"):
            find(f"[{NAME}] both/a.iso")
    assert conn.storageVolLookupByPath(f"[{THERE}] both/a.iso").info()[1] == 1024
    assert conn.storageVolLookupByPath(f"[{HERE}] both/a.iso").info()[1] == 512


def test_a_path_of_a_shared_name_that_no_pool_has_lists_them(client: Client, site, vcenter: Fake):
    add_namesake(vcenter)
    conn = connect(client, site, vcenter)
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions=f"none of the pools '{THERE}', '{HERE}'"):
        conn.storageVolLookupByPath(f"[{NAME}] none/a.iso")


def test_a_shared_name_is_not_decided_while_one_pool_cannot_be_asked(client: Client, site, vcenter: Fake):
    add_namesake(vcenter)
    # The first one of that name.
    vcenter.control.set_accessible(name=NAME, accessible=False)
    conn = connect(client, site, vcenter)
    with raises_error(libvirt.VIR_ERR_OPERATION_INVALID, mentions=f"'{THERE}', '{HERE}'"):
        conn.storageVolLookupByPath(f"[{NAME}] there/a.iso")
    assert conn.storageVolLookupByPath(f"[{THERE}] there/a.iso").info()[1] == 1024


def test_a_pool_whose_name_got_a_suffix_is_not_found_and_the_error_has_the_names(client: Client, site, vcenter: Fake):
    conn = connect(client, site, vcenter)
    pool = conn.storagePoolLookupByName(NAME)
    volume = pool.storageVolLookupByName("here/a.iso")
    assert volume.key() == f"[{NAME}] here/a.iso"
    add_namesake(vcenter)
    until(lambda: called(conn) == [THERE, HERE], "both have a suffix")
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_POOL, mentions=f"'{THERE}', '{HERE}'"):
        conn.storagePoolLookupByName(NAME)
    # The object of before has the UUID, which is what it was; a volume has the name alone.
    assert pool.info()[0] == libvirt.VIR_STORAGE_POOL_RUNNING
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_POOL, mentions=f"'{THERE}', '{HERE}'"):
        volume.info()
    assert conn.storagePoolLookupByUUIDString(pool.UUIDString()).name() == HERE
    # Once the namesake has gone, so has the suffix.
    vcenter.control.remove_datastore(name=NAME)
    until(lambda: called(conn) == [NAME], "the suffix is gone")


def test_an_adapter_of_many_hosts_is_not_found_by_its_device_and_the_error_has_the_names(
    client: Client, site, new_fake
):
    conn = client.open(site.uri(new_fake(world="vcenter"), scheme="vpx", per_host="1"))
    hosts = ("esx1.example.org", "esx2.example.org", "esx3.example.org")
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_POOL, mentions=", ".join(f"'vmhba0 ({host})'" for host in hosts)):
        conn.storagePoolLookupByName("vmhba0")
