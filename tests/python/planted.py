# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What the tests of ./dev lint give its rules: pages of their own, or the checkout with something planted in it."""

from __future__ import annotations

import collections
import functools

import source_checks
import source_tree
from esxkit.harness.environment import REPOSITORY
from source_tree import Tree


def pages(texts: dict[str, str]) -> Tree:
    """A tree of these files; another one that a rule reads is empty."""
    return Tree(collections.defaultdict(str, texts))


@functools.cache
def checkout() -> Tree:
    """The tree itself, read once for all tests."""
    return source_tree.checkout(REPOSITORY)


def with_files(*names: str, text: str = "") -> Tree:
    """The checkout with these files added, or with another text."""
    return Tree({**checkout().texts, **dict.fromkeys(names, text)})


def with_line(name: str, line: str) -> Tree:
    """The checkout with a line at the end of one of its files, or as the text of one more."""
    return with_files(name, text=f"{checkout().texts.get(name, '')}{line}\n")


def with_change(name: str, old: str, new: str) -> Tree:
    """The checkout with a piece of one of its files replaced."""
    text = checkout().text(name)
    assert old in text
    return with_files(name, text=text.replace(old, new, 1))


def complaints(check: str, tree: Tree) -> list[str]:
    """What the rule of that name has to say about a tree."""
    (rule,) = (rule for rule in source_checks.CHECKS if rule.__name__ == check)
    return list(rule(tree))
