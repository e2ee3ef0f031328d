# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""`python -m esxkit`."""

from __future__ import annotations

import sys

from esxkit.cli import main

sys.exit(main())
