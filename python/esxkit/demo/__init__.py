# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What shows the driver: the demo, and virsh on a fake host that stays."""
