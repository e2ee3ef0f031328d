# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The guide's and SECURITY.md's tables of URI parameters, held against the table in the driver (esx_uri_table.h)."""

from __future__ import annotations

import re
import subprocess

import attrs
import pytest

from esxkit.harness.environment import REPOSITORY, driver_dir

GUIDE = REPOSITORY / "docs" / "reference" / "libvirt-driver-esx-storage.md"
SECURITY = REPOSITORY / "docs" / "SECURITY.md"
PRINTER = driver_dir().parent / "tests" / "unit" / "test_esx_uri_table"


@attrs.frozen
class Row:
    """One row of the driver's table; numbers as a user writes them."""

    name: str
    guest: str
    unit: str
    minimum: str
    maximum: str
    standard: str

    @property
    def values(self) -> str:
        """How the guide gives the range of a number."""
        return f"{'seconds, ' if self.unit == '1000' else ''}{self.minimum} to {self.maximum}"


def driver_table() -> dict[str, Row]:
    """The rows of the driver's own table, as its test program prints them."""
    text = subprocess.run([PRINTER, "--print"], capture_output=True, text=True, check=True, timeout=60).stdout
    rows = {}
    for line in text.splitlines():
        name, guest, unit, *numbers = line.split("|")
        rows[name] = Row(name, guest, unit, *(f"{int(number) / max(int(unit), 1):.10g}" for number in numbers))
    return rows


def document_table(text: str, columns: int) -> dict[str, tuple[str, ...]]:
    """The rows of the first table of parameters in `text`: name to the cells behind it, without quotes and commas."""
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|" + r" ([^|]*) \|" * columns + "$", text, re.MULTILINE)
    return {
        name: tuple(re.sub(r"(?<=\d),(?=\d{3})", "", cell.replace("`", "")) for cell in cells)
        for names, *cells in rows
        for name in re.findall(r"`(\w+)`", names)
    }


def guide_table(text: str) -> dict[str, tuple[str, ...]]:
    return document_table(text[text.index("| parameter | values |") : text.index("At most one of `cacert`")], 3)


def security_table(text: str) -> dict[str, tuple[str, ...]]:
    begin = text.index("| parameter | for a restricted client |")
    return document_table(text[begin : text.index("\n\n", begin)], 2)


def differences(driver: dict[str, Row], guide: str, security: str) -> list[str]:
    """What the two documents say differently from the driver, a sentence each."""
    values, verdicts = guide_table(guide), security_table(security)
    found = [f"the guide has no row for {name}" for name in driver.keys() - values.keys()]
    found += [f"SECURITY.md has no row for {name}" for name in driver.keys() - verdicts.keys()]
    found += [f"the driver does not know {name}" for name in (values.keys() | verdicts.keys()) - driver.keys()]
    for row in driver.values():
        if row.unit != "0" and row.name in values:
            if values[row.name][:2] != (row.values, row.standard):
                found.append(f"the guide has {values[row.name][:2]} for {row.name}, not {(row.values, row.standard)}")
        expected = f"{row.guest} {row.standard}" if row.guest.startswith("at ") else row.guest
        if row.name in verdicts and not re.match(rf"{re.escape(expected)}(?![\d.])", verdicts[row.name][0]):
            found.append(f"SECURITY.md has {verdicts[row.name][0]!r} for {row.name}, not {expected!r}")
    return found


def test_the_documents_say_what_the_driver_does():
    driver = driver_table()
    assert {"cacert", "linger", "authfile"} <= driver.keys()
    assert differences(driver, GUIDE.read_text(), SECURITY.read_text()) == []


@pytest.mark.parametrize(
    ("document", "old", "new", "said"),
    [
        ("guide", r"^\| `linger` .*\n", "", "the guide has no row for linger"),
        ("guide", r"^\| `auto_answer`, `vcenter`", "| `auto_answer`", "the guide has no row for vcenter"),
        ("guide", r"0 to 3600 \| `5`", "0 to 3600 | `6`", "for linger"),
        ("guide", r"1 to 16", "1 to 17", "for connections"),
        ("guide", r"^\| `linger`", "| `lingers`", "the driver does not know lingers"),
        ("security", r"^\| `path` .*\n", "", "SECURITY.md has no row for path"),
        ("security", r"`cacert`, ", "", "SECURITY.md has no row for cacert"),
        ("security", r"at most 86,400", "at most 86", "for task_timeout"),
        ("security", r"^(\| `path` \|) allowed", r"\1 refused", "for path"),
        ("security", r"^(\| `cache_ttl` \|) at least", r"\1 at most", "for cache_ttl"),
    ],
)
def test_a_planted_difference_is_found(document: str, old: str, new: str, said: str):
    texts = {"guide": GUIDE.read_text(), "security": SECURITY.read_text()}
    before = texts[document]
    texts[document] = re.sub(old, new, before, count=1, flags=re.MULTILINE)
    assert texts[document] != before
    found = differences(driver_table(), texts["guide"], texts["security"])
    assert any(said in sentence for sentence in found), found
