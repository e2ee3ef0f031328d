# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What clients ask about host and domains: as much as virsh, virt-manager and libvirt-python need on opening."""

from __future__ import annotations

import libvirt
import pytest

from esxkit.harness.check import raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.schema import validate

GIB_IN_MIB = 1024


def test_processors_and_memory(conn: Remote):
    model, memory, cpus, mhz, nodes, sockets, cores, threads = conn.getInfo()
    assert model.startswith("Intel(R) Xeon(R)")
    assert memory == 64 * GIB_IN_MIB
    assert (cpus, mhz) == (16, 2200)
    assert (nodes, sockets, cores, threads) == (1, 2, 4, 2)


def test_processors_and_memory_are_asked_for_once(client: Client, site, new_fake):
    server = new_fake()
    conn = client.open(site.uri(server, cache_ttl="0"))
    before = server.requests().total()
    for _ in range(5):
        conn.getInfo()
    assert server.requests().total() - before == 1


def test_a_vcenter_counts_all_its_hosts_and_a_path_one(client: Client, site, new_fake):
    server = new_fake(world="vcenter")
    everything = client.open(site.uri(server, scheme="vpx")).getInfo()
    one = client.open(site.uri(server, scheme="vpx", path="Sites/Berlin/esx3.example.org")).getInfo()
    assert one[1:3] == [64 * GIB_IN_MIB, 16]
    assert everything[1:3] == [3 * 64 * GIB_IN_MIB, 48]


def test_type_version_and_name(client: Client, site, new_fake, conn: Remote):
    assert conn.getType() == "ESX"
    assert conn.getVersion() == 8_000_003
    assert conn.getHostname() == "esx1.example.org"
    server = new_fake(world="vcenter")
    vcenter = client.open(site.uri(server, scheme="vpx"))
    assert vcenter.getType() == "ESX"
    assert vcenter.getHostname() == server.host


def test_capabilities(conn: Remote):
    document = conn.getCapabilities()
    validate("capability", document)
    assert "<arch>x86_64</arch>" in document
    assert "<guest>" not in document


def test_there_are_no_domains(conn: Remote):
    assert conn.listAllDomains(0) == []
    assert conn.listDomainsID() == []
    assert conn.listDefinedDomains() == []
    assert conn.numOfDomains() == conn.numOfDefinedDomains() == 0


@pytest.mark.parametrize(
    ("method", "argument"),
    [
        ("lookupByName", "web server"),
        ("lookupByID", 3),
        ("lookupByUUIDString", "01234567-89ab-cdef-0123-456789abcdef"),
    ],
)
def test_no_domain_is_found(conn: Remote, method: str, argument: object):
    with raises_error(libvirt.VIR_ERR_NO_DOMAIN, mentions=str(argument)):
        getattr(conn, method)(argument)


def test_unknown_flags_are_refused(conn: Remote):
    with raises_error(libvirt.VIR_ERR_INVALID_ARG):
        conn.listAllDomains(1 << 20)


def test_both_schemes_in_one_process(client: Client, site, new_fake):
    """The two module files, or one under two names, do not get into each other's way."""
    host, vcenter = new_fake(), new_fake(world="vcenter")
    for _ in range(3):
        one = client.open(site.uri(host))
        other = client.open(site.uri(vcenter, scheme="vpx"))
        assert one.getHostname() == "esx1.example.org"
        assert other.getHostname() == vcenter.host
        one.close()
        other.close()
