# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What people are told after the commonest mistakes: the golden file tests/data/mistakes.txt, which is made to be read.

Each entry is a title, the virsh command, and what virsh said. The texts are the same in both modes. REGENERATE=1 writes
the file anew; read the diff then.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from esxkit.harness import environment
from esxkit.harness.servers import Fake

GOLDEN = environment.REPOSITORY / "tests" / "data" / "mistakes.txt"
IQN = "iqn.1992-08.com.netapp:sn.1574163012:vs.3"
LUN = "/vmfs/devices/disks/naa.60a98000375436442d5d476a4f785a44"
DISK = "Fedora/Fedora.vmdk"


@attrs.frozen
class Mistake:
    """What somebody does, and what has to be so beforehand."""

    title: str
    command: str
    before: Callable[[Fake], object] = lambda fake: None
    parameters: dict[str, str] = attrs.field(factory=dict)
    world: str = "default"


def lock(path: str) -> Callable[[Fake], object]:
    return lambda fake: fake.control.lock_file("datastore1", path)


def make_undeletable(fake: Fake) -> None:
    text = fake.text("datastore1", DISK)
    fake.fill("datastore1", DISK, (text + 'ddb.deletable = "false"\n').encode())


def deny(method: str) -> Callable[[Fake], object]:
    fields = {"privilegeId": "Datastore.FileManagement"}
    return lambda fake: fake.order(
        kind="fault",
        method=method,
        fault="NoPermission",
        fields=fields,
        message="Permission to perform this was denied.",
    )


ENDPOINT = (
    "503 Service Unavailable (Failed to connect to endpoint: "
    "[N7Vmacore4Http20NamedPipeServiceSpecE:0x000055d3a1d0e2d0] "
    "_serverNamespace = /sdk action = Allow _pipeName =/var/run/vmware/proxy-sdk-tunnel)"
)


def answer(status: int, text: str) -> Callable[[Fake], object]:
    return lambda fake: fake.order(kind="http", method="RetrieveServiceContent", count=-1, status=status, text=text)


def keep_from_reading(fake: Fake) -> None:
    """An account whose role at the datastore lets it see that it is there, and no more."""
    grants = [
        {"entity": fake.service.root_folder.moid, "privileges": ["System.View", "System.Read"]},
        {"entity": UNREAD, "privileges": ["System.View"]},
    ]
    fake.control.add_account(fake.options.username, grants)


UNREAD = "4f8b3c2e-1a7d9e60-5b3f-001b219a3c5e"


def share_a_name(fake: Fake) -> None:
    """Two datacenters have a datastore called `shared`; both have one file of a name, and each one of its own."""
    paris = fake.control.add_datacenter(name="Paris")
    fake.control.add_datastore(name="shared")
    for store in ("shared", fake.control.add_datastore(name="shared", datacenter=paris, mounted=True)):
        fake.control.add_file(datastore=store, path="a.iso", size=512)


