# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""pool-list of a daemon that its server keeps current: 2,000 datastores, the real fake, no request.

``listAllStoragePools()`` is one call over libvirt's socket. ``virsh pool-list`` is that, and two further calls for each
pool, whatever the driver: what these cost alone is measured with libvirt's own test driver, with as many pools in the
same daemon.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from esxkit.harness import environment, uri
from esxkit.harness.client import Client
from esxkit.harness.daemon import PrivateLibvirtd, write_auth_file
from esxkit.harness.live import until_live
from esxkit.harness.meter import Meter
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.virsh import client_environment
from esxkit.measure.bench.runner import Command, Runner

_POOL = """
<pool type='dir'><name>pool-{number:04d}</name><source/><target><path>/pool-{number:04d}</path></target></pool>"""


def time_listing(conn: Any, rounds: int, expected: int) -> list[float]:
    """In the worker: the seconds of each of so many listAllStoragePools()."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        pools = conn.listAllStoragePools()
        times.append(time.perf_counter() - begun)
        assert len(pools) == expected, f"There are {len(pools)} pools instead of {expected}."
        del pools
    return times


def test_driver(folder: Path, pools: int) -> str:
    """The URI of libvirt's test driver with so many pools."""
    path = folder / "pools.xml"
    path.write_text("<node>" + "".join(_POOL.format(number=n) for n in range(pools)) + "\n</node>\n")
    return f"test://{path}"


def _row(what: str, times: list[float], requests: int | None) -> dict[str, Any]:
    return {
        "what": what,
        "rounds": len(times),
        "median_ms": statistics.median(times) * 1e3,
        "least_ms": min(times) * 1e3,
        "most_ms": max(times) * 1e3,
        "requests": requests,
    }


def measure(datastores: int = 2000, rounds: int = 25) -> dict[str, Any]:
    """Rows of milliseconds and of requests that reached the server meanwhile.

    A long poll that was blocked before and goes on blocking does not count as a request.
    """
    folder = environment.private_folder("esxbench")
    env = client_environment(folder, write_auth_file(folder / "auth.conf", PASSWORD))
    world = {"datastores": datastores, "targets": 0, "luns": 0, "volumes": 0}
    try:
        with (
            Fake(counts=world) as fake,
            PrivateLibvirtd(password=PASSWORD) as daemon,
            Client(env) as client,
            Runner(folder) as run,
        ):
            remote = uri.through_daemon(uri.embedded(fake.host, fake.port, cacert=fake.cacert), daemon.socket)
            test = uri.through_daemon(test_driver(folder, datastores), daemon.socket)
            conn, of_test = client.open(remote), client.open(test)
            client.run("esxkit.measure.bench.live:time_listing", conn, 1, datastores)
            until_live(fake)
            rows = []
            for name, one, address in (("our driver", conn, remote), ("libvirt's test driver", of_test, test)):
                with Meter(fake) as cost:
                    times = client.run("esxkit.measure.bench.live:time_listing", one, rounds, datastores)
                rows.append(_row(f"listAllStoragePools(), {name}", times, cost.total))
                virsh = environment.program("virsh", "libvirt-clients")
                with Meter(fake) as cost:
                    runs = [run(Command((virsh, "-c", address, "pool-list"), env)) for _ in range(max(3, rounds // 5))]
                rows.append(_row(f"virsh pool-list, {name}", [one.seconds for one in runs], cost.total))
            conn.close()
            of_test.close()
    finally:
        environment.drop_folder(folder)
    return {
        "datastores": datastores,
        "rows": rows,
        "live_pool_list_requests": rows[0]["requests"] + rows[1]["requests"],
        "live_pool_list_ms_d2000": rows[0]["median_ms"],
    }
