# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Prints the C tables of the VI types that roots.toml names.

``roots`` reads the list, ``closure`` completes it from a schema, ``check`` looks whether it can be
written as C, and the visitors ``header``, ``source``, ``listing`` and ``dictionary`` each print one file.
"""
