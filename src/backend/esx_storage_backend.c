/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The backends, and which one a pool has. */

#include "esx_storage_backend.h"

#include "esx_storage_backend_iscsi.h"
#include "esx_storage_backend_scsi.h"
#include "esx_storage_backend_vmfs.h"

static const EsxStorageBackend *const backends[] = {
    &esxStorageBackendIscsi,
    &esxStorageBackendScsi,
    &esxStorageBackendVmfs,
    NULL,
};

const EsxStorageBackend *const *
esxStorageBackends(void)
{
    return backends;
}

const EsxStorageBackend *
esxStorageBackendFor(const InventoryPool *pool)
{
    size_t i;

    for (i = 0; backends[i]; i++) {
        if (backends[i]->owns(pool))
            return backends[i];
    }
    g_assert_not_reached();
}

unsigned int
esxStorageBackendListFlag(const InventoryPool *pool)
{
    const EsxStorageBackend *backend = esxStorageBackendFor(pool);
    const virStoragePoolType type = backend->poolType(pool);
    const EsxPoolType *row;

    for (row = backend->types; row->listFlag != 0; row++) {
        if (row->type == type)
            return row->listFlag;
    }
    g_assert_not_reached();
}
