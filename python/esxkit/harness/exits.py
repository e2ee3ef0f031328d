# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A process that ends while libvirt holds its connection; its functions run in the worker, by ``client.run()``.

libvirt keeps a reference to the connection for each callback. A callback that is deregistered while it is running is
freed by the event loop when it has returned. A process that ends before that has closed its connection, and libvirt
has not.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Any

from esxkit.harness import environment
from esxkit.harness.pool_events import REFRESH


def close_within_a_callback(conn: Any, pool_name: str) -> int:
    """Deregister a callback that is running and do not return, and close; what virConnectClose() returned."""
    entered = threading.Event()

    def refreshed(*_arguments: Any) -> None:
        entered.set()
        threading.Event().wait()

    number = conn.storagePoolEventRegisterAny(None, REFRESH, refreshed, None)
    conn.storagePoolLookupByName(pool_name).refresh(0)
    assert entered.wait(environment.patience(10)), "The callback was not called."
    conn.storagePoolEventDeregisterAny(number)
    return conn.close()


def keep(conn: Any) -> None:
    """Let the connection live as long as the process."""
    # More than Python's own references: what it tears down at its end would close the connection.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(conn))
    # Where there is LeakSanitizer: nothing leads to the connection, and that is meant.
    ignore = getattr(ctypes.CDLL(None), "__lsan_ignore_object", None)
    if ignore is not None:
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        ignore(ctypes.c_void_p(pointer(conn._o, b"virConnectPtr")))


def listen_on(conn: Any) -> None:
    """Register a callback that stays registered."""
    conn.storagePoolEventRegisterAny(None, REFRESH, lambda *_arguments: None, None)
    keep(conn)
