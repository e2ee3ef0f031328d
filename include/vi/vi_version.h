/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

/*
 * Which version of the API a client asks for. The SOAPAction header picks it: without a number a
 * server answers as of 2.5, without most of what this driver reads; a number newer than the server
 * is refused by old servers. So the first call asks for the oldest version served, and later ones
 * for the newest that both sides know.
 */

/* vSphere 5.5. Also what is asked for before the server has said who it is. */
#define VI_VERSION_OLDEST "5.5"

/* Compares dotted numbers part by part; a missing part counts as 0. Returns: <0, 0, >0. */
int viVersionCompare(const char *a, const char *b);

/*
 * Returns: (transfer none) the newest version known to both sides for a server of @apiVersion, e.g.
 * "8.0.2.0" for "8.0.2.0", "6.7" for "6.7.3"; NULL when the server is older than VI_VERSION_OLDEST.
 */
const char *viVersionFor(const char *apiVersion);
