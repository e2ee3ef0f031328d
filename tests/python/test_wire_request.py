# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Requests: what is read out of them, and what a strict server refuses."""

from __future__ import annotations

import pytest

from esxkit.wire.request import BadRequest, UnknownMethod, parse_request
from esxkit.wire.versions import version_for

VERSION = version_for("8.0.3.0")
ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{header}<soapenv:Body>{body}</soapenv:Body>'
    "</soapenv:Envelope>"
)
RETRIEVE = (
    '<RetrievePropertiesEx xmlns="urn:vim25"><_this type="PropertyCollector">ha-property-collector</_this>'
    "<specSet><propSet><type>HostSystem</type><pathSet>name</pathSet><pathSet>config.product</pathSet></propSet>"
    '<objectSet><obj type="Folder">ha-folder-root</obj><skip>false</skip><selectSet xsi:type="TraversalSpec">'
    "<name>f</name><type>Folder</type><path>childEntity</path><selectSet><name>f</name></selectSet></selectSet>"
    "</objectSet></specSet><options><maxObjects>7</maxObjects></options></RetrievePropertiesEx>"
)


def parse(body, header=""):
    return parse_request(ENVELOPE.format(body=body, header=header).encode(), VERSION)


def test_values_are_typed():
    request = parse(RETRIEVE)
    assert (request.info.wsdlName, request.target._moId) == ("RetrievePropertiesEx", "ha-property-collector")
    (spec,) = request.args["specSet"]
    assert list(spec.propSet[0].pathSet) == ["name", "config.product"]
    traversal = spec.objectSet[0].selectSet[0]
    assert (traversal.path, traversal.selectSet[0].name) == ("childEntity", "f")
    assert request.args["options"].maxObjects == 7


def test_unset_parameters_are_none():
    request = parse(
        '<WaitForUpdatesEx xmlns="urn:vim25"><_this type="PropertyCollector">x</_this></WaitForUpdatesEx>'
    )
    assert request.args == {"version": None, "options": None}


def test_header_entries():
    header = "<soapenv:Header><operationID>op-1</operationID></soapenv:Header>"
    assert parse(RETRIEVE, header).headers["operationID"] == "op-1"


def test_prefixes_do_not_matter():
    body = (
        '<v:Login xmlns:v="urn:vim25"><v:_this type="SessionManager">m</v:_this><v:userName>root</v:userName>'
        "<v:password>a &amp; b</v:password></v:Login>"
    )
    assert parse(body).args == {"userName": "root", "password": "a & b", "locale": None}


def test_fetch_is_a_method():
    request = parse('<Fetch xmlns="urn:vim25"><_this type="HostSystem">h</_this><prop>name</prop></Fetch>')
    assert request.args == {"prop": "name"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<maxObjects>7<", "<maxObjects>seven<", "seven"),
        ("skip>", "skop>", "skop"),
        ('"TraversalSpec"', '"NoSuchSpec"', "NoSuchSpec"),
        ("</maxObjects>", "", "mismatched tag"),
        ("<specSet>", "<specSet>&nbsp;", "undefined entity"),
        ('<obj type="Folder">ha-folder-root</obj>', "", "Required property obj is missing"),
        ("<options><maxObjects>7</maxObjects></options>", "", "Required parameter options is missing"),
    ],
)
def test_refused(old, new, message):
    assert old in RETRIEVE
    with pytest.raises(BadRequest, match=message):
        parse(RETRIEVE.replace(old, new))


def test_unknown_method_names_itself_and_its_receiver():
    with pytest.raises(UnknownMethod) as caught:
        parse('<NoSuchMethod xmlns="urn:vim25"><_this type="Folder">group-d1</_this></NoSuchMethod>')
    assert (caught.value.name, caught.value.moid) == ("NoSuchMethod", "group-d1")


def test_foreign_namespace_is_an_unknown_method():
    with pytest.raises(UnknownMethod):
        parse('<Login xmlns="urn:other"><_this type="SessionManager">m</_this></Login>')


@pytest.mark.parametrize("data", [b"", b"hello", b"<a/>", b"\xff\xfe\x00"])
def test_no_envelope(data):
    with pytest.raises(BadRequest):
        parse_request(data, VERSION)


def test_doctype_is_refused():
    data = b'<!DOCTYPE x [<!ENTITY a "b">]>' + ENVELOPE.format(body=RETRIEVE, header="").encode()
    with pytest.raises(BadRequest, match="document type"):
        parse_request(data, VERSION)
