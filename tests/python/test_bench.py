# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What ./dev bench computes and prints from measurements, and one small run of its matrix."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from esxkit.measure import report
from esxkit.measure.bench import __main__ as command
from esxkit.measure.bench import page, plots, tables
from esxkit.measure.bench.clients import BUILTIN, CLIENTS, CURL, EMBEDDED, LIVE, check
from esxkit.measure.bench.headlines import HEADLINES, builtin_line, collect, of_matrix
from esxkit.measure.bench.line_fit import fit
from esxkit.measure.bench.matrix import BUILTIN_AT_MOST, MatrixPlan, Row
from esxkit.measure.bench.recording import HostSize
from esxkit.measure.bench.runner import Command, Runner

KEYS = [
    "vol_list_details_n1000_20ms_speedup_over_builtin",
    "vol_list_details_n1000_20ms_ratio_to_bound",
    "live_pool_list_requests",
    "live_pool_list_ms_d2000",
    "codec_ratio_to_libxml2",
    "codec_speedup_over_pyvmomi",
    "download_ratio_to_curl",
    "upload_ratio_to_curl",
    "download_speedup_4_connections_capped",
    "event_latency_ms_median",
    "vol_info_bytes_n10000_to_n10",
    "vol_info_server_time_n10000_to_n10",
]
DETAILS = "vol-list --details"


def row(client: str, volumes: int, seconds: float, *, command: str = DETAILS, latency: float = 20) -> Row:
    cpu, peak = (0.01, 20 << 20) if client == LIVE else (None, None)
    return Row(
        command, 10, volumes, latency, client, 3, seconds, seconds, seconds, 6, 1, 1000, 2000, 0.02, 24 << 20,
        cpu, peak, 0.001, 0.003,
    )  # fmt: skip


@pytest.fixture
def rows() -> list[Row]:
    """A built-in driver of 0.6 s and 330 ms a volume, and the others in a few ms."""
    found = [row(BUILTIN, n, 0.6 + 0.33 * n) for n in (10, 30, 100)]
    for client, seconds in ((EMBEDDED, 0.165), (CURL, 0.15), (LIVE, 0.07)):
        found += [row(client, n, seconds) for n in (10, 100, 1000)]
        found.append(row(client, 10, seconds, command="pool-list --all --details"))
    return found


def test_a_line_goes_through_points_that_lie_on_one():
    line = fit([(10, 0.6 + 3.3), (30, 0.6 + 9.9), (100, 0.6 + 33)])
    assert line.at(1000) == pytest.approx(330.6)
    assert line.worst == pytest.approx(0, abs=1e-9)


def test_a_line_tells_how_far_the_worst_point_is():
    assert fit([(0, 1), (1, 2), (2, 2.5)]).worst > 0.02


@pytest.mark.parametrize("points", [[], [(1, 1)], [(1, 1), (1, 2)]])
def test_a_line_needs_two_points(points):
    with pytest.raises(ValueError, match="two different"):
        fit(points)


def test_the_headlines_are_the_twelve_asked_for():
    assert [headline.key for headline in HEADLINES] == KEYS
    assert collect({}) == dict.fromkeys(KEYS)


def test_the_matrix_headlines_come_from_their_cells(rows):
    values = of_matrix(rows)
    assert values[KEYS[0]] == pytest.approx(330.6 / 0.165)
    assert values[KEYS[1]] == pytest.approx(1.1)
    assert of_matrix([one for one in rows if one.volumes != 1000]) == {KEYS[0]: None, KEYS[1]: None}


def test_whether_a_headline_holds():
    speedup, ratio, *_ = HEADLINES
    assert [speedup.holds(value) for value in (1000, 999, None)] == [True, False, None]
    assert [ratio.holds(value) for value in (1.25, 1.26)] == [True, False]


def test_the_builtin_driver_is_never_asked_for_many_volumes():
    for world, pairs in MatrixPlan().worlds().items():
        assert (BUILTIN, DETAILS) not in pairs or world.volumes <= BUILTIN_AT_MOST
    asked = {world.volumes for world, pairs in MatrixPlan().worlds().items() if (BUILTIN, DETAILS) in pairs}
    assert asked == {10, 30, 100}


