# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What ./dev scale writes of its figures, and how it measures a process."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from esxkit.harness import usage
from esxkit.measure.scale.page import CURVE, Figures, Pure, ScaleRow, Update, write_report

MIB = 1024**2
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def figures():
    used = usage.Used(seconds=12.5, cpu=0.25, peak=155 * MIB, after=150 * MIB)
    steady = {"": 20 * MIB, "large-vcenter": 130 * MIB}
    result = Figures(500, load=(0.5, 1.25), start={"large-vcenter": 9.5}, steady=steady)
    result.rows["large-vcenter"] = [ScaleRow("pool list", "daemon", used, 33, 222 * MIB, 4.0, "error: Too many")]
    result.updates = [
        Update("large-vcenter", 2000, 22000, 0.0005, 0.0005, 0.02),
        Update("counts", 2000, 2002, 0.00045, 0.00045, 0.02),
    ]
    result.pure = [Pure("datastores", 2000, 2000, 8.0, 4.25, 4195.0), Pure("vcenter", 2000, 22000, 8.5, 6.14, 87704.0)]
    return result


def test_report_and_curve(figures, tmp_path):
    write_report(figures, tmp_path)
    text = (tmp_path / "SCALE.md").read_text()
    assert "| pool list | daemon | 12,500 | 250 | 155 | 33 | 222.0 | 4,000 | error: Too many |" in text
    assert "A live daemon holds 130 MiB at the end; one that has opened nothing 20.0 MiB." in text
    assert "| 2,000 | 2,002 | 450 | 8.0 | 4.2 | 4,195.0 |" in text
    assert "| 2,000 | 22,000 | 500 | 8.5 | 6.1 | 87,704.0 |" in text
    assert f"]({CURVE})" in text
    drawn = ElementTree.fromstring((tmp_path / CURVE).read_bytes())
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    places = [float(e.text) for e in drawn.iter() if e.get("class", "").startswith("x ")]
    assert places
    assert all(0 <= x <= 900 for x in places)
    assert b"http://kozea" not in (tmp_path / CURVE).read_bytes()
    assert not [e for e in drawn.iter() if "//" in e.get("{http://www.w3.org/1999/xlink}href", "")]


def test_the_published_worlds_are_within_the_limit_of_a_retrieval():
    """The page promises worlds that the driver reads: their size, with some room, and the guide names the limit."""
    rows = [line.strip("| ").split(" | ") for line in (ROOT / "docs/SCALE.md").read_text().splitlines()]
    replies = [float(row[6]) for row in rows if len(row) == 9 and re.fullmatch(r"[\d.]+", row[6])]
    assert len(replies) > 30
    limits = (ROOT / "include/base/base_limits.h").read_text()
    (limit,) = (int(number) for number in re.findall(r"^#define LIMIT_WHOLE_MIB (\d+)$", limits, re.MULTILINE))
    assert limit >= 1.25 * max(replies) > 250
    (row,) = re.findall(
        r"^\| a whole retrieval \|(.*)\|$",
        (ROOT / "docs/reference/libvirt-driver-esx-storage.md").read_text(),
        re.MULTILINE,
    )
    assert f"also {limit} MiB " in row


def test_a_command_is_measured_without_who_started_it(tmp_path):
    held = bytearray(os.urandom(1)) * (256 * MIB)
    code = "import time; x = bytearray(b'x') * (64 << 20); time.sleep(0.3); print(len(x))"
    ran = usage.run(["/usr/bin/python3", "-c", code], dict(os.environ), tmp_path)
    assert (ran.code, ran.out.strip()) == (0, str(64 * MIB))
    assert 64 * MIB <= ran.used.peak < len(held)
    assert ran.used.seconds >= 0.3


def test_a_block_is_measured(tmp_path):
    with usage.Use(os.getpid()) as use:
        held = bytearray(b"x") * (64 * MIB)
        begun = time.thread_time()
        while time.thread_time() - begun < 0.05:
            pass
        del held
    assert use.taken.cpu >= 0.05
    assert use.taken.seconds >= 0.05
    assert use.taken.peak - use.taken.after > 32 * MIB
