# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""From a list of roots to a closure, on a schema small enough to see whole; one mistake a case."""

from __future__ import annotations

import pytest
from codegen_schema import TINY, TINY_ROOTS, StaticSchema

from esxkit.codegen.check import check
from esxkit.codegen.closure import complete
from esxkit.codegen.roots import Roots, RootsError, parse_roots
from esxkit.model.vim import Enum, Field, Kind, Method, Type


def test_closure_has_what_roots_need_and_no_more() -> None:
    closure = complete(TINY_ROOTS, TINY)
    assert [t.name for t in closure.types] == [
        "Hba",
        "IscsiHba",
        "LocalizedMethodFault",
        "MethodFault",
        "NotFound",
        "Target",
    ]
    assert [e.name for e in closure.enums] == ["Status"]
    assert [(m.name, replay) for m, replay in closure.methods] == [("Rescan", "safe")]
    assert closure.faults == {"MethodFault", "NotFound"}


def test_parents_come_first() -> None:
    names = [t.name for t in complete(TINY_ROOTS, TINY).types]
    assert names.index("Hba") < names.index("IscsiHba")
    assert names.index("MethodFault") < names.index("NotFound")


def test_skipped_fields_are_gone() -> None:
    iscsi = complete(TINY_ROOTS, TINY).type("IscsiHba")
    assert [field.name for field in iscsi.fields] == ["target", "default"]


def test_a_skipped_type_takes_its_fields_along() -> None:
    roots = Roots(types={"Hba": ("IscsiHba",)}, skipped_types=frozenset({"Target", "Option"}))
    closure = complete(roots, TINY)
    assert [t.name for t in closure.types] == ["Hba", "IscsiHba"]
    assert [field.name for field in closure.type("IscsiHba").fields] == ["default"]


BAD_ROOTS = [
    ({"replay": {"Missing": "safe"}}, "methods.Missing: the schema has no such method"),
    ({"types": {"Missing": ()}}, "types.Missing: the schema has no type Missing"),
    ({"types": {"Hba": ("Missing",)}}, "types.Hba: subtypes: the schema has no type Missing"),
    ({"types": {"Hba": ("Target",)}}, "types.Hba: Target is not derived from it"),
    ({"enums": ("Missing",)}, "enums.Missing: the schema has no enumeration Missing"),
    ({"faults": ("Missing",)}, "faults.Missing: the schema has no type Missing"),
    ({"faults": ("Target",)}, "faults.Target: it is not derived from MethodFault"),
    (
        {"skipped_fields": frozenset({("Hba", "colour")})},
        "skip.fields.Hba.colour: no wanted type has such a field",
    ),
    (
        {"skipped_types": frozenset({"Target"})},
        "skip.types.Target: no wanted type has a field of it",
    ),
]


@pytest.mark.parametrize(("entries", "problem"), BAD_ROOTS, ids=[problem for _, problem in BAD_ROOTS])
def test_what_does_not_fit_the_schema_is_named(entries: dict, problem: str) -> None:
    with pytest.raises(RootsError) as caught:
        complete(Roots(**entries), TINY)
    assert caught.value.problems == [problem]


def test_all_problems_are_told_at_once() -> None:
    roots = Roots(replay={"No": "safe"}, types={"Nothing": ()}, enums=("None",))
    with pytest.raises(RootsError) as caught:
        complete(roots, TINY)
    assert len(caught.value.problems) == 3


def test_a_field_of_a_type_the_schema_lacks_is_named() -> None:
    schema = StaticSchema([Type("A", None, (Field("b", Kind.OBJECT, "B"),))])
    with pytest.raises(RootsError, match=r"^A\.b: the schema has no type B$"):
        complete(Roots(types={"A": ()}), schema)


BAD_DOCUMENTS = [
    ({"metods": {}}, "metods: there is no such section"),
    ({"methods": {"M": {"replay": "twice", "why": "x"}}}, "methods.M: replay must be one of safe, once, session"),
    ({"methods": {"M": {"why": "x"}}}, "methods.M: replay must be one of safe, once, session"),
    ({"methods": {"M": {"replay": "safe"}}}, "methods.M: say why it is wanted"),
    ({"methods": {"M": {"replay": "safe", "why": "x", "how": 1}}}, "methods.M: there is no such key as how"),
    ({"methods": {"M": "safe"}}, "methods.M: must be a table in braces"),
    ({"types": {"T": 1}}, "types.T: must be a table in braces"),
    ({"types": {"T": {"subtypes": []}}}, "types.T: say why it is wanted"),
    ({"enums": {"E": ""}}, "enums.E: say why it is wanted"),
    ({"faults": {"F": 3}}, "faults.F: say why it is wanted"),
    ({"skip": {"fields": {"TypeOnly": "x"}}}, "skip.fields.TypeOnly: must read Type.field"),
    ({"skip": {"types": {"T": " "}}}, "skip.types.T: say why it is wanted"),
]


@pytest.mark.parametrize(("document", "problem"), BAD_DOCUMENTS, ids=[p for _, p in BAD_DOCUMENTS])
def test_a_bad_list_is_refused_with_the_entry(document: dict, problem: str) -> None:
    with pytest.raises(RootsError) as caught:
        parse_roots(document)
    assert caught.value.problems == [problem]


def test_a_good_list_is_read() -> None:
    roots = parse_roots(
        {
            "methods": {"M": {"replay": "once", "why": "x"}},
            "types": {"T": {"why": "x", "subtypes": ["S"]}},
            "enums": {"E": "x"},
            "faults": {"F": "x"},
            "skip": {"fields": {"T.a": "x"}, "types": {"U": "x"}},
        }
    )
    assert roots == Roots({"M": "once"}, {"T": ("S",)}, ("E",), ("F",), frozenset({("T", "a")}), frozenset({"U"}))


BAD_CLOSURES = [
    (
        [Type("A", None, (Field("n", Kind.INT, "int", optional=True), Field("has_n", Kind.INT, "int")))],
        "A.has_n: its member has_n is that of n already",
    ),
    (
        [Type("A", None, (Field("b", Kind.INT, "int"), Field("b", Kind.INT, "int")))],
        "A.b: its member b is that of b already",
    ),
]


@pytest.mark.parametrize(("types", "problem"), BAD_CLOSURES, ids=[p for _, p in BAD_CLOSURES])
def test_what_c_cannot_hold_is_named(types: list[Type], problem: str) -> None:
    with pytest.raises(RootsError) as caught:
        check(complete(Roots(types={"A": ()}), StaticSchema(types)))
    assert caught.value.problems == [problem]


def test_names_that_meet_in_c_are_named() -> None:
    schema = StaticSchema(
        [Type("MRequest", None, ())],
        enums=[Enum("E", ("a-b", "a_b"))],
        methods=[Method("M", "Owner", (), None)],
    )
    roots = Roots(replay={"M": "safe"}, types={"MRequest": ()}, enums=("E",))
    with pytest.raises(RootsError) as caught:
        check(complete(roots, schema))
    assert caught.value.problems == [
        "MRequest: two types would be called VimMRequest",
        "E.a_b: VIM_E_A_B is taken by E.a-b",
    ]
