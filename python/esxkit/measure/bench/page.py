# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""docs/BENCHMARKS.md: the tables and plots of one run, and how it was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from esxkit.measure.bench.clients import CLIENTS
from esxkit.measure.report import Table, head

_WRITTEN = """
Written by `./dev bench --update-docs`. To repeat it on your machine: `./dev bench` (about a quarter of an hour), or
`./dev bench --quick` (half a minute). `--part` selects parts, `--json FILE` writes all rows and the headlines' keys.

"""

_HOW = """## How it is measured

**Clients.** {clients}

**The server is not what is measured.** Each client's exchange with the fake host was recorded once. A separate process
replays the same bytes over TLS, each reply after the latency. "server ms" is the time that this process needed for all
replies of a run, "server CPU ms" its CPU time, including the TLS handshake. The latency delays each request, but not
the handshake. The tasks of the recorded host were done when they were first read, for all clients. Live reads, events
and streams use the fake itself.

**The bound.** The fewest requests that can answer are RetrieveServiceContent, Login, the reads, and Logout. For pools,
the read is one traversal of datastores and hosts; 100 datastores take a second page. For volumes, one read finds the
datastore's browser, since no method searches by name; then come the search and one read of its task, whose result is
the list: six requests. curl sends these requests as recorded, over one connection, and discards the replies without
parsing them.

**pyVmomi.** `python/esxkit/measure/bench/pyvmomi_script.py` describes what it imitates: SmartConnect, container views,
one property after another. It does not verify the certificate, as the samples do not; neither does the built-in driver
(`no_verify=1`).

**Times** are those of whole commands, including the start of the process (virsh alone takes about 20 ms here, curl 10,
Python with pyVmomi 130). Each is the median of several rounds, in which the clients take turns. A client that takes
more than a second has three rounds, and one that takes more than three seconds has one. Memory is the peak of the
process; for libvirtd that of the whole daemon. The output of each listing is checked: all volumes, all pools.

**The built-in driver** needs 29 + 16 N round trips for `vol-list --details` of N volumes, so it is measured for 10,
30 and 100 volumes, and values for 1,000, marked with *, lie on the line through these.

**libvirtd live**: vol-list and vol-info need a search, because they come later than `cache_ttl` after the last one;
pool-list sends nothing. A long poll that was blocked before and is blocked afterwards does not count as a request.
"""


def write(path: Path, data: dict[str, Any], tables: list[Table], plots: dict[str, str]) -> None:
    """The page.

    Args:
        path: docs/BENCHMARKS.md.
        data: of the run: "when", "seconds", "machine", "load".
        tables: the headlines first.
        plots: files beside the page, with their titles.
    """
    headlines, *others = tables
    of = ", ".join(f"{name} {value}" for name, value in data["machine"].items())
    run = f"Run of {data['when']}, {data['seconds'] / 60:.0f} minutes: {of}. Load before it: {data['load']:.1f}.\n"
    images = "\n".join(f"![{title}]({name})\n" for name, title in plots.items())
    clients = "; ".join(f"*{name}*: {text}" for name, text in CLIENTS.items()) + "."
    first = headlines.markdown().replace("### ", "## ")
    top = "\n".join(head("Benchmarks")) + _WRITTEN + run
    parts = [top, first, images, _HOW.format(clients=clients), "## All results\n"]
    parts += [table.markdown() for table in others]
    path.write_text("\n".join(parts))
