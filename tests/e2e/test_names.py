# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Odd names through a volume's whole life, and names that are refused.

On a host, and behind a vCenter whose datacenter, its folder and its datastore have odd names too. A name is in turn
that of a disk, an ISO image and a plain file. After every step the real files are compared.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import attrs
import libvirt
import pytest

from esxkit.fake.worlds import WorldPlan, world
from esxkit.fake.worlds.plan import VCenterPlan
from esxkit.harness.check import raises_error
from esxkit.harness.client import Remote
from esxkit.harness.place import DatastorePlace
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import Tree, flat, some_bytes, tree, volume_xml

ODD_STORE = "sp ace+plus & <x>%2f"
SIZE = 4096
ENDINGS = (".vmdk", ".iso", "")

# Stems: an ending is put behind them. One without a slash lies in the root of its datastore.
NAMES = [
    " blank at the beginning",
    "blank at the end ",
    "two  blanks in the middle",
    " / / blanks alone as folders ",
    "a+b&c%d?e#f'g\"h",
    "semi;colon:back\\slash",
    "<less>|pipe*star",
    "[brackets]{braces}~tilde",
    "$dollar!bang@at=equals,comma",
    "[datastore1] like a path",
    "%2f and %252f and %25",
    "%2e%2e/%00",
    "folder%2f/100%",
    "?dsName=other&dcPath=x",
    "name../a..b",
    "-dash",
    "--pool",
    "a.vmdk/b.iso/c",
    "é ü ñ",
    unicodedata.normalize("NFD", "é ü ñ decomposed"),
    "漢字/かな",
    "emoji 🦊👩‍👩‍👧",
    "עברית/العربية \u202eright to left\u202c",
    "e\u0301\u0323\u0308 stacked",
    "\u00a0no-break\u3000wide blanks\u200b",
    "x" * 243,
    "ü" * 121,
    "漢" * 81,
    "/".join(f"deep folder {depth}" for depth in range(12)),
    "UPPER and lower",
]


@attrs.define(slots=False)
class NamesPlace(DatastorePlace):
    """One that knows whose turn it is."""

    turn: int

    def tree(self) -> Tree:
        return tree(self.fake, self.store)

    def contents(self, name: str) -> bytes:
        return self.fake.contents(self.store, flat(name))


def odd_vcenter() -> WorldPlan:
    """The vCenter world with other names."""
    plan = world("vcenter")
    plan.vcenter = VCenterPlan(folder="Ü & +/%2f <f>", datacenter="D C\\%25 漢'\"")
    return plan


@pytest.fixture(scope="module", params=["esx", "vpx"])
def place(request, site) -> Iterator[NamesPlace]:
    plan = "default" if request.param == "esx" else odd_vcenter()
    options = {} if request.param == "esx" else {"scheme": "vpx"}
    turn = 2 * (site.mode == "remote") + (request.param == "vpx")
    with Fake(plan, task_ms=0) as fake, site.client() as client:
        yield NamesPlace(client, client.open(site.uri(fake, **options)), fake, ODD_STORE, turn)


def files_of(name: str) -> set[str]:
    """The files a volume consists of."""
    return {name, flat(name)}


def new_files(place: NamesPlace, before: Tree) -> set[str]:
    """The files (not folders) that have come."""
    after = place.tree()
    assert before.items() <= after.items()
    return {path for path, entry in after.items() if path not in before and entry is not None}


def expect_found(place: NamesPlace, name: str) -> Remote:
    """The volume is listed, and found by name, path and key."""
    path = f"[{place.store}] {name}"
    pool = place.pool
    assert name in pool.listVolumes()
    volume = pool.storageVolLookupByName(name)
    for found in (volume, place.conn.storageVolLookupByPath(path), place.conn.storageVolLookupByKey(path)):
        assert (found.name(), found.path(), found.key()) == (name, path, path)
        assert found.info()[1] == SIZE
    return volume


@pytest.mark.parametrize("stem", NAMES)
def test_the_whole_life_of_a_volume(place: NamesPlace, stem: str):
    # Every ending has its turn with every name, in one of the four places at least.
    ending = ENDINGS[(NAMES.index(stem) + place.turn) % len(ENDINGS)]
    live_and_let_die(place, f"{stem}{ending}", f"{stem} 2{ending}")


