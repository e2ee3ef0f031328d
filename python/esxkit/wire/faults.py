# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The VI faults a server raises, with the sentences real servers put beside them."""

from __future__ import annotations

from typing import Any

from esxkit.model.objects import make

_TEXTS = {
    "InvalidLogin": "Cannot complete login due to an incorrect user name or password.",
    "NotAuthenticated": "The session is not authenticated.",
    "NotFound": "The object or item referred to could not be found.",
    "NoPermission": "Permission to perform this operation was denied.",
    "NotSupported": "The operation is not supported on the object.",
    "MethodNotFound": "The method is not found.",
    "RestrictedVersion": "Current license or ESXi version prohibits execution of the requested operation.",
    "RequestCanceled": "The request was canceled by a user.",
    "InvalidCollectorVersion": "The data version of the property collector is not valid.",
    "InvalidProperty": "The property is not valid.",
    "InvalidState": "The operation is not allowed in the current state.",
    "ResourceInUse": "The resource is in use.",
    "FileNotFound": "File was not found.",
    "FileAlreadyExists": "The specified key, name, or identifier already exists.",
    "FileLocked": "Failed to lock the file.",
    "InvalidDatastore": "The datastore is not valid.",
    "InvalidDatastorePath": "Invalid datastore path.",
    "InaccessibleDatastore": "The datastore is not accessible.",
    "HostConfigFault": "Operation failed, diagnostics report: the host could not do it.",
}


class VimFault(Exception):
    """A VI fault on its way to the caller; `data` is the typed fault, its msg the sentence."""

    def __init__(self, name: str, message: str | None = None, /, **fields: Any):
        data = make(name, **fields)
        data.msg = message or _TEXTS.get(name, f"{name}.")
        super().__init__(f"{name}: {data.msg}")
        self.name = name
        self.data = data


def invalid_argument(param: str) -> VimFault:
    """InvalidArgument that names the parameter."""
    return VimFault("InvalidArgument", f"A specified parameter was not correct: {param}", invalidProperty=param)


def object_not_found(ref: Any) -> VimFault:
    """ManagedObjectNotFound for a reference."""
    kind = type(ref).__name__.removeprefix("vim.")
    return VimFault(
        "ManagedObjectNotFound",
        f"The object 'vim.{kind}:{ref._moId}' has already been deleted or has not been completely created",
        obj=ref,
    )


def not_authenticated(ref: Any, privilege: str = "System.View") -> VimFault:
    """NotAuthenticated as servers raise it for a call without a session."""
    return VimFault("NotAuthenticated", object=ref, privilegeId=privilege)
