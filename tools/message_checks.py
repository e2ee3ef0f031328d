# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The rules of ./dev lint about messages: text of others is quoted, and what speaks to libvirt reports and logs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from room_checks import includes
from source_tree import Tree, line_of, without_comments, without_texts

# Functions that take a format, and which argument it is -> what is used for text of others instead.
AS_IT_IS = {
    "g_error": (0, "textAsError"),
    "g_error_new": (2, "textAsError"),
    "g_prefix_error": (1, "textAddToError"),
    "g_propagate_prefixed_error": (2, "textAddToError"),
    "g_set_error": (3, "textToError"),
}
# Functions that take a message as it is, as their last argument.
LITERAL = {
    "g_error_new_literal": "textAsError",
    "g_prefix_error_literal": "textAddToError",
    "g_set_error_literal": "textToError",
}
# Messages that are not literals and have no text of others: "path: expression" -> reason.
OUR_TEXTS = {
    "src/backend/vmfs/esx_storage_backend_vmfs.c: reason": "esxVmfsReadOnlyReason() makes it",
    "src/backend/vmfs/esx_vmfs_change.c: sentence": "a literal of its callers",
    "src/backend/vmfs/transfer/esx_vmfs_upload_place.c: local->message": "the text of an error of ours",
    "src/backend/vmfs/transfer/esx_vmfs_upload_place.c: why": "a literal of its callers",
    "src/base/base_file.c: fileErrorText(number)": "a text of the C library for a number",
    "src/base/base_places.c: places->refusal": "a literal of what made the places",
    "src/http/http_failure.c: text": "made by textFormat()",
    "src/soap/soap_xml.c: text": "made by textFormat()",
}
# Files that make messages of text: path -> reason.
QUOTES = {"src/base/base_text.c": "it quotes"}
# Calls that report, log or print, which one file each makes: pattern -> what is used instead.
REPORTS = {
    r"virReport\w*|virRaise\w*|virDispatchError|virSetError\b": "esxReport",
    r"virLog(?!Self\b)\w*|VIR_(?:DEBUG|INFO|WARN|ERROR)|v?syslog": "esxLog",
    r"g_(?:warning|critical|message|debug|info|print|printerr|log|logv|log_\w+|return_if_fail_warning)\b": "esxLog",
    r"v?f?d?printf|f?puts|f?putc|putchar|perror|psignal|v?(?:err|warn)x?(?=\s*\()|stderr|stdout": "esxLog",
}
REPORTERS = {"include/server/esx_log.h", "src/server/esx_log.c", "src/server/esx_report.c"}

OURS = r"(include|src)/(?!vim/).*\.[ch]"
PIECE = r'(?:"(?:\\.|[^"\\])*"|\b[A-Z][A-Z0-9_]+\b)'


def arguments(code: str, start: int) -> list[str]:
    """The arguments of the call whose parenthesis opens at `start`, with blanks at no end."""
    depth = 0
    parts = [""]
    for token in re.finditer(r"""'(?:\\.|[^'\\\n])+'|"(?:\\.|[^"\\\n])*"|.""", code[start:], re.DOTALL):
        piece = token[0]
        depth += (piece in "([{") - (piece in ")]}") if len(piece) == 1 else 0
        if depth == 0:
            break
        if piece == "," and depth == 1:
            parts.append("")
        elif depth > 1 or piece != "(":
            parts[-1] += piece
    return [part.strip() for part in parts]


def is_plain(message: str) -> bool:
    """Whether an expression is a literal, in pieces or with macros, or one of two literals."""
    pieces = rf"{PIECE}(?:\s*{PIECE})*"
    return bool(re.fullmatch(rf"(?:[^?\"]*\?\s*{pieces}\s*:\s*)?{pieces}", message))


def as_it_is(name: str, code: str, found: re.Match[str]) -> str:
    """What is wrong with a use of a function of AS_IT_IS or LITERAL."""
    function = found[1]
    position, other = AS_IT_IS.get(function, (-1, LITERAL.get(function, "")))
    opened = re.match(r"\s*\(", code[found.end() :])
    if not opened:
        return f"{function} is not called here: use {other}"
    given = arguments(code, found.end() + opened.end() - 1)
    message = given[position] if len(given) > position else ""
    if f"{name}: {' '.join(message.split())}" in OUR_TEXTS and function in LITERAL:
        return ""
    if not is_plain(message) or (function in AS_IT_IS and re.search(r"%[-0-9.*]*s", message)):
        return f"{function} takes text as it is: use {other}"
    return ""


def check_messages(tree: Tree) -> Iterator[str]:
    """Text that others wrote gets into a message or the log through base_text.h alone."""
    functions = re.compile(rf"\b({'|'.join([*AS_IT_IS, *LITERAL])})\b")
    for name in tree.matching(OURS):
        text = tree.text(name)
        code, bare = without_comments(text), without_texts(text)
        for found in functions.finditer(bare):
            wrong = as_it_is(name, code, found) if name not in QUOTES else ""
            if wrong:
                yield f"{name}:{line_of(text, found.start())}: {wrong}"
        for found in re.finditer(r"\bg_error_new_valist\b", bare):
            if name not in QUOTES:
                yield f"{name}:{line_of(text, found.start())}: g_error_new_valist takes text as it is: use textFormatV"
        for words, other in REPORTS.items():
            for found in re.finditer(rf"\b(?:{words})", bare) if name not in REPORTERS else ():
                yield f"{name}:{line_of(text, found.start())}: {found[0]}: use {other}"


# The floors that speak to libvirt, and the files below them that have to.
REPORTING = re.compile(
    r"(include|src)/(api|stream|driver)/.*|src/server/esx_events\.c|.*/server/esx_report(_priv)?\.[ch]"
)
LOGGING = re.compile(r"(include|src)/(api|stream|driver)/.*|src/server/esx_(audit|events|server)\.c|.*/esx_log\.[ch]")


def check_reports(tree: Tree) -> Iterator[str]:
    """Backends and what is below return errors; what speaks to libvirt reports and logs them."""
    for name, number, header in includes(tree, r"(include|src)/.*\.[ch]"):
        if header.endswith("/esx_report.h") and not REPORTING.fullmatch(name):
            yield f"{name}:{number}: reports: return a GError"
        if header.endswith("/esx_log.h") and not LOGGING.fullmatch(name):
            yield f"{name}:{number}: logs: return a GError, or note it for what speaks to libvirt"


MESSAGE_CHECKS = (check_messages, check_reports)