MISTAKES = [
    Mistake("A pool that does not exist", "pool-info datastore7"),
    Mistake("A volume that does not exist", f"vol-info --pool datastore1 {DISK}x"),
    Mistake("A volume of another datastore", "vol-delete --pool nfs41 Fedora/Fedora.vmdk"),
    Mistake("A name in use", f"vol-create-as datastore1 {DISK} 1M"),
    Mistake("The name of an existing plain file", "vol-create-as datastore1 iso/drivers.flp 1M"),
    Mistake("A disk with a capacity of 0", "vol-create-as datastore1 new/x.vmdk 0"),
    Mistake("A format that ESX does not support", "vol-create-as datastore1 new/x.qcow2 8M --format qcow2"),
    Mistake("A raw volume with the suffix of a disk", "vol-create-as datastore1 new/x.vmdk 8M --format raw"),
    Mistake("A disk with another suffix", "vol-create-as datastore1 new/x.img 8M --format vmdk"),
    Mistake("A name that leaves the datastore", "vol-create-as datastore1 ../x.vmdk 8M"),
    Mistake("A name that begins with a slash", "vol-create-as datastore1 /x.vmdk 8M"),
    Mistake("The name of a disk's extent", "vol-create-as datastore1 new/x-flat.vmdk 8M"),
    Mistake("The name of a virtual machine's file", "vol-create-as datastore1 new/x.vmx 1k"),
    Mistake("A capacity larger than the free space", "vol-create-as datastore1 x.vmdk 100G"),
    Mistake("A datastore that cannot be reached", "vol-create-as nfs-down x.vmdk 8M"),
    Mistake("The volumes of a datastore that cannot be reached", "vol-list nfs-down"),
    Mistake("Refreshing a datastore that cannot be reached", "pool-refresh nfs-down"),
    Mistake("Starting a pool that is running", "pool-start datastore1"),
    Mistake("Starting a pool that cannot be reached", "pool-start nfs-down"),
    Mistake("Stopping a pool", "pool-destroy datastore1"),
    Mistake("Building a pool", "pool-build datastore1"),
    Mistake("Creating a pool", "pool-create-as new dir --target /new"),
    Mistake("Defining a pool", "pool-define-as new dir --target /new"),
    Mistake("A datastore that is mounted read-only", "vol-create-as nfs-ro x.vmdk 8M"),
    Mistake("A volume in an iSCSI target", f"vol-create-as {IQN} x 8M"),
    Mistake("Deleting a LUN", f"vol-delete --pool {IQN} {LUN}"),
    Mistake("Deleting a disk in use", f"vol-delete --pool datastore1 {DISK}", lock(DISK)),
    Mistake("Deleting a file in use", "vol-delete --pool datastore1 iso/drivers.flp", lock("iso/drivers.flp")),
    Mistake("Deleting a disk marked as not deletable", f"vol-delete --pool datastore1 {DISK}", make_undeletable),
    Mistake("Shrinking a disk without --shrink", f"vol-resize --pool datastore1 {DISK} 1G"),
    Mistake("Shrinking a disk with --shrink", f"vol-resize --pool datastore1 {DISK} 1G --shrink"),
    Mistake("Resizing a plain file", "vol-resize --pool datastore1 iso/drivers.flp 8M"),
    Mistake("Wiping a plain file", "vol-wipe --pool datastore1 iso/drivers.flp"),
    Mistake("Wiping with a pattern", f"vol-wipe --pool datastore1 {DISK} --algorithm dod"),
    Mistake("Cloning to a name in use", f"vol-clone --pool datastore1 {DISK} snap/snap.vmdk"),
    Mistake("Cloning a LUN to a file", f"vol-create-from datastore1 {{clone}} {LUN} --inputpool {IQN}"),
    Mistake("Uploading more than the disk has", f"vol-upload --pool datastore1 {DISK} {{small}} --length 99999999999"),
    Mistake("Uploading a qcow2 image to a disk", f"vol-upload --pool datastore1 {DISK} {{qcow2}}"),
    Mistake("Uploading a compressed image to a disk", f"vol-upload --pool datastore1 {DISK} {{gzip}}"),
    Mistake("Uploading behind the end", f"vol-upload --pool datastore1 {DISK} {{small}} --offset 99999999999"),
    Mistake("Downloading a snapshot", "vol-download --pool datastore1 snap/snap-000001.vmdk {output}"),
    Mistake(
        "Downloading beyond the end", "vol-download --pool datastore1 iso/drivers.flp {output} --offset 99999999999"
    ),
    Mistake("A free licence", "vol-create-as datastore1 new/x.vmdk 8M", lambda fake: fake.change(restricted=True)),
    Mistake("A role without the privilege", "vol-create-as datastore1 x.vmdk 8M", deny("CreateVirtualDisk_Task")),
    Mistake("A role that may not read the datastore", f"vol-list {UNREAD}", keep_from_reading),
    Mistake(
        "A connection that breaks during a change",
        "vol-create-as datastore1 x.vmdk 8M",
        lambda fake: fake.order(kind="close", method="CreateVirtualDisk_Task"),
    ),
    Mistake("A host whose services do not run", "pool-list", answer(503, ENDPOINT)),
    Mistake("A vCenter that is out of sessions", "pool-list", answer(503, "Out of HTTP sessions: Limited to 2000")),
    Mistake("Something that demands a login by HTTP", "pool-list", answer(401, "<body>401 Unauthorized</body>")),
    Mistake("Something that forbids the access", "pool-list", answer(403, "Forbidden")),
    Mistake("A proxy that demands a login", "pool-list", answer(407, "")),
    Mistake("A gateway without a reply from the host", "pool-list", answer(502, "Bad Gateway")),
    Mistake("A gateway that has waited for the host", "pool-list", answer(504, "Gateway Timeout")),
    Mistake("The name of a pool that has a suffix now", "pool-info shared", share_a_name, world="vcenter"),
    Mistake("A path that two pools have", "vol-pool '[shared] a.iso'", share_a_name, world="vcenter"),
    Mistake("A path that none of two pools has", "vol-pool '[shared] b.iso'", share_a_name, world="vcenter"),
    Mistake("An invalid URI parameter", "pool-list", parameters={"connections": "many"}),
]