def test_every_client_is_measured_for_every_command():
    pairs = {pair for pairs in MatrixPlan().worlds().values() for pair in pairs}
    assert pairs == {(client, what) for client in CLIENTS for what in MatrixPlan().commands}


def test_a_listing_that_lacks_something_is_no_result():
    name = "vm-0000/vm-0000.vmdk"
    full = f" {name}  [datastore-0000] {name}  file\n"
    check(EMBEDDED, DETAILS, full, (1, 1))
    with pytest.raises(AssertionError, match="lists 1 volumes of 2"):
        check(EMBEDDED, DETAILS, full, (1, 2))


def test_tables_mark_what_was_not_measured(rows):
    table = tables.of_command(rows, DETAILS)
    (large,) = [line for line in table.rows if line[0] == "1,000 volumes"]
    assert large[table.columns.index(BUILTIN)] == "330,600* (2,204x)"
    assert large[table.columns.index(EMBEDDED)] == "165 (1.1x)"
    assert "N = 1,000" in tables.of_line(rows, 1000).columns


def test_the_page_has_all_tables_and_plots(rows, tmp_path):
    reply = {"name": "search", "bytes": 800_000, "bare_mb_s": 300.0, "decode_mb_s": 250.0, "pyvmomi_mb_s": 6.0}
    codec = {"replies": [{**reply, "ratio": 1.2, "speedup_over_pyvmomi": 41.0}]}
    parts = {"matrix": of_matrix(rows), "codec": codec}
    files = plots.write(tmp_path, rows, codec)
    for name in files:
        assert ElementTree.parse(tmp_path / name).getroot().tag == "{http://www.w3.org/2000/svg}svg"
        assert "<script" not in (tmp_path / name).read_text()
    machine = {**report.machine(), **report.peers()}
    data = {"when": "2026-01-01 00:00 UTC", "seconds": 600, "machine": machine, "load": 0.1}
    page.write(tmp_path / "BENCHMARKS.md", data, tables.all_of(parts, collect(parts), rows), files)
    text = (tmp_path / "BENCHMARKS.md").read_text()
    assert all(key in text for key in KEYS)
    assert all(f"]({name})" in text for name in files)
    assert text.count("\n### ") >= 6


def test_docs_are_written_of_whole_runs_only(capsys):
    with pytest.raises(SystemExit):
        command.main(["--update-docs", "--quick"])
    assert "whole runs only" in capsys.readouterr().err


def test_a_runner_tells_what_a_command_took(tmp_path):
    with Runner(tmp_path) as run:
        ran = run(Command(("/bin/sh", "-c", "echo here; sleep 0.05"), {}))
        assert ran.output == "here\n"
        assert 0.05 <= ran.seconds < 5
        assert ran.cpu < ran.seconds
        assert 0 < ran.peak < 100 << 20
        with pytest.raises(AssertionError, match="ended with 3"):
            run(Command(("/bin/sh", "-c", "exit 3"), {}))


def test_a_small_matrix(driver, tmp_path, monkeypatch):
    """Two clients, one latency: what they took, and that curl needs no more than it must."""
    small = MatrixPlan(latencies=(5,), volumes=(3,), datastores=(2,), line=(), rounds=1, clients=(EMBEDDED, CURL))
    monkeypatch.setattr(command, "QUICK", small)
    result = tmp_path / "bench.json"
    assert command.main(["--quick", "--part", "matrix", "--json", str(result)]) == 0
    told = json.loads(result.read_text())
    assert list(told)[: len(KEYS)] == KEYS
    cells = {(one["client"], one["command"]): one for one in told["rows"]}
    assert len(cells) == 2 * len(small.commands)
    for (client, what), cell in cells.items():
        assert cell["requests"] == (6 if what in (DETAILS, "vol-info") else 4), (client, what)
        assert cell["connections"] == 1
        assert cell["seconds"] >= 0.005 * cell["requests"]
        assert cell["bytes_received"] > 1000
        assert cell["cpu"] > 0
        assert cell["server_cpu"] > 0
    assert builtin_line([Row(**one) for one in told["rows"]], 5) is None
    assert HostSize(2, 3).size == (2, 3)
