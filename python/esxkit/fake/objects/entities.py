# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The inventory tree: folders, datacenters, compute resources, resource pools."""

from __future__ import annotations

from typing import Any

from esxkit.fake.registry import ManagedObject


def escaped(name: str) -> str:
    """An inventory name as the API shows it: the three special characters as percent codes."""
    return name.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")


class ManagedEntity(ManagedObject):
    """Base of the tree: name, parent and the colours of the status lights."""

    vi_name = "ManagedEntity"

    def __init__(self, moid: str, *, name: str, parent: Any = None, **props: Any):
        defaults = {"overallStatus": "green", "configStatus": "green", "alarmActionsEnabled": True}
        empty = ("recentTask", "effectiveRole", "disabledMethod", "declaredAlarmState", "tag")
        super().__init__(
            moid, name=name, parent=parent, **{e: [] for e in empty}, **{**defaults, **props}
        )


class Folder(ManagedEntity):
    """A folder of the inventory."""

    vi_name = "Folder"

    def __init__(self, moid: str, **props: Any):
        super().__init__(moid, **{"childEntity": [], **props})


class Datacenter(ManagedEntity):
    """A datacenter."""

    vi_name = "Datacenter"

    def __init__(self, moid: str, **props: Any):
        super().__init__(moid, **{"datastore": [], "network": [], **props})


class ComputeResource(ManagedEntity):
    """A host outside any cluster, as a place to run on."""

    vi_name = "ComputeResource"

    def __init__(self, moid: str, **props: Any):
        super().__init__(moid, **{"host": [], "datastore": [], "network": [], **props})


class ClusterComputeResource(ComputeResource):
    """A cluster of hosts."""

    vi_name = "ClusterComputeResource"


class ResourcePool(ManagedEntity):
    """A resource pool; the fake has only the root ones."""

    vi_name = "ResourcePool"

    def __init__(self, moid: str, **props: Any):
        super().__init__(moid, **{"resourcePool": [], "vm": [], **props})
