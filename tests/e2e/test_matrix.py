# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A sample of ``./dev matrix``: verbs in trouble at one of their requests, another sample in each run."""

from __future__ import annotations

from pathlib import Path

import pytest

from esxkit.attack.matrix.command import sample, seed_of_environment
from esxkit.attack.matrix.report import summary
from esxkit.harness import environment

CELLS = 300


@pytest.mark.skipif(bool(environment.preload() or environment.wrapper()), reason="the time-outs of a cell are short")
def test_matrix(driver: Path, record_property):
    seed = seed_of_environment()
    print(f"seed {seed}: ESXKIT_SEED={seed} repeats it, or ./dev matrix --seed {seed} --cells {CELLS}")
    run = sample(CELLS, seed, workers=4)
    text = summary(run)
    print(text)
    # Also of a run that passes, what failed at first is shown at the end.
    record_property("matrix", text)
    assert len(run.outcomes) == CELLS
    bad = "\n".join(f"{outcome.verdict}: {outcome.cell}: {outcome.said}" for outcome in run.bad())
    assert not bad, f"{text}\n{bad}"
    # Most cells reach their request, and both outcomes occur.
    counts = run.counts()
    assert counts["not reached"] < CELLS / 4
    assert counts["done"]
    assert counts["refused, as before"]
