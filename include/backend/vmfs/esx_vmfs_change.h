/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_vmfs_verb.h"

/*
 * What is done to a volume of a datastore that is there: EsxStorageBackend.volumeResize, volumeWipe
 * and volumeDelete. 2 requests each, the looks at the task that it needs longer than one, and but
 * for a wipe a look at the result. VI_ERROR_FILE_FAULT where that is not what the server says.
 */

/*
 * Extends a virtual disk to @capacity, rounded up to KiB; one that has it already costs no request.
 * ESX_ERROR_NO_SUPPORT with a sentence for a smaller one, and for a plain file.
 *
 * @allocate: the new part is written with zeros.
 */
gboolean esxVmfsResize(EsxConnection *connection, const InventoryPool *pool,
                       const EsxVolume *volume, guint64 capacity, gboolean allocate,
                       GError **error);

/*
 * Whether the descriptor of the disk @name says at least @capacity bytes (1 request), as a task
 * that has succeeded says. A descriptor that cannot be read says nothing: TRUE.
 *
 * Returns: FALSE with VI_ERROR_FILE_FAULT.
 */
gboolean esxVmfsCheckCapacity(const EsxVmfsVerb *verb, const char *name, guint64 capacity,
                              GError **error);

/* Fills a virtual disk with zeros; ESX_ERROR_NO_SUPPORT for a plain file. */
gboolean esxVmfsWipe(EsxConnection *connection, const InventoryPool *pool, const EsxVolume *volume,
                     GError **error);

/*
 * Deletes a file, a virtual disk with its extents. Where the server will not and does not say why,
 * the disk's descriptor is read (1 request): ESX_ERROR_INVALID_OPERATION when it forbids that.
 */
gboolean esxVmfsDelete(EsxConnection *connection, const InventoryPool *pool,
                       const EsxVolume *volume, GError **error);
