# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Worlds: what the fake server pretends to be, as plain data that tests may change before it starts.

`world("default")` makes a fresh one by name; `NAMES` lists them with their purpose.
"""

from __future__ import annotations

from collections.abc import Callable

from esxkit.fake.worlds import adapters, counts, inventory, scale, variants, vcenter
from esxkit.fake.worlds.plan import HostPlan, VCenterPlan, WorldPlan

_MAKERS: dict[str, Callable[[], WorldPlan]] = {
    "default": inventory.default_world,
    "vcenter": vcenter.vcenter_world,
    "small": counts.counts_world,
    "adapters": adapters.adapters_world,
    **variants.MAKERS,
    **scale.MAKERS,
}

NAMES: dict[str, str] = {
    name: (maker.__doc__ or "").strip().splitlines()[0] for name, maker in _MAKERS.items()
}


def world(name: str) -> WorldPlan:
    """A fresh world by name. KeyError with a sentence that lists the names."""
    if name not in _MAKERS:
        raise KeyError(f"There is no world '{name}'; there are {', '.join(_MAKERS)}.")
    return _MAKERS[name]()


__all__ = ["NAMES", "HostPlan", "VCenterPlan", "WorldPlan", "world"]
