/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_storage_backend.h"

/*
 * Shared by the backends of LUNs. A volume's name is the LUN's device name
 * ("/vmfs/devices/disks/naa.…"), which on all hosts seen is also its device path; a lookup by its
 * canonical name works too. Its key is the MD5 of ScsiLun.uuid in the form of a UUID, because
 * ScsiLun.uuid itself has no fixed length.
 */

/* Returns: (transfer full) @n LUNs as volumes, or NULL with @error. Sends no request. */
EsxVolumeList *esxLunVolumes(const InventoryLun *const *luns, size_t n, GError **error);

/*
 * Implements EsxStorageBackend.volumeLookup of @backend: by key, device path, device name or
 * canonical name. Finds a LUN only if the pool found for it is one of @backend.
 */
void esxLunLookup(const EsxStorageBackend *backend, const InventorySnapshot *snapshot,
                  const char *text, char **ret_pool, char **ret_name);
