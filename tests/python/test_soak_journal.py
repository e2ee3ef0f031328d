# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The journal of a soak: which states an answer may show."""

from __future__ import annotations

from pathlib import Path

import pytest

from esxkit.measure.soak import journal
from esxkit.measure.soak.journal import JournalReader, JournalWriter, State


@pytest.fixture
def clock(monkeypatch):
    """The time, to be set."""
    now = [0.0]
    monkeypatch.setattr(journal.time, "monotonic", lambda: now[0])

    def at(seconds: float) -> None:
        now[0] = seconds

    return at


@pytest.fixture
def reader(tmp_path: Path, clock) -> JournalReader:
    """A slot that is "a" from 0 to 10 s, becomes "b" between 10 and 11 s, and is going away from 20 s on."""
    writer = JournalWriter(tmp_path / "journal")
    for begun, ended, name in ((0, 0, "a"), (10, 11, "b"), (20, None, None)):
        clock(begun)
        writer.begin(7, State(name))
        if ended is not None:
            clock(ended)
            writer.end(7)
    writer.close()
    return JournalReader(tmp_path / "journal", 2)


@pytest.mark.parametrize(
    ("asked", "answered", "names"),
    [
        (5, 6, ["a"]),
        (9, 10, ["a", "b"]),
        (10.5, 10.6, ["a", "b"]),
        (12.9, 13, ["a", "b"]),
        (13.1, 14, ["b"]),
        (5, 15, ["a", "b"]),
        (19, 20, ["b", None]),
        (99, 99, ["b", None]),
    ],
)
def test_what_an_answer_may_show(reader: JournalReader, asked: float, answered: float, names: list[str | None]):
    assert [state.name for state in reader.possible(7, asked, answered)] == names


def test_what_is_known_of_a_slot(reader: JournalReader):
    assert reader.slots == [7]
    assert reader.now(7) == State(None)
    assert reader.names(7) == {"a", "b"}


def test_a_line_that_is_not_whole_is_read_later(tmp_path: Path):
    path = tmp_path / "journal"
    writer = JournalWriter(path)
    writer.begin(0, State("a", (2, 3, 1, 2), 4))
    writer.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:20])
    reader = JournalReader(path, 1)
    assert reader.slots == []
    path.write_bytes(whole)
    assert reader.slots == [0]
    assert reader.now(0) == State("a", (2, 3, 1, 2), 4)
