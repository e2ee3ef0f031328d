/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_vmfs_verb.h"

/*
 * Changes of an existing volume of a datastore: EsxStorageBackend.volumeResize, volumeWipe and
 * volumeDelete. Each takes 2 requests, more if the task needs more than one read, and except for a
 * wipe a check of the result. VI_ERROR_FILE_FAULT if the result differs from what the server
 * reported.
 */

/* EsxStorageBackend.volumeRound: a virtual disk has whole KiB. */
guint64 esxVmfsRound(const EsxVolume *volume, guint64 capacity);

/*
 * The present capacity of a disk by its descriptor (1 request), in whole KiB, as in listings. For a
 * plain file, and if the descriptor cannot be read: that of @volume.
 *
 * Returns: FALSE with @error if the disk does not exist.
 */
gboolean esxVmfsCapacity(EsxConnection *connection, const InventoryPool *pool,
                         const EsxVolume *volume, guint64 *ret_capacity, GError **error);

/*
 * Extends a virtual disk to @capacity, rounded up to KiB; no request if the volume, of any kind,
 * already has that.
 * ESX_ERROR_NO_SUPPORT with a message for a smaller capacity, and for a plain file.
 *
 * @allocate: the new part is filled with zeros.
 */
gboolean esxVmfsResize(EsxConnection *connection, const InventoryPool *pool,
                       const EsxVolume *volume, guint64 capacity, gboolean allocate,
                       GError **error);

/*
 * Whether the descriptor of the disk @name has at least @capacity bytes (1 request), as expected
 * after a successful task. TRUE if the descriptor cannot be read.
 *
 * Returns: FALSE with VI_ERROR_FILE_FAULT.
 */
gboolean esxVmfsCheckCapacity(const EsxVmfsVerb *verb, const char *name, guint64 capacity,
                              GError **error);

/* Why a volume cannot be made smaller. */
#define ESX_VMFS_GROW_ONLY "ESX can only enlarge a disk"

/*
 * Fills a virtual disk with zeros; ESX_ERROR_NO_SUPPORT for a plain file, and for an @algorithm
 * other than VIR_STORAGE_VOL_WIPE_ALG_ZERO.
 */
gboolean esxVmfsWipe(EsxConnection *connection, const InventoryPool *pool, const EsxVolume *volume,
                     unsigned int algorithm, GError **error);

/*
 * Deletes a file; a virtual disk with its extents. If the server refuses without a reason, the
 * disk's descriptor is read (1 request): ESX_ERROR_INVALID_OPERATION if it forbids deletion.
 */
gboolean esxVmfsDelete(EsxConnection *connection, const InventoryPool *pool,
                       const EsxVolume *volume, GError **error);
