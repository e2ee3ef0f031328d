# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``python -m esxkit.measure.soak``."""

from __future__ import annotations

import sys

from esxkit.measure.soak.command import main

if __name__ == "__main__":
    sys.exit(main())
