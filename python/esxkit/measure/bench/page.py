# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""docs/BENCHMARKS.md: the tables and plots of one run, and what to know before believing them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from esxkit.measure.bench.clients import CLIENTS
from esxkit.measure.report import Table, head

_WRITTEN = """
Written by `./dev bench --update-docs`; not by hand. Again, on your machine: `./dev bench` (about a quarter of an
hour), or `./dev bench --quick` (half a minute); `--part` chooses parts, `--json FILE` writes all rows and the
headlines' keys.

"""

_HOW = """## How it is measured

**Clients.** {clients}

**The server is not what is measured.** Each client's exchange with the fake host was recorded once; a process of its
own gives the same bytes again, over TLS, each reply after the latency. "server ms" is what that process took for all
replies of a run, "server CPU ms" its CPU time, TLS handshake included. Latency is a delay of each request; a
handshake is not delayed. Tasks of the recorded host were done at the first look, for everybody. Live reads, events
and streams use the fake itself.

**The bound.** Nobody can answer with less than RetrieveServiceContent, Login, the reads, and Logout. For pools the
read is one walk over datastores and hosts. For volumes a name has to become a datastore's browser first, since no
method searches by name: one read; then the search, and one look at its task, whose result is the list: six requests.
curl sends them as they were recorded, over one connection, and throws the replies away without parsing them.

**pyVmomi.** `python/esxkit/measure/bench/pyvmomi_script.py` says what it imitates: SmartConnect, container views, one
property after another. It does not verify the certificate, as the samples do not; the built-in driver does not either
(`no_verify=1`).

**Times** are of whole commands, the start of the process included (virsh alone takes about 20 ms here, curl 10,
Python with pyVmomi 130); the median of rounds in which everybody takes a turn. Who takes more than a second has three
rounds, who takes more than three seconds has one. Memory is the peak of the process; for libvirtd that of the whole
daemon. What a listing prints is checked each time: all volumes, all pools.

**The built-in driver** needs 29 + 16 N round trips for `vol-list --details` of N volumes, so it is measured for 10,
30 and 100 volumes, and values for 1,000, marked with *, lie on the line through these.

**libvirtd live**: vol-list and vol-info search the datastore, because they come later than `cache_ttl` after the
last; pool-list sends nothing. A long poll that is blocked before and after does not count as a request.
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
    parts = [top, first, images, _HOW.format(clients=clients), "## All of it\n"]
    parts += [table.markdown() for table in others]
    path.write_text("\n".join(parts))
