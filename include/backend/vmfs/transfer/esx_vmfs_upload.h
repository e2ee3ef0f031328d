/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_storage_backend.h"

/*
 * EsxStorageBackend.volumeUpload of datastores: 1 request, see esxVmfsContentsFind().
 *
 * The data is written into the contents from @offset on. The contents before and after it are kept,
 * as in libvirt's own driver: a shorter upload does not shorten the volume. A plain file grows if
 * the data exceeds it; data that exceeds a virtual disk is ESX_ERROR_INVALID_ARGUMENT. @length is a
 * limit: the data may be shorter; longer data is ESX_ERROR_INVALID_ARGUMENT. An empty upload
 * changes nothing. Data for the beginning of a disk that cannot be a raw image (esx_vmfs_image.h)
 * is refused before anything is written.
 *
 * A server can only write whole files. So the contents that are kept are read back while the new
 * file is written (esx_vmfs_kept.h): an upload of a part transfers the whole volume.
 *
 * The data is written to a file beside the volume, with a name from nameMakeTemporary(). When the
 * stream has ended, and the server reports that this file has the length that was sent, it is moved
 * onto the contents. Until then the volume is unchanged. After a failure, the temporary file is
 * deleted, or named in the error.
 */
EsxTransfer *esxVmfsUpload(EsxConnection *connection, const InventoryPool *pool,
                           const EsxVolume *volume, guint64 offset, guint64 length,
                           GError **error);
