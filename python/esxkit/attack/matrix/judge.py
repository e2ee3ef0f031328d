# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What a cell came to: one word, and a sentence where it is a failure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from esxkit.attack.matrix.testbed import Files
from esxkit.harness.check import expect_sentence
from esxkit.harness.servers import PASSWORD

GOOD = (
    "done",  # the verb succeeded, with its effect, and what it said is true
    "refused, as before",  # it failed, and the datastore is as it was
    "refused, as after",  # it failed, and the datastore is as after a success
    "refused, rest named",  # it failed, and the error names what is neither
    "not reached",  # the request was not made this time
)
BAD = (
    "crash",
    "hang",
    "wrong data",
    "no effect",  # success was reported, and the datastore is not as after a success
    "rest not named",
    "stuck",  # the next call does not work, not on a new connection either
    "bad message",
    "broken harness",
)

LATE = ("hang", "no effect", "rest not named", "stuck", "broken harness")
"""Those of BAD that a machine with other work can cause, whose time-outs come early. The others count at once."""


def changed(files: Files, before: Files) -> list[str]:
    """The paths that are not as before."""
    return sorted(path for path in files.keys() | before.keys() if files.get(path) != before.get(path))


def named(path: str, message: str) -> bool:
    """Whether a message names a file, or the disk that it belongs to."""
    name = path.partition("] ")[2]
    disk = name.replace("-flat.vmdk", ".vmdk")
    return name in message or disk in message or (name.rpartition("/")[2] in message)


def unnamed(files: Files, before: Files, message: str) -> list[str]:
    """What is not as before, and not in the message."""
    return [path for path in changed(files, before) if not named(path, message)]


def is_part(result: Any, whole: Any) -> bool:
    """Whether a listing is the whole one, or names some of it and nothing else."""
    if result == whole:
        return True
    if isinstance(result, tuple) and isinstance(whole, tuple) and len(result) == len(whole) == 2:
        result, whole = result[1], whole[1]
    if not (isinstance(result, list) and isinstance(whole, list)):
        return False
    known = {_name(one) for one in whole}
    return all(_name(one) in known for one in result)


def _name(row: Any) -> Any:
    return row[0] if isinstance(row, tuple) else row


def message_fault(message: str) -> str:
    """What is wrong with an error message; "" if nothing."""
    try:
        expect_sentence(message)
    except AssertionError as error:
        return str(error)
    if PASSWORD in message:
        return "The password is in the message."
    return _controls(message)


def _controls(message: str) -> str:
    bad = [character for character in message if not character.isprintable()]
    return f"The message has {bad[:3]!r} in it." if bad else ""


def failures(verdicts: Iterable[str]) -> int:
    """How many of these are failures."""
    return sum(verdict in BAD for verdict in verdicts)
