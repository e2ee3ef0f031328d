# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What measures the driver: beside its peers (bench), in large worlds (scale), and for long (soak).

The page of each is put together with :mod:`~esxkit.measure.report`.
"""
