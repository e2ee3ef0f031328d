# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""ViewManager and ContainerView, which many pyVmomi scripts start from."""

from __future__ import annotations

import uuid
from typing import Any

from esxkit.fake.call import Call
from esxkit.fake.objects.search_index import children
from esxkit.fake.registry import ManagedObject


class ContainerView(ManagedObject):
    """The objects below a container, of some types; worked out anew at each read."""

    vi_name = "ContainerView"

    def __init__(self, moid: str, container: Any, types: list[type] | None, recursive: bool):
        super().__init__(moid, container=container, type=types or [], recursive=recursive)

    def prop_view(self, session: Any) -> list[Any]:
        types = tuple(self.read("type")) or None
        found: list[Any] = []
        pending = [self.registry.get(self.read("container"))]
        while pending:
            for child in children(pending.pop(0)):
                if types is None or issubclass(child.cls, types):
                    found.append(child.ref)
                if self.read("recursive"):
                    pending.append(child)
        return found

    async def DestroyView(self, call: Call) -> None:
        call.login.owned.discard(self.moid)
        call.service.registry.remove(self.moid)


class ViewManager(ManagedObject):
    """The view manager."""

    vi_name = "ViewManager"

    async def CreateContainerView(
        self, call: Call, container: Any, type: list[type] | None, recursive: bool
    ) -> Any:
        self.registry.get(container)
        moid = f"session[{call.login.key}]{uuid.uuid4()}"
        return call.service.own(call.login, ContainerView(moid, container, type, recursive))
