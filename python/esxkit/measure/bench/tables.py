# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What was measured, as tables: for a terminal by rich, for a page in Markdown."""

from __future__ import annotations

from typing import Any

from esxkit.measure.bench.clients import BUILTIN, CLIENTS, CURL, OF_VOLUMES
from esxkit.measure.bench.headlines import HEADLINES, builtin_line
from esxkit.measure.bench.matrix import Row
from esxkit.measure.report import MIB, Table, number

DETAIL_LATENCY = 20


def of_headlines(values: dict[str, float | None]) -> Table:
    """The ten figures and what they have to be."""
    rows = []
    for headline in HEADLINES:
        holds = headline.holds(values[headline.key])
        said = {True: "yes", False: "MISSED", None: "not measured"}[holds]
        rows.append((headline.what, headline.key, number(values[headline.key]), headline.aim, said))
    return Table("Headlines", ("what", "key", "value", "has to be", "holds"), rows, words=2)


def _size(row: Row) -> str:
    volumes = row.command in OF_VOLUMES
    return f"{row.volumes:,} volumes" if volumes else f"{row.datastores} datastores"


def of_command(rows: list[Row], command: str) -> Table:
    """Wall time of everybody, in ms, and how many times the bound's it is."""
    cells = {(r.datastores, r.volumes, r.latency_ms, r.client): r for r in rows if r.command == command}
    clients = [name for name in CLIENTS if any(key[3] == name for key in cells)]
    lines = []
    for place in dict.fromkeys(key[:3] for key in cells):
        bound = cells.get((*place, CURL))
        texts = []
        for client in clients:
            row = cells.get((*place, client))
            seconds, mark = (row.seconds, "") if row else (None, "")
            if row is None and client == BUILTIN and command == OF_VOLUMES[0]:
                line = builtin_line(rows, place[2])
                seconds, mark = (line.at(place[1]), "*") if line else (None, "")
            ratio = f" ({number(seconds / bound.seconds)}x)" if seconds and bound and client != CURL else ""
            texts.append(f"{number(seconds and seconds * 1e3)}{mark}{ratio}")
        some = next(row for key, row in cells.items() if key[:3] == place)
        lines.append((_size(some), f"{place[2]:g} ms", *texts))
    return Table(f"{command}: ms (times curl's)", ("size", "latency", *clients), lines, words=2)


def of_costs(rows: list[Row], command: str, latency: float) -> Table:
    """What else it takes, at one latency and the largest size that everybody was measured at."""
    chosen = [row for row in rows if row.command == command and row.latency_ms == latency]
    lines = []
    for row in chosen:
        memory, cpu = f"{row.peak / MIB:.1f}", f"{row.cpu * 1e3:.1f}"
        if row.daemon_peak is not None and row.daemon_cpu is not None:
            memory, cpu = f"{memory} + {row.daemon_peak / MIB:.1f}", f"{cpu} + {row.daemon_cpu * 1e3:.1f}"
        sizes = (f"{row.bytes_sent / 1e3:,.1f}", f"{row.bytes_received / 1e3:,.1f}")
        own = (f"{row.server_seconds * 1e3:.1f}", f"{row.server_cpu * 1e3:.1f}")
        lines.append((_size(row), row.client, f"{row.requests:,}", *sizes, cpu, memory, *own))
    columns = ("size", "client", "round trips", "kB sent", "kB received", "CPU ms", "memory MiB")
    return Table(
        f"{command}, {latency:g} ms: costs (client + daemon)", (*columns, "server ms", "server CPU ms"), lines, words=2
    )


def of_line(rows: list[Row], volumes: int) -> Table | None:
    """The line that the built-in driver's vol-list lies on."""
    lines = []
    for latency in dict.fromkeys(row.latency_ms for row in rows):
        line = builtin_line(rows, latency)
        if line:
            points = sorted(
                r.volumes
                for r in rows
                if (r.client, r.command, r.latency_ms) == (BUILTIN, OF_VOLUMES[0], latency)
            )
            lines.append(
                (
                    f"{latency:g} ms",
                    f"{line.constant:.3f} s + {line.slope * 1e3:.2f} ms · N",
                    ", ".join(map(str, points)),
                    f"{line.worst:.1%}",
                    f"{line.at(volumes):,.1f} s*",
                )
            )
    columns = ("latency", "line", "measured at N", "farthest point", f"N = {volumes:,}")
    return Table(f"{OF_VOLUMES[0]}: the built-in driver's line", columns, lines) if lines else None


def of_live(live: dict[str, Any]) -> Table:
    """The live daemon."""
    rows = [
        (r["what"], *(number(r[key]) for key in ("median_ms", "least_ms", "most_ms")), str(r["requests"]))
        for r in live["rows"]
    ]
    columns = ("what", "median ms", "least", "most", "requests")
    return Table(f"A live daemon, {live['datastores']:,} datastores", columns, rows)


def of_codec(codec: dict[str, Any]) -> Table:
    """The codec alone."""
    rows = [
        (
            row["name"],
            f"{row['bytes'] / 1e3:,.1f}",
            *(number(row[f"{way}_mb_s"]) for way in ("bare", "decode", "pyvmomi")),
            f"{row['ratio']:.2f}",
            number(row["speedup_over_pyvmomi"]),
        )
        for row in codec["replies"]
    ]
    columns = ("reply", "kB", "libxml2 alone MB/s", "codec MB/s", "pyVmomi MB/s", "times libxml2's", "times as fast")
    return Table("The codec alone", columns, rows)


def of_streams(streams: dict[str, Any]) -> Table:
    """Contents of volumes."""
    rows = [(f["name"], number(f["value"]), f["unit"]) for f in streams["figures"]]
    return Table(f"Streams, a disk of {streams['size'] // MIB:,} MiB", ("what", "value", "unit"), rows)


def of_events(events: dict[str, Any]) -> Table:
    """Events."""
    rows = [
        (
            f"from a change to the {kind}",
            *(number(events[which][key]) for key in ("median_ms", "p95_ms", "max_ms")),
            str(events[which]["changes"]),
        )
        for which, kind in (("event", "callback"), ("read", "first read that shows it"))
    ]
    return Table("Events, through libvirtd", ("what", "median ms", "95 % ms", "most ms", "changes"), rows)


def of_single(single: dict[str, Any]) -> Table:
    """What one volume costs, by how many there are."""
    rows = [
        (f"{int(volumes):,}", *(number(cost[key]) for key in ("bytes", "server_ms", "client_ms")))
        for volumes, cost in single["costs"].items()
    ]
    return Table("One volume: a lookup and its info", ("volumes", "bytes", "server's CPU ms", "client's ms"), rows)


def all_of(parts: dict[str, dict[str, Any]], headlines: dict[str, float | None], rows: list[Row]) -> list[Table]:
    """Everything that was measured."""
    found = [of_headlines(headlines)]
    commands = list(dict.fromkeys(row.command for row in rows))
    found += [of_command(rows, command) for command in commands]
    if line := of_line(rows, 1000):
        found.append(line)
    latencies = {row.latency_ms for row in rows}
    chosen = DETAIL_LATENCY if DETAIL_LATENCY in latencies else max(latencies, default=0)
    found += [of_costs(rows, command, chosen) for command in commands]
    makers = {"live": of_live, "codec": of_codec, "streams": of_streams, "events": of_events,
              "single": of_single}
    return found + [maker(parts[name]) for name, maker in makers.items() if name in parts]
