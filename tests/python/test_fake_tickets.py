# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Service tickets of a vCenter: one request each, at the host, for what they were asked for."""

from __future__ import annotations

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


def fetch(given, path: str = PATH, method: str = "GET") -> tuple[int, bytes]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(given.hostName, context=context, timeout=10)
    try:
        connection.request(method, path, headers={"Cookie": f"vmware_cgi_ticket={given.id}"})
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
