# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Responses, letter by letter as captured servers write them, and read back by pyVmomi's own client."""

from __future__ import annotations

import datetime

import pytest
from pyVmomi import SoapAdapter, vim

from esxkit.model.objects import make, reference, vi_type
from esxkit.wire.faults import VimFault, invalid_argument, not_authenticated, object_not_found
from esxkit.wire.request import method_info
from esxkit.wire.response import encode_fault, encode_parser_fault, encode_response
from esxkit.wire.serializer import Serializer, Style
from esxkit.wire.versions import version_for

NOW = version_for("8.0.3.0")


def body_of(data: bytes) -> str:
    text = data.decode()
    head, inner = text.split("<soapenv:Body>\n")
    assert head.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenc=')
    assert inner.endswith("\n</soapenv:Body>\n</soapenv:Envelope>")
    return inner.removesuffix("\n</soapenv:Body>\n</soapenv:Envelope>")


def written(value, declared=object, version=NOW, **style):
    return Serializer(version, Style(**style)).element("val", value, declared)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, '<val xsi:type="xsd:boolean">true</val>'),
        (-3, '<val xsi:type="xsd:int">-3</val>'),
        ("a<b>&\"'ü", '<val xsi:type="xsd:string">a&lt;b&gt;&amp;&quot;&apos;ü</val>'),
        ("", '<val xsi:type="xsd:string"></val>'),
        (
            reference("Folder", "a&b"),
            '<val type="Folder" xsi:type="ManagedObjectReference">a&amp;b</val>',
        ),
        (
            vim.Datastore.Array([vim.Datastore("d1")]),
            '<val xsi:type="ArrayOfManagedObjectReference">'
            '<ManagedObjectReference type="Datastore" xsi:type="ManagedObjectReference">d1</ManagedObjectReference>'
            "</val>",
        ),
        (vim.Datastore.Array(), '<val xsi:type="ArrayOfManagedObjectReference"></val>'),
        (
            vi_type("ArrayOfHostMultipathInfoPath")(),
            '<val xsi:type="ArrayOfHostMultipathInfoPath"></val>',
        ),
        (
            datetime.datetime(2024, 3, 10, 0, 15, 42, 371000, tzinfo=datetime.UTC),
            '<val xsi:type="xsd:dateTime">2024-03-10T00:15:42.371Z</val>',
        ),
        (vim.TaskInfo.State("running"), '<val xsi:type="TaskInfoState">running</val>'),
    ],
)
def test_any_type(value, expected):
    assert written(value) == expected


def test_long_fields_of_any_type_are_long():
    value = vi_type("DatastoreSummary")._GetPropertyInfo("capacity").type(5)
    assert written(value) == '<val xsi:type="xsd:long">5</val>'


def test_items_of_an_array_in_any_type_have_their_type_even_when_it_is_the_arrays():
    lun = make("ScsiLun", key="k", uuid="u", deviceName="d", deviceType="disk", lunType="disk", operationalState=["ok"])
    array = vi_type("ArrayOfScsiLun")([lun])
    assert written(array).startswith('<val xsi:type="ArrayOfScsiLun"><ScsiLun xsi:type="ScsiLun"><deviceName>d<')
    assert written(array, item_types=False).startswith('<val xsi:type="ArrayOfScsiLun"><ScsiLun><deviceName>d<')


def test_typed_fields_have_a_type_only_for_a_subtype():
    option = make("OptionDef", label="l", summary="s", key="k", optionType=make("OptionType", valueIsReadonly=True))
    assert "<optionType><valueIsReadonly>true</valueIsReadonly></optionType>" in written(option, vi_type("OptionDef"))
    option.optionType = make("BoolOption", supported=True, defaultValue=False)
    assert '<optionType xsi:type="BoolOption"><supported>' in written(option, vi_type("OptionDef"))


def test_bytes_are_signed_decimals():
    name = make("ScsiLunDurableName", namespace="x", namespaceId=1, data=[-128, 0, 127])
    assert "<data>-128</data><data>0</data><data>127</data>" in written(name, vi_type("ScsiLunDurableName"))


def test_a_required_field_that_is_unset_is_an_error_of_the_fake():
    with pytest.raises(TypeError, match="Required field optionType of OptionDef"):
        written(make("OptionDef", key="k"), vi_type("OptionDef"))


