# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Tools around the ESX storage driver: code generation, a fake VI server, the test harness."""
