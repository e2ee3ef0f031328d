# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``./dev mutate``: everything the driver can do, against a host whose replies are mutated."""
