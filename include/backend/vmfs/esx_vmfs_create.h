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
 * up to KiB. 3 requests: the task, a read of it (more if it takes longer), and a check of the
 * result.
 *
 * The server creates a plain file of more than ESX_VMFS_CREATE_SENT and of whole KiB: as the extent
 * of a disk, thin or thick by the allocation, that is moved to the name. Its length is
 * checked, and the descriptor is deleted: 9 requests.
 *
 * In all other cases, and if the server refuses one of these steps, a plain file is written with
 * zeros under a temporary name, and then moved to its name: 5 requests.
 *
 * For a file larger than ESX_VMFS_CREATE_SMALL, one request before that checks whether the name is
 * taken, in either case.
 */

#define ESX_VMFS_CREATE_SMALL (16 * 1024 * 1024)

/* A plain file of up to this many bytes is sent, since that takes fewer requests. */
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
