/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"

/*
 * Finds a virtual disk by its UUID, which is its key in libvirt's built-in driver. ESX has no index
 * of UUIDs, so all disks of all reachable datastores are queried (QueryVirtualDiskUuid), a few at a
 * time.
 */

/* How many disks are queried at once. */
#define ESX_VMFS_UUID_THREADS 8

/* How long the whole search may take. */
#define ESX_VMFS_UUID_TIMEOUT_MS 120000

/*
 * @uuid: canonical, lower case.
 * @ret_pool, @ret_name: (transfer full) the names of the pool and of the disk; NULL if no disk has
 * it.
 * Returns: FALSE with @error if the search could not be completed. A disk whose UUID cannot be read
 * (locked, broken) is skipped.
 */
gboolean esxVmfsFindDisk(EsxConnection *connection, InventorySnapshot *snapshot, const char *uuid,
                         char **ret_pool, char **ret_name, GError **error);
