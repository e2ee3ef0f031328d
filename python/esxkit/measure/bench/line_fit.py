# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The straight line that measurements lie on, for what would take too long to measure."""

from __future__ import annotations

from collections.abc import Sequence

import attrs


@attrs.frozen
class Line:
    """``constant + slope * x``, and how far from it the worst of the points lies, as a part of its value."""

    constant: float
    slope: float
    worst: float

    def at(self, x: float) -> float:
        """Its value, also where nothing was measured."""
        return self.constant + self.slope * x


def fit(points: Sequence[tuple[float, float]]) -> Line:
    """The line through points (x, y) whose relative errors are smallest by their squares.

    Relative, since the largest value would decide alone otherwise. ValueError for fewer than two different x.
    """
    if len({x for x, _ in points}) < 2:
        raise ValueError("A line needs two different points.")
    weights = [1 / y**2 for _, y in points]
    total = sum(weights)
    mean_x = sum(w * x for w, (x, _) in zip(weights, points, strict=True)) / total
    mean_y = sum(w * y for w, (_, y) in zip(weights, points, strict=True)) / total
    spread = sum(w * (x - mean_x) ** 2 for w, (x, _) in zip(weights, points, strict=True))
    slope = sum(w * (x - mean_x) * (y - mean_y) for w, (x, y) in zip(weights, points, strict=True)) / spread
    constant = mean_y - slope * mean_x
    worst = max(abs(constant + slope * x - y) / y for x, y in points)
    return Line(constant, slope, worst)
