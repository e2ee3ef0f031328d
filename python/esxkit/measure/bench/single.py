# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What one volume costs on a datastore of 10 volumes and on one of 10,000.

A client looks one volume up by name and asks for its info, again and again, with ``cache_ttl=0``, so that each call
asks the server. Counted are the bytes of both directions, and the processor time of this process, in which the fake
host is and nothing else happens: the time of the server.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import attrs

from esxkit.harness import environment, uri
from esxkit.harness.client import Client
from esxkit.harness.daemon import write_auth_file
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.virsh import client_environment

POOL = "datastore-0000"
VOLUME = "vm-0007/vm-0007.vmdk"


@attrs.frozen
class Cost:
    """Of one lookup with its info, the middle one of several: bytes, and milliseconds of server and client."""

    bytes: float
    server_ms: float
    client_ms: float


def cost(client: Client, volumes: int, rounds: int) -> Cost:
    """What one volume costs on a datastore with so many."""
    world = {"datastores": 1, "targets": 0, "luns": 0, "volumes": volumes}
    sizes, server, seconds = [], [], []
    with Fake(counts=world, task_ms=0) as fake:
        conn = client.open(uri.embedded(fake.host, fake.port, cacert=str(fake.cacert), cache_ttl="0"))
        pool = conn.storagePoolLookupByName(POOL)
        pool.storageVolLookupByName(VOLUME).info()
        for _ in range(rounds):
            before, cpu, begun = fake.bytes_of_calls(), time.process_time(), time.monotonic()
            pool.storageVolLookupByName(VOLUME).info()
            server.append((time.process_time() - cpu) * 1000)
            seconds.append((time.monotonic() - begun) * 1000)
            sizes.append(fake.bytes_of_calls() - before)
        conn.close()
    return Cost(statistics.median(sizes), statistics.median(server), statistics.median(seconds))


def measure(few: int = 10, many: int = 10_000, rounds: int = 21) -> dict[str, Any]:
    """Both costs, and how many times as much `many` volumes cost: the headlines."""
    folder = environment.private_folder("esxbench")
    env = client_environment(folder, write_auth_file(folder / "auth.conf", PASSWORD))
    try:
        with Client(env) as client:
            small, large = cost(client, few, rounds), cost(client, many, rounds)
    finally:
        environment.drop_folder(folder)
    return {
        "costs": {str(few): attrs.asdict(small), str(many): attrs.asdict(large)},
        "vol_info_bytes_n10000_to_n10": round(large.bytes / small.bytes, 3),
        "vol_info_server_time_n10000_to_n10": round(large.server_ms / small.server_ms, 3),
    }
