/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_storage_backend.h"

/*
 * EsxStorageBackend.volumeUpload of datastores: 1 request, see esxVmfsContentsFind().
 *
 * A server writes whole files only. So an upload replaces the contents: a beginning within them, or
 * a length that leaves the rest of them as it is, is ESX_ERROR_NO_SUPPORT with a sentence. A plain
 * file becomes as long as what is sent; a virtual disk takes exactly as many bytes as it has. Where
 * a length is given, so many bytes must come: ESX_ERROR_INVALID_ARGUMENT when there are fewer, or
 * more.
 *
 * What comes is written to a file beside the volume, with a name of nameMakeTemporary(). When the
 * stream has ended and the server says that this file is as long as what was sent, it is moved onto
 * the contents. So until then the volume is what it was; whatever goes wrong, the other file is
 * deleted, or named in the error.
 */
EsxTransfer *esxVmfsUpload(EsxConnection *connection, const InventoryPool *pool,
                           const EsxVolume *volume, guint64 offset, guint64 length,
                           GError **error);
