# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The twelve figures that tell how the driver does, each with what it has to be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from esxkit.measure.bench.clients import BUILTIN, CURL, EMBEDDED, OF_VOLUMES
from esxkit.measure.bench.line_fit import Line, fit
from esxkit.measure.bench.matrix import LATENCY, VOLUMES, Row


@attrs.frozen
class Headline:
    """One figure: its key in the JSON, what it is, and its bounds."""

    key: str
    what: str
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float | None) -> bool | None:
        """Whether the figure is what it has to be; None where it was not measured."""
        if value is None:
            return None
        return not (
            (self.at_least is not None and value < self.at_least) or (self.at_most is not None and value > self.at_most)
        )

    @property
    def aim(self) -> str:
        """What it has to be, in words."""
        return f"at least {self.at_least:,g}" if self.at_least is not None else f"at most {self.at_most:,g}"


HEADLINES = (
    Headline(
        "vol_list_details_n1000_20ms_speedup_over_builtin",
        "vol-list --details, 1,000 volumes, 20 ms: times as fast as the built-in driver (by its line)",
        at_least=1000,
    ),
    Headline(
        "vol_list_details_n1000_20ms_ratio_to_bound",
        "the same: times the seconds of curl with the fewest requests",
        at_most=1.25,
    ),
    Headline("live_pool_list_requests", "pool-list of a live daemon: requests that reach the server", at_most=0),
    Headline("live_pool_list_ms_d2000", "the same, 2,000 datastores: ms of listAllStoragePools()", at_most=10),
    Headline(
        "codec_ratio_to_libxml2", "decoding: times the CPU of libxml2's bare pass, all replies in a row", at_most=1.3
    ),
    Headline("codec_speedup_over_pyvmomi", "decoding: times as fast as pyVmomi, all replies in a row", at_least=20),
    Headline("download_ratio_to_curl", "vol-download: part of curl's throughput", at_least=0.9),
    Headline("upload_ratio_to_curl", "vol-upload: part of curl's throughput", at_least=0.9),
    Headline(
        "download_speedup_4_connections_capped",
        "vol-download where each connection is capped: 4 connections against 1",
        at_least=3.5,
    ),
    Headline("event_latency_ms_median", "from a change to the callback of a remote client: ms", at_most=50),
    Headline(
        "vol_info_bytes_n10000_to_n10",
        "a lookup and vol-info on 10,000 volumes: times the bytes of one on 10",
        at_most=1.1,
    ),
    Headline(
        "vol_info_server_time_n10000_to_n10",
        "the same: times the processor time of the fake host",
        at_most=1.5,
    ),
)


def builtin_line(rows: Iterable[Row], latency_ms: float) -> Line | None:
    """The line of the built-in driver's seconds over the number of volumes; None where too little was measured."""
    points = [
        (row.volumes, row.seconds)
        for row in rows
        if (row.client, row.command, row.latency_ms) == (BUILTIN, OF_VOLUMES[0], latency_ms)
    ]
    return fit(points) if len({x for x, _ in points}) > 1 else None


def _seconds(rows: Iterable[Row], client: str) -> float | None:
    cell = (client, OF_VOLUMES[0], VOLUMES, LATENCY)
    return next((r.seconds for r in rows if (r.client, r.command, r.volumes, r.latency_ms) == cell), None)


def of_matrix(rows: list[Row]) -> dict[str, float | None]:
    """The two headlines that the matrix gives; None where their cells were not measured."""
    ours, bound, line = _seconds(rows, EMBEDDED), _seconds(rows, CURL), builtin_line(rows, LATENCY)
    return {
        HEADLINES[0].key: line.at(VOLUMES) / ours if line and ours else None,
        HEADLINES[1].key: ours / bound if ours and bound else None,
    }


def collect(parts: dict[str, dict[str, Any]]) -> dict[str, float | None]:
    """All headlines, from whichever part has them."""
    found = {key: value for part in parts.values() for key, value in part.items()}
    return {headline.key: found.get(headline.key) for headline in HEADLINES}
