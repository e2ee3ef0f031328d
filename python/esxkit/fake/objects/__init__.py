# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The managed objects of the fake, one file each; their methods carry the API's own names."""
