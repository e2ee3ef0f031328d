# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The lower bound: one curl process that sends the fewest requests with which the question can be answered.

Nobody can do with less than RetrieveServiceContent (it names the managers), Login, the reads, and Logout:

* *pools*: one RetrievePropertiesEx that walks from the root to all datastores and hosts, for the properties that our
  driver reads, so that the reply's bytes are the same; ContinueRetrievePropertiesEx for each further page of it.
* *volumes*: a caller knows a datastore by its name, and no method searches by name. So one RetrievePropertiesEx for
  the name and the browser of each datastore; then the very search of our driver, of everything or for one volume; and
  one look at the task, whose result is the list. Six requests.

curl keeps one connection, with TLS verified as our driver verifies it, and throws the replies away: it does not parse
them, and knows what to ask beforehand.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
from pathlib import Path

from esxkit.harness import environment
from esxkit.measure.bench.replay import ReplayServer
from esxkit.measure.bench.runner import Command

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
)
_READ = (
    '<RetrievePropertiesEx xmlns="urn:vim25"><_this type="PropertyCollector">{collector}</_this>{spec}'
    "<options/></RetrievePropertiesEx>"
)
_NEXT = (
    '<ContinueRetrievePropertiesEx xmlns="urn:vim25"><_this type="PropertyCollector">{collector}</_this>'
    "<token>{token}</token></ContinueRetrievePropertiesEx>"
)
_BROWSERS = "<propSet><type>Datastore</type><pathSet>name</pathSet><pathSet>browser</pathSet></propSet>"
_COOKIE = re.compile(r"vmware_soap_session=[^;]*")
_TOKEN = re.compile(r"<token>([^<]+)</token>")
_COLLECTOR = re.compile(r'type="PropertyCollector">([^<]+)<')
_TASK = re.compile(r'<returnval type="Task">([^<]+)</returnval>')


class _Session:
    """Sends requests through a replay server that records, and keeps them for curl."""

    def __init__(self, server: ReplayServer) -> None:
        context = ssl.create_default_context(cafile=server.cacert)
        self._connection = http.client.HTTPSConnection(server.host, server.port, context=context)
        self.bodies: list[str] = []
        self.cookie = ""

    def send(self, body: str) -> str:
        """One request; AssertionError for a fault."""
        self.bodies.append(body)
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"urn:vim25/8.0"', "Cookie": self.cookie}
        self._connection.request("POST", "/sdk", body.encode(), headers)
        reply = self._connection.getresponse()
        text = reply.read().decode()
        assert reply.status == 200, f"{body}: {text}"
        if not self.cookie and (found := _COOKIE.search(reply.getheader("Set-Cookie") or "")):
            self.cookie = found[0]
        return text

    def close(self) -> None:
        self._connection.close()


def _found(pattern: re.Pattern[str], text: str) -> str:
    """What the pattern's group is in a text that must have it."""
    match = pattern.search(text)
    assert match, f"There is no {pattern.pattern} in {text[:500]}"
    return match[1]


def _spec_of(read: str) -> str:
    """What our driver reads of the host, in one read or by a standing filter, as the specSet of a single read."""
    found = re.search(r"<spec(?:Set)?>(.*)</spec(?:Set)?>", read, re.DOTALL)
    assert found, f"This does not read the host: {read}"
    return f"<specSet>{found[1]}</specSet>"


def _only_browsers(spec: str) -> str:
    """The same walk, for the names and browsers of datastores."""
    return re.sub(r"<propSet>.*</propSet>", _BROWSERS, spec, flags=re.DOTALL)


def record(server: ReplayServer, ours: list[dict[str, str]], port: int, name: str) -> list[str]:
    """Go through the bound once and record it; return the bodies for curl, the cookie first.

    Args:
        server: records it as `name`, from the fake at `port`.
        ours: our driver's requests for the same command, which this is made from.
    """
    requests = {one["method"]: one["body"] for one in ours}
    server.record(name, port)
    session = _Session(server)
    try:
        session.send(requests["RetrieveServiceContent"])
        session.send(requests["Login"])
        host = next(one["body"] for one in ours if "<type>Datastore</type>" in one["body"])
        collector = _found(_COLLECTOR, host)
        search = requests.get("SearchDatastoreSubFolders_Task") or requests.get("SearchDatastore_Task")
        spec = _spec_of(host)
        read = _READ.format(collector=collector, spec=_only_browsers(spec) if search else spec)
        reply = session.send(_ENVELOPE.format(read))
        while token := _TOKEN.search(reply):
            reply = session.send(_ENVELOPE.format(_NEXT.format(collector=collector, token=token[1])))
        if search:
            task = _found(_TASK, session.send(search))
            look = next(one["body"] for one in ours if "<type>Task</type>" in one["body"])
            session.send(re.sub(r'(<obj type="Task">)[^<]+', rf"\g<1>{task}", look))
        session.send(requests["Logout"])
    finally:
        session.close()
    return [session.cookie, *session.bodies]


def command(server: ReplayServer, recorded: list[str], folder: Path, env: dict[str, str]) -> Command:
    """curl with these requests, on one connection; they go in files of `folder`, readable by their owner alone."""
    cookie, *bodies = recorded
    folder.mkdir(mode=0o700, exist_ok=True)
    transfers = []
    for number, body in enumerate(bodies):
        path = folder / f"{number}.xml"
        path.write_text(body)
        fields = {
            "url": f"https://{server.host}:{server.port}/sdk",
            "cacert": str(server.cacert),
            "data-binary": f"@{path}",
            "output": "/dev/null",
        }
        headers = ["Content-Type: text/xml; charset=utf-8", 'SOAPAction: "urn:vim25/8.0"', "Expect:"]
        if number:
            headers.append(f"Cookie: {cookie}")
        lines = [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
        lines += [f"header = {json.dumps(value)}" for value in headers]
        transfers.append("\n".join([*lines, "silent", "show-error", "fail", "http1.1"]))
    config = folder / "config"
    config.write_text("\nnext\n".join(transfers) + "\n")
    return Command((environment.program("curl", "curl"), "--config", str(config)), env)
