# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The process at the other end of :class:`esxkit.harness.client.Client`.

Reads pickled requests from standard input and writes pickled answers to what was standard output; everything printed
goes to standard error. It ends when its input ends, after closing what is still open.
"""

from __future__ import annotations

import importlib
import os
import pickle
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import Any

import libvirt

from esxkit.harness.client import Handle, WorkerFailure, WorkerRequest


class Worker:
    """The objects of this process by number, and what may be done with them."""

    def __init__(self) -> None:
        self._objects: dict[int, Any] = {}
        self._next = 1

    def serve(self, request: WorkerRequest) -> Any:
        """Carry out one request; return what goes back."""
        for number in request.dropped:
            self._objects.pop(number, None)
        arguments, options = self._lower(request.arguments), self._lower(request.options)
        try:
            if request.target is None:
                result = getattr(self, request.name)(*arguments, **options)
            else:
                result = getattr(self._lower(request.target), request.name)(*arguments, **options)
        except libvirt.libvirtError as error:
            return WorkerFailure(error.get_error_code(), error.get_error_domain(), error.get_error_message())
        except Exception:
            return WorkerFailure(None, 0, traceback.format_exc())
        return self._lift(result)

    def open(self, uri: str, readonly: bool, answers: Mapping[int, str] | None) -> Any:
        """Open a connection."""
        if answers is None:
            return libvirt.openReadOnly(uri) if readonly else libvirt.open(uri)

        def ask(credentials: list[list[Any]], _opaque: object) -> int:
            for credential in credentials:
                if credential[0] not in answers:
                    return -1
                credential[4] = answers[credential[0]]
            return 0

        auth = [list(answers), ask, None]
        return libvirt.openAuth(uri, auth, libvirt.VIR_CONNECT_RO if readonly else 0)

    def run(self, function: str, *arguments: Any) -> Any:
        """Run ``module:function``."""
        module, name = function.split(":")
        return getattr(importlib.import_module(module), name)(*arguments)

    def _lower(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return self._objects[value.number]
        if isinstance(value, (list, tuple)):
            return type(value)(self._lower(item) for item in value)
        if isinstance(value, dict):
            return {key: self._lower(item) for key, item in value.items()}
        return value

    def _lift(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(self._lift(item) for item in value)
        if isinstance(value, dict):
            return {key: self._lift(item) for key, item in value.items()}
        if type(value).__module__ == "libvirt":
            handle = Handle(self._next, type(value).__name__)
            self._objects[handle.number] = value
            self._next += 1
            return handle
        return value


def run_event_loop() -> None:
    """Run libvirt's default event loop in a thread of its own; embedded connections demand a loop."""
    libvirt.virEventRegisterDefaultImpl()

    def loop() -> None:
        while True:
            libvirt.virEventRunDefaultImpl()

    threading.Thread(target=loop, daemon=True, name="event loop").start()


def main() -> None:
    """Serve requests until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = sys.stdin.buffer
    libvirt.registerErrorHandler(lambda *_: None, None)
    run_event_loop()
    worker = Worker()
    while header := requests.read(8):
        request = pickle.loads(requests.read(int.from_bytes(header, "big")))
        data = pickle.dumps(worker.serve(request))
        answers.write(len(data).to_bytes(8, "big") + data)
        answers.flush()


if __name__ == "__main__":
    main()
