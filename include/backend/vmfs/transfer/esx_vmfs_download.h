/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_storage_backend.h"

/*
 * EsxStorageBackend.volumeDownload of datastores: 1 request, see esxVmfsContentsFind(). A length
 * beyond the end returns the bytes up to the end, as in libvirt's local storage; an offset beyond
 * the end is ESX_ERROR_INVALID_ARGUMENT.
 *
 * The contents are read over EsxConnection.connections connections (esx_vmfs_fetch.h). It is only
 * one for contents of a few segments; while one is so fast that others would not help; and if each
 * request costs a ticket and a separate connection, as with the hosts of a vCenter.
 *
 * An error says how many bytes were received before it.
 */
EsxTransfer *esxVmfsDownload(EsxConnection *connection, const InventoryPool *pool,
                             const EsxVolume *volume, guint64 offset, guint64 length,
                             GError **error);
