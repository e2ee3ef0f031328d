# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Descriptors of disks that other programs wrote are read; one that cannot be used is named by its true fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from esxkit.harness.servers import Fake

DISK = "Fedora/Fedora.vmdk"
MAGIC = "# Disk DescriptorFile"

WRITERS = {
    "Descriptor File": lambda text: text.replace(MAGIC, "# Disk Descriptor File"),
    "a byte order mark": lambda text: "\ufeff" + text,
    "a blank first line": lambda text: "\n" + text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "all of it": lambda text: "\ufeff\n" + text.replace(MAGIC, "# Disk Descriptor File").replace("\n", "\r\n"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_descriptor_of_another_program(site, new_fake, tmp_path: Path, writer: str):
    server: Fake = new_fake(task_ms=0)
    text = server.text("datastore1", DISK)
    assert text.startswith(MAGIC)
    server.fill("datastore1", DISK, WRITERS[writer](text).encode())
    output = tmp_path / "out.img"
    arguments = ("vol-download", "--pool", "datastore1", DISK, str(output), "--length", "4096")
    site.virsh(server)(*arguments).check()
    assert output.stat().st_size == 4096


NAMES = {
    "not UTF-8": (b"gr\xf6\xdfe-flat.vmdk", "whose name is not UTF-8"),
    "a control character": (b"gro\x1b[1m-flat.vmdk", "whose name has a control character"),
    "elsewhere": (b"../Fedora/Fedora-flat.vmdk", "which is not in the folder of the disk"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_cannot_be_used_is_named_by_its_fault(site, new_fake, tmp_path: Path, name: str):
    server: Fake = new_fake(task_ms=0)
    data = server.contents("datastore1", DISK)
    server.fill("datastore1", DISK, data.replace(b"Fedora-flat.vmdk", NAMES[name][0]))
    result = site.virsh(server)("vol-download", "--pool", "datastore1", DISK, str(tmp_path / "out.img"))
    assert not result.ok
    assert NAMES[name][1] in result.err
    assert "\x1b" not in result.err
