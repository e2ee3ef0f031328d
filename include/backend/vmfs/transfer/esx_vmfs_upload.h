/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_storage_backend.h"

/*
 * EsxStorageBackend.volumeUpload of datastores: 1 request, see esxVmfsContentsFind().
 *
 * A server can only write whole files. So an upload replaces the contents: an offset other than 0,
 * or a length that would keep the rest, is ESX_ERROR_NO_SUPPORT with a message. A plain file
 * becomes as long as the data sent; a virtual disk takes exactly as many bytes as it has, or up to
 * 1,023 fewer, which are filled with zeros. Data that cannot be a raw image (esx_vmfs_image.h) is
 * refused for a disk before anything is written. If a length is given, exactly that many bytes must
 * be sent: fewer or more are ESX_ERROR_INVALID_ARGUMENT.
 *
 * The data is written to a file beside the volume, with a name from nameMakeTemporary(). When the
 * stream has ended, and the server reports that this file has the length that was sent, it is moved
 * onto the contents. Until then the volume is unchanged. After a failure, the temporary file is
 * deleted, or named in the error.
 */
EsxTransfer *esxVmfsUpload(EsxConnection *connection, const InventoryPool *pool,
                           const EsxVolume *volume, guint64 offset, guint64 length,
                           GError **error);
