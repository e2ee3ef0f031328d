# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The rules of ./dev lint about words: messages, pages, their links, and what comments claim. See source_checks.py."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Protocol

# A comment, or literals that the compiler joins, with the macros between them.
LITERALS = re.compile(
    r"/\*.*?\*/|'(?:\\.|[^'\\])'"
    r'|"(?:\\.|[^"\\\n])*"(?:[\s\\]*(?:[A-Z]\w+[\s\\]*)?"(?:\\.|[^"\\\n])*")*(?:[\s\\]*[A-Z]\w+)?',
    re.DOTALL,
)
# Words that keep their capital at the beginning of a message, beside names with two capitals (ESX, LUN, CreateFilter).
PROPER_NAMES: frozenset[str] = frozenset({"Datastore"})


class Tree(Protocol):
    """What these rules need of the checkout; see Tree in source_checks.py."""

    files: list[str]

    def text(self, name: str) -> str:
        """The text of a file."""
        ...

    def matching(self, pattern: str) -> list[str]:
        """The names of files that the whole pattern fits."""
        ...

    def source_lines(self, pattern: str) -> Iterable[tuple[str, int, str]]:
        """(file, line number, line) of the files that the whole pattern fits."""
        ...


def literals(text: str) -> Iterator[tuple[int, str]]:
    """(line number, text) of each literal outside of comments; a macro between two of them is a NUL."""
    for found in re.finditer(LITERALS, text):
        if found.group(0)[0] == '"':
            parts = re.findall(r'"((?:\\.|[^"\\])*)"|([A-Z]\w+)', found.group(0))
            yield text.count("\n", 0, found.start()) + 1, "".join("\0" if macro else part for part, macro in parts)


def check_wording(tree: Tree) -> Iterator[str]:
    """A message begins in lower case, has no full stop at its end, and joins its clauses with ';' or ':'."""
    for name in tree.matching(r"(src|include)/(?!vim/).*\.[ch]"):
        for line, text in literals(tree.text(name)):
            first = re.match(r"\s*([A-Z][a-z]+) [a-z'%(]", text)
            if first and first.group(1) not in PROPER_NAMES:
                yield f"{name}:{line}: the message {text[:30]!r} begins with a capital"
            if " " in text and re.search(r"[\w)'\]\0]\.$", text):
                yield f"{name}:{line}: the message {text[:30]!r} ends in a full stop"
            if re.search(r"[a-z)'\0]\. [A-Z%][a-z]", text):
                yield f"{name}:{line}: the message {text[:30]!r} has two sentences: join them with ';'"


def anchors(text: str) -> set[str]:
    """The anchors of the headings of a Markdown page, as GitHub makes them."""
    prose = re.sub(r"^( *)```.*?^\1```", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def check_links(tree: Tree) -> Iterator[str]:
    """A relative link in a Markdown page leads to a file, and its anchor to a heading."""
    for name, number, line in tree.source_lines(r".*\.md"):
        for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            if target not in tree.files and not any(file.startswith(f"{target}/") for file in tree.files):
                yield f"{name}:{number}: there is no {target}"
            elif anchor and anchor not in anchors(tree.text(target)):
                yield f"{name}:{number}: {target} has no heading for #{anchor}"


# Words that make a reader stop, or make a person of a program: word -> what to write instead.
UNPLAIN = {
    "anew": "again",
    "as ever": "as before",
    "for ever": "without end",
    "gone": "disappeared, deleted, no longer exists",
    "tell": "report, say, show",
    "tells": "reports, says, shows",
    "told": "reported, asked",
    "whoever": "the client, the server, the process",
}
# Pages that a user reads.
PLAIN_PAGES = (
    r"(README|NEWS|CONTRIBUTING|docs/(USER_GUIDE|SECURITY)|docs/(tutorial|howto|reference|explanation)/.*)\.md"
)


def check_plain_words(tree: Tree) -> Iterator[str]:
    """Pages for users, and the texts of messages, have no word of UNPLAIN."""
    words = re.compile(r"\b(" + "|".join(UNPLAIN) + r")\b", re.IGNORECASE)
    lines = list(tree.source_lines(rf"{PLAIN_PAGES}|tests/data/mistakes\.txt"))
    for name in tree.matching(r"(src|include)/(?!vim/).*\.[ch]"):
        lines += [(name, number, text) for number, text in literals(tree.text(name)) if " " in text]
    for name, number, line in lines:
        for word in re.findall(words, re.sub(r"`[^`]*`", "", line)):
            yield f"{name}:{number}: {word!r}: write {UNPLAIN[word.lower()]}"


def check_statements(tree: Tree) -> Iterator[str]:
    """What comments and contracts often claim, and what is then not true any more."""
    for name, number, line in tree.source_lines(r"(src|include)/.*\.[ch]"):
        if re.search(r"\bg_thread_(try_)?new\(", line) and name != "src/base/base_thread.c":
            yield f"{name}:{number}: start threads with threadStart()"
        if re.search(r"\bfacts/", line):
            yield f"{name}:{number}: names a file that is not in the tree"
        if name.startswith("include/") and re.search(r"\b(is the )?only (user|caller)\b", line):
            yield f"{name}:{number}: a contract does not name its callers"
    minimum = re.search(r"dependency\('libcurl', version: '>= ([\d.]+)'", tree.text("meson.build"))
    if minimum is None:
        return
    for name in tree.matching(r"(src|include)/.*\.[ch]"):
        text = tree.text(name)
        for claim in re.finditer(r"(?:libcurl\b[^.;]{0,40}?|cannot be used; )(\d\.\d+) or newer", text):
            if claim.group(1) != minimum.group(1):
                number = text.count("\n", 0, claim.start()) + 1
                yield f"{name}:{number}: meson.build wants libcurl {minimum.group(1)} or newer"


WORD_CHECKS = (
    check_wording,
    check_links,
    check_plain_words,
    check_statements,
)
