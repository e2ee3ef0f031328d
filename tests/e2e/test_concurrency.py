# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Many threads on one connection, many clients on one daemon: no hang, no wrong answer.

ESXKIT_STRESS_SECONDS sets how long each test reads; the suite's default is short.
"""

from __future__ import annotations

import threading

import libvirt
import pytest

from esxkit.harness import environment
from esxkit.harness.oracle import World
from esxkit.harness.stress import Expected

WORLD = World.load()
THREADS = 8
SECONDS = environment.stress_seconds()


def expected() -> Expected:
    answer = {}
    for pool in WORLD.pools:
        state = libvirt.VIR_STORAGE_POOL_RUNNING if pool.accessible else libvirt.VIR_STORAGE_POOL_INACCESSIBLE
        info = [state, pool.capacity, pool.allocation, pool.available]
        answer[pool.name] = (pool.uuid, info, {volume.name: volume.key for volume in pool.volumes})
    return answer


def hammer(client, conn, threads: int) -> int:
    done, wrong = client.run("esxkit.harness.stress:hammer", conn, SECONDS, threads, expected(), timeout=SECONDS + 60)
    assert not wrong, wrong
    assert set(done) == {"list_pools", "look_up_pool", "list_volumes", "look_up_volume", "miss_pool", "miss_volume"}
    return sum(done.values())


@pytest.mark.parametrize("ttl", ["0", "2"])
def test_eight_threads_on_one_connection(client, site, new_fake, ttl: str):
    server = new_fake(task_ms=5)
    conn = client.open(site.uri(server, cache_ttl=ttl))
    assert hammer(client, conn, THREADS) > THREADS
    assert server.sessions() == 1
    assert server.requests()["Login"] == 1


def test_eight_threads_while_the_session_ends_again_and_again(client, site, new_fake):
    server = new_fake(task_ms=5)
    conn = client.open(site.uri(server, cache_ttl="0"))
    over = threading.Event()

    def end_sessions() -> None:
        while not over.wait(environment.patience(0.5)):
            server.end_sessions()

    ender = threading.Thread(target=end_sessions)
    ender.start()
    try:
        hammer(client, conn, THREADS)
    finally:
        over.set()
        ender.join()
    assert server.sessions() <= 1


def test_eight_clients(site, new_fake):
    server = new_fake(task_ms=5)
    clients = [site.client(timeout=SECONDS + 60) for _ in range(THREADS)]
    problems: list[BaseException] = []

    def read(client) -> None:
        try:
            hammer(client, client.open(site.uri(server, cache_ttl="0.2")), 1)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=read, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    assert not problems, problems
    server.eventually_without_sessions()
