/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"

/*
 * Finding a virtual disk by its UUID, which is the key libvirt's built-in driver gives it. ESX has
 * no index of them, so every disk of every reachable datastore is asked (QueryVirtualDiskUuid), a
 * few at a time.
 */

/* How many disks are asked at once. */
#define ESX_VMFS_UUID_THREADS 8

/* How long the whole search may take. */
#define ESX_VMFS_UUID_TIMEOUT_MS 120000

/*
 * @uuid: canonical, lower case.
 * @ret_path: (transfer full) "[pool] name" of the disk, or NULL when no disk has it.
 * Returns: FALSE with @error when the search could not be completed. A disk that cannot give its
 * UUID (locked, broken) is passed over.
 */
gboolean esxVmfsFindDisk(EsxConnection *connection, InventorySnapshot *snapshot, const char *uuid,
                         char **ret_path, GError **error);
