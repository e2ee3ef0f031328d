/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_storage_find.h"

/*
 * Finds a volume in any pool, by its key, its path, or another name that its backend accepts. With
 * @deep a backend may send a request for each of its volumes.
 *
 * "[name] path" is read with the longest known name that has the file. The name is that of a pool,
 * or one that pools of several datacenters share. Then exactly one of the pools that the caller may
 * see must have the file.
 *
 * Returns: 1 when found, 0 when there is none (no error), -1 with a libvirt error:
 * VIR_ERR_NO_STORAGE_VOL that lists the pools where a shared name leads to no file or to several.
 */
int esxFindAnywhere(virConnectPtr conn, const char *text, bool deep, EsxFound *ret_found);
