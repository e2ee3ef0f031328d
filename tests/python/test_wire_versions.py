# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Versions: what a SOAPAction means to a server."""

from __future__ import annotations

import pytest

from esxkit.wire.versions import LEGACY, knows, negotiate, prior_versions, version_for


@pytest.mark.parametrize(
    ("action", "server", "version", "namespace"),
    [
        ('"urn:vim25/8.0.3.0"', "8.0.3.0", "vim.version.v8_0_3_0", "urn:vim25"),
        ("urn:vim25/6.7", "8.0.3.0", "vim.version.version12", "urn:vim25"),
        ('"urn:vim25/8.0.3.0"', "5.5", "vim.version.version9", "urn:vim25"),
        ("urn:vim25/99.1", "6.5", "vim.version.version11", "urn:vim25"),
        ("urn:vim25/nonsense", "6.5", "vim.version.version11", "urn:vim25"),
        ("urn:vim25", "8.0.3.0", LEGACY, "urn:vim25"),
        (None, "8.0.3.0", LEGACY, "urn:vim25"),
        ("", "8.0.3.0", LEGACY, "urn:vim25"),
        ("something else", "8.0.3.0", LEGACY, "urn:vim25"),
        ('"urn:vim2/2.0"', "6.0", "vim.version.version1", "urn:vim2"),
    ],
)
def test_negotiate(action, server, version, namespace):
    assert negotiate(action, server) == (version, namespace)


def test_unlisted_number_means_the_one_before_it():
    assert version_for("6.7.9") == version_for("6.7.3")
    assert version_for("8.0.3.5") == version_for("8.0.3.1")


def test_text_is_no_version():
    with pytest.raises(ValueError, match="'abc' is not an API version"):
        version_for("abc")


def test_knows():
    assert knows(version_for("8.0.3.0"), version_for("5.5"))
    assert not knows(version_for("5.5"), version_for("8.0.3.0"))


def test_prior_versions_start_with_the_server_itself():
    assert prior_versions("6.0") == ["6.0", "5.5", "5.1", "5.0", "4.1", "4.0"]
    assert prior_versions("8.0.3.0")[0] == "8.0.3.0"
