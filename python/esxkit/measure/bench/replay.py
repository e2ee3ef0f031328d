# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The other end of :mod:`replay_server`: starts the process and gives it orders.

>>> with ReplayServer() as server:              # doctest: +SKIP
...     server.record("virsh", fake.plain_port)
...     run_the_client(server.port)
...     server.replay("virsh", latency_ms=20)
...     run_the_client(server.port)
...     print(server.counters()["requests"])
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from esxkit.harness import environment
from esxkit.harness.environment import HarnessError
from esxkit.harness.process import piped, tied_to_parent


class ReplayServer:
    """A running replay server.

    Attributes:
        port: where it listens, with TLS, on 127.0.0.1.
        cacert: the file of the authority that signed its certificate.
    """

    host = "127.0.0.1"

    def __enter__(self) -> ReplayServer:
        path = os.pathsep.join(filter(None, [str(environment.REPOSITORY / "python"), os.environ.get("PYTHONPATH")]))
        self._child = subprocess.Popen(
            tied_to_parent([sys.executable, "-m", "esxkit.measure.bench.replay_server"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            text=True,
        )
        address = self._answer()
        self.port: int = address["port"]
        self.cacert = Path(address["cacert"])
        return self

    def __exit__(self, *_exc: object) -> None:
        piped(self._child.stdin).close()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        piped(self._child.stdout).close()

    def _answer(self) -> dict[str, Any]:
        line = piped(self._child.stdout).readline()
        if not line:
            raise HarnessError(f"The replay server ended with {self._child.wait()}; its own words are above.")
        return json.loads(line)

    def _order(self, verb: str, **order: Any) -> Any:
        piped(self._child.stdin).write(json.dumps({"verb": verb, **order}) + "\n")
        piped(self._child.stdin).flush()
        answer = self._answer()
        if "error" in answer:
            raise HarnessError(f"Replay server: {answer['error']}")
        return answer["result"]

    def record(self, name: str, port: int) -> None:
        """Pass what comes on to a fake's port without TLS from now on, and write it down as `name`."""
        self._order("record", name=name, port=port)

    def replay(self, name: str, latency_ms: float = 0) -> None:
        """Answer as recorded from now on, from the recording's beginning."""
        self._order("replay", name=name, latency_ms=latency_ms)

    def counters(self) -> dict[str, Any]:
        """What happened since this was last asked.

        HarnessError when a request came that was not recorded: then nothing that was measured means anything.
        """
        counters = self._order("counters")
        if counters["unknown"]:
            raise HarnessError(f"The replay server was asked what it was not shown: {set(counters['unknown'])}.")
        return counters

    def requests(self, name: str) -> list[dict[str, str]]:
        """The requests of a recording, in order: method, line, body."""
        return self._order("requests", name=name)

    def state(self) -> tuple[int, int, int]:
        """How many connections are open, long polls held, and logins without a logout."""
        connections, held, sessions = self._order("state")
        return connections, held, sessions

    def settle(self, connections: int = 0, sessions: int = 0, seconds: float = 10) -> None:
        """Wait until no more connections are open than that, and so many sessions; by default until all have gone.

        HarnessError when it is not so in time.
        """
        if not self._order("settle", connections=connections, sessions=sessions, seconds=seconds):
            raise HarnessError(
                f"After {seconds:g} s there are {self.state()} connections, long polls and sessions instead of at most "
                f"{connections} connections and {sessions} sessions."
            )
