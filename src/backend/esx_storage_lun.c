/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* LUNs as volumes, for all kinds of pools that have them. */

#include "esx_storage_lun.h"

#include "base_limits.h"
#include "base_names.h"

EsxVolumeList *
esxLunVolumes(const InventoryLun *const *luns, size_t n, GError **error)
{
    /* The snapshot is within the limits of a reply, and has each LUN once. */
    g_autoptr(EsxVolumeList) list = esxVolumeListNew(LIMIT_REPLY_BYTES);
    size_t i;

    for (i = 0; i < n; i++) {
        const InventoryLun *lun = luns[i];
        EsxVolume volume = {
            .name = lun->name,
            .key = lun->key,
            .path = lun->devicePath,
            .type = VIR_STORAGE_VOL_BLOCK,
            .format = VIR_STORAGE_FILE_NONE,
            .capacity = lun->capacity,
            .allocation = lun->capacity,
            .physical = lun->capacity,
        };

        if (!esxVolumeListAdd(list, &volume, lun->canonicalName, error))
            return NULL;
    }
    return esxVolumeListSeal(g_steal_pointer(&list));
}

/* The snapshot has all of them. */
void
esxLunLookup(const EsxStorageBackend *backend, const InventorySnapshot *snapshot,
             const char *text, char **ret_pool, char **ret_name)
{
    char key[VIR_UUID_STRING_BUFLEN] = "";
    guint8 uuid[16];
    const InventoryLun *lun;

    if (nameParseUuid(text, uuid)) {
        nameFormatUuid(uuid, key);
        lun = inventoryLunByKey(snapshot, key);
    } else {
        lun = inventoryLunByPath(snapshot, text);
    }
    if (!lun || !backend->owns(lun->pool))
        return;
    *ret_pool = g_strdup(lun->pool->name);
    *ret_name = g_strdup(lun->name);
}
