# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Sizes that are no whole KiB, XML of one volume for the next, and contents that are no raw image."""

from __future__ import annotations

import gzip
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import libvirt
import pytest

from esxkit.harness.check import raises_error, text_of
from esxkit.harness.client import Client
from esxkit.harness.volumes import flat, some_bytes, tree, volume_xml

STORE = "datastore1"
KIB = 1024
ODD = 41126400
"""The size of a cloud image: an odd number of sectors."""
DOWNLOAD = "esxkit.harness.contents:download"
UPLOAD = "esxkit.harness.contents:upload"
EXTEND = "ExtendVirtualDisk_Task"


@pytest.fixture
def place(site, new_fake, client: Client):
    """A fake, and its pool."""
    server = new_fake(task_ms=0)
    return server, client.open(site.uri(server)).storagePoolLookupByName(STORE)


@pytest.mark.parametrize(
    ("name", "capacity"),
    [("Fedora/Fedora.vmdk", 0), ("new/thick.vmdk", 3 * KIB * KIB), ("new/a.iso", 5000), ("new/a.bin", 0)],
)
def test_the_xml_of_a_volume_makes_another(site, place, tmp_path: Path, name: str, capacity: int):
    """The XML that vol-dumpxml prints can be given to vol-create, with another name."""
    server, pool = place
    virsh = site.virsh(server)
    if name.startswith("new/"):
        pool.createXML(volume_xml(name, capacity), 0)
    xml = virsh("vol-dumpxml", "--pool", STORE, name).check().out
    document = ElementTree.fromstring(xml)
    capacity, allocation = (int(text_of(document, tag)) for tag in ("capacity", "allocation"))
    assert name != "Fedora/Fedora.vmdk" or 0 < allocation < capacity
    file = tmp_path / "volume.xml"
    file.write_text(xml.replace(f"<name>{name}</name>", "<name>copies/" + name + "</name>"))
    virsh("vol-create", STORE, str(file)).check()
    assert pool.storageVolLookupByName(f"copies/{name}").info()[1] == capacity
    if name.endswith(".vmdk"):
        assert ("thinProvisioned" in server.text(STORE, f"copies/{name}")) == (allocation < capacity)


@pytest.mark.parametrize("allocation", [1, 2 * KIB * KIB, 4 * KIB * KIB - 1])
def test_an_allocation_in_between_makes_a_thin_disk(place, allocation: int):
    server, pool = place
    xml = volume_xml("new/a.vmdk", 4 * KIB * KIB)
    pool.createXML(xml.replace("</capacity>", f"</capacity><allocation>{allocation}</allocation>"), 0)
    assert "thinProvisioned" in server.text(STORE, "new/a.vmdk")


@pytest.mark.parametrize("size", [ODD, 3 * KIB + 512, 1000, 1])
@pytest.mark.parametrize("announced", [False, True], ids=["", "length"])
def test_an_image_of_an_odd_size_fits_the_disk_made_for_it(place, client: Client, size: int, announced: bool):
    """The last KiB is filled up with zeros, and a download has them."""
    server, pool = place
    image = some_bytes(size)
    volume = pool.createXML(volume_xml("new/odd.vmdk", size), 0)
    client.run(UPLOAD, volume, image, 0, size if announced else 0)
    padded = image + bytes(-size % KIB)
    assert server.contents(STORE, flat("new/odd.vmdk")) == padded
    assert client.run(DOWNLOAD, volume) == padded
    assert volume.info()[1] == len(padded)


@pytest.mark.parametrize("size", [ODD, 1000, 4 * KIB])
@pytest.mark.parametrize("name", ["new/odd.vmdk", "new/odd.img"])
def test_a_resize_to_the_size_of_its_creation_asks_nothing(place, name: str, size: int):
    server, pool = place
    if name.endswith(".img"):
        size = min(size, 5000)
    volume = pool.createXML(volume_xml(name, size), 0)
    before = tree(server, STORE)
    asked = server.requests()[EXTEND]
    volume.resize(size, 0)
    volume.resize(size, libvirt.VIR_STORAGE_VOL_RESIZE_SHRINK)
    volume.resize(0, libvirt.VIR_STORAGE_VOL_RESIZE_DELTA)
    assert server.requests()[EXTEND] == asked
    assert tree(server, STORE) == before
    with raises_error(libvirt.VIR_ERR_INVALID_ARG):
        volume.resize(size // 2 - 1 if name.endswith(".img") else max(size - 2 * KIB, 0), 0)


IMAGES = {
    "qcow2": b"QFI\xfb\0\0\0\x03",
    "VMDK": b"KDMV\x01\0\0\0",
    "seSparse": b"\xbe\xba\xfe\xca\0\0\0\0",
    "descriptor": b"# Disk DescriptorFile\nversion=1\n",
    "VHDX": b"vhdxfile",
    "VHD": b"conectix",
    "gzip": gzip.compress(some_bytes(700)),
    "xz": b"\xfd7zXZ\0",
}


@pytest.mark.parametrize("head", list(IMAGES.values()), ids=list(IMAGES))
def test_an_image_that_is_not_raw_is_refused_for_a_disk(place, client: Client, head: bytes):
    """Nothing is written, and the message has the command that converts it. A plain file takes it."""
    server, pool = place
    image = head + some_bytes(2 * KIB * KIB - len(head))
    disk = pool.createXML(volume_xml("new/a.vmdk", len(image)), 0)
    plain = pool.createXML(volume_xml("new/a.bin", 1), 0)
    before = tree(server, STORE)
    puts = server.counters()["files"]["PUT"]
    with raises_error(libvirt.VIR_ERR_INVALID_ARG, mentions="qemu-img convert -O raw"):
        client.run(UPLOAD, disk, image)
    assert server.counters()["files"]["PUT"] == puts
    assert tree(server, STORE) == before
    client.run(UPLOAD, plain, image)
    assert server.contents(STORE, "new/a.bin") == image
