# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``./dev bench``: the driver beside what people use now, measured in one run.

Whoever is measured talks to a server that has nothing to do: :mod:`replay_server` was shown each client's exchange with
the fake host once and gives the same bytes again. The parts:

=============  ========================================================================================
``matrix``     commands at several latencies and sizes: our driver in three ways, the built-in one, pyVmomi, curl
``live``       pool-list of a daemon that is kept current by its server, 2,000 datastores
``codec``      decoding alone, beside libxml2 and pyVmomi
``streams``    contents of volumes beside curl
``events``     from a change on the server to the callback of a remote client
``single``     one volume of a datastore with 10 and with 10,000
=============  ========================================================================================

``report`` puts them together: table, JSON, and with ``--update-docs`` docs/BENCHMARKS.md and its plots.
"""
