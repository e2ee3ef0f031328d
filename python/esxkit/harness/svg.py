# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Charts as files of this project: without scripts, without a name that is new each time, and marked as ours."""

from __future__ import annotations

import re

_MARK = (
    b"<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n"
    b"<!-- Copyright (C) 2026 the libvirt-esx-storage authors -->\n"
)
_DECLARATION = b"<?xml version='1.0' encoding='utf-8'?>\n"


def tidy(chart: bytes) -> bytes:
    """What pygal has rendered, as it is committed."""
    chart = chart.removeprefix(_DECLARATION)
    chart = re.sub(rb"<!--.*?-->|<script\b.*?</script>|<script\b[^>]*/>", b"", chart, flags=re.DOTALL)
    chart = re.sub(rb"chart-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", b"chart", chart)
    return _DECLARATION + _MARK + chart.rstrip() + b"\n"
