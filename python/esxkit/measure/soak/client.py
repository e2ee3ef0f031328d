# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The clients of a soak, in a worker process: each is a thread with a connection of its own to the daemon.

A client has a folder on one datastore that is only its own, so that it knows what every answer about it must be. What a
client changed is looked at at once, by its own connection and by another client of the daemon, the process's witness.
"""

from __future__ import annotations

import random
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import libvirt

from esxkit.harness import contents
from esxkit.harness.volumes import some_bytes, volume_xml
from esxkit.measure.soak.journal import JournalReader

KIB = 1024
_NO_POOL, _NO_VOLUME = libvirt.VIR_ERR_NO_STORAGE_POOL, libvirt.VIR_ERR_NO_STORAGE_VOL
_MOST_VOLUMES = 8
_MOST_PROBLEMS = 20


@attrs.frozen
class ClientPlan:
    """What the clients of one process do."""

    uri: str
    numbers: tuple[int, ...]
    seconds: float
    pause: float
    deadline: float
    """Seconds after which a call counts as hanging."""
    journal: Path
    bound: float
    """Seconds for which a pool may still show what was before a change of the world."""
    stores: tuple[str, ...]
    still: dict[str, tuple[str, tuple[int, ...] | None, dict[str, str]]]
    """Pools that do not change: UUID, info (None: volumes come and go there), and keys of LUNs by name."""


@attrs.define
class ClientOutcome:
    """What the clients of one process saw."""

    times: dict[str, array] = attrs.field(factory=dict)
    """Seconds of each call, by kind."""
    wrong: list[str] = attrs.field(factory=list)
    hanging: list[str] = attrs.field(factory=list)
    unfinished: int = 0
    """Clients that did not end."""


class WrongAnswer(Exception):
    """An answer that is not what it must be."""


def expect(got: object, wanted: object, what: str) -> None:
    """Raise WrongAnswer when an answer is another one."""
    if got != wanted:
        raise WrongAnswer(f"{what}: {got!r} instead of {wanted!r}")


class Timed:
    """Makes the calls of one client, and takes their time."""

    def __init__(self) -> None:
        self.times: dict[str, array] = {}
        self.current: tuple[str, float] | None = None

    def __call__(self, kind: str, call: Callable[..., Any], *arguments: Any) -> Any:
        begun = time.monotonic()
        self.current = (kind, begun)
        try:
            return call(*arguments)
        except libvirt.libvirtError as error:
            error.args = (f"{kind}: {error}",)
            raise
        finally:
            self.current = None
            self.times.setdefault(kind, array("d")).append(time.monotonic() - begun)

    def fails(self, code: int, kind: str, call: Callable[..., Any], *arguments: Any) -> None:
        """A call that must fail."""
        try:
            self(kind, call, *arguments)
        except libvirt.libvirtError as error:
            if error.get_error_code() != code:
                raise
        else:
            raise WrongAnswer(f"{kind}: it succeeded, and should have failed with error {code}")


class SoakClient:
    """One client."""

    def __init__(self, plan: ClientPlan, number: int, witness: Any) -> None:
        self._plan = plan
        self._number = number
        self._witness = witness
        self._chance = random.Random(number)
        self._journal = JournalReader(plan.journal, plan.bound)
        self._store = plan.stores[number % len(plan.stores)]
        self._folder = f"client-{number:03d}/"
        self._volumes: dict[str, bytes] = {}
        self._serial = 0
        self.timed = Timed()
        self.wrong: list[str] = []

    def run(self, over: Callable[[], bool]) -> None:
        """Read and change until it is over."""
        self._conn = self.timed("connect", libvirt.open, self._plan.uri)
        while not over() and len(self.wrong) < _MOST_PROBLEMS:
            # Most of what clients do is reading.
            kinds = self._reads if self._chance.random() < 0.85 or not self._volumes else self._changes
            self._try(self._chance.choice(kinds))
            time.sleep(self._plan.pause * self._chance.uniform(0, 2))
        self._try(SoakClient.list_own)
        self._try(SoakClient.reconnect)
        self._conn.close()

    def _try(self, action: Callable[[SoakClient], None]) -> None:
        begun = time.monotonic()
        try:
            action(self)
        except (WrongAnswer, libvirt.libvirtError) as error:
            code = f" (error {error.get_error_code()})" if isinstance(error, libvirt.libvirtError) else ""
            self.wrong.append(
                f"{begun:.3f}+{time.monotonic() - begun:.3f} client {self._number}, {action.__name__}: {error}{code}"
            )

    # Pools

    def list_pools(self) -> None:
        asked = time.monotonic()
        names = {pool.name() for pool in self.timed("list pools", self._conn.listAllStoragePools, 0)}
        answered = time.monotonic()
        for slot in self._journal.slots:
            possible = {state.name for state in self._journal.possible(slot, asked, answered)}
            shown = names & self._journal.names(slot) or {None}
            if len(shown) > 1 or not shown <= possible:
                raise WrongAnswer(f"the pools listed have {shown}, and it may only be one of {possible}")
            names -= self._journal.names(slot)
        expect(names, set(self._plan.still), "the pools that do not change")

    def look_at_pool(self) -> None:
        name = self._chance.choice(list(self._plan.still))
        uuid, info, _ = self._plan.still[name]
        pool = self.timed("look up a pool", self._conn.storagePoolLookupByName, name)
        expect(pool.UUIDString(), uuid, f"the UUID of {name}")
        same = self.timed("look up a pool by UUID", self._conn.storagePoolLookupByUUIDString, uuid)
        expect(same.name(), name, f"the name of {uuid}")
        got = tuple(self.timed("pool info", pool.info))
        if info is not None:
            expect(got, info, f"the info of {name}")
        else:
            expect((got[0], got[2] + got[3]), (libvirt.VIR_STORAGE_POOL_RUNNING, got[1]), f"the info of {name}")
        if f"<uuid>{uuid}</uuid>" not in self.timed("pool XML", pool.XMLDesc, 0):
            raise WrongAnswer(f"the XML of {name} has not its UUID")

    def look_at_changing_pool(self) -> None:
        slot = self._chance.choice(self._journal.slots)
        name = self._journal.now(slot).name
        if name is None:
            return
        asked = time.monotonic()
        got = None
        try:
            pool = self.timed("look up a pool", self._conn.storagePoolLookupByName, name)
            got = tuple(self.timed("pool info", pool.info))
        except libvirt.libvirtError as error:
            if error.get_error_code() != _NO_POOL:
                raise
        states = self._journal.possible(slot, asked, time.monotonic())
        if got is None:
            fits = any(state.name != name for state in states)
        else:
            fits = any(state.name == name and state.info in (None, got) for state in states)
        if not fits:
            raise WrongAnswer(f"'{name}' was {got}, and it may only be one of {states}")

    def miss_pool(self) -> None:
        self.timed.fails(_NO_POOL, "look up no pool", self._conn.storagePoolLookupByName, "there is no such pool")

    # LUNs

    def look_at_luns(self) -> None:
        name = self._chance.choice([name for name, (_, _, luns) in self._plan.still.items() if luns])
        wanted = self._plan.still[name][2]
        pool = self.timed("look up a pool", self._conn.storagePoolLookupByName, name)
        luns = self.timed("list LUNs", pool.listAllVolumes, 0)
        expect({lun.name(): lun.key() for lun in luns}, wanted, f"the LUNs of {name}")
        one = self._chance.choice(luns)
        by_key = self.timed("look up a LUN by key", self._conn.storageVolLookupByKey, one.key())
        expect(by_key.name(), one.name(), f"the LUN with the key {one.key()}")
        expect(self.timed("LUN info", one.info)[0], libvirt.VIR_STORAGE_VOL_BLOCK, f"the kind of {one.name()}")

    # Volumes

    def _pool(self, conn: Any = None) -> Any:
        return self.timed("look up a pool", (conn or self._conn).storagePoolLookupByName, self._store)

    def _list(self, conn: Any) -> dict[str, int]:
        volumes = self.timed("list volumes", self._pool(conn).listAllVolumes, 0)
        mine = [volume for volume in volumes if volume.name().startswith(self._folder)]
        return {volume.name(): self.timed("volume info", volume.info)[1] for volume in mine}

    def list_own(self) -> None:
        expect(self._list(self._conn), self._sizes(), "my volumes")

    def look_at_volume(self) -> None:
        name = self._any_volume()
        volume = self.timed("look up a volume", self._pool().storageVolLookupByName, name)
        expect(self.timed("volume info", volume.info)[1], len(self._volumes[name]), f"the capacity of {name}")
        if f"<name>{name}</name>" not in self.timed("volume XML", volume.XMLDesc, 0):
            raise WrongAnswer(f"the XML of {name} has not its name")

    def read_volume(self) -> None:
        name = self._any_volume()
        volume = self.timed("look up a volume", self._pool().storageVolLookupByName, name)
        data = self.timed("download", contents.download, volume)
        if data != self._volumes[name]:
            raise WrongAnswer(f"the contents of {name} are wrong: {_difference(data, self._volumes[name])}")

    def miss_volume(self) -> None:
        name = f"{self._folder}none-{self._serial}.vmdk"
        self.timed.fails(_NO_VOLUME, "look up no volume", self._pool().storageVolLookupByName, name)

    # Changes

    def create(self) -> None:
        if len(self._volumes) >= _MOST_VOLUMES:
            return self.delete()
        self._serial += 1
        ending = self._chance.choice((".vmdk", ".bin"))
        name = f"{self._folder}{self._serial}{ending}"
        size = self._chance.randrange(1, 5) * 64 * KIB
        xml = volume_xml(name, size, thin=ending == ".vmdk" and self._chance.random() < 0.5)
        volume = self.timed("create", self._pool().createXML, xml, 0)
        self._volumes[name] = bytes(size)
        expect(volume.name(), name, "the name of a new volume")
        return self._check()

    def clone(self) -> None:
        disks = [name for name in self._volumes if name.endswith(".vmdk")]
        if len(self._volumes) >= _MOST_VOLUMES or not disks:
            return self.create()
        self._serial += 1
        source, name = self._chance.choice(disks), f"{self._folder}{self._serial}.vmdk"
        pool = self._pool()
        original = self.timed("look up a volume", pool.storageVolLookupByName, source)
        self.timed("clone", pool.createXMLFrom, volume_xml(name, len(self._volumes[source])), original, 0)
        self._volumes[name] = self._volumes[source]
        return self._check()

    def resize(self) -> None:
        def grow(volume: Any, old: bytes) -> bytes:
            new = len(old) + 64 * KIB
            self.timed("resize", volume.resize, new, 0)
            return old + bytes(64 * KIB)

        self._change(grow, disks_only=True)

    def wipe(self) -> None:
        def zero(volume: Any, old: bytes) -> bytes:
            self.timed("wipe", volume.wipe, 0)
            return bytes(len(old))

        # Plain files cannot be wiped.
        self._change(zero, disks_only=True)

    def upload(self) -> None:
        def fill(volume: Any, old: bytes) -> bytes:
            data = some_bytes(len(old), self._chance.random())
            self.timed("upload", contents.upload, volume, data)
            return data

        self._change(fill)

    def _change(self, work: Callable[[Any, bytes], bytes], disks_only: bool = False) -> None:
        names = [name for name in self._volumes if name.endswith(".vmdk") or not disks_only]
        if not names:
            return self.create()
        name = self._chance.choice(names)
        volume = self.timed("look up a volume", self._pool().storageVolLookupByName, name)
        self._volumes[name] = work(volume, self._volumes[name])
        return self._check()

    def delete(self) -> None:
        name = self._any_volume()
        volume = self.timed("look up a volume", self._pool().storageVolLookupByName, name)
        self.timed("delete", volume.delete, 0)
        del self._volumes[name]
        self._check()
        for conn in (self._conn, self._witness):
            self.timed.fails(_NO_VOLUME, "look up no volume", self._pool(conn).storageVolLookupByName, name)

    def refresh(self) -> None:
        name = self._chance.choice(list(self._plan.still))
        pool = self.timed("look up a pool", self._conn.storagePoolLookupByName, name)
        self.timed("refresh", pool.refresh, 0)

    def reconnect(self) -> None:
        self._conn.close()
        self._conn = self.timed("connect", libvirt.open, self._plan.uri)

    def _check(self) -> None:
        """What was changed must be seen at once: by another client of the daemon first, and by this one."""
        expect(self._list(self._witness), self._sizes(), "my volumes, as another client sees them")
        expect(self._list(self._conn), self._sizes(), "my volumes after a change")

    def _sizes(self) -> dict[str, int]:
        return {name: len(data) for name, data in self._volumes.items()}

    def _any_volume(self) -> str:
        return self._chance.choice(list(self._volumes))

    @property
    def _reads(self) -> tuple[Callable[[SoakClient], None], ...]:
        always = (
            SoakClient.list_pools,
            SoakClient.look_at_pool,
            SoakClient.look_at_changing_pool,
            SoakClient.miss_pool,
            SoakClient.look_at_luns,
            SoakClient.list_own,
            SoakClient.miss_volume,
        )
        if not self._volumes:
            return (*always, SoakClient.create, SoakClient.create)
        return (*always, SoakClient.look_at_volume, SoakClient.look_at_volume, SoakClient.read_volume)

    _changes = (create, create, clone, resize, wipe, upload, delete, refresh, reconnect)


def _difference(got: bytes, wanted: bytes) -> str:
    if len(got) != len(wanted):
        return f"{len(got)} bytes instead of {len(wanted)}"
    first = next(at for at, (one, other) in enumerate(zip(got, wanted, strict=True)) if one != other)
    return f"they differ from byte {first} of {len(got)} on"


def _hanging(clients: list[SoakClient], deadline: float) -> Iterator[str]:
    now = time.monotonic()
    for client in clients:
        current = client.timed.current
        if current is not None and now - current[1] > deadline:
            yield f"'{current[0]}' did not come back within {deadline:g} s."


def work(plan: ClientPlan) -> ClientOutcome:
    """Run all clients of this process to their end, or until one hangs."""
    end = time.monotonic() + plan.seconds
    witness = libvirt.open(plan.uri)
    clients = [SoakClient(plan, number, witness) for number in plan.numbers]
    outcome = ClientOutcome()

    def run(client: SoakClient) -> None:
        try:
            client.run(lambda: time.monotonic() > end or bool(outcome.hanging))
        except Exception as error:
            client.wrong.append(f"A client ended: {error!r}")

    threads = [threading.Thread(target=run, args=(client,), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) and not outcome.hanging:
        outcome.hanging += _hanging(clients, plan.deadline)
        time.sleep(0.2)
    for thread in threads:
        thread.join(timeout=5)
    outcome.unfinished = sum(thread.is_alive() for thread in threads)
    if not outcome.unfinished:
        witness.close()
    for client in clients:
        outcome.wrong += client.wrong
        for kind, times in client.timed.times.items():
            outcome.times.setdefault(kind, array("d")).extend(times)
    return outcome
