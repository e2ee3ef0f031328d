/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_storage_backend.h"

/*
 * EsxStorageBackend.volumeDownload of datastores: 1 request, see esxVmfsContentsFind(). Whoever
 * wants more than there is gets what there is, as from libvirt's local storage; a beginning behind
 * the end is ESX_ERROR_INVALID_ARGUMENT.
 *
 * The contents come over as many connections as EsxConnection.connections says (esx_vmfs_fetch.h).
 * One it is for what is not longer than a few segments; as long as one is so fast that others would
 * not help; and where each request costs a ticket and a connection of its own, which is how a
 * vCenter's hosts want it.
 *
 * An error says how many bytes were received before it.
 */
EsxTransfer *esxVmfsDownload(EsxConnection *connection, const InventoryPool *pool,
                             const EsxVolume *volume, guint64 offset, guint64 length,
                             GError **error);
