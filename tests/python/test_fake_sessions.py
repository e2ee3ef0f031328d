# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Sessions of the fake: login, cookies, expiry, the cap, lock-out, what works without one."""

from __future__ import annotations

import re
import time

import pytest

from esxkit.fake import FakeServer

MANAGER = ("SessionManager", "ha-sessionmgr")
INSTANCE = ("ServiceInstance", "ServiceInstance")


def test_login_gives_a_quoted_cookie_and_logout_ends_it(small, soap):
    client = soap(small, login=False)
    answer = client.login()
    header = answer.headers["Set-Cookie"]
    assert re.fullmatch(r'vmware_soap_session="[0-9a-f]{40}"; Path=/; HttpOnly; Secure;', header)
    assert answer.xml.findtext(".//userName") == "root"
    assert answer.xml.findtext(".//key") not in header
    assert client.call("CurrentTime", INSTANCE).status == 200
    assert client.call("Logout", MANAGER).status == 200
    assert client.call("CurrentTime", INSTANCE).fault == "NotAuthenticated"


def test_the_locale_that_a_login_names_is_told(small, soap):
    client = soap(small, login=False)
    named = f"<userName>root</userName><password>{_xml(small)}</password>"
    for locale in (None, "de"):
        answer = client.call("Login", MANAGER, named + (f"<locale>{locale}</locale>" if locale else ""))
        key = answer.xml.findtext(".//key")
        (session,) = [one for one in small.control.sessions() if one["key"] == key]
        assert session["asked_locale"] == locale


@pytest.mark.parametrize("form", ['{name}="{value}"', "{name}={value}", '{name}="{value}"; Path=/; HttpOnly; Secure;'])
def test_cookie_in_any_form(small, soap, form):
    client = soap(small)
    name, value = client.cookie.split("=", 1)
    client.cookie = form.format(name=name, value=value.strip('"'))
    assert client.call("CurrentTime", INSTANCE).status == 200


def test_wrong_password(small, soap):
    client = soap(small, login=False)
    answer = client.login("wrong")
    assert answer.fault == "InvalidLogin"
    assert answer.message == "Cannot complete login due to an incorrect user name or password."
    # Real servers hand out a cookie all the same.
    assert "vmware_soap_session" in answer.headers["Set-Cookie"]
    client.cookie = answer.headers["Set-Cookie"].split(";")[0]
    assert client.call("CurrentTime", INSTANCE).fault == "NotAuthenticated"
    assert client.login().status == 200


def test_cookie_of_5_5_comes_with_the_first_call_and_stays(serve, soap):
    client = soap(serve("small", api_version="5.5"), "5.5", login=False)
    first = client.call("RetrieveServiceContent", INSTANCE)
    assert re.match(r'vmware_soap_session="[0-9a-f]{8}-[0-9a-f-]{27}"', first.headers["Set-Cookie"])
    client.cookie = first.headers["Set-Cookie"].split(";")[0]
    login = client.call("Login", MANAGER, f"<userName>root</userName><password>{_xml(client.server)}</password>")
    assert login.status == 200
    assert login.headers["Set-Cookie"] is None
    assert client.call("CurrentTime", INSTANCE).status == 200


def _xml(server: FakeServer) -> str:
    return server.password.replace("&", "&amp;").replace("<", "&lt;")


def test_second_login_on_a_session_is_refused(small, soap):
    client = soap(small)
    assert client.login().fault == "InvalidLogin"


def test_without_a_session(small, soap):
    client = soap(small, login=False)
    content = client.call("RetrieveServiceContent", INSTANCE)
    assert content.xml.findtext(".//apiVersion") == "8.0.3.0"
    assert client.collector("CreateFilter", "<spec/><partialUpdates>false</partialUpdates>").status == 500
    refused = client.call("CurrentTime", INSTANCE)
    assert refused.fault == "NotAuthenticated"
    assert refused.xml.findtext(".//privilegeId") == "System.View"
    current = client.read("SessionManager", "ha-sessionmgr", "currentSession", "defaultLocale").result
    assert [e.text for e in current[0].iter("name")] == ["defaultLocale"]


@pytest.mark.parametrize("method", ["RetrieveProperties", "RetrievePropertiesEx"])
def test_expired_session_reads(serve, soap, method):
    server = serve("small")
    client = soap(server)
    assert client.read("HostSystem", "ha-host", "name", method=method).result
    server.control.set(idle_seconds=0.05)
    time.sleep(0.2)
    assert client.read("HostSystem", "ha-host", "name", method=method).result == []
    server.control.set(expiry_style="missingset")
    answer = client.read("HostSystem", "ha-host", "name", "summary", method=method)
    assert [e.findtext("path") for e in answer.xml.iter("missingSet")] == ["name", "summary"]
    assert answer.xml.findtext(".//missingSet/fault/localizedMessage") == ""
    assert b'xsi:type="NotAuthenticated"' in answer.body
    server.control.set(expiry_style="fault")
    assert client.read("HostSystem", "ha-host", "name", method=method).fault == "NotAuthenticated"
    assert client.call("CurrentTime", INSTANCE).fault == "NotAuthenticated"


def test_use_keeps_a_session(serve, soap):
    client = soap(serve("small", idle_seconds=2))
    for _ in range(4):
        time.sleep(0.7)
        assert client.call("CurrentTime", INSTANCE).status == 200


def test_cap_gives_503_until_somebody_leaves(serve, soap):
    server = serve("small", session_cap=2)
    first, _second = soap(server), soap(server)
    third = soap(server, login=False)
    assert third.call("RetrieveServiceContent", INSTANCE).status == 503
    assert third.login().status == 503
    assert first.call("CurrentTime", INSTANCE).status == 200
    first.call("Logout", MANAGER)
    assert third.login().status == 200


def test_lock_out(serve, soap):
    server = serve("small", lockout_after=3)
    client = soap(server, login=False)
    for _ in range(3):
        assert client.login("wrong").fault == "InvalidLogin"
    assert client.login().fault == "InvalidLogin"
    server.control.unlock()
    assert client.login().status == 200


def test_what_a_session_made_dies_with_it(serve, soap):
    server = serve("small")
    client = soap(server)
    made = client.collector("CreatePropertyCollector").result[0].text
    assert client.collector("CheckForUpdates", moid=made).status == 200
    assert soap(server).collector("CheckForUpdates", moid=made).fault == "ManagedObjectNotFound"
    assert server.control.terminate_sessions() == 2
    assert client.collector("CheckForUpdates", moid=made).fault == "NotAuthenticated"
    client.cookie = None
    client.login()
    assert client.collector("CheckForUpdates", moid=made).fault == "ManagedObjectNotFound"


def test_session_is_active_only_on_vcenter(serve, soap, small):
    parameters = "<sessionID>x</sessionID><userName>root</userName>"
    assert soap(small).call("SessionIsActive", MANAGER, parameters).fault == "NotSupported"
    vcenter = soap(serve("vcenter"))
    (active,) = vcenter.call("SessionIsActive", ("SessionManager", "SessionManager"), parameters).result
    assert active.text == "false"


def test_restricted_licence_reads_but_does_not_write(serve, soap):
    client = soap(serve("small", restricted=True))
    storage = ("HostStorageSystem", "storageSystem")
    answer = client.call("RescanHba", storage, "<hbaDevice>vmhba65</hbaDevice>")
    assert answer.fault == "RestrictedVersion"
    assert answer.message.startswith("Current license or ESXi version prohibits")
    assert client.read("HostSystem", "ha-host", "name").result
    assert client.search("[datastore-0000]").findtext("state") == "success"
