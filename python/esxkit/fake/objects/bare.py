# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Managed objects that are there because servers have them; all they do is answer NotSupported."""

from __future__ import annotations

from typing import Any

from esxkit.fake.registry import ManagedObject


class Bare(ManagedObject):
    """An object of any type without any method."""

    def __init__(self, vi_name: str, moid: str, **props: Any):
        self.vi_name = vi_name
        super().__init__(moid, **props)
