# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The part of the demo that changes the host behind libvirt's back; it leaves the host with the pools it had."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from esxkit.harness.live import until_live
from esxkit.harness.pool_events import VirshListener
from esxkit.harness.servers import Fake
from esxkit.harness.virsh import Virsh

NEW, LOST = "demo-lun7", "nfs41"


@attrs.frozen
class Happening:
    """Something that happens to the host, and the events libvirt's clients must hear of it, in order."""

    title: str
    change: Callable[[Fake], object]
    events: tuple[str, ...]


def happenings() -> list[Happening]:
    """What happens, in order."""
    return [
        Happening(
            "The host gets a new datastore",
            lambda fake: fake.control.add_datastore(NEW),
            (f"{NEW}:defined", f"{NEW}:started"),
        ),
        Happening(
            "It loses an NFS mount",
            lambda fake: fake.control.set_accessible(LOST, False),
            (f"{LOST}:stopped",),
        ),
        Happening(
            "The NFS mount is back",
            lambda fake: fake.control.set_accessible(LOST, True),
            (f"{LOST}:started",),
        ),
        Happening(
            "The new datastore is gone",
            lambda fake: fake.control.remove_datastore(NEW),
            (f"{NEW}:stopped", f"{NEW}:undefined"),
        ),
    ]


def hear(virsh: Virsh, fake: Fake) -> int:
    """Show all of them; return how many went wrong."""
    wrong = 0
    # So that the long poll which is waited for below is that of this virsh, which listens by then.
    fake.eventually_without_sessions()
    print('\n# What happens on the host, as it happens\n$ virsh -c "$URI" pool-event --event lifecycle --loop &')
    with VirshListener(virsh) as listener:
        until_live(fake)
        for happening in happenings():
            print(f"\n# {happening.title}")
            happening.change(fake)
            for expected in happening.events:
                try:
                    event = listener.next()
                except AssertionError as error:
                    event = str(error)
                print(f"event: {event}")
                if event != expected:
                    print(f"WRONG: the event must be {expected}.")
                    wrong += 1
    return wrong
