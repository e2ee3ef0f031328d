/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_storage_backend.h"

/*
 * What the backends of LUNs have in common. A volume's name is the LUN's device name
 * ("/vmfs/devices/disks/naa.…"), which on every host seen is its device path as well; its canonical
 * name finds it too. Its key is the MD5 of ScsiLun.uuid in the form of a UUID: ScsiLun.uuid itself
 * is of no fixed length.
 */

/* Returns: (transfer full) @n LUNs as volumes, or NULL with @error. Asks nobody. */
EsxVolumeList *esxLunVolumes(const InventoryLun *const *luns, size_t n, GError **error);

/*
 * As EsxStorageBackend.volumeLookup of @backend: by key, device path, device name or canonical
 * name. Finds a LUN only where the pool that stands for it is one of @backend.
 */
void esxLunLookup(const EsxStorageBackend *backend, const InventorySnapshot *snapshot,
                  const char *text, char **ret_pool, char **ret_name);

/* Makes the host look at @adapter again (1 request). @deadline: as ViCallOptions. */
gboolean esxLunRescan(EsxConnection *connection, const InventoryAdapter *adapter, gint64 deadline,
                      GError **error);
