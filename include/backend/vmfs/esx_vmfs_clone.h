/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_vmfs_verb.h"

/*
 * Copies of volumes, within a datastore or from another one: EsxStorageBackend.volumeClone. The
 * server copies; the directory is made if it is missing.
 *
 * A virtual disk keeps the type and the adapter of its source (thin stays thin), if the server
 * supports that and the source's are known. Otherwise the server decides, and EsxVolume.disk of
 * @ret_volume is VI_DISK_UNKNOWN. With preallocation it is thick and zeroed at once. The copy is
 * extended to a larger capacity; a smaller one, and the allocation, are ignored. 3 requests, 5 for
 * a larger capacity.
 *
 * A plain file is copied unchanged: 3 requests. The last request of each is a check of the result.
 */
gboolean esxVmfsClone(EsxConnection *connection, const InventoryPool *pool,
                      const EsxVolumeSpec *spec, const InventoryPool *sourcePool,
                      const EsxVolume *source, EsxVolumeList **ret_volume, GError **error);
