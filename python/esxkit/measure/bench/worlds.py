# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The hosts of the matrix: so many datastores, all the volumes on the first one, two iSCSI targets."""

from __future__ import annotations

from esxkit.fake.worlds import WorldPlan
from esxkit.fake.worlds.counts import counts_world, volumes

TARGETS, LUNS = 2, 2
POOL = "datastore-0000"
VOLUME = "vm-0000/vm-0000.vmdk"


def host(datastores: int, disks: int) -> WorldPlan:
    """A host with so many datastores, and so many disks on the first, each in a folder of its own."""
    world = counts_world(datastores=datastores, targets=TARGETS, luns=LUNS, volumes_each=0)
    world.datastores[0]["files"] = volumes(POOL, disks)
    return world
