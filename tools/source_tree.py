# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What the rules of ./dev lint read: the files of the checkout, and C code without its comments and literals."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

# A comment or a literal of C.
TEXTS = re.compile(r"""/\*.*?\*/|//[^\n]*|'(?:\\.|[^'\\\n])+'|"(?:\\.|[^"\\\n])*\"""", re.DOTALL)


class Tree:
    """The files of the checkout that git knows or would take, with their text read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        listing = subprocess.run(
            ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        self.files = sorted({name for name in listing.split("\0") if name and (root / name).is_file()})
        self._texts: dict[str, str] = {}

    def text(self, name: str) -> str:
        """The text of a file; empty where it is not text."""
        if name not in self._texts:
            try:
                self._texts[name] = (self.root / name).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                self._texts[name] = ""
        return self._texts[name]

    def matching(self, pattern: str) -> list[str]:
        """The files whose whole path matches a regular expression."""
        return [name for name in self.files if re.fullmatch(pattern, name)]

    def source_lines(self, pattern: str) -> Iterator[tuple[str, int, str]]:
        """(file, line number, line) of all matching files."""
        for name in self.matching(pattern):
            for number, line in enumerate(self.text(name).splitlines(), 1):
                yield name, number, line


def blank(found: re.Match[str]) -> str:
    """Blanks of the same length and lines as a match."""
    return re.sub(r"[^\n]", " ", found[0])


def without_comments(text: str) -> str:
    """C code with blanks for its comments: lines and columns stay."""
    return TEXTS.sub(lambda found: blank(found) if found[0][0] == "/" else found[0], text)


def without_texts(text: str) -> str:
    """C code with blanks for its comments and literals."""
    return TEXTS.sub(blank, text)


def line_of(text: str, position: int) -> int:
    """The number of the line that a position is in."""
    return text.count("\n", 0, position) + 1


def functions(text: str) -> Iterator[tuple[str, int, int]]:
    """(name, first line, length) of the functions of a C file: a body opens and closes in column one."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines):
        if line == "{" and start is None:
            start = number
        elif line.startswith("}") and start is not None:
            if line == "}":
                head = " ".join(lines[max(0, start - 6) : start])
                names = re.findall(r"(\w+)\s*\(", head)
                # The last name that begins a line is the function's; parameters may have parentheses too.
                own = [m.group(1) for m in re.finditer(r"(?m)^(\w+)\(", "\n".join(lines[max(0, start - 12) : start]))]
                yield (own or names or ["?"])[-1], start + 1, number - start - 1
            start = None


def bodies(text: str) -> Iterator[tuple[str, int, str, str]]:
    """(name, first line, head, body) of the functions of a C file."""
    lines = text.splitlines()
    for name, first, length in functions(text):
        yield name, first, "\n".join(lines[max(0, first - 6) : first - 1]), "\n".join(lines[first : first + length])


# How a definition of a function ends: the type on a line of its own, and the brace below the parameters.
HEAD = re.compile(r"(?:^|\n)[A-Za-z_][^\n;]*\n\w+\((?:[^(){}]|\((?:[^(){}]|\([^(){}]*\))*\))*\)\n$")


def odd_heads(text: str) -> Iterator[int]:
    """The lines of definitions that are not written as `type`, `name(parameters)` and `{`, each on its line.

    The other rules find functions by this form.
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
