# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Prints the C tables of the VI types that roots.toml names.

``roots`` reads the list, ``closure`` completes and checks it against a schema, and the visitors ``header``,
``source``, ``listing`` and ``dictionary`` each print one file from the result.
"""
