# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``python -m esxkit.attack.mutate``."""

from __future__ import annotations

import sys

from esxkit.attack.mutate.command import main

if __name__ == "__main__":
    sys.exit(main())
