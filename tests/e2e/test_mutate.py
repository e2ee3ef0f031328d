# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A few hundred mutated replies of ``./dev mutate``, on the build of the tests and in both modes."""

from __future__ import annotations

import time

from esxkit.attack.matrix.command import SEED, seed_of_environment
from esxkit.attack.mutate import command as mutate

SECONDS = 35
"""An idle machine makes the replies in less; a busy one stops there."""
MUTATED = 300
AT_LEAST = 30


def test_a_host_whose_replies_are_mutated():
    """No process ends, no call hangs, no secret shows, and after each mutation a good round works again."""
    seed, end = seed_of_environment(), time.monotonic() + SECONDS
    print(f"{SEED}={seed}, or ./dev mutate --build plain --seed {seed}")

    def goes_on(result: mutate.MutateResult) -> bool:
        enough = result.mutated >= MUTATED or (time.monotonic() > end and result.mutated >= AT_LEAST)
        # The last round is a good one.
        return not enough or result.rounds % mutate.GOOD_EACH != 0

    result = mutate.run(seed, goes_on, report=print)
    print(result.line())
    assert result.mutated >= AT_LEAST
    assert result.rounds >= mutate.GOOD_EACH
    assert not result.failures, "\n".join(result.failures)
