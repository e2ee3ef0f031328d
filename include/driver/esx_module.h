/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

/*
 * What libvirt looks up in libvirt_driver_esx.so and libvirt_driver_vpx.so and calls at every open
 * of an embedded URI of that scheme. The first call registers the driver of the scheme; the others
 * find that done.
 *
 * Each scheme has an entry of its own in libvirt's table. So it does not matter whether the two
 * files are one (a link, loaded once) or two copies that end up in one process side by side.
 *
 * Returns: 0, or -1 with a libvirt error.
 */
int esxRegister(void) __attribute__((visibility("default")));
int vpxRegister(void) __attribute__((visibility("default")));
