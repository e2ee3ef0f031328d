# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A short soak: what ./dev soak does for ten minutes with 64 clients, for seconds with 16."""

from __future__ import annotations

import pytest

from esxkit.harness.environment import patience
from esxkit.measure.soak.command import Options, soak
from esxkit.measure.soak.page import markdown


@pytest.mark.usefixtures("driver")
def test_a_short_soak():
    result = soak(Options(seconds=patience(20), clients=16, processes=2, expiry=patience(6)))
    assert result.holds, markdown(result)
