# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Nonsense instead of answers: each gives a whole sentence with the right code in time, and the next call works."""

from __future__ import annotations

from typing import Any

import libvirt
import pytest

from esxkit.harness.check import lists_the_world, raises_error
from esxkit.harness.client import Client
from esxkit.harness.environment import patience
from esxkit.harness.live import settled

# What the kinds of trouble (esxkit.fake.troubles) must be reported as: the codes, and words where they matter.
NONSENSE = (libvirt.VIR_ERR_RPC,)
UNREACHABLE = (libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_RPC)
DENIED = (libvirt.VIR_ERR_ACCESS_DENIED,)
TIMED_OUT = (libvirt.VIR_ERR_OPERATION_TIMEOUT,)
ENVELOPE = '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{}</e:Body></e:Envelope>'

TROUBLES: dict[str, tuple[Any, ...]] = {
    "html": ({"kind": "html"}, NONSENSE),
    "html with status 404": ({"kind": "http", "status": 404, "text": "<html>none</html>"}, NONSENSE),
    "status 503": (
        {"kind": "http", "status": 503, "text": "busy"},
        (libvirt.VIR_ERR_RESOURCE_BUSY,),
        "out of sessions or overloaded (HTTP status 503); it says 'busy'",
    ),
    "status 503 of a service that is not up": (
        {"kind": "http", "status": 503, "text": "503 Service Unavailable (Failed to connect to endpoint: [N7Vmacore])"},
        (libvirt.VIR_ERR_SYSTEM_ERROR,),
        "the service behind it does not (HTTP status 503)",
    ),
    "status 401": ({"kind": "http", "status": 401}, DENIED, "demands a login by HTTP (HTTP status 401)"),
    "status 403": ({"kind": "http", "status": 403}, DENIED, "forbids the access (HTTP status 403)"),
    "status 407": ({"kind": "http", "status": 407}, DENIED, "a proxy demands a login"),
    "status 502": ({"kind": "http", "status": 502}, NONSENSE, "no valid reply from it (HTTP status 502)"),
    "status 504": ({"kind": "http", "status": 504}, NONSENSE, "in time (HTTP status 504)"),
    "redirection": ({"kind": "http", "status": 302, "text": "elsewhere"}, NONSENSE),
    "plain text": ({"kind": "http", "text": "OK"}, NONSENSE),
    "other XML": ({"kind": "http", "text": "<rss version='2.0'/>"}, NONSENSE),
    "envelope without content": ({"kind": "http", "text": ENVELOPE.format("")}, NONSENSE),
    "another method's response": (
        {"kind": "http", "text": ENVELOPE.format("<FooResponse xmlns='urn:vim25'/>")},
        NONSENSE,
    ),
    "XML cut off": ({"kind": "http", "text": ENVELOPE.format("<x>")[:-20]}, NONSENSE),
    "NUL bytes": ({"kind": "http", "text": ENVELOPE.format("<x>a\0b</x>")}, NONSENSE),
    "bytes": ({"kind": "garbage"}, NONSENSE),
    "empty": ({"kind": "empty"}, NONSENSE),
    "deep nesting": ({"kind": "deep"}, NONSENSE),
    "entity bomb": ({"kind": "entities"}, NONSENSE),
    "external entity": ({"kind": "doctype"}, NONSENSE),
    "invalid UTF-8": ({"kind": "invalid-utf8"}, NONSENSE),
    "100 MB": ({"kind": "huge"}, NONSENSE, "longer than 67108864 bytes"),
    "connection closed in the reply": ({"kind": "cut", "cut_at": 300}, (*NONSENSE, *UNREACHABLE)),
    "connection closed": ({"kind": "close"}, (*NONSENSE, *UNREACHABLE)),
    "silence": ({"kind": "stall"}, TIMED_OUT),
    "unknown fault": (
        {"kind": "fault", "fault": "SystemError", "message": "It broke."},
        (libvirt.VIR_ERR_OPERATION_FAILED,),
    ),
    "no permission": (
        {"kind": "fault", "fault": "NoPermission"},
        (libvirt.VIR_ERR_ACCESS_DENIED,),
    ),
}
EVERY_TROUBLE = pytest.mark.parametrize("trouble", TROUBLES)
QUICK = {"connect_timeout": patience(2), "stall_timeout": patience(1.5), "timeout": patience(4)}


