# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Which cells there are."""

from __future__ import annotations

import random
from collections.abc import Iterable

import attrs

from esxkit.attack.matrix.cells import MODES, Cell
from esxkit.attack.matrix.troubles import TROUBLES
from esxkit.attack.matrix.verbs import KINDS, VERBS

Requests = dict[tuple[str, str, str], tuple[tuple[str, int], ...]]
"""The requests of each (mode, kind, verb)."""


EXCEPTIONS = {
    ("success without effect", "ZeroFillVirtualDisk_Task"): (
        "Whether a wipe has written zeros could be known only by reading the whole disk back."
    ),
    ("names of 1 MB", "WaitForUpdatesEx"): (
        "What a host reports of a change counts until it reports another one: a pool with such a name stays left out."
    ),
}
"""Troubles at methods that are left out, with the reason; the report lists them."""


@attrs.frozen
class Choice:
    """Which modes, kinds of servers, verbs and troubles; () is all."""

    modes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()

    def runs(self) -> list[tuple[str, str, str]]:
        """Each (mode, kind, verb)."""
        return [
            (mode, kind, name)
            for mode in self.modes or MODES
            for kind in self.kinds or KINDS
            for name in self.verbs or VERBS
            if kind in VERBS[name].kinds
        ]


def cells(requests: Requests, troubles: Iterable[str] = ()) -> list[Cell]:
    """Every cell, in a fixed order."""
    return [
        Cell(mode, kind, verb, method, nth, trouble)
        for (mode, kind, verb), made in sorted(requests.items())
        for method, nth in made
        for trouble in troubles or TROUBLES
        if TROUBLES[trouble].fits(method)
        and (trouble, method) not in EXCEPTIONS
        and (nth == 0 or not TROUBLES[trouble].lasts or nth < 2)
    ]


def shuffled(every: list[Cell], seed: int, count: int | None = None) -> list[Cell]:
    """The cells in an order that the seed gives; `count`: the first of them."""
    mixed = list(every)
    random.Random(seed).shuffle(mixed)
    return mixed if count is None else mixed[:count]
