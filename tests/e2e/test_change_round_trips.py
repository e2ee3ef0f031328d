# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Round trips of what changes volumes, in whole virsh runs and in calls of libvirt-python; tasks finish at once.

The budget is connect and close (3) and 6 for the verb, as long as its folder exists. A daemon that has no connection
yet needs one more, since it makes a filter where a client reads once. Of the built-in driver four are known, in all:
create 29, create-from 42, clone 57, delete 31. Contents have no budget: what they cost is written down.

Through a daemon long polls are counted, too: the host answers one for each thing it tells of, such as the free space
that has changed, and gets another. Nobody waits for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from esxkit.harness.client import Client, Remote
from esxkit.harness.live import settled
from esxkit.harness.meter import Budget, Meter
from esxkit.harness.servers import Fake
from esxkit.harness.volumes import flat, some_bytes, tree, volume_xml

STORE = "datastore1"
MIB = 1024 * 1024
CONNECT_AND_CLOSE = 3
MOST = CONNECT_AND_CLOSE + 6
FILTER = {"embedded": 0, "remote": 1}
"""A daemon makes a filter and waits for what it reports, where a client makes a single read."""

LONG_POLLS = {"embedded": 0, "remote": 4}
"""The first one, and one more for each of the few times at which a change shows."""


@pytest.fixture
def counted() -> Iterator[Fake]:
    """A fake whose tasks are done when they are answered, with a small disk and a small file."""
    with Fake(task_ms=0) as server:
        server.control.add_disk(datastore=STORE, path="small/disk.vmdk", capacity=MIB)
        server.control.add_file(datastore=STORE, path="small/file.iso", size=MIB)
        server.fill(STORE, "small/disk-flat.vmdk", some_bytes(MIB))
        yield server


def disk(stem: str) -> tuple[str, ...]:
    """The files of a disk in the folder."""
    return (f"small/{stem}.vmdk", f"small/{stem}-flat.vmdk")


BUDGETS = [
    Budget(f"vol-create-as {STORE} small/new.vmdk 1M", MOST, "29", disk("new")),
    Budget(f"vol-create-as {STORE} small/new.vmdk 1M --allocation 0", MOST, "29", disk("new")),
    Budget(f"vol-create-as {STORE} small/new.iso 1M --format iso", MOST, come=("small/new.iso",)),
    Budget(f"vol-create-as {STORE} small/new.bin 1M", MOST, come=("small/new.bin",)),
    # The server creates these, as the extent of a disk that is moved; for a large one the name is looked up before.
    Budget(f"vol-create-as {STORE} small/new.bin 2M", MOST + 4, come=("small/new.bin",)),
    Budget(f"vol-create-as {STORE} small/new.bin 32M", MOST + 5, come=("small/new.bin",)),
    Budget(f"vol-clone --pool {STORE} small/disk.vmdk small/copy.vmdk", MOST, "57", disk("copy")),
    Budget(f"vol-clone --pool {STORE} small/file.iso small/copy.iso", MOST, come=("small/copy.iso",)),
    Budget(f"vol-create-from {STORE} {{xml}} small/disk.vmdk --inputpool {STORE}", MOST, "42", disk("from")),
    Budget(f"vol-resize --pool {STORE} small/disk.vmdk 2M", MOST),
    # What the difference is added to is looked at.
    Budget(f"vol-resize --pool {STORE} small/disk.vmdk 1M --delta", MOST + 1),
    Budget(f"vol-wipe --pool {STORE} small/disk.vmdk", MOST),
    Budget(f"vol-delete --pool {STORE} small/disk.vmdk", MOST, "31", go=disk("disk")),
    Budget(f"vol-delete --pool {STORE} small/file.iso", MOST, go=("small/file.iso",)),
]


def keeps_its_budget_without_long_polls(cost: Meter, most: int) -> None:
    """Assert what may be asked for in any mode, all waits for updates but the first aside: only those can be polls."""
    polls = max(cost.methods["WaitForUpdatesEx"] - 1, 0)
    assert cost.total - polls <= most, dict(cost.methods)


@pytest.mark.parametrize("budget", BUDGETS, ids=str)
def test_a_virsh_run_keeps_its_budget(site, counted: Fake, budget: Budget, tmp_path: Path, record_property):
    xml = tmp_path / "from.xml"
    xml.write_text(volume_xml("small/from.vmdk", MIB))
    before = tree(counted, STORE)
    virsh = site.virsh(counted)
    with Meter(counted) as cost:
        virsh(*(word.format(xml=xml) for word in budget.argv)).check()
        counted.eventually_without_sessions()
    most = budget.most + LONG_POLLS[site.mode]
    record_property("round trips", (site.mode, str(budget), cost.total, most, budget.builtin))
    after = tree(counted, STORE)
    assert set(after) - set(before) == set(budget.come)
    assert set(before) - set(after) == set(budget.go)
    assert CONNECT_AND_CLOSE < cost.total <= most, dict(cost.methods)
    keeps_its_budget_without_long_polls(cost, budget.most + FILTER[site.mode])


