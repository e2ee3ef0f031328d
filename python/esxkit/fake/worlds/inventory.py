# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The default world: data/inventory.json, a realistic ESXi 8.0.3 host."""

from __future__ import annotations

import copy
import functools
import importlib.resources
import json
from typing import Any

from esxkit.fake.worlds import parts
from esxkit.fake.worlds.plan import HostPlan, WorldPlan


@functools.cache
def _text() -> str:
    return (importlib.resources.files("esxkit") / "data" / "inventory.json").read_text(encoding="utf-8")


def load() -> dict[str, Any]:
    """A fresh copy of the inventory file."""
    return json.loads(_text())


def world_from(plain: dict[str, Any], name: str) -> WorldPlan:
    """A world of one ESXi host from an inventory of the file's shape."""
    return _world_of(copy.deepcopy(plain), name)


def _world_of(plain: dict[str, Any], name: str) -> WorldPlan:
    """The same, and `plain` becomes a part of it."""
    host = plain["host"]
    if plain["storage"]["multipathInfo"] is not None:
        plain["storage"].setdefault("plugStoreTopology", parts.plug_store(plain["storage"]))
    return WorldPlan(
        name=name,
        about=plain["about"],
        hosts=[
            HostPlan(moid=host["moref"], name=host["name"], uuid=host["uuid"], storage=plain["storage"])
        ],
        datastores=plain["datastores"],
    )


def default_world() -> WorldPlan:
    """A realistic ESXi 8.0.3 host: 9 adapters, 28 LUNs, 21 targets, 14 datastores, 197 files."""
    return _world_of(load(), "default")
