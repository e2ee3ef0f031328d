# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A fake VMware VI server (ESXi host or vCenter) for tests and demonstrations.

Listens on 127.0.0.1 only. What it does and no source supports is listed in ASSUMED.md beside this file.
"""

from __future__ import annotations

from esxkit.fake.options import FakeOptions
from esxkit.fake.server import Address, FakeProcess, FakeServer, HttpControl
from esxkit.fake.worlds import WorldPlan, world

__all__ = ["Address", "FakeOptions", "FakeProcess", "FakeServer", "HttpControl", "WorldPlan", "world"]
