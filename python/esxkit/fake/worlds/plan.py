# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The shape of a world. Everything below is plain JSON as in data/inventory.json."""

from __future__ import annotations

from typing import Any

import attrs

# apiVersion → (version, build) of a product that speaks it.
RELEASES = {
    "5.5": ("5.5.0", "1331820"),
    "6.0": ("6.0.0", "2494585"),
    "6.5": ("6.5.0", "4564106"),
    "6.7": ("6.7.0", "8169922"),
    "7.0.3.0": ("7.0.3", "18644231"),
    "8.0.3.0": ("8.0.3", "24674464"),
}


@attrs.define(kw_only=True)
class HostPlan:
    """One host. `datastores` are the names of those it mounts; None means all.

    `cluster` is the name of its cluster (vCenter only); None makes it a standalone host.
    """

    moid: str
    name: str
    uuid: str
    storage: dict[str, Any]
    datastores: list[str] | None = None
    cluster: str | None = None
    management_ip: str = "127.0.0.1"
    mounts: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    """mountInfo of a datastore on this host, by datastore name, where it is not the datastore's own."""


@attrs.define(kw_only=True)
class VCenterPlan:
    """Names of the inventory tree of a vCenter: root / folder / datacenter."""

    folder: str | None = "Sites"
    datacenter: str = "Berlin"


@attrs.define(kw_only=True)
class WorldPlan:
    """A whole server. `datastores` have name, moref, summary, info, mountInfo, capability, files."""

    name: str
    about: dict[str, Any]
    hosts: list[HostPlan]
    datastores: list[dict[str, Any]]
    vcenter: VCenterPlan | None = None

    @property
    def api_version(self) -> str:
        """The version of the API the server speaks."""
        return self.about["apiVersion"]

    def set_api_version(self, number: str) -> None:
        """Make it an older or newer product. KeyError with the list of those known."""
        if number not in RELEASES:
            raise KeyError(f"The fake has no release for API version {number}; it has {', '.join(RELEASES)}.")
        version, build = RELEASES[number]
        product = self.about["fullName"].rsplit(" ", 2)[0]
        self.about.update(
            version=version,
            build=build,
            apiVersion=number,
            fullName=f"{product} {version} build-{build}",
            licenseProductVersion=version.rsplit(".", 1)[0],
        )

    def datastore(self, name: str) -> dict[str, Any]:
        """One datastore by name. KeyError if there is none."""
        for one in self.datastores:
            if one["name"] == name:
                return one
        raise KeyError(f"The world has no datastore '{name}'.")
