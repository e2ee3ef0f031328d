# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The matrix of attacks itself: which cells there are, and what is a failure."""

from __future__ import annotations

from typing import ClassVar

import attrs
import pytest

from esxkit.attack.matrix import command, judge
from esxkit.attack.matrix.cells import Cell, Outcome
from esxkit.attack.matrix.plan import EXCEPTIONS, Choice, cells, shuffled
from esxkit.attack.matrix.report import MatrixRun, report, summary
from esxkit.attack.matrix.troubles import TROUBLES
from esxkit.attack.matrix.verbs import VERBS
from esxkit.fake.troubles import Rule
from esxkit.harness.servers import PASSWORD

WAY = ("embedded", "esx", "delete_file")
REQUESTS = {WAY: (("WaitForUpdatesEx", 0), ("folder:GET", 0), ("folder:GET", 1))}
A = Cell(*WAY, "folder:GET", 0, "empty")


def test_each_trouble_is_an_order_the_fake_takes():
    for trouble in TROUBLES.values():
        methods = [m for m in ("WaitForUpdatesEx", "folder:GET", "folder:HEAD", "folder:PUT") if trouble.fits(m)]
        assert methods
        for method in methods:
            Rule(method=method, **trouble.order)


def test_each_request_meets_each_trouble_that_fits():
    every = cells(REQUESTS)
    assert A in every
    assert len(set(every)) == len(every)
    assert {c.trouble for c in every if c.method == "WaitForUpdatesEx"} == {
        name
        for name, trouble in TROUBLES.items()
        if trouble.fits("WaitForUpdatesEx") and (name, "WaitForUpdatesEx") not in EXCEPTIONS
    }
    assert not [c for c in every if c.trouble == "entities" and c.method == "folder:GET"]
    assert [c.nth for c in every if c.trouble == "empty" and c.method == "folder:GET"] == [0, 1]


def test_what_is_left_out_has_a_reason():
    wipe = {("embedded", "esx", "wipe"): (("ZeroFillVirtualDisk_Task", 0), ("RetrievePropertiesEx", 0))}
    left_out = {("success without effect", "ZeroFillVirtualDisk_Task")}
    assert set(EXCEPTIONS) == left_out | {("names of 1 MB", "WaitForUpdatesEx")}
    assert all(len(reason) > 20 for reason in EXCEPTIONS.values())
    assert not left_out & {(c.trouble, c.method) for c in cells(wipe)}
    assert ("success without effect", "RetrievePropertiesEx") in {(c.trouble, c.method) for c in cells(wipe)}


def test_a_seed_picks_the_same_cells_again():
    every = cells(REQUESTS)
    assert shuffled(every, 5, 10) == shuffled(every, 5, 10)
    assert shuffled(every, 5, 10) != shuffled(every, 6, 10)
    assert sorted(map(str, shuffled(every, 5))) == sorted(map(str, every))


def test_a_choice_of_verbs_modes_and_kinds():
    assert Choice(("remote",), ("vpx",), ("wipe",)).runs() == [("remote", "vpx", "wipe")]
    assert Choice(kinds=("vpx",), verbs=("slow_vol_list",)).runs() == []
    assert len(Choice().runs()) == 2 * sum(len(verb.kinds) for verb in VERBS.values())


@pytest.mark.parametrize(
    ("path", "message", "is_named"),
    [
        ("[ds] matrix/made.vmdk", "cannot make 'matrix/made.vmdk': it broke", True),
        ("[ds] matrix/made-flat.vmdk", "cannot make 'matrix/made.vmdk': it broke", True),
        ("[ds] matrix/f1", "the folder 'matrix/f1' stays", True),
        ("[ds] matrix/file.raw.upload-0123abcd", "'[ds] matrix/file.raw.upload-0123abcd' stays", True),
        ("[ds] matrix/file.raw.upload-0123abcd", "cannot upload to 'matrix/file.raw'", False),
        ("[ds] matrix/made.vmdk", "it broke", False),
    ],
)
def test_what_an_error_names(path, message, is_named):
    assert judge.named(path, message) is is_named
    assert judge.unnamed({path: 1}, {}, message) == ([] if is_named else [path])
    assert judge.unnamed({}, {path: 1}, message) == ([] if is_named else [path])


def test_a_part_of_a_listing():
    whole = [("a", 1), ("b", 2)]
    assert judge.is_part(whole, whole)
    assert judge.is_part([("a", 5)], whole)
    assert judge.is_part((1, ["a"]), (2, ["a", "b"]))
    assert not judge.is_part([("c", 1)], whole)
    assert not judge.is_part("a", "ab")


@pytest.mark.parametrize(
    ("message", "good"),
    [
        ("cannot list the volumes of pool 'ds': it broke", True),
        ("an error occurred, but the cause is unknown", False),
        (f"cannot log in as root with {PASSWORD} at the host", False),
        ("cannot list the volumes of pool '\u202eds'", False),
        ("cannot list the volumes of pool 'd\x1bs'", False),
        ("cannot list:", False),
    ],
)
def test_what_a_message_may_be(message, good):
    assert (judge.message_fault(message) == "") is good


class _Crew:
    """A crew whose cells come to what a test says: first beside others, then by themselves."""

    crews: ClassVar[list[list[Outcome]]] = []

    def __init__(self, _workers: int) -> None:
        self._outcomes = {outcome.cell: outcome for outcome in self.crews.pop(0)}

    def __enter__(self) -> _Crew:
        return self

    def __exit__(self, *_exc: object) -> None:
        pass

    def do(self, jobs, _until=None):
        for job in jobs:
            yield job, self._outcomes[job] if isinstance(job, Cell) else REQUESTS[WAY]


@pytest.mark.parametrize("verdict", judge.BAD)
def test_a_sample_runs_again_what_may_be_late_and_keeps_both_verdicts(monkeypatch, verdict):
    monkeypatch.setattr(command, "Crew", _Crew)
    choice = Choice(("embedded",), ("esx",), ("delete_file",), ("empty",))
    every = cells(REQUESTS, choice.troubles)
    first = [Outcome(cell, verdict if cell == A else "done", 3.5, "why it failed") for cell in every]
    monkeypatch.setattr(_Crew, "crews", [first, [Outcome(A, "refused, as before", 0.1)]])
    run = command.sample(len(every), 1, choice=choice)
    assert len(run.outcomes) == len(every)
    if verdict in ("crash", "wrong data", "bad message"):
        assert [outcome.verdict for outcome in run.bad()] == [verdict]
        assert "run twice" not in summary(run)
    else:
        assert not run.bad()
        assert f"run twice: {A}: first {verdict} after 3.5 s, then refused, as before: why it failed" in summary(run)


def test_the_report_counts_and_lists_failures():
    outcomes = [
        Outcome(A, "done", 0.1),
        Outcome(attrs.evolve(A, nth=1), "refused, as before", 0.2, "it broke"),
        Outcome(attrs.evolve(A, trouble="bytes"), "no effect", 3.0, "nothing\nhappened"),
    ]
    run = MatrixRun(7, 100, outcomes, 60.0)
    text = report(run)
    assert "**3 of 100 cells, 1 failures**" in text
    assert "./dev matrix --seed 7" in text
    assert "* **no effect**: embedded esx delete_file: bytes at folder:GET 1: `nothing happened`" in text
    assert "| delete_file | 3 | 1 | 1 | 0 | 0 | 0 | 1 | 3.0 |" in text
    assert summary(run).startswith("seed 7: 3 of 100 cells in 60 s")
    assert judge.failures(run.counts().elements()) == 1
    assert [outcome.verdict for outcome in run.bad()] == ["no effect"]
