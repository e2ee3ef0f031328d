# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The door to pyVmomi's metadata: what it says is what the wire has."""

from __future__ import annotations

import pytest

from esxkit.codegen import cnames
from esxkit.model.vim import Field, Kind, VimSchema

SCHEMA = VimSchema()


def field_of(type_name: str, field_name: str) -> Field:
    return next(f for f in SCHEMA.type(type_name).fields if f.name == field_name)


@pytest.mark.parametrize(
    ("type_name", "field"),
    [
        ("DatastoreSummary", Field("capacity", Kind.LONG, "long")),
        ("DatastoreSummary", Field("datastore", Kind.MOREF, "Datastore", optional=True)),
        ("DatastoreSummary", Field("maintenanceMode", Kind.STRING, "string", since="5.0", optional=True)),
        ("TaskInfo", Field("state", Kind.STRING, "TaskInfoState", enum=True)),
        ("TaskInfo", Field("result", Kind.ANY, "anyType", optional=True)),
        ("TaskInfo", Field("queueTime", Kind.STRING, "dateTime")),
        ("HostScsiTopologyLun", Field("scsiLun", Kind.STRING, "string")),
        ("ScsiLun", Field("standardInquiry", Kind.INT, "byte", since="2.5", array=True, optional=True)),
        ("PropertySpec", Field("pathSet", Kind.STRING, "string", array=True, optional=True)),
        ("HostVmfsVolume", Field("extent", Kind.OBJECT, "HostScsiDiskPartition", array=True)),
        # what pyVmomi calls a MethodFault is a pair with a message on the wire
        ("TaskInfo", Field("error", Kind.OBJECT, "LocalizedMethodFault", optional=True)),
        ("MissingProperty", Field("fault", Kind.OBJECT, "LocalizedMethodFault")),
        ("LocalizedMethodFault", Field("fault", Kind.OBJECT, "MethodFault")),
    ],
)
def test_fields(type_name: str, field: Field) -> None:
    assert field_of(type_name, field.name) == field


def test_roots_of_hierarchies_have_no_parent() -> None:
    parents = {name: SCHEMA.type(name).parent for name in ("DynamicProperty", "ObjectContent", "MethodFault")}
    assert set(parents.values()) == {None}
    assert SCHEMA.type("NasDatastoreInfo").parent == "DatastoreInfo"
    assert SCHEMA.type("InvalidLogin").parent == "VimFault"


def test_pyvmomi_own_fields_are_left_out() -> None:
    assert [f.name for f in SCHEMA.type("MethodFault").fields] == ["faultCause", "faultMessage"]


def test_methods() -> None:
    login = SCHEMA.method("Login")
    assert login.owner == "SessionManager"
    assert [(p.name, p.secret, p.optional) for p in login.params] == [
        ("userName", False, False),
        ("password", True, False),
        ("locale", False, True),
    ]
    assert login.result == Field("returnval", Kind.OBJECT, "UserSession")
    assert "InvalidLogin" in login.faults
    assert SCHEMA.method("Logout").result is None
    search = SCHEMA.method("SearchDatastore_Task")
    assert search.result == Field("returnval", Kind.MOREF, "Task")
    assert search.task_result == "HostDatastoreBrowserSearchResults"


def test_enums() -> None:
    assert SCHEMA.enum("TaskInfoState").values == ("queued", "running", "success", "error")


@pytest.mark.parametrize("lookup", [SCHEMA.type, SCHEMA.enum, SCHEMA.method])
def test_unknown_names(lookup) -> None:
    with pytest.raises(KeyError):
        lookup("NoSuchThing")


def test_a_type_is_no_enum_nor_the_other_way_round() -> None:
    with pytest.raises(KeyError):
        SCHEMA.type("TaskInfoState")
    with pytest.raises(KeyError):
        SCHEMA.enum("TaskInfo")


@pytest.mark.parametrize(
    ("enum", "value", "macro"),
    [
        ("TaskInfoState", "success", "VIM_TASK_INFO_STATE_SUCCESS"),
        ("HostFileSystemVolumeFileSystemType", "NFS41", "VIM_HOST_FILE_SYSTEM_VOLUME_FILE_SYSTEM_TYPE_NFS41"),
        ("ScsiDiskType", "native4k", "VIM_SCSI_DISK_TYPE_NATIVE4K"),
        ("IPThing", "only", "VIM_IP_THING_ONLY"),
        ("E", "off-line now", "VIM_E_OFF_LINE_NOW"),
        ("E", "seSparse", "VIM_E_SE_SPARSE"),
    ],
)
def test_enum_macros(enum: str, value: str, macro: str) -> None:
    assert cnames.enum_macro(enum, value) == macro


@pytest.mark.parametrize(
    ("name", "member"),
    [("_this", "self"), ("name", "name"), ("default", "default_"), ("object", "object_"), ("base", "base_")],
)
def test_members(name: str, member: str) -> None:
    assert cnames.member(Field(name, Kind.STRING, "string")) == member
