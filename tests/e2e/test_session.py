# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Sessions that end, servers that are full or restart, logins that are refused: an open connection lives on.

In a daemon it is the live inventory that notices, and reads are answered meanwhile with what the host told last.
"""

from __future__ import annotations

import functools
import time

import libvirt
import pytest

from esxkit.harness.check import lists_the_world, raises_error
from esxkit.harness.client import ApiError, Client, Remote
from esxkit.harness.environment import patience
from esxkit.harness.live import settled, shows, until_lost

STYLES = ("fault", "empty", "missingset")


def warm(client: Client, site, server, **parameters):
    """A connection that has read everything once and proves on every call."""
    conn = client.open(site.uri(server, cache_ttl="0", **parameters))
    conn.storagePoolLookupByName("datastore1").listAllVolumes(0)
    settled(site, server)
    return conn


def fails(conn: Remote, *codes: int) -> bool:
    """Whether a listing fails, with one of these errors (none: any)."""
    try:
        conn.listAllStoragePools(0)
    except ApiError as error:
        assert not codes or error.code in codes, error
        return True
    return False


def has_logged_in(server, times: int) -> bool:
    """Whether there were so many logins."""
    return server.requests()["Login"] == times


@pytest.mark.parametrize("style", STYLES)
def test_a_session_that_ended_is_renewed(client: Client, site, new_fake, world, style: str):
    server = new_fake(expiry_style=style)
    conn = warm(client, site, server)
    for logins in (2, 3, 4):
        server.end_sessions()
        lists_the_world(conn, world)
        shows(site, functools.partial(has_logged_in, server, logins), "the session was renewed")
        settled(site, server)
    assert server.sessions() == 1


@pytest.mark.parametrize("style", STYLES)
def test_a_session_that_ended_before_anything_was_read(client: Client, site, new_fake, world, style: str):
    server = new_fake(expiry_style=style)
    conn = client.open(site.uri(server))
    server.end_sessions()
    lists_the_world(conn, world)
    assert server.requests()["Login"] == 2


@pytest.mark.parametrize("style", STYLES)
def test_a_session_that_ended_before_volumes_are_listed(client: Client, site, new_fake, world, style: str):
    server = new_fake(expiry_style=style)
    conn = warm(client, site, server)
    expected = len(world.pool("nfs-datastore").volumes)
    server.end_sessions()
    assert conn.storagePoolLookupByName("nfs-datastore").numOfVolumes() == expected
    server.end_sessions()
    volume = conn.storageVolLookupByPath("[datastore1] Fedora/Fedora.vmdk")
    server.end_sessions()
    assert volume.info()[1] == 16777216 * 1024
    assert server.sessions() == 1


@pytest.mark.parametrize("style", STYLES)
def test_idle_expiry(client: Client, site, new_fake, world, style: str):
    server = new_fake(expiry_style=style, idle_seconds=patience(0.5))
    conn = warm(client, site, server)
    for _ in range(2):
        if site.mode == "embedded":
            server.eventually_without_sessions()
        else:
            # The long poll uses it.
            time.sleep(patience(0.8))
            assert server.sessions() == server.requests()["Login"] == 1
        lists_the_world(conn, world)


@pytest.mark.parametrize(
    "method", ["CreateFilter", "WaitForUpdatesEx", "SearchDatastoreSubFolders_Task", "RetrievePropertiesEx"]
)
def test_a_session_that_ends_inside_a_call(client: Client, site, new_fake, world, method: str):
    server = new_fake()
    conn = warm(client, site, server)
    server.order(kind="fault", fault="NotAuthenticated", method=method)
    lists_the_world(conn, world)
    assert conn.storagePoolLookupByName("datastore1").numOfVolumes() == len(world.pool("datastore1").volumes)


def test_the_collector_that_is_gone_means_log_in_again(client: Client, site, new_fake, world):
    server = new_fake()
    conn = warm(client, site, server)
    server.order(kind="fault", fault="ManagedObjectNotFound", method="WaitForUpdatesEx")
    lists_the_world(conn, world)


def test_a_stale_collector_version_means_read_everything_again(client: Client, site, new_fake, world):
    server = new_fake()
    conn = warm(client, site, server)
    server.order(kind="fault", fault="InvalidCollectorVersion", method="WaitForUpdatesEx")
    lists_the_world(conn, world)


def test_a_renewal_that_is_refused_is_tried_once_and_kills_only_this_connection(client: Client, site, new_fake, world):
    server = new_fake()
    conn = warm(client, site, server)
    right = server.change(password="changed meanwhile")
    server.end_sessions()
    shows(site, lambda: fails(conn, libvirt.VIR_ERR_AUTH_FAILED), "the password is refused")
    for _ in range(5):
        with raises_error(libvirt.VIR_ERR_AUTH_FAILED, within=5):
            conn.listAllStoragePools(0)
    assert server.requests()["Login"] == 2, "The refused login was repeated; five of them lock an account."
    # Through a daemon, libvirt's remote driver answers for its connection to that.
    assert conn.isAlive() == (0 if site.mode == "embedded" else 1)
    server.change(password=right["password"])
    lists_the_world(client.open(site.uri(server)), world)


def test_a_failed_renewal_for_another_reason_can_be_tried_again(client: Client, site, new_fake, world):
    server = new_fake()
    conn = warm(client, site, server, timeout=5)
    server.order(kind="close", method="Login", count=-1)
    server.end_sessions()
    shows(site, lambda: fails(conn), "the session cannot be renewed")
    server.clear_orders()
    lists_the_world(conn, world)


def test_a_full_server_says_so_and_recovers(client: Client, site, new_fake, world):
    server = new_fake(session_cap=1)
    first = client.open(site.uri(server))
    with raises_error(libvirt.VIR_ERR_RESOURCE_BUSY, within=10):
        client.open(site.uri(server, timeout=3))
    lists_the_world(first, world)
    first.close()
    del first
    server.eventually_without_sessions()
    lists_the_world(client.open(site.uri(server)), world)


def test_a_restarted_server_is_found_again(client: Client, site, new_fake, world):
    server = new_fake()
    conn = warm(client, site, server, no_verify=1)
    server.restart()
    lists_the_world(conn, world)


def test_while_the_server_is_away_calls_fail_in_time_and_then_work_again(client: Client, site, new_fake, world):
    server = new_fake()
    conn = warm(client, site, server, no_verify=1, connect_timeout=1, timeout=3)
    server.pause()
    until_lost(conn)
    for _ in range(2):
        with raises_error(libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_OPERATION_TIMEOUT, within=6):
            conn.listAllStoragePools(0)
    server.resume()
    lists_the_world(conn, world)


@pytest.mark.parametrize("method", ["RetrieveServiceContent", "Login"])
@pytest.mark.parametrize("kind", ["html", "close", "garbage"])
def test_every_failed_open_leaves_no_session(client: Client, site, new_fake, world, method: str, kind: str):
    server = new_fake()
    server.order(kind=kind, method=method, count=-1)
    with raises_error(libvirt.VIR_ERR_RPC, libvirt.VIR_ERR_SYSTEM_ERROR):
        client.open(site.uri(server, timeout=5))
    server.clear_orders()
    server.eventually_without_sessions()
    lists_the_world(client.open(site.uri(server)), world)


def test_the_locale_is_asked_for_at_login(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server))
    assert conn.isAlive() == 1
    assert server.session_list()[0]["asked_locale"] == "en"


@pytest.mark.parametrize("version", ["5.5", "6.0", "6.5", "6.7", "7.0.3.0", "8.0.3.0"])
def test_api_versions(client: Client, site, new_fake, world, version: str):
    server = new_fake(api_version=version)
    lists_the_world(client.open(site.uri(server)), world)


@pytest.mark.parametrize(
    "style",
    [
        {"gzip": True},
        {"item_types": False},
        {"unknown_elements": True},
        {"xsi_prefix": "XMLSchema-instance"},
        {"renamed_types": {"VmfsDatastoreInfo": "FutureDatastoreInfo", "HostScsiDisk": "FutureScsiDisk"}},
        {"page_size": 3},
        {"chunk_above": 0},
        {"task_ms": 0},
        {"task_ms": 300},
    ],
    ids=str,
)
def test_other_ways_to_write_the_same(client: Client, site, new_fake, world, style):
    server = new_fake(**style)
    conn = client.open(site.uri(server))
    lists_the_world(conn, world)
    pool = conn.storagePoolLookupByName("datastore1")
    assert sorted(pool.listVolumes()) == sorted(volume.name for volume in world.pool("datastore1").volumes)


def test_a_free_licence_still_reads(client: Client, site, new_fake, world):
    server = new_fake(restricted=True)
    conn = client.open(site.uri(server))
    lists_the_world(conn, world)
    assert conn.storagePoolLookupByName("datastore1").numOfVolumes() == len(world.pool("datastore1").volumes)
