# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A bare SOAP client for the tests of the fake: it says exactly what a test tells it to."""

from __future__ import annotations

import http.client
import re
import ssl
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import attrs

from esxkit.fake import FakeServer

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
    "<soapenv:Body>%s</soapenv:Body></soapenv:Envelope>"
)
WALK = """<objectSet><obj type="Folder">ha-folder-root</obj><skip>true</skip>
<selectSet xsi:type="TraversalSpec"><name>folder</name><type>Folder</type><path>childEntity</path><skip>true</skip>
 <selectSet><name>folder</name></selectSet><selectSet><name>dc</name></selectSet><selectSet><name>cr</name></selectSet>
</selectSet>
<selectSet xsi:type="TraversalSpec"><name>dc</name><type>Datacenter</type><path>hostFolder</path><skip>true</skip>
 <selectSet><name>folder</name></selectSet></selectSet>
<selectSet xsi:type="TraversalSpec"><name>cr</name><type>ComputeResource</type><path>host</path><skip>false</skip>
 <selectSet><name>host</name></selectSet></selectSet>
<selectSet xsi:type="TraversalSpec"><name>host</name><type>HostSystem</type><path>datastore</path></selectSet>
</objectSet>"""
ALL_STORES = "<propSet><type>Datastore</type><pathSet>name</pathSet><pathSet>summary.accessible</pathSet></propSet>"
ALL_HOSTS = "<propSet><type>HostSystem</type><pathSet>name</pathSet></propSet>"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def without_namespace(root: ElementTree.Element) -> ElementTree.Element:
    """The same tree with plain tags."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


@attrs.frozen
class Answer:
    """One reply."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def xml(self) -> ElementTree.Element:
        """The body of the envelope."""
        return without_namespace(ElementTree.fromstring(self.body))[0]

    @property
    def result(self) -> list[ElementTree.Element]:
        """The returnval elements."""
        assert self.status == 200, self.body.decode(errors="replace")
        return list(self.xml[0])

    @property
    def fault(self) -> str:
        """Name of the fault, without "Fault"; the bare faultcode when there is no detail."""
        assert self.status == 500, self.body.decode(errors="replace")
        detail = self.xml.find("Fault/detail")
        return detail[0].tag.removesuffix("Fault") if detail is not None else self.xml.findtext("Fault/faultcode", "")

    @property
    def message(self) -> str:
        """The faultstring."""
        return self.xml.findtext("Fault/faultstring", "")


class Soap:
    """A client with one connection and one cookie."""

    def __init__(self, server: FakeServer, version: str | None = "8.0.3.0"):
        context = ssl.create_default_context(cafile=server.cacert)
        self.connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=20)
        self.server, self.version = server, version
        self.cookie: str | None = None

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One HTTP request with the cookie of the session."""
        if self.cookie:
            headers["Cookie"] = self.cookie
        self.connection.request(method, path, body, headers)
        reply = self.connection.getresponse()
        return Answer(reply.status, reply.headers, reply.read())

    def post(self, body: str | bytes, **headers: str) -> Answer:
        """A whole envelope to /sdk."""
        if self.version is not None:
            headers.setdefault("SOAPAction", f'"urn:vim25/{self.version}"')
        return self.request("POST", "/sdk", body.encode() if isinstance(body, str) else body, **headers)

    def call(self, method: str, target: tuple[str, str], inner: str = "", **headers: str) -> Answer:
        """A method of (type, moid) with its parameters as XML."""
        this = f'<_this type="{target[0]}">{escape(target[1])}</_this>'
        return self.post(ENVELOPE % f'<{method} xmlns="urn:vim25">{this}{inner}</{method}>', **headers)

    def login(self, password: str | None = None) -> Answer:
        """Log in and keep the cookie."""
        moid = "SessionManager" if self.server.service.is_vcenter else "ha-sessionmgr"
        secret = escape(self.server.password if password is None else password)
        parameters = f"<userName>{self.server.username}</userName><password>{secret}</password><locale>en</locale>"
        answer = self.call("Login", ("SessionManager", moid), parameters)
        if answer.status == 200:
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return answer

    def collector(self, method: str, inner: str = "", moid: str | None = None) -> Answer:
        """A method of the property collector."""
        default = "propertyCollector" if self.server.service.is_vcenter else "ha-property-collector"
        return self.call(method, ("PropertyCollector", moid or default), inner)

    def read(self, kind: str, moid: str, *paths: str, method: str = "RetrieveProperties") -> Answer:
        """Properties of one object."""
        return self.collector(method, f"<specSet>{spec(kind, moid, *paths)}</specSet>" + OPTIONS.get(method, ""))

    def search(self, datastore: str, inner: str = "", method: str = "SearchDatastoreSubFolders_Task") -> Any:
        """Run a search of a datastore path to its end; the task's info element."""
        name = re.match(r"\[([^\]]*)\]", datastore)
        moid = self.server.run(_browser_of(self.server, name[1] if name else None))
        parameters = f"<datastorePath>{escape(datastore)}</datastorePath>{inner}"
        task = self.call(method, ("HostDatastoreBrowser", moid), parameters).result[0].text
        assert task
        while True:
            info = self.read("Task", task, "info").result[0].find("propSet/val")
            assert info is not None
            if info.findtext("state") in ("success", "error"):
                return info


OPTIONS = {"RetrievePropertiesEx": "<options></options>"}


async def _browser_of(server: FakeServer, name: str | None) -> str:
    for store in server.service.registry.of_type(object):
        if store.vi_name == "Datastore" and name in (None, store.plain_name):
            return store.read("browser")._moId
    return "ha-host-datastorebrowser"


def spec(kind: str, moid: str, *paths: str) -> str:
    """The inside of a PropertyFilterSpec for one object."""
    path_set = "".join(f"<pathSet>{escape(path)}</pathSet>" for path in paths)
    return (
        f"<propSet><type>{kind}</type>{path_set}</propSet>"
        f'<objectSet><obj type="{kind}">{escape(moid)}</obj></objectSet>'
    )


class Watch:
    """A collector of its own with one filter."""

    def __init__(self, client, inner):
        self.client, self.version = client, ""
        self.moid = client.collector("CreatePropertyCollector").result[0].text
        self.filter = client.collector(
            "CreateFilter", f"<spec>{inner}</spec><partialUpdates>false</partialUpdates>", self.moid
        ).result[0].text

    def wait(self, seconds=0, method="WaitForUpdatesEx", extra=""):
        options = f"<options><maxWaitSeconds>{seconds}</maxWaitSeconds>{extra}</options>"
        answer = self.client.collector(
            method, f"<version>{self.version}</version>" + (options if method.endswith("Ex") else ""), self.moid
        )
        self.answer = answer
        self.version = answer.xml.findtext(".//returnval/version") or self.version
        return [
            (
                update.findtext("kind"),
                update.findtext("obj"),
                [(c.findtext("name"), c.findtext("op"), c.find("val") is not None) for c in update.iter("changeSet")],
            )
            for update in answer.xml.iter("objectSet")
        ]