Call = Callable[[Remote, Remote], object]
"""What is done with the pool and the small disk in it."""

CALLS: dict[str, tuple[Call, str]] = {
    "createXML": (lambda pool, disk: pool.createXML(volume_xml("small/new.vmdk", MIB)), "29"),
    "createXML of a plain file": (lambda pool, disk: pool.createXML(volume_xml("small/new.bin", MIB)), ""),
    "createXMLFrom": (lambda pool, disk: pool.createXMLFrom(volume_xml("small/new.vmdk", MIB), disk), "42"),
    "createXMLFrom, larger": (lambda pool, disk: pool.createXMLFrom(volume_xml("small/new.vmdk", 2 * MIB), disk), "42"),
    "resize": (lambda pool, disk: disk.resize(2 * MIB), ""),
    "wipe": (lambda pool, disk: disk.wipe(), ""),
    "delete": (lambda pool, disk: disk.delete(), "31"),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_program_keeps_its_budget(site, counted: Fake, call: str, record_property):
    """A program that connects, finds the pool and the volume, does one thing, and closes."""
    work, builtin = CALLS[call]
    before = tree(counted, STORE)
    with Meter(counted) as cost:
        with site.client() as client:
            pool = client.open(site.uri(counted)).storagePoolLookupByName(STORE)
            work(pool, pool.storageVolLookupByName("small/disk.vmdk"))
        counted.eventually_without_sessions()
    # Finding the volume is a search, which creating does not need; enlarging a copy is a second change.
    asked = MOST + 2 * (call == "createXMLFrom, larger") + 2 * (call == "createXML of a plain file")
    most = asked + LONG_POLLS[site.mode]
    record_property("round trips", (site.mode, f"{call}, a whole program", cost.total, most, builtin))
    assert tree(counted, STORE) != before
    assert CONNECT_AND_CLOSE < cost.total <= most, dict(cost.methods)
    keeps_its_budget_without_long_polls(cost, asked + FILTER[site.mode])


# ---- contents ----------------------------------------------------------------------------------

# What 1 MiB costs in a virsh run today, connect and close included.
CONTENTS = {
    ("upload", "small/disk.vmdk"): 15,
    ("upload", "small/file.iso"): 14,
    ("download", "small/disk.vmdk"): 9,
    ("download", "small/file.iso"): 9,
}


@pytest.mark.parametrize(("verb", "name"), CONTENTS, ids=lambda value: value)
def test_what_contents_cost(site, counted: Fake, tmp_path: Path, verb: str, name: str, record_property):
    data = some_bytes(MIB, verb)
    local = tmp_path / "local.img"
    if verb == "upload":
        local.write_bytes(data)
    else:
        counted.fill(STORE, flat(name), data)
    before = tree(counted, STORE)
    virsh = site.virsh(counted)
    with Meter(counted) as cost:
        virsh(f"vol-{verb}", "--pool", STORE, name, str(local)).check()
        counted.eventually_without_sessions()
    wanted = CONTENTS[verb, name] + (FILTER[site.mode] if verb == "upload" else 0)
    most = wanted + LONG_POLLS[site.mode]
    record_property("round trips", (site.mode, f"vol-{verb} {name}, 1 MiB", cost.total, most, ""))
    assert counted.contents(STORE, flat(name)) == data == local.read_bytes()
    assert set(tree(counted, STORE)) == set(before)
    assert cost.total <= most, dict(cost.methods)
    keeps_its_budget_without_long_polls(cost, wanted)


def test_a_missing_folder_costs_three_more(site, counted: Fake, client: Client, record_property):
    """The server is asked straight away; only its refusal leads to the folder, and to a second try."""
    pool = client.open(site.uri(counted)).storagePoolLookupByName(STORE)
    settled(site, counted)
    with Meter(counted) as there:
        pool.createXML(volume_xml("small/new.vmdk", MIB))
    pool.info()  # The free space has changed: that is asked for here.
    settled(site, counted)
    with Meter(counted) as missing:
        pool.createXML(volume_xml("not/there/new.vmdk", MIB))
    assert missing.methods["MakeDirectory"] == 1
    for cost in (there, missing):
        del cost.methods["WaitForUpdatesEx"]
    assert missing.total <= there.total + 3, (dict(there.methods), dict(missing.methods))
    assert {"not", "not/there", "not/there/new.vmdk", "not/there/new-flat.vmdk"} <= set(tree(counted, STORE))
