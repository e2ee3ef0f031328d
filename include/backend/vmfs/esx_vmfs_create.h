/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_vmfs_verb.h"

/*
 * New volumes of a datastore: EsxStorageBackend.volumeCreate. Their directories are made where they
 * are missing.
 *
 * A virtual disk is thin for an allocation of 0, thick (zeroed when first written) for its whole
 * capacity, and thick and zeroed at once when it is to be preallocated; its capacity is rounded up
 * to KiB. 2 requests, and the looks at its task that it needs longer than one.
 *
 * A plain file is written with zeros under a temporary name, and moved to its own: 4 requests, and
 * 1 before for one larger than ESX_VMFS_CREATE_SMALL, so that it is not sent for nothing when the
 * name is taken.
 */

#define ESX_VMFS_CREATE_SMALL (16 * 1024 * 1024)

gboolean esxVmfsCreate(EsxConnection *connection, const InventoryPool *pool,
                       const EsxVolumeSpec *spec, EsxVolumeList **ret_volume, GError **error);

/*
 * What a disk of @spec shall be.
 *
 * Returns: FALSE with ESX_ERROR_INVALID_ARGUMENT and a sentence for an allocation in between.
 */
gboolean esxVmfsDiskType(const EsxVolumeSpec *spec, ViDiskType *ret_type, GError **error);

/*
 * @capacity in KiB, rounded up.
 *
 * Returns: FALSE with ESX_ERROR_INVALID_ARGUMENT for 0, and for more than any server understands.
 */
gboolean esxVmfsCapacityKb(guint64 capacity, guint64 *ret_kb, GError **error);
