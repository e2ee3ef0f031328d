# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The plots of docs/BENCHMARKS.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pygal
from pygal.style import CleanStyle

from ..svg import tidy
from .clients import BUILTIN, CLIENTS, OF_VOLUMES
from .headlines import LATENCY, VOLUMES, builtin_line
from .matrix import Row

_STYLE = {"style": CleanStyle, "js": (), "width": 900, "height": 520, "legend_at_bottom": True, "show_dots": True}


def _log(title: str, kind: type = pygal.XY, **more: Any) -> Any:
    return kind(title=title, logarithmic=True, y_title="seconds", **{**_STYLE, **more})


def _seconds(rows: list[Row], client: str, **where: Any) -> list[Row]:
    return [r for r in rows if r.client == client and all(getattr(r, name) == value for name, value in where.items())]


def by_volumes(rows: list[Row]) -> Any:
    """vol-list --details over the number of volumes."""
    chart = _log(f"vol-list --details, {LATENCY} ms a round trip", x_title="volumes", x_labels=[10, 100, 1000])
    for client in CLIENTS:
        found = _seconds(rows, client, command=OF_VOLUMES[0], latency_ms=LATENCY)
        points = sorted((r.volumes, r.seconds) for r in found)
        if points:
            chart.add(client, points)
        line = builtin_line(rows, LATENCY)
        if client == BUILTIN and line and points[-1][0] < VOLUMES:
            dashes = {"dasharray": "6, 6", "width": 2}
            chart.add(f"{client}, by its line", [points[-1], (VOLUMES, line.at(VOLUMES))], stroke_style=dashes)
    return chart


def by_latency(rows: list[Row], volumes: int = 100) -> Any:
    """vol-list --details over the latency."""
    latencies = sorted({r.latency_ms for r in rows})
    title = f"vol-list --details, {volumes} volumes"
    chart = _log(title, pygal.Line, x_title="latency of a round trip", x_labels=[f"{one:g} ms" for one in latencies])
    for client in CLIENTS:
        found = {r.latency_ms: r.seconds for r in _seconds(rows, client, command=OF_VOLUMES[0], volumes=volumes)}
        if found:
            chart.add(client, [found.get(one) for one in latencies])
    return chart


def by_datastores(rows: list[Row]) -> Any:
    """pool-list --all --details over the number of datastores."""
    command = "pool-list --all --details"
    sizes = sorted({r.datastores for r in rows if r.command == command})
    labels = [f"{size} datastores" for size in sizes]
    chart = _log(f"{command}, {LATENCY} ms a round trip", pygal.Bar, x_labels=labels)
    for client in CLIENTS:
        found = {r.datastores: r.seconds for r in _seconds(rows, client, command=command, latency_ms=LATENCY)}
        if found:
            chart.add(client, [found.get(size) for size in sizes])
    return chart


def of_codec(codec: dict[str, Any]) -> Any:
    """MB/s of everybody who decodes."""
    replies = codec["replies"]
    labels = [row["name"] for row in replies]
    chart = _log("Decoding replies", pygal.Bar, x_labels=labels, height=420)
    chart.config.y_title = "MB/s"
    for name, way in (("libxml2 alone", "bare"), ("our codec", "decode"), ("pyVmomi", "pyvmomi")):
        chart.add(name, [row[f"{way}_mb_s"] for row in replies])
    return chart


def write(folder: Path, rows: list[Row], codec: dict[str, Any]) -> dict[str, str]:
    """Writes them all; the names of the files with what they show."""
    charts = {
        "bench-volumes.svg": by_volumes(rows),
        "bench-latency.svg": by_latency(rows),
        "bench-datastores.svg": by_datastores(rows),
        "bench-codec.svg": of_codec(codec),
    }
    for name, chart in charts.items():
        (folder / name).write_bytes(tidy(chart.render()))
    return {name: chart.config.title for name, chart in charts.items()}
