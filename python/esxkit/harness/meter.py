# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Counting the requests of a block of code at the fake host."""

from __future__ import annotations

from collections import Counter

import attrs

from esxkit.harness.servers import Fake


@attrs.frozen
class Budget:
    """What one virsh run may cost, and which files of the datastore come and go by it."""

    command: str | tuple[str, ...]
    most: int
    builtin: str = ""
    """What libvirt's built-in driver needs, where it is known."""
    come: tuple[str, ...] = ()
    go: tuple[str, ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        """The words; a command in one string has none with a blank in it."""
        return tuple(self.command.split()) if isinstance(self.command, str) else self.command

    def __str__(self) -> str:
        return " ".join(self.argv)


class Meter:
    """Counts the requests of a block: ``with Meter(server) as cost: ...``, then ``cost.total``.

    SOAP requests go by the name of their method, those for contents of files by that of HTTP ("PUT file").
    """

    def __init__(self, server: Fake) -> None:
        self._server = server
        self.methods: Counter[str] = Counter()

    def __enter__(self) -> Meter:
        self._before = self._read()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.methods = self._read() - self._before

    @property
    def total(self) -> int:
        return self.methods.total()

    def _read(self) -> Counter[str]:
        counters = self._server.counters()
        found = Counter(counters["methods"])
        for place, what in (("files", "file"), ("host_files", "file at a host")):
            found.update({f"{method} {what}": count for method, count in counters[place].items()})
        return found
