#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The rules of ./dev lint for Python that ruff lacks: each takes the texts of files and yields complaints."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePath

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
