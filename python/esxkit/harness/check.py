# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Assertions the end-to-end tests share."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree.ElementTree import Element

from esxkit.harness import environment
from esxkit.harness.client import ApiError, Remote
from esxkit.harness.oracle import World
from esxkit.harness.servers import Fake

# libvirt's own words before a message, "internal error: " and the like, do not count as the sentence.
_EMPTY_WORDS = ("an error occurred, but the cause is unknown", "(null)", "unknown error")


def expect_sentence(message: str) -> None:
    """Assert that an error message is a whole sentence: words that say what happened, and no raw leftovers."""
    lowered = message.lower()
    assert not any(words in lowered for words in _EMPTY_WORDS), f"This says nothing: {message!r}"
    assert len(re.findall(r"\w+", message)) >= 4, f"This is no sentence: {message!r}"
    assert not message.rstrip().endswith((":", ",", "(")), f"This stops in the middle: {message!r}"
    assert "\n" not in message.strip(), f"This is more than one line: {message!r}"


@contextmanager
def raises_error(*codes: int | None, mentions: str | None = None, within: float = 30) -> Iterator[None]:
    """Assert that the block ends with a libvirt error, in time.

    Args:
        codes: the VIR_ERR code, or several of which one must come; None for any.
        mentions: words that the message must have.
        within: seconds that the block may take.
    """
    started = time.monotonic()
    try:
        yield
    except ApiError as error:
        took = time.monotonic() - started
        assert codes == (None,) or error.code in codes, f"Expected one of {codes}, got {error}"
        expect_sentence(error.message)
        assert mentions is None or mentions in error.message, f"'{mentions}' is not in: {error}"
        assert took < environment.patience(within), f"It took {took:.1f} s: {error}"
    else:
        raise AssertionError(f"Expected a libvirt error {codes}, but it succeeded.")


@contextmanager
def asks_nothing(server: Fake) -> Iterator[None]:
    """Assert that a block causes no request, at a fake that other tests use as well."""
    before = server.requests_of_calls()
    yield
    sent = server.requests_of_calls() - before
    assert not sent, f"The host was asked for something: {dict(sent)}"


def lists_the_world(conn: Remote, world: World) -> None:
    """Assert that an open connection shows all pools of a world: the proof that it (still) works."""
    listed = sorted(pool.name() for pool in conn.listAllStoragePools(0))
    assert listed == sorted(pool.name for pool in world.pools)


def element(root: Element, path: str) -> Element:
    """The element at a path below `root`, which must be there."""
    found = root.find(path)
    assert found is not None, f"There is no {path} in {root.tag}."
    return found


def text_of(root: Element, path: str) -> str:
    """The text at a path below `root`, which must be there."""
    text = element(root, path).text
    assert text is not None, f"There is no text at {path} in {root.tag}."
    return text


def attribute(root: Element, path: str, name: str) -> str:
    """An attribute of the element at a path below `root`, which must be there."""
    value = element(root, path).get(name)
    assert value is not None, f"There is no {name} at {path} in {root.tag}."
    return value
