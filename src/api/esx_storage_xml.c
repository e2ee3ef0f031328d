/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Definitions and XML of pools and volumes. */

#include <string.h>

#include "esx_storage_xml.h"

virStoragePoolDef *
esxStoragePoolDef(const InventoryPool *pool)
{
    virStoragePoolDef *def = g_new0(virStoragePoolDef, 1);

    def->name = g_strdup(pool->name);
    memcpy(def->uuid, pool->uuid, VIR_UUID_BUFLEN);
    def->capacity = pool->capacity;
    def->available = pool->available;
    def->allocation = pool->capacity - pool->available;
    def->target.path = g_strdup(pool->targetPath);
    /* -1 omits <permissions>, which are unknown. */
    def->target.perms.mode = (mode_t)-1;
    def->target.perms.uid = (uid_t)-1;
    def->target.perms.gid = (gid_t)-1;

    esxStorageBackendFor(pool)->poolDescribe(pool, def);
    return def;
}

char *
esxStoragePoolXML(const InventoryPool *pool)
{
    g_autoptr(virStoragePoolDef) def = esxStoragePoolDef(pool);

    return virStoragePoolDefFormat(def);
}

char *
esxStorageVolXML(const InventoryPool *pool, const EsxVolume *volume)
{
    g_autoptr(virStoragePoolDef) poolDef = esxStoragePoolDef(pool);
    g_autoptr(virStorageVolDef) def = g_new0(virStorageVolDef, 1);

    def->name = g_strdup(volume->name);
    def->key = g_strdup(volume->key);
    def->type = volume->type;
    def->target.path = g_strdup(volume->path);
    def->target.format = volume->format;
    def->target.capacity = volume->capacity;
    def->target.allocation = volume->allocation;
    def->target.physical = volume->physical;
    return virStorageVolDefFormat(poolDef, def);
}
