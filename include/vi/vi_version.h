/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

/*
 * The API version that a client asks for. The SOAPAction header selects it: without a number a
 * server answers as version 2.5, without most of what this driver reads. Old servers refuse a
 * number that is newer than they are. So the first call asks for the oldest supported version, and
 * later calls for the newest that both sides know.
 */

/* vSphere 5.5. Also used before the server's version is known. */
#define VI_VERSION_OLDEST "5.5"

/* Compares dotted numbers part by part; a missing part counts as 0. Returns: <0, 0, >0. */
int viVersionCompare(const char *a, const char *b);

/*
 * Returns: (transfer none) the newest version known to both sides for a server of @apiVersion, e.g.
 * "8.0.2.0" for "8.0.2.0", "6.7" for "6.7.3"; NULL if the server is older than VI_VERSION_OLDEST.
 */
const char *viVersionFor(const char *apiVersion);
