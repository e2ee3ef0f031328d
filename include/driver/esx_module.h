/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

/*
 * The functions that libvirt looks up in libvirt_driver_esx.so and libvirt_driver_vpx.so, and calls
 * at every open of an embedded URI of that scheme. The first call registers the driver of the
 * scheme; later calls do nothing.
 *
 * Each scheme has its own entry in libvirt's table. So the two files may be one (a link, loaded
 * once) or two copies in one process.
 *
 * Returns: 0, or -1 with a libvirt error.
 */
int esxRegister(void) __attribute__((visibility("default")));
int vpxRegister(void) __attribute__((visibility("default")));
