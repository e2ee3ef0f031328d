# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What of a datastore is a volume, and under which names it is found."""

from __future__ import annotations

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.oracle import World

# Names that are easily read as something else.
ODD = [
    " leading blank.iso",
    "trailing blank ",
    "  two blanks/ one more.bin",
    "a+b&c%d?e#f'g\"h.img",
    "100%25/%2e%2e.bin",
    "[datastore1] again.iso",
    "<&>.raw",
    "*?[a].raw",
    "ünï/中文 ∞.bin",
    "x" * 251 + ".bin",
    "no ending",
]
NO_VOLUMES = ["a-flat.vmdk", "A-CTK.VMDK", "a-s001.vmdk", "a.vmx", "a.NVRAM", "vmware.log", "...", ".folder/a.iso"]
SEARCH = "SearchDatastoreSubFolders_Task"


def test_odd_names_are_found_under_the_very_name(client: Client, site, new_fake):
    server = new_fake()
    for name in [*ODD, *NO_VOLUMES]:
        server.control.add_file(datastore="vmfs-empty", path=name, size=512)
    pool = client.open(site.uri(server)).storagePoolLookupByName("vmfs-empty")
    assert sorted(pool.listVolumes()) == sorted(ODD)
    for name in ODD:
        volume = pool.storageVolLookupByName(name)
        assert volume.name() == name
        assert volume.path() == volume.key() == f"[vmfs-empty] {name}"
        assert volume.info()[1:] == [512, 512]
    for name in NO_VOLUMES:
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions=name):
            pool.storageVolLookupByName(name)


def test_odd_names_are_found_by_path_and_key(client: Client, site, new_fake):
    server = new_fake()
    for name in ODD:
        server.control.add_file(datastore="vmfs-empty", path=name, size=512)
    conn = client.open(site.uri(server))
    for name in ODD:
        path = f"[vmfs-empty] {name}"
        assert conn.storageVolLookupByPath(path).name() == name
        assert conn.storageVolLookupByKey(path).name() == name


def test_a_path_as_it_is_comes_before_one_with_less_blanks(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    assert conn.storageVolLookupByPath("[datastore1]   iso/drivers.flp").name() == "iso/drivers.flp"
    server.control.add_file(datastore="datastore1", path="  iso/drivers.flp", size=1)
    assert conn.storageVolLookupByPath("[datastore1]   iso/drivers.flp").name() == "  iso/drivers.flp"
    assert conn.storageVolLookupByPath("[datastore1] iso/drivers.flp").name() == "iso/drivers.flp"


@pytest.mark.parametrize(
    ("pool", "folder", "friendly", "file"),
    [
        ("vsanDatastore", "5f0d7c64-9a31-e2bb-11c0-0050569b1c2f", "web", "web.vmdk"),
        ("VVOL-DS", "naa.60002AC0000000000001705700026282", "win2008_vvol_vm2", "win2008_vvol_vm2.vmdk"),
    ],
)
def test_a_folder_is_found_by_the_name_people_gave_it(conn: Remote, pool: str, folder: str, friendly: str, file: str):
    real = f"{folder}/{file}"
    assert conn.storagePoolLookupByName(pool).storageVolLookupByName(f"{friendly}/{file}").name() == real
    assert conn.storageVolLookupByPath(f"[{pool}] {friendly}/{file}").name() == real
    assert conn.storagePoolLookupByName(pool).listVolumes() == [real]


def test_a_server_that_refuses_the_plain_query(client: Client, site, new_fake, world: World):
    server = new_fake(refuse_base_query=True)
    pool = client.open(site.uri(server, cache_ttl="0")).storagePoolLookupByName("datastore1")
    images = (".vmdk", ".iso", ".flp", ".img")
    expected = sorted(v.name for v in world.pool("datastore1").volumes if v.name.lower().endswith(images))
    before = server.requests()[SEARCH]
    assert sorted(pool.listVolumes()) == expected
    asked = server.requests()[SEARCH]
    # Refused, and asked again without it, once; then it is known.
    pool.listVolumes()
    assert server.requests()[SEARCH] - asked == asked - before - 1
