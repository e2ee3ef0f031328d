# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The plots of docs/BENCHMARKS.md."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pygal
from pygal.style import Style

from esxkit.measure.bench.clients import BUILTIN, COLD, CURL, EMBEDDED, LIVE, OF_VOLUMES, PYVMOMI
from esxkit.measure.bench.headlines import builtin_line
from esxkit.measure.bench.matrix import LATENCY, VOLUMES, Row
from esxkit.measure.report import tidy

_COLORS = {
    EMBEDDED: "#1f5fbf",
    COLD: "#6fa8dc",
    LIVE: "#2a9d5c",
    BUILTIN: "#c0392b",
    PYVMOMI: "#e08e0b",
    CURL: "#555555",
}
_LOOKS = {"js": (), "width": 900, "height": 520, "legend_at_bottom": True, "truncate_legend": -1}
_POWERS = [0.01, 0.1, 1, 10, 100, 1000]


def _style(colors: Iterable[str]) -> Style:
    return Style(background="white", plot_background="white", opacity=".9", colors=tuple(colors))


def _log(title: str, kind: type, colors: Iterable[str], most: float, **more: Any) -> Any:
    """A chart with seconds from 0.01 to the power of ten above `most`."""
    labels = _POWERS[: next(n for n, power in enumerate(_POWERS, 1) if power >= most)]
    looks = {"y_title": "seconds", "y_labels": labels, "range": (labels[0], labels[-1]), "zero": labels[0], **_LOOKS}
    return kind(title=title, logarithmic=True, style=_style(colors), **looks, **more)


def _seconds(rows: list[Row], client: str, **where: Any) -> list[Row]:
    return [r for r in rows if r.client == client and all(getattr(r, name) == value for name, value in where.items())]


def by_volumes(rows: list[Row]) -> Any:
    """vol-list --details over the number of volumes."""
    series: list[tuple[str, str, list[tuple[float, float]], dict[str, Any]]] = []
    for client, color in _COLORS.items():
        found = _seconds(rows, client, command=OF_VOLUMES[0], latency_ms=LATENCY)
        points: list[tuple[float, float]] = sorted((r.volumes, r.seconds) for r in found)
        if points:
            series.append((client, color, points, {}))
        line = builtin_line(rows, LATENCY)
        if client == BUILTIN and line and points[-1][0] < VOLUMES:
            dashes = {"stroke_style": {"dasharray": "6, 6", "width": 2}}
            series.append((f"{client}, by its line", color, [points[-1], (VOLUMES, line.at(VOLUMES))], dashes))
    most = max((y for _, _, way, _ in series for _, y in way), default=1)
    title = f"vol-list --details, {LATENCY} ms a round trip"
    colors = [color for _, color, _, _ in series]
    chart = _log(title, pygal.XY, colors, most, x_title="volumes", x_labels=[10, 100, 1000])
    for name, _, way, more in series:
        chart.add(name, way, **more)
    return chart


def _side_by_side(title: str, kind: type, labels: list[str], values: dict[str, list[float | None]], **more: Any) -> Any:
    """A chart with a value of each client at each label."""
    values = {client: found for client, found in values.items() if any(found)}
    most = max((value for found in values.values() for value in found if value), default=1)
    chart = _log(title, kind, [_COLORS[client] for client in values], most, x_labels=labels, **more)
    for client, found in values.items():
        chart.add(client, found)
    return chart


def by_latency(rows: list[Row], volumes: int = 100) -> Any:
    """vol-list --details over the latency."""
    latencies = sorted({r.latency_ms for r in rows})
    values: dict[str, list[float | None]] = {}
    for client in _COLORS:
        found = {r.latency_ms: r.seconds for r in _seconds(rows, client, command=OF_VOLUMES[0], volumes=volumes)}
        values[client] = [found.get(one) for one in latencies]
    labels = [f"{one:g} ms" for one in latencies]
    title = f"vol-list --details, {volumes} volumes"
    return _side_by_side(title, pygal.Line, labels, values, x_title="latency of a round trip")


def by_datastores(rows: list[Row]) -> Any:
    """pool-list --all --details over the number of datastores."""
    command = "pool-list --all --details"
    sizes = sorted({r.datastores for r in rows if r.command == command})
    values: dict[str, list[float | None]] = {}
    for client in _COLORS:
        found = {r.datastores: r.seconds for r in _seconds(rows, client, command=command, latency_ms=LATENCY)}
        values[client] = [found.get(size) for size in sizes]
    labels = [f"{size} datastores" for size in sizes]
    return _side_by_side(f"{command}, {LATENCY} ms a round trip", pygal.Bar, labels, values)


def of_codec(codec: dict[str, Any]) -> Any:
    """MB/s of everybody who decodes."""
    replies = codec["replies"]
    labels = [row["name"] for row in replies]
    colors = (_COLORS[CURL], _COLORS[EMBEDDED], _COLORS[PYVMOMI])
    chart = pygal.Bar(title="Decoding replies", y_title="MB/s", x_labels=labels, style=_style(colors), **_LOOKS)
    for name, way in (("libxml2 alone", "bare"), ("our codec", "decode"), ("pyVmomi", "pyvmomi")):
        chart.add(name, [round(row[f"{way}_mb_s"], 1) for row in replies])
    return chart


def write(folder: Path, rows: list[Row], codec: dict[str, Any]) -> dict[str, str]:
    """Write them all; the names of the files with what they show."""
    charts = {
        "bench-volumes.svg": by_volumes(rows),
        "bench-latency.svg": by_latency(rows),
        "bench-datastores.svg": by_datastores(rows),
        "bench-codec.svg": of_codec(codec),
    }
    for name, chart in charts.items():
        (folder / name).write_bytes(tidy(chart.render()))
    return {name: chart.config.title for name, chart in charts.items()}
