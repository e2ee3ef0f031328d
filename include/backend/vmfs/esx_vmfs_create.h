/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_vmfs_verb.h"

/*
 * New volumes of a datastore: EsxStorageBackend.volumeCreate. Missing directories are made.
 *
 * A virtual disk is thin for an allocation below its capacity, thick (zeroed when first written)
 * for its whole capacity, and thick and zeroed at once with preallocation. Its capacity is rounded
 * up to KiB. 2 requests, more if its task needs more than one read.
 *
 * A plain file of more than ESX_VMFS_CREATE_SENT and of whole KiB is made by the server: as the
 * extent of a disk, thin or thick as the allocation says, that is moved to the name. Its length is
 * checked, and the descriptor is deleted: 9 requests.
 *
 * If the server does not let that, and in all other cases, a plain file is written with zeros under
 * a temporary name, and then moved to its name: 4 requests. One more comes before either for a file
 * larger than ESX_VMFS_CREATE_SMALL, so that it is not made in vain if the name is taken.
 */

#define ESX_VMFS_CREATE_SMALL (16 * 1024 * 1024)

/* A plain file of up to so many bytes is sent: it costs fewer requests. */
#define ESX_VMFS_CREATE_SENT (1024 * 1024)

gboolean esxVmfsCreate(EsxConnection *connection, const InventoryPool *pool,
                       const EsxVolumeSpec *spec, EsxVolumeList **ret_volume, GError **error);

/* Returns: the kind of disk for @spec. */
ViDiskType esxVmfsDiskType(const EsxVolumeSpec *spec);

/*
 * @capacity in KiB, rounded up.
 *
 * Returns: FALSE with ESX_ERROR_INVALID_ARGUMENT for 0, and for more than servers can represent.
 */
gboolean esxVmfsCapacityKb(guint64 capacity, guint64 *ret_kb, GError **error);