def test_older_versions_do_not_see_newer_fields_and_types():
    target = make("HostInternetScsiHbaStaticTarget", address="a", iScsiName="n", discoveryMethod="staticMethod")
    kind = vi_type("HostInternetScsiHbaStaticTarget")
    assert "discoveryMethod" in written(target, kind, version_for("5.1"))
    assert "discoveryMethod" not in written(target, kind, version_for("5.0"))
    vvol = make("VvolDatastoreInfo", name="n", url="u", freeSpace=1, maxFileSize=1)
    assert 'xsi:type="VvolDatastoreInfo"' in written(vvol, version=version_for("6.0"))
    assert 'xsi:type="DatastoreInfo"' in written(vvol, version=version_for("5.5"))


def test_style():
    value = make("LocalDatastoreInfo", name="n", url="u", freeSpace=1, maxFileSize=1)
    assert 'p:type="HoloDatastoreInfo"' in written(
        value, xsi_prefix="p", renamed_types={"LocalDatastoreInfo": "HoloDatastoreInfo"}
    )
    assert written(value, unknown_elements=True).endswith("</somethingNew></val>")


def test_void_and_unset_results():
    serializer = Serializer(NOW)
    logout = encode_response(method_info("Logout"), None, serializer)
    assert body_of(logout) == '<LogoutResponse xmlns="urn:vim25"></LogoutResponse>'
    check = encode_response(method_info("CheckForUpdates"), None, serializer)
    assert body_of(check) == '<CheckForUpdatesResponse xmlns="urn:vim25"></CheckForUpdatesResponse>'


def test_string_result():
    data = encode_response(method_info("QueryVirtualDiskUuid"), "60 00", Serializer(NOW))
    assert body_of(data) == (
        '<QueryVirtualDiskUuidResponse xmlns="urn:vim25"><returnval>60 00</returnval></QueryVirtualDiskUuidResponse>'
    )


def test_faults():
    serializer = Serializer(NOW)
    login = body_of(encode_fault(VimFault("InvalidLogin").data, serializer))
    assert login == (
        "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>Cannot complete login due to an incorrect "
        "user name or password.</faultstring><detail>"
        '<InvalidLoginFault xmlns="urn:vim25" xsi:type="InvalidLogin"></InvalidLoginFault></detail></soapenv:Fault>'
    )
    session = body_of(encode_fault(not_authenticated(reference("Folder", "group-d1")).data, serializer))
    assert '<object type="Folder">group-d1</object><privilegeId>System.View</privilegeId>' in session
    # The element is the type's name and "Fault", also where the name ends so already.
    config = body_of(encode_fault(VimFault("HostConfigFault", "no").data, serializer))
    assert '<HostConfigFaultFault xmlns="urn:vim25" xsi:type="HostConfigFault">' in config
    parser = body_of(encode_parser_fault("a\nb", Style()))
    assert parser == (
        "<soapenv:Fault><faultcode>ClientFaultCode</faultcode><faultstring>a\nb</faultstring></soapenv:Fault>"
    )


@pytest.mark.parametrize(
    ("fault", "field", "value"),
    [
        (invalid_argument("spec"), "invalidProperty", "spec"),
        (object_not_found(reference("Datastore", "d")), "obj", reference("Datastore", "d")),
    ],
)
def test_pyvmomi_reads_faults_back(fault, field, value):
    stub = SoapAdapter.SoapStubAdapter(version=NOW)
    data = encode_fault(fault.data, Serializer(NOW))
    back = SoapAdapter.SoapResponseDeserializer(stub).Deserialize(data, vim.TaskInfo)
    assert getattr(back, field)._moId == value._moId if hasattr(value, "_moId") else getattr(back, field) == value
    assert back.msg == fault.data.msg


def test_a_fault_inside_data_is_wrapped():
    missing = make("MissingProperty", path="name", fault=VimFault("NoPermission", privilegeId="System.Read").data)
    assert written(missing, vi_type("MissingProperty")) == (
        '<val><path>name</path><fault><fault xsi:type="NoPermission"><privilegeId>System.Read</privilegeId></fault>'
        "<localizedMessage>Permission to perform this operation was denied.</localizedMessage></fault></val>"
    )
