# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The test harness: what the tests need around the driver; esxkit.measure, esxkit.attack and esxkit.demo stand on it.

* :mod:`~esxkit.harness.environment`  where things are, and what the environment variables say
* :mod:`~esxkit.harness.process`      child processes that never outlive their parent
* :mod:`~esxkit.harness.daemon`       a private, unmodified libvirtd
* :mod:`~esxkit.harness.uri`          the URIs of the driver, embedded and through a daemon
* :mod:`~esxkit.harness.virsh`        virsh as a function, and its tables as Python values
* :mod:`~esxkit.harness.client`       libvirt-python in a process of its own
* :mod:`~esxkit.harness.servers`      the fake VI server and vcsim, as a test sees them
* :mod:`~esxkit.harness.live`         whether reads are live: long polls and threads
* :mod:`~esxkit.harness.badserver`    servers that answer nonsense
* :mod:`~esxkit.harness.oracle`       what the driver must show of a world, worked out by itself
* :mod:`~esxkit.harness.pytest_plugin` the fixtures
"""
