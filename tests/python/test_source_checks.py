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
