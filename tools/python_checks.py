#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The rules of ./dev lint for Python that ruff lacks: each takes the texts of files and yields complaints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from source_tree import Tree

# package of esxkit -> the packages it may import from, itself aside.
PACKAGES: dict[str, list[str]] = {
    "model": [],
    "codegen": ["model"],
    "wire": ["model"],
    "fake": ["model", "wire"],
    "harness": ["fake"],
    "measure": ["fake", "harness"],
    "attack": ["fake", "harness"],
    "demo": ["harness"],
}


# How docstrings of functions do not begin: "Run", not "Runs". Words that are nouns as well are left out.
INDICATIVE = frozenset(
    """Adds Answers Applies Asks Asserts Begins Builds Carries Chooses Closes Configures Deregisters Does Downloads
    Draws Ends Fetches Forbids Gives Goes Interrupts Keeps Leaves Lets Lifts Listens Loses Makes Measures Opens Passes
    Populates Prints Puts Raises Reads Registers Removes Renames Replaces Returns Runs Says Sends Serves Sets Starts
    Stops Takes Tells Tries Unpacks Uploads Waits Wakes Writes""".split()
)


def moods(texts: Mapping[str, str]) -> Iterator[str]:
    """The docstring of a function says what to do: "Run", not "Runs"."""
    for path, text in texts.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                word = re.match(r"\w*", ast.get_docstring(node) or "")
                if word and word[0] in INDICATIVE:
                    yield f"{path}:{node.lineno}: the docstring begins with {word[0]!r}: use the imperative"


def openings(texts: Mapping[str, str]) -> Iterator[str]:
    """A file begins with the two lines of its licence and its docstring, with no blank line between."""
    for path, text in texts.items():
        lines = text.removeprefix("#!/usr/bin/env python3\n").split("\n", 3)
        if len(lines) < 3 or not lines[2].startswith('"""'):
            yield f"{path}:3: a docstring belongs right below the licence"


def twins(texts: Mapping[str, str]) -> Iterator[str]:
    """A name is that of one class: no two modules have public classes of the same name."""
    seen: dict[str, str] = {}
    for path, text in texts.items():
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                other = seen.setdefault(node.name, path)
                if other != path:
                    yield f"{path}:{node.lineno}: {other} has a class {node.name}, too"


def module_name(path: str) -> str:
    """The dotted name of python/a/b.py or python/a/b/__init__.py."""
    parts = PurePath(path).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(text: str, modules: Mapping[str, str]) -> Iterator[str]:
    """Those of `modules` that a text imports: anywhere in it, also for types alone and within functions."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in modules or node.module in modules:
                    yield inner if inner in modules else node.module


def packages(texts: Mapping[str, str]) -> Iterator[str]:
    """A package imports from those that PACKAGES lets it. Keys are paths below python/."""
    paths = {module_name(path): path for path in texts}
    for name, path in paths.items():
        _, package, *_ = [*name.split("."), "", ""]
        if package not in PACKAGES and path.count("/") > 2:
            yield f"{path}:1: {package} has no row in PACKAGES"
        for other in sorted(set(imported(texts[path], paths))):
            _, there, *_ = [*other.split("."), ""]
            if package in PACKAGES and there not in (package, *PACKAGES[package]):
                yield f"{path}:1: {package} may not import {other}"


def circles(texts: Mapping[str, str]) -> Iterator[str]:
    """No module imports itself through others.

    Keys are paths below python/. Imports are absolute, which ruff checks.
    """
    paths = {module_name(path): path for path in texts}
    edges = {name: sorted(set(imported(texts[path], paths))) for name, path in paths.items()}
    done: set[str] = set()
    for start in sorted(edges):
        for circle in _walk(start, edges, [], done):
            yield f"{paths[circle[0]]}:1: a circle of imports: {' -> '.join(circle)}"


def _walk(name: str, edges: Mapping[str, list[str]], way: list[str], done: set[str]) -> Iterator[list[str]]:
    """The circles that a walk along imports runs into, each as its modules with the first one at the end again."""
    if name in way:
        yield [*way[way.index(name) :], name]
    elif name not in done:
        for other in edges[name]:
            yield from _walk(other, edges, [*way, name], done)
        done.add(name)


def check_modules(tree: Tree) -> Iterator[str]:
    """The rules for modules of python/."""
    texts = {name: tree.text(name) for name in tree.matching(r"python/.*\.py")}
    for rule in (circles, packages, twins):
        yield from rule(texts)


def check_dialect(tree: Tree) -> Iterator[str]:
    """The rules for each file of Python."""
    texts = {name: tree.text(name) for name in tree.matching(r"(python|tests|tools)/.*\.py")}
    for rule in (moods, openings):
        yield from rule(texts)


PYTHON_CHECKS = (check_modules, check_dialect)
