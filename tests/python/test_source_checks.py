# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The rule of ./dev lint that keeps text as it is out of messages and the log."""

from __future__ import annotations

import re

import pytest
from planted import pages

import message_checks


def found_in(name: str, text: str) -> list[str]:
    return list(message_checks.check_messages(pages({name: text})))


@pytest.mark.parametrize(
    "call",
    [
        'g_set_error(error, VI_ERROR, VI_ERROR_FAULT,\n                "it; says (%s)", fault->message);',
        'if (g_error_matches(a, B, C))\n        g_prefix_error(error, "%s: ", name);',
        'local = g_error_new(VI_ERROR, 1, "%.200s", text);',
        "g_propagate_error(error, g_error_new_valist(A, 1, format, args));",
        'virReportError(VIR_ERR_INTERNAL_ERROR, "%s", fault->message);',
        'VIR_WARN("%s", error->message);',
        # The brothers of virReportError, with a blank, and what prints.
        'virReportError (VIR_ERR_RPC, "x");',
        'virReportSystemError(errno, "%s", text);',
        "virReportOOMError();",
        'virReportInvalidArg(name, "%s", text);',
        'virRaiseErrorFull("f", "g", 1, 2, 3, 4, text, NULL, NULL, 0, 0, "x");',
        'g_warning("%s", text);',
        'g_printerr("x");',
        "fputs(text, stream);",
        'syslog(3, "%s", text);',
        # Text of others as the format, or as the whole message.
        "g_set_error(error, VI_ERROR, 1, format, text);",
        'g_set_error (error, VI_ERROR, 1, "%s", text);',
        "g_set_error_literal(error, VI_ERROR, 1, fault->message);",
        "local = g_error_new_literal(VI_ERROR, 1, text);",
        "g_prefix_error_literal(error, text);",
    ],
)
def test_planted_text_is_found(call: str):
    found = found_in("src/vi/vi_planted.c", f"void\nf(void)\n{{\n    {call}\n}}\n")
    assert len(found) == 1
    assert re.match(r"src/vi/vi_planted\.c:[45]: ", found[0])


@pytest.mark.parametrize(
    "call",
    [
        'textToError(error, VI_ERROR, VI_ERROR_FAULT, "%s", fault->message);',
        'g_set_error(error, VI_ERROR, VI_ERROR_FAULT, "%d of 100 %%", n);',
        'esxReport(VIR_ERR_INTERNAL_ERROR, "%s", fault->message);',
        'g_set_error_literal(error, VI_ERROR, 1, "in two "\n    "pieces");',
        'g_error_new_literal(VI_ERROR, 1, isThere ? "it is there" : "it is not");',
        "g_set_error_literal(error, VI_ERROR, 1, VI_UNREACHABLE);",
        "/* virReportError() and g_warning() are not used. */",
        'g_autofree char *text = g_strdup_printf("%s: fprintf(stderr)", name);',
    ],
)
def test_quoted_text_is_not(call: str):
    assert found_in("src/vi/vi_planted.c", f"    {call}\n") == []


@pytest.mark.parametrize(
    "line",
    [
        "#define REPORT virReportError",
        "#define REPORT(...) virReportError(__VA_ARGS__)",
        "#define FAIL g_set_error",
        "#define FAIL(error, format, ...) g_set_error(error, VI_ERROR, 1, format, __VA_ARGS__)",
        'static inline void viPlant(void) { virReportError(1, "%s", "x"); }',
    ],
)
@pytest.mark.parametrize("name", ["src/vi/vi_planted.c", "src/vi/vi_planted.h", "include/vi/vi_planted.h"])
def test_another_name_for_a_report_is_found(name: str, line: str):
    assert len(found_in(name, f"{line}\n")) == 1
