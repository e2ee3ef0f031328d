# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``./dev scale``: the driver in the largest worlds; docs/SCALE.md is a run of it."""
