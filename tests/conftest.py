# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Fixtures shared by all tests."""

from __future__ import annotations

pytest_plugins = ["esxkit.harness.pytest_plugin"]
