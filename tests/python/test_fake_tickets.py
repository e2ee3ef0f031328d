# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Service tickets of a vCenter: one request each, at the host, for what they were asked for."""

from __future__ import annotations

import hashlib
import http.client
import ssl

import pytest
from pyVmomi import vim, vmodl

from esxkit.fake import FakeServer

STORE = "nfs41"
PATH = "/folder/hello.txt?dsName=nfs41"


def put_hello(fake: FakeServer) -> None:
    fake.control.put_file(STORE, "hello.txt", "aGVsbG8=")


def ticket(content, path: str = PATH, method: str = "httpGet"):
    host = content.viewManager.CreateContainerView(content.rootFolder, [vim.HostSystem], True).view[0]
    spec = vim.SessionManager.HttpServiceRequestSpec(method=method, url=f"https://{host.name}{path}")
    return content.sessionManager.AcquireGenericServiceTicket(spec)


def fetch(given, path: str = PATH, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(given.hostName, context=context, timeout=10)
    try:
        connection.request(method, path, body, headers={"Cookie": f"vmware_cgi_ticket={given.id}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def vcenter(connect):
    with FakeServer("vcenter") as fake:
        put_hello(fake)
        yield fake, connect(fake).instance.content


def test_a_ticket_is_good_once(vcenter):
    _, content = vcenter
    given = ticket(content)
    assert fetch(given) == (200, b"hello")
    assert fetch(given)[0] == 401


@pytest.mark.parametrize(("path", "method"), [("/folder/other.txt?dsName=nfs41", "GET"), (PATH, "HEAD")])
def test_a_ticket_is_good_for_one_thing(vcenter, path: str, method: str):
    _, content = vcenter
    assert fetch(ticket(content), path, method)[0] == 401


def test_a_file_is_written_and_deleted_by_ticket(vcenter):
    fake, content = vcenter
    path = "/folder/new.txt?dsName=nfs41"
    assert fetch(ticket(content, path, "httpPut"), path, "PUT", b"new")[0] == 201
    assert fake.control.read_file("nfs41", "new.txt") == "bmV3"
    assert fetch(ticket(content, path, "httpDelete"), path, "DELETE")[0] == 200
    counters = fake.counters()
    assert (counters["host_files"], counters["files"]) == ({"PUT": 1, "DELETE": 1}, {})


def test_thumbprints_are_those_of_the_host(vcenter):
    fake, content = vcenter
    given = ticket(content)
    host, _, port = given.hostName.partition(":")
    certificate = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, int(port))))
    assert given.sslThumbprint.replace(":", "").lower() == hashlib.sha1(certificate).hexdigest()
    (other,) = given.certThumbprintList
    assert other.thumbprint.replace(":", "").lower() == hashlib.sha256(certificate).hexdigest()
    assert given.sslThumbprint != fake.thumbprint_sha1


def test_hosts_serve_nothing_else(vcenter):
    _, content = vcenter
    assert fetch(ticket(content), "/sdk", "POST")[0] == 404
    assert fetch(ticket(content), "/folder?dcPath=Sites%2FBerlin")[0] == 404


@pytest.mark.parametrize("bad", ["/folder/hello.txt?dsName=nowhere", "/folder/hello.txt", "/screen?id=vm-1"])
def test_no_ticket_for_other_addresses(vcenter, bad: str):
    _, content = vcenter
    with pytest.raises(vmodl.fault.InvalidArgument):
        ticket(content, bad)


def test_no_ticket_for_a_datastore_the_host_has_not_mounted(vcenter):
    _, content = vcenter
    spec = vim.SessionManager.HttpServiceRequestSpec(
        method="httpGet", url="https://esx3.example.org/folder/linux.iso?dsName=localdir"
    )
    with pytest.raises(vmodl.fault.InvalidArgument):
        content.sessionManager.AcquireGenericServiceTicket(spec)


def test_hosts_that_cannot_be_reached(vcenter):
    fake, content = vcenter
    fake.control.set(tickets="unreachable")
    with pytest.raises(ConnectionRefusedError):
        fetch(ticket(content))
    fake.control.set(tickets="localhost")
    assert ticket(content).hostName == "localhost.localdomain"


def test_no_ticket_for_what_no_host_serves(vcenter):
    _, content = vcenter
    spec = vim.SessionManager.HttpServiceRequestSpec(method="httpGet", url=f"https://nobody.example.org{PATH}")
    with pytest.raises(vmodl.fault.InvalidArgument) as caught:
        content.sessionManager.AcquireGenericServiceTicket(spec)
    assert caught.value.invalidProperty == "url"


def test_a_vcenter_without_tickets(vcenter):
    fake, content = vcenter
    fake.control.set(tickets="none")
    with pytest.raises(vmodl.fault.NotSupported):
        ticket(content)


def test_a_host_has_no_tickets(connect):
    with FakeServer("default") as fake:
        with pytest.raises(vmodl.fault.NotSupported):
            ticket(connect(fake).instance.content)
