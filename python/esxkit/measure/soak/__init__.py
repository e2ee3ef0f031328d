# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``./dev soak``: many clients of one daemon for minutes, every answer checked; docs/SOAK.md is a run of it."""
