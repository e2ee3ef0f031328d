# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The one door to the pyVmomi metadata: nothing outside this package and wire/ names pyVmomi internals."""
