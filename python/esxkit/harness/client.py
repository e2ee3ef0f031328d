# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""libvirt-python in a process of its own.

A driver bug may crash or hang the process that loads the driver. So the tests keep libvirt-python at arm's length:
:class:`Client` starts a worker process, and the connections, pools and volumes a test sees are :class:`Remote`
stand-ins whose methods run in the worker. A libvirt error arrives as :class:`ApiError`, a crash as
:class:`WorkerDied`, and a call over its time as :class:`WorkerHung`, after which the worker is gone.

>>> client = Client(env)                                # doctest: +SKIP
>>> conn = client.open("esx://root@127.0.0.1:8443/embed?root=/tmp/x&no_verify=1")   # doctest: +SKIP
>>> [pool.name() for pool in conn.listAllStoragePools()]   # doctest: +SKIP
"""

from __future__ import annotations

import pickle
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from esxkit.harness import environment
from esxkit.harness.process import piped, tied_to_parent


class ApiError(Exception):
    """A libvirt error: its VIR_ERR code, its VIR_FROM domain and its message."""

    def __init__(self, code: int, domain: int, message: str) -> None:
        super().__init__(f"libvirt error {code} (domain {domain}): {message}")
        self.code = code
        self.domain = domain
        self.message = message


class WorkerDied(AssertionError):
    """The process that had the driver loaded ended."""


class WorkerHung(AssertionError):
    """A call did not come back in time."""


@attrs.frozen
class Handle:
    """How the two processes name an object that lives in the worker."""

    number: int
    kind: str


@attrs.frozen
class WorkerRequest:
    """One call: a method of an object, or with `target` None a function of the worker."""

    target: Handle | None
    name: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    dropped: tuple[int, ...]


@attrs.frozen
class WorkerFailure:
    """An exception of the worker on its way to the caller."""

    code: int | None
    domain: int
    message: str


class Remote:
    """A stand-in for an object of the worker; any method of the real class can be called."""

    def __init__(self, client: Client, handle: Handle) -> None:
        self._client = client
        self._handle = handle

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def method(*arguments: Any, **options: Any) -> Any:
            return self._client.call(self._handle, name, *arguments, **options)

        return method

    def __del__(self) -> None:
        self._client.dropped.append(self._handle.number)

    def __repr__(self) -> str:
        return f"<{self._handle.kind} {self._handle.number} of worker {self._client.pid}>"


class Client:
    """A worker process with libvirt-python and a running event loop.

    Args:
        env: the worker's environment; see :func:`esxkit.harness.virsh.client_environment`.
        timeout: the seconds that a call may take.
        log: a file for the worker's standard error, by default the caller's.
    """

    def __init__(self, env: Mapping[str, str], *, timeout: float = 60, log: Path | None = None) -> None:
        argv = [*environment.wrapper(), sys.executable, "-m", "esxkit.harness.client_worker"]
        environ = dict(env)
        source = str(environment.REPOSITORY / "python")
        environ["PYTHONPATH"] = ":".join(filter(None, [source, environ.get("PYTHONPATH", "")]))
        environ["PYTHONDONTWRITEBYTECODE"] = "1"
        self._errors = log.open("ab") if log else None
        self._child = subprocess.Popen(
            tied_to_parent(argv), env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )
        self._lock = threading.Lock()
        self.timeout = timeout
        self.dropped: list[int] = []

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._child.pid

    def open(self, uri: str, *, readonly: bool = False, answers: Mapping[int, str] | None = None) -> Remote:
        """Open a connection; `answers` (by VIR_CRED type) are what the user types when asked."""
        return self.call(None, "open", uri, readonly=readonly, answers=dict(answers) if answers is not None else None)

    def run(self, function: str, *arguments: Any, timeout: float | None = None) -> Any:
        """Run ``module:function`` in the worker; stand-ins among the arguments arrive as the real objects."""
        return self._exchange(
            WorkerRequest(None, "run", (function, *self._lower(arguments)), {}, self._take_dropped()), timeout
        )

    def call(self, target: Handle | None, name: str, *arguments: Any, **options: Any) -> Any:
        """Call a method of an object in the worker."""
        request = WorkerRequest(target, name, self._lower(arguments), self._lower(options), self._take_dropped())
        return self._exchange(request, None)

    def close(self) -> None:
        """End the worker; its connections are closed first, in an orderly way."""
        if piped(self._child.stdin) and not piped(self._child.stdin).closed:
            piped(self._child.stdin).close()
        try:
            self._child.wait(environment.patience(20))
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._errors:
            self._errors.close()

    def kill(self) -> None:
        """End the worker as a crash does: nothing is closed."""
        self._child.kill()
        self._child.wait()

    @property
    def exit_code(self) -> int | None:
        """The worker's exit code once it ended."""
        return self._child.poll()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _take_dropped(self) -> tuple[int, ...]:
        taken = tuple(self.dropped)
        del self.dropped[: len(taken)]
        return taken

    def _exchange(self, request: WorkerRequest, timeout: float | None) -> Any:
        with self._lock:
            deadline = time.monotonic() + environment.patience(timeout or self.timeout)
            data = pickle.dumps(request)
            try:
                piped(self._child.stdin).write(len(data).to_bytes(8, "big") + data)
                piped(self._child.stdin).flush()
                size = int.from_bytes(self._read(8, deadline, request.name), "big")
                answer = pickle.loads(self._read(size, deadline, request.name))
            except BrokenPipeError as error:
                raise self._died(request.name) from error
        if isinstance(answer, WorkerFailure):
            if answer.code is None:
                raise RuntimeError(f"The worker failed at {request.name}: {answer.message}")
            raise ApiError(answer.code, answer.domain, answer.message)
        return self._lift(answer)

    def _read(self, size: int, deadline: float, name: str) -> bytes:
        pipe = piped(self._child.stdout)
        data = b""
        while len(data) < size:
            ready, _, _ = select.select([pipe], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                self._child.kill()
                self._child.wait()
                raise WorkerHung(f"The call '{name}' did not come back in time; the worker was ended.")
            chunk = pipe.raw.read(size - len(data)) if hasattr(pipe, "raw") else pipe.read(size - len(data))
            if not chunk:
                raise self._died(name)
            data += chunk
        return data

    def _died(self, name: str) -> WorkerDied:
        code = self._child.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return WorkerDied(f"The process that had the driver loaded ended ({how}) during the call '{name}'.")

    def _lower(self, value: Any) -> Any:
        if isinstance(value, Remote):
            return value._handle
        if isinstance(value, (list, tuple)):
            return type(value)(self._lower(item) for item in value)
        if isinstance(value, dict):
            return {key: self._lower(item) for key, item in value.items()}
        return value

    def _lift(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return Remote(self, value)
        if isinstance(value, (list, tuple)):
            return type(value)(self._lift(item) for item in value)
        if isinstance(value, dict):
            return {key: self._lift(item) for key, item in value.items()}
        return value
