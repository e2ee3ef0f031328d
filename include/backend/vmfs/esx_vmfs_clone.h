/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_vmfs_verb.h"

/*
 * Copies of volumes, within a datastore or from another one: EsxStorageBackend.volumeClone. The
 * server copies; its directory is made where it is missing.
 *
 * A virtual disk keeps the type and the adapter of its source (thin stays thin), where the server
 * lets itself be told and the source's are known; else the server decides, and EsxVolume.disk of
 * @ret_volume is VI_DISK_UNKNOWN. With preallocation it is thick and zeroed at once. A larger
 * capacity is what the copy is extended to; a smaller one, and the allocation, do not matter. 2
 * requests, 4 for a larger one.
 *
 * A plain file is copied as it is: 2 requests.
 */
gboolean esxVmfsClone(EsxConnection *connection, const InventoryPool *pool,
                      const EsxVolumeSpec *spec, const InventoryPool *sourcePool,
                      const EsxVolume *source, EsxVolumeList **ret_volume, GError **error);
