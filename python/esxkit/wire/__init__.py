# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""VI SOAP as servers speak it: parse requests, write responses and faults. Pure; no I/O."""