@pytest.mark.parametrize("name", ["x" * 255, "漢" * 85, "x" * 251 + ".iso", "x" * 245 + ".vmdk"])
def test_the_longest_names(place: NamesPlace, name: str):
    live_and_let_die(place, f"long/{name}", f"long/copies/{name}")


def test_a_disk_whose_extent_would_have_too_long_a_name(place: NamesPlace):
    before = place.tree()
    with raises_error(None, mentions="too long"):
        place.pool.createXML(volume_xml("x" * 246 + ".vmdk", SIZE))
    assert place.tree() == before


def live_and_let_die(place: NamesPlace, name: str, copy: str) -> None:
    before = place.tree()

    place.pool.createXML(volume_xml(name, SIZE))
    assert new_files(place, before) == files_of(name)
    assert place.contents(name) == bytes(SIZE)
    volume = expect_found(place, name)

    data = some_bytes(SIZE, name)
    place.run("upload", volume, data)
    assert new_files(place, before) == files_of(name)
    assert place.contents(name) == data
    assert place.run("download", expect_found(place, name)) == data

    place.pool.createXMLFrom(volume_xml(copy, SIZE), volume)
    assert new_files(place, before) == files_of(name) | files_of(copy)
    assert place.contents(copy) == data
    expect_found(place, copy)

    volume.delete()
    assert new_files(place, before) == files_of(copy)
    assert name not in place.pool.listVolumes()
    expect_found(place, copy).delete()
    assert new_files(place, before) == set()


# ---- names that are refused --------------------------------------------------------------------

REFUSED = [
    "",
    ".",
    "..",
    "../a.vmdk",
    "a/../../b.vmdk",
    "a/./b.vmdk",
    "a/..",
    "/a.vmdk",
    "//a.vmdk",
    "a//b.vmdk",
    "a/",
    "a/b.vmdk/",
    "tab\there.vmdk",
    "line\nfeed.vmdk",
    "delete\x7f.vmdk",
    "x" * 251 + ".vmdk",
    "x" * 256,
    "ü" * 128,
    "ü" * 128 + "/a.vmdk",
    ".hidden",
    ".hidden/a.vmdk",
    "a-flat.vmdk",
    "a.vmx",
]


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_name_leaves_everything_as_it_was(place: NamesPlace, name: str):
    source = place.pool.storageVolLookupByName("vm one/vm one.vmdk")
    before, asked = place.tree(), place.fake.requests()
    # The parser of XML has its own word on volumes without a name.
    codes = (libvirt.VIR_ERR_INVALID_ARG, *([libvirt.VIR_ERR_XML_ERROR] if not name else []))
    xml = volume_xml(name, SIZE).replace("\t", "&#9;").replace("\n", "&#10;")
    with raises_error(*codes):
        place.pool.createXML(xml)
    with raises_error(*codes):
        place.pool.createXMLFrom(xml, source)
    assert place.tree() == before
    sent = place.fake.requests() - asked
    assert not [method for method in sent if method == "MakeDirectory" or method.endswith("Disk_Task")]
    assert not [method for method in sent if method.endswith("File_Task")]


@pytest.mark.parametrize("name", [name for name in REFUSED if name and "\n" not in name])
def test_no_volume_is_found_by_a_refused_name(place: NamesPlace, name: str):
    for look in (
        lambda: place.pool.storageVolLookupByName(name),
        lambda: place.conn.storageVolLookupByPath(f"[{place.store}] {name}"),
        lambda: place.conn.storageVolLookupByKey(f"[{place.store}] {name}"),
    ):
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, libvirt.VIR_ERR_INVALID_ARG):
            look()


@pytest.mark.parametrize("command", ["vol-info", "vol-delete", "vol-create-as"])
def test_names_that_are_no_utf8(place: NamesPlace, site, command: str):
    """virsh hands on the bytes it was given."""
    before = place.tree()
    name = b"bad \xff\xc3.vmdk".decode("utf-8", "surrogateescape")
    options = {"scheme": "vpx"} if place.fake.service.is_vcenter else {}
    virsh = site.virsh(place.fake, **options)
    arguments = [place.store, name, "1M"] if command == "vol-create-as" else ["--pool", place.store, name]
    done = virsh(command, *arguments)
    assert not done.ok
    assert done.err.startswith("error: ")
    assert place.tree() == before
