# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The rule of ./dev lint that keeps text as it is out of messages and the log."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "source_checks.py"


def rules() -> ModuleType:
    spec = importlib.util.spec_from_file_location("source_checks", TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Planted:
    """A tree of one file."""

    def __init__(self, name: str, text: str) -> None:
        self._name, self._text = name, text

    def matching(self, pattern: str) -> list[str]:
        return [self._name] if re.fullmatch(pattern, self._name) else []

    def text(self, name: str) -> str:
        assert name == self._name
        return self._text


@pytest.mark.parametrize(
    "call",
    [
        'g_set_error(error, VI_ERROR, VI_ERROR_FAULT,\n                "it; says (%s)", fault->message);',
        'if (g_error_matches(a, B, C))\n        g_prefix_error(error, "%s: ", name);',
        'local = g_error_new(VI_ERROR, 1, "%.200s", text);',
        "g_propagate_error(error, g_error_new_valist(A, 1, format, args));",
        'virReportError(VIR_ERR_INTERNAL_ERROR, "%s", fault->message);',
        'VIR_WARN("%s", error->message);',
    ],
)
def test_planted_text_is_found(call: str):
    found = list(rules().check_messages(Planted("src/vi/vi_planted.c", f"void\nf(void)\n{{\n    {call}\n}}\n")))
    assert len(found) == 1
    assert re.match(r"src/vi/vi_planted\.c:[45]: ", found[0])


@pytest.mark.parametrize(
    "call",
    [
        'textToError(error, VI_ERROR, VI_ERROR_FAULT, "%s", fault->message);',
        'g_set_error(error, VI_ERROR, VI_ERROR_FAULT, "%d of 100 %%", n);',
        'esxReport(VIR_ERR_INTERNAL_ERROR, "%s", fault->message);',
    ],
)
def test_quoted_text_is_not(call: str):
    assert list(rules().check_messages(Planted("src/vi/vi_planted.c", f"    {call}\n"))) == []


@pytest.mark.parametrize(
    ("literal", "complaint"),
    [
        ("\"The server has no file '%s'\"", "begins with a capital"),
        ("\" It says: '%s'\"", "begins with a capital"),
        ('"No "\n        "host"', "begins with a capital"),
        ('"%s cannot be reached."', "ends in a full stop"),
        ('"the range ends at %" G_GUINT64_FORMAT "."', "ends in a full stop"),
        ('"the file is locked (status %u)."', "ends in a full stop"),
        ('"not trusted: " TEXT_MESSAGE ". If the host changed it, say so"', "two sentences"),
        ('"it is locked. %s"', "two sentences"),
    ],
)
def test_planted_wording_is_found(literal: str, complaint: str):
    text = f"/* The head. */\nvoid\nf(void)\n{{\n    textToError(error, VI_ERROR, 1, {literal}, name);\n}}\n"
    found = list(rules().check_wording(Planted("src/vi/vi_planted.c", text)))
    assert len(found) == 1
    assert found[0].startswith("src/vi/vi_planted.c:5: ")
    assert complaint in found[0]


@pytest.mark.parametrize(
    "literal",
    [
        "\"the server has no file '%s'\"",
        '"ESX cannot shrink a virtual disk; create a smaller disk and copy the data to it"',
        '"LUNs are read-only"',
        '"CreateFilter: the server created none"',
        '"Cookie: %s"',
        "\"%u omitted, the first one is %s: '%s…'\"",
        '"the part \\".\\" or \\"..\\""',
    ],
)
def test_wording_by_the_rule_is_not(literal: str):
    text = f'/* "The old text of it." */\nvoid\nf(void)\n{{\n    refuse({literal}, error);\n}}\n'
    assert list(rules().check_wording(Planted("src/vi/vi_planted.c", text))) == []


class Pages:
    """A tree of Markdown pages."""

    def __init__(self, pages: dict[str, str]) -> None:
        self._pages = pages
        self.files = list(pages)

    def text(self, name: str) -> str:
        return self._pages[name]

    def source_lines(self, pattern: str) -> list[tuple[str, int, str]]:
        return [
            (name, number, line)
            for name, text in self._pages.items()
            if re.fullmatch(pattern, name)
            for number, line in enumerate(text.splitlines(), 1)
        ]


@pytest.mark.parametrize(
    ("link", "complaint"),
    [
        ("docs/NONE.md", "there is no docs/NONE.md"),
        ("../README.md", "there is no ../README.md"),
        ("docs/GUIDE.md#no-such-part", "docs/GUIDE.md has no heading for #no-such-part"),
        ("docs/GUIDE.md#in-code", "docs/GUIDE.md has no heading for #in-code"),
        ("#elsewhere", "README.md has no heading for #elsewhere"),
    ],
)
def test_a_planted_broken_link_is_found(link: str, complaint: str):
    pages = Pages({"README.md": f"# A\n\nSee [it]({link}).\n", "docs/GUIDE.md": "# B\n\n```\n# In code\n```\n"})
    assert list(rules().check_links(pages)) == [f"README.md:3: {complaint}"]


@pytest.mark.parametrize(
    "link",
    ["docs/GUIDE.md", "docs", "docs/GUIDE.md#what-is-it-ab", "#a", "https://example.org/x", "mailto:a@example.org"],
)
def test_a_good_link_is_not(link: str):
    pages = Pages({"README.md": f"# A\n\nSee [it]({link}).\n", "docs/GUIDE.md": "## What is it: a/b?\n"})
    assert list(rules().check_links(pages)) == []