def order(server, trouble: str, method: str):
    server.order(method=method, count=-1, **TROUBLES[trouble][0])


def reported(trouble: str):
    """Assert that the block ends with the error that the trouble must become."""
    _, codes, *words = TROUBLES[trouble]
    return raises_error(*codes, mentions=words[0] if words else None, within=8)


@EVERY_TROUBLE
def test_on_opening(client: Client, site, new_fake, world, trouble: str):
    server = new_fake()
    order(server, trouble, "RetrieveServiceContent")
    with reported(trouble):
        client.open(site.uri(server, **QUICK))
    server.clear_orders()
    server.eventually_without_sessions()
    lists_the_world(client.open(site.uri(server, **QUICK)), world)


@EVERY_TROUBLE
def test_on_an_open_connection(client: Client, site, new_fake, world, trouble: str):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0", **QUICK))
    lists_the_world(conn, world)
    pool = conn.storagePoolLookupByName("datastore1")
    settled(site, server)
    order(server, trouble, "WaitForUpdatesEx")
    if site.mode == "remote":
        # Where the host tells of changes, only a read behind a change asks.
        pool.refresh(0)
    with reported(trouble):
        conn.listAllStoragePools(0)
    server.clear_orders()
    lists_the_world(conn, world)


@EVERY_TROUBLE
def test_while_volumes_are_listed(client: Client, site, new_fake, world, trouble: str):
    server = new_fake()
    conn = client.open(site.uri(server, **QUICK))
    pool = conn.storagePoolLookupByName("datastore1")
    order(server, trouble, "SearchDatastoreSubFolders_Task")
    with reported(trouble):
        pool.listAllVolumes(0)
    server.clear_orders()
    assert len(pool.listAllVolumes(0)) == len(world.pool("datastore1").volumes)


# What a task that fails says of itself, and the code it must become.
TASK_FAULTS = {
    "FileNotFound": libvirt.VIR_ERR_NO_STORAGE_VOL,
    "InvalidDatastore": libvirt.VIR_ERR_NO_STORAGE_POOL,
    "NoPermission": libvirt.VIR_ERR_ACCESS_DENIED,
    "NotSupported": libvirt.VIR_ERR_OPERATION_UNSUPPORTED,
    "RestrictedVersion": libvirt.VIR_ERR_OPERATION_DENIED,
    "HostNotConnected": libvirt.VIR_ERR_OPERATION_FAILED,
}


@pytest.mark.parametrize("fault", TASK_FAULTS)
def test_faults_of_a_search(client: Client, site, new_fake, world, fault: str):
    server = new_fake()
    conn = client.open(site.uri(server))
    pool = conn.storagePoolLookupByName("datastore1")
    server.order(kind="fault", fault=fault, method="SearchDatastoreSubFolders_Task", count=-1)
    with raises_error(TASK_FAULTS[fault]):
        pool.numOfVolumes()
    server.clear_orders()
    assert pool.numOfVolumes() == len(world.pool("datastore1").volumes)


def test_a_slow_server_is_waited_for_within_the_timeout(client: Client, site, new_fake, world):
    server = new_fake(latency_ms=300)
    lists_the_world(client.open(site.uri(server, stall_timeout="2", timeout="10")), world)


def test_a_broken_keep_alive_connection_is_replaced(client: Client, site, new_fake, world):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    lists_the_world(conn, world)
    server.order(kind="close", method="WaitForUpdatesEx", count=1)
    lists_the_world(conn, world)
