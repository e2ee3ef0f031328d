# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The way of `vol-info` that docs/ARCHITECTURE.md lists for a new reader, followed through the sources."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import room_checks
import source_tree

ROOT = Path(__file__).parents[2]
MOST_FUNCTIONS = 10
MOST_CLIMBS = 2

# Where a table of functions is between two steps: the call through the table, and the row that leads on.
TABLES = {
    "vmfsVolume": (r"->volume\(", r"\.volume = vmfsVolume,"),
    "proveSingle": (r"->prove\(", r"CachedOps \w+ = \{ proveSingle,"),
}


def steps() -> list[tuple[str, str]]:
    """(function, file) of each step of the document's list."""
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    return re.findall(r"^\d+\. `(\w+)` \(`(src/[\w/]+\.c)`", text, re.MULTILINE)


def bodies(name: str) -> dict[str, str]:
    """The functions of a source file, each with its body."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return {function: body for function, _, _, body in source_tree.bodies(text)}


def reached(name: str, start: str) -> str:
    """The bodies of `start` and of all functions of the same file that it calls, directly or not."""
    functions = bodies(name)
    seen, todo = set(), [start]
    while todo:
        function = todo.pop()
        if function in seen or function not in functions:
            continue
        seen.add(function)
        todo += re.findall(r"\b(\w+)\(", functions[function])
    return "\n".join(functions[function] for function in seen)


def test_the_way_begins_in_the_table_and_ends_at_the_server():
    way = steps()
    assert 5 < len(way) <= MOST_FUNCTIONS
    assert f".storageVolGetInfo = {way[0][0]}," in (ROOT / "src/api/esx_storage_driver.c").read_text(encoding="utf-8")
    assert "viSessionExchange(" in reached(way[-1][1], way[-1][0])


def test_each_function_leads_to_the_next():
    way = steps()
    for (function, name), (following, there) in pairwise(way):
        assert function in bodies(name), (function, name)
        call, row = TABLES.get(following, (rf"\b{following}\(", ""))
        assert re.search(call, reached(name, function)), f"{function} does not lead to {following}"
        assert not row or re.search(row, (ROOT / there).read_text(encoding="utf-8")), following


def test_the_way_goes_down():
    floors = list(room_checks.FLOORS)
    heights = [floors.index(name.split("/")[1]) for _, name in steps()]
    climbs = sum(after > before for before, after in pairwise(heights))
    assert climbs <= MOST_CLIMBS