@pytest.fixture
def words(tmp_path: Path) -> dict[str, str]:
    """What the braces of a command stand for."""
    (tmp_path / "small.img").write_bytes(bytes(4096))
    (tmp_path / "qcow2.img").write_bytes(b"QFI\xfb" + bytes(4092))
    (tmp_path / "gzip.img").write_bytes(b"\x1f\x8b\x08" + bytes(4093))
    (tmp_path / "clone.xml").write_text("<volume><name>new/clone.vmdk</name><capacity>1</capacity></volume>")
    return {
        "small": str(tmp_path / "small.img"),
        "qcow2": str(tmp_path / "qcow2.img"),
        "gzip": str(tmp_path / "gzip.img"),
        "clone": str(tmp_path / "clone.xml"),
        "output": str(tmp_path / "output.img"),
    }


def entry(mistake: Mistake, said: str, fake: Fake, words: dict[str, str]) -> str:
    """The entry of one mistake, without what differs from run to run."""
    for name, value in words.items():
        said = said.replace(value, f"{name}.img")
    said = said.replace(f"127.0.0.1:{fake.port}", "esx1:443").replace("127.0.0.1", "esx1")
    said = re.sub(r"\.upload-[0-9a-f]{8}", ".upload-XXXXXXXX", said)
    said = re.sub(r"haTask-\S+?-(\d+)\b", "haTask-N", said)
    command = mistake.command.format(**{name: f"{name}.img" for name in words})
    return f"# {mistake.title}\n$ virsh {command}\n{said.strip()}\n"


def read_golden() -> dict[str, str]:
    if not GOLDEN.exists():
        return {}
    entries = re.split(r"^(?=# )", GOLDEN.read_text(), flags=re.MULTILINE)[1:]
    return {text.splitlines()[0].removeprefix("# "): text.rstrip("\n") + "\n" for text in entries}


@pytest.fixture(scope="module")
def collected() -> Iterator[dict[str, str]]:
    """The entries of this run; written when they are asked for."""
    entries: dict[str, str] = {}
    yield entries
    if os.environ.get("REGENERATE"):
        whole = read_golden() | entries
        titles = [mistake.title for mistake in MISTAKES if mistake.title in whole]
        GOLDEN.write_text("\n".join(whole[title] for title in titles))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
def test_mistake(site, new_fake, mistake: Mistake, words: dict[str, str], collected: dict[str, str]):
    fake = new_fake(world=mistake.world, task_ms=0)
    mistake.before(fake)
    before = fake.files("datastore1")
    argv = shlex.split(mistake.command.format(**words))
    scheme = "vpx" if mistake.world == "vcenter" else "esx"
    done = site.virsh(fake, scheme=scheme, **mistake.parameters)(*argv)
    assert not done.ok, f"This should have failed: {done.out}"
    assert fake.files("datastore1") == before

    said = entry(mistake, done.err, fake, words)
    assert len(said) < 1024
    collected[mistake.title] = said
    if not os.environ.get("REGENERATE"):
        assert said == read_golden().get(mistake.title), "Right? Then run this with REGENERATE=1 and read the diff."


def test_the_golden_file_has_these_mistakes_and_no_others():
    assert list(read_golden()) == [mistake.title for mistake in MISTAKES]
