# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Managed objects of the fake and the registry that knows them all and announces their changes.

    registry ── moid ──► ManagedObject ── props ──► immutable data objects
        └─ change counter + listeners ◄── property collectors

A property's value is replaced, never changed in place, so the collector compares by identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from esxkit.fake.accounts import Accounts
from esxkit.fake.events import Events
from esxkit.fake.options import FakeOptions
from esxkit.fake.sessions import Session, SessionTable
from esxkit.model import objects
from esxkit.wire.faults import VimFault, object_not_found

_CHANGES_KEPT = 10_000


class ManagedObject:
    """Base of everything that has a moid.

    A method of the VI API is an `async def` under its VI (WSDL) name taking a Call and the parameters by
    their VI names; a property is an entry of `props` or a method `prop_NAME(session)`.
    """

    vi_name: str = "ManagedObject"

    def __init__(self, moid: str, **props: Any):
        self.moid = moid
        self.cls = objects.vi_type(self.vi_name)
        self.ref = self.cls(moid)
        self._registry: Registry | None = None
        self.owner: Any = None  # the session that alone may use the object; None: everybody may
        self._props: dict[str, Any] = {}
        for name, value in props.items():
            self._props[name] = objects.coerce(self.property_info(name).type, value)

    @classmethod
    def computes(cls) -> bool:
        """Whether some property is worked out at each read, so that nothing announces its change."""
        return any(name.startswith("prop_") for name in dir(cls))

    def __repr__(self) -> str:
        return f"<{self.vi_name} {self.moid}>"

    def property_info(self, name: str) -> Any:
        """Metadata of a property. AttributeError if the type has none of that name."""
        return self.cls._GetPropertyInfo(name)

    def read(self, name: str, session: Any = None) -> Any:
        """Current value of a top-level property, None when unset."""
        computed = getattr(self, f"prop_{name}", None)
        if computed is not None:
            return objects.coerce(self.property_info(name).type, computed(session))
        return self._props.get(name)

    def set(self, path: str, value: Any) -> None:
        """Set the property at a dotted path and announce it."""
        head, _, rest = path.partition(".")
        declared = self.property_info(head).type
        if rest:
            current = self._props.get(head)
            value = objects.replaced(declared() if current is None else current, rest, value)
        self._props[head] = objects.coerce(declared, value)
        if self._registry is not None:
            self._registry.announce(self.moid)

    def drop_references(self, moid: str) -> None:
        """Take a reference out of every list property it is in."""
        for name, value in list(self._props.items()):
            if isinstance(value, list) and any(getattr(item, "_moId", None) == moid for item in value):
                self.discard(name, moid)

    def append(self, name: str, ref: Any) -> None:
        """Add a reference at the end of a list property."""
        self.set(name, [*(self._props.get(name) or []), ref])

    def discard(self, name: str, moid: str) -> None:
        """Take a reference out of a list property."""
        self.set(name, [r for r in self._props.get(name) or [] if r._moId != moid])

    @property
    def registry(self) -> Registry:
        """The registry that the object is in, or was in."""
        assert self._registry is not None, f"{self!r} is in no registry yet."
        return self._registry

    def added(self, registry: Registry) -> None:
        """Called when the object enters the registry."""
        self._registry = registry

    def removed(self) -> None:
        """Called after the object left the registry."""


class Waiting(Protocol):
    """What counts the waits that are blocked; see Waits in esxkit.fake.updates."""

    def change(self, by: int) -> None:
        """So many more, or fewer."""
        ...


class Owner(Protocol):
    """The service that a registry belongs to, as far as managed objects know it; see Service in esxkit.fake.core."""

    @property
    def options(self) -> FakeOptions:
        """Its switches."""
        ...

    @property
    def sessions(self) -> SessionTable:
        """Who is logged in."""
        ...

    @property
    def events(self) -> Events:
        """What happens, in its order."""
        ...

    @property
    def waits(self) -> Waiting:
        """Its blocked waits."""
        ...

    @property
    def root_folder(self) -> Any:
        """The root of the inventory."""
        ...

    @property
    def accounts(self) -> Accounts:
        """Who may do what."""
        ...

    def hidden_property(self, obj: ManagedObject, path: str, session: Session | None = None) -> Any:
        """The fault that stands for a property that is hidden, else None."""
        ...


class Registry:
    """All managed objects by moid, and the clock of their changes."""

    def __init__(self, service: Owner) -> None:
        self.service = service
        self._objects: dict[str, ManagedObject] = {}
        self.generation = 0
        self.listeners: set[Callable[[], None]] = set()
        """Called at each change, several times where several objects change at once."""
        self._last_change: dict[str, int] = {}  # the one that changed last is the last
        self._forgotten = 0

    def add(self, obj: ManagedObject) -> Any:
        """Register an object; its reference. ValueError if the moid is taken."""
        if obj.moid in self._objects:
            raise ValueError(f"The object '{obj.moid}' exists already.")
        obj.added(self)
        self._objects[obj.moid] = obj
        # Nothing is announced: an object is found through a reference, and that one's change is.
        return obj.ref

    def remove(self, moid: str) -> None:
        """Take an object out. Nothing happens if it is gone already."""
        obj = self._objects.pop(moid, None)
        if obj is not None:
            obj.removed()
            self.announce(moid)

    def find(self, moid: str) -> ManagedObject | None:
        """The object with that moid, or None."""
        return self._objects.get(moid)

    def get(self, ref: Any) -> ManagedObject:
        """The object a reference means. Fault ManagedObjectNotFound if there is none of that type."""
        obj = self._objects.get(ref._moId)
        # A reference may name a base type, ManagedEntity for a Folder.
        if obj is None or not issubclass(obj.cls, type(ref)):
            raise object_not_found(ref)
        return obj

    def of_type(self, cls: type) -> Iterator[Any]:
        """All objects of one Python class."""
        return (obj for obj in list(self._objects.values()) if isinstance(obj, cls))

    def announce(self, moid: str) -> None:
        """That object changed or is gone: wake everybody who waits for changes."""
        self.generation += 1
        self._last_change.pop(moid, None)
        self._last_change[moid] = self.generation
        if len(self._last_change) > 2 * len(self._objects) + _CHANGES_KEPT:
            self._forget_the_gone()
        for listener in list(self.listeners):
            listener()

    def _forget_the_gone(self) -> None:
        """Tasks and views come and go for as long as a server runs."""
        self._last_change = {moid: last for moid, last in self._last_change.items() if moid in self._objects}
        self._forgotten = self.generation

    def changed_since(self, generation: int) -> set[str] | None:
        """The moids of what changed or went after that generation; None: too long ago to know."""
        if generation < self._forgotten:
            return None
        result = set()
        for moid, last in reversed(self._last_change.items()):
            if last <= generation:
                break
            result.add(moid)
        return result


def method_not_found(obj: ManagedObject, name: str) -> VimFault:
    """MethodNotFound with receiver and method."""
    return VimFault("MethodNotFound", receiver=obj.ref, method=name)
