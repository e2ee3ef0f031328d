# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What attacks the driver: every verb in every trouble (matrix), and replies that a proxy mutates (mutate)."""
