# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What the rules of ./dev lint read: the files of the checkout, and C code without its comments and literals."""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

# A comment or a literal of C.
TEXTS = re.compile(r"""/\*.*?\*/|//[^\n]*|'(?:\\.|[^'\\\n])+'|"(?:\\.|[^"\\\n])*\"""", re.DOTALL)


class Tree:
    """Files by their names, with their texts."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.files = sorted(texts)
        self.texts = texts

    def text(self, name: str) -> str:
        """The text of a file."""
        return self.texts[name]

    def matching(self, pattern: str) -> list[str]:
        """The files whose whole path matches a regular expression."""
        return [name for name in self.files if re.fullmatch(pattern, name)]

    def source_lines(self, pattern: str) -> Iterator[tuple[str, int, str]]:
        """(file, line number, line) of all matching files."""
        for name in self.matching(pattern):
            for number, line in enumerate(self.text(name).splitlines(), 1):
                yield name, number, line


def checkout(root: Path) -> Tree:
    """The files of the checkout at `root` that git knows or would take; the text of one that is not text is empty."""
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return Tree({name: read(root / name) for name in listing.split("\0") if name and (root / name).is_file()})


def read(path: Path) -> str:
    """The text of a file, or nothing."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def blank(found: re.Match[str]) -> str:
    """Blanks of the same length and lines as a match."""
    return re.sub(r"[^\n]", " ", found[0])


@functools.cache
def without_comments(text: str) -> str:
    """C code with blanks for its comments: lines and columns stay."""
    return TEXTS.sub(lambda found: blank(found) if found[0][0] == "/" else found[0], text)


@functools.cache
def without_texts(text: str) -> str:
    """C code with blanks for its comments and literals."""
    return TEXTS.sub(blank, text)


def line_of(text: str, position: int) -> int:
    """The number of the line that a position is in."""
    return text.count("\n", 0, position) + 1


# The parameters of a function, which may be functions themselves.
PARAMETERS = r"\((?:[^(){}]|\((?:[^(){}]|\([^(){}]*\))*\))*\)"
# A function in the form that odd_heads() demands: its name, its parameters, and its body.
FUNCTION = re.compile(rf"^(\w+)({PARAMETERS})\n\{{\n(.*?)^\}}", re.MULTILINE | re.DOTALL)


@functools.cache
def bodies(text: str) -> list[tuple[str, int, str, str]]:
    """(name, line of the opening brace, parameters, body) of the functions of a C file."""
    code = without_texts(text)
    return [
        (found[1], line_of(text, found.end(2)) + 1, text[slice(*found.span(2))], text[slice(*found.span(3))])
        for found in FUNCTION.finditer(code)
    ]


# How a definition of a function ends: the type on a line of its own, and the brace below the parameters.
HEAD = re.compile(rf"(?:^|\n)[A-Za-z_][^\n;]*\n\w+{PARAMETERS}\n$")


def odd_heads(text: str) -> Iterator[int]:
    """The lines of definitions that are not written as `type`, `name(parameters)` and `{`, each on its line.

    The other rules find functions by this form; see bodies().
    """
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, without_texts(text), flags=re.MULTILINE)
    depth = start = within = 0
    for token in re.finditer(r"[{}();]", code):
        if token[0] in "()":
            within += 1 if token[0] == "(" else -1
            continue
        if token[0] == "{":
            head = code[start : token.start()]
            is_function = "(" in head and not within and not re.search(r"=|\b(?:struct|union|enum)\b[^()]*$", head)
            if depth == 0 and is_function and not HEAD.search(head):
                yield line_of(code, token.start())
            depth += 1
        elif token[0] == "}":
            depth -= 1
        if depth == 0:
            start = token.end()
