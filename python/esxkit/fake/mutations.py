# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors

"""Changes to the world while it runs; each is announced to the property collectors."""

from typing import Any

from esxkit.fake.service import Service
from esxkit.fake.worlds import World


class Mutations:
    """Verbs of the control interface that change the world."""

    def __init__(self, service: Service, world: World):
        self._service = service
        self._world = world
