# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Accounts that may not do everything: grants of privileges on entities, which hide what is not granted.

An account has the privileges of the nearest grant above an entity, its own first. What lies above a grant is visible
all the same (System.View), as by the role View that cannot be granted. An account without any grant may do everything.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterable
from typing import Any, Protocol

import attrs

from esxkit.model.objects import vi_type
from esxkit.wire.faults import VimFault

VIEW, READ = "System.View", "System.Read"
BROWSE, FILES = "Datastore.Browse", "Datastore.FileManagement"
_ENTITY = vi_type("ManagedEntity")
_REFERENCE = vi_type("ManagedObject")
_BROWSER = vi_type("HostDatastoreBrowser")

acting: contextvars.ContextVar[Any] = contextvars.ContextVar("acting", default=None)
"""The session on whose behalf this task runs."""


class Entity(Protocol):
    """What is known here of a managed object."""

    moid: str
    cls: type
    ref: Any

    def read(self, name: str, session: Any = None) -> Any:
        """The value of a property."""
        ...


class Objects(Protocol):
    """Where managed objects are found; see Registry."""

    def find(self, moid: str) -> Any:
        """The object with that moid, or None."""
        ...

    def of_type(self, cls: type) -> Iterable[Any]:
        """All objects of one Python class."""
        ...


@attrs.frozen
class Grant:
    """Privileges on an entity, and on what is below it where they propagate."""

    entity: str
    privileges: frozenset[str]
    propagate: bool = True


class Accounts:
    """The accounts of a server besides the one that may do everything."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._grants: dict[str, dict[str, Grant]] = {}

    def add(self, name: str, grants: Iterable[Grant]) -> None:
        """Add an account with the password of all, or give it other grants."""
        self._grants[name] = {grant.entity: grant for grant in grants}

    def __contains__(self, name: object) -> bool:
        return name in self._grants

    def grants(self, session: Any) -> dict[str, Grant] | None:
        """The grants of a session's account; None: it may do everything."""
        return self._grants.get(session.user.userName) if session is not None else None

    def may(self, session: Any, obj: Entity, privilege: str) -> bool:
        """Whether an account has a privilege on the entity that an object is, or belongs to."""
        grants = self.grants(session)
        entity = self._entity_of(obj) if grants is not None else None
        if grants is None or entity is None:
            return True
        if privilege == VIEW and any(entity.moid in self._above(grant) for grant in grants.values()):
            return True
        for depth, moid in enumerate(self._path(entity)):
            grant = grants.get(moid)
            if grant is not None and (depth == 0 or grant.propagate):
                return privilege in grant.privileges
        return False

    def refusal(self, session: Any, obj: Entity, privilege: str) -> Any:
        """NoPermission that names the privilege, or None where the account has it."""
        if self.may(session, obj, privilege):
            return None
        entity = self._entity_of(obj)
        return VimFault("NoPermission", object=(entity or obj).ref, privilegeId=privilege).data

    def check(self, obj: Entity, privilege: str) -> None:
        """Fault NoPermission unless the account on whose behalf this runs has the privilege."""
        if not self.may(acting.get(), obj, privilege):
            raise VimFault("NoPermission", object=obj.ref, privilegeId=privilege)

    def shown(self, session: Any, value: Any) -> Any:
        """A property's value without the references to entities that the account may not view."""
        if self.grants(session) is None:
            return value
        if isinstance(value, list):
            return type(value)([item for item in value if self._is_shown(session, item)])
        return value if self._is_shown(session, value) else None

    def _is_shown(self, session: Any, item: Any) -> bool:
        # A mount is of a host.
        ref = item if isinstance(item, _REFERENCE) else getattr(item, "key", None)
        target = self._objects.find(ref._moId) if isinstance(ref, _REFERENCE) else None
        return target is None or self.may(session, target, VIEW)

    def _entity_of(self, obj: Entity) -> Any:
        """The entity that an object is, or belongs to; None: it is nobody's."""
        if issubclass(obj.cls, _ENTITY):
            return obj
        for kind, name in (("Datastore", "browser"), ("HostSystem", "configManager")):
            for entity in self._objects.of_type(object):
                if entity.cls is not vi_type(kind):
                    continue
                value = entity.read(name)
                parts = [value] if name == "browser" else [getattr(value, p.name) for p in value._GetPropertyList()]
                if any(getattr(part, "_moId", None) == obj.moid for part in parts):
                    return entity
        return None

    def _path(self, entity: Any) -> list[str]:
        """The moids of an entity and of what is above it, upwards."""
        found = []
        while entity is not None:
            found.append(entity.moid)
            parent = entity.read("parent")
            entity = self._objects.find(parent._moId) if parent is not None else None
        return found

    def _above(self, grant: Grant) -> list[str]:
        entity = self._objects.find(grant.entity)
        return self._path(entity)[1:] if entity is not None and VIEW in grant.privileges else []


def needed(info: Any, obj: Entity) -> str:
    """The privilege that a method needs on the object it is called on."""
    if issubclass(obj.cls, _BROWSER):
        return BROWSE
    return info.privId or READ
