/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Logical units, from the ScsiLun objects of a host. */

#include "inventory_lun.h"

#include <string.h>

#include "base_hash.h"
#include "base_names.h"
#include "vi_property.h"

/* From this many LUNs on, a linear search takes too long. */
#define FEW 16

static void
setCapacity(InventoryLun *lun, const VimHostScsiDisk *disk)
{
    const VimHostDiskDimensionsLba *size = disk ? disk->capacity : NULL;

    if (size && size->block > 0 && size->blockSize > 0 &&
        size->block <= G_MAXINT64 / size->blockSize)
        lun->capacity = (guint64)size->block * (guint64)size->blockSize;
}

/* The key for libvirt: MD5 of @identity in the form of a UUID. */
static void
lunKey(const char *identity, char ret_key[37])
{
    guint8 digest[16];

    nameHashUuid(identity, digest);
    nameFormatUuid(digest, ret_key);
}

/*
 * Cheap arrays repeat ids: two LUNs with the same uuid are one only if they also have the same
 * name.
 */
static gboolean
isSameLun(const InventoryLun *lun, const VimScsiLun *scsi, const char *name)
{
    if (lun->canonicalName && scsi->canonicalName && inventoryBuildIsName(scsi->canonicalName))
        return g_str_equal(lun->canonicalName, scsi->canonicalName);
    return g_str_equal(lun->name, name);
}

static const char *
lunName(const VimScsiLun *scsi)
{
    return scsi->base.deviceName ? scsi->base.deviceName : scsi->canonicalName;
}

/* Returns: the LUN of @identity, as described by @scsi; NULL if there is no room. */
static InventoryLun *
lunNew(InventoryBuild *build, GHashTable *known, const VimScsiLun *scsi, const char *identity)
{
    const VimHostScsiDisk *disk = soapObjectCast(scsi, &vimHostScsiDiskType);
    InventoryLun *lun = inventoryBuildNew(build, InventoryLun, 1);
    const char *kept = identity;

    /* The table is freed before the reply, but not before the objects made for it. */
    if (identity != scsi->uuid && identity != lunName(scsi))
        kept = inventoryBuildPath(build, identity);
    if (!lun || !kept)
        return NULL;
    lunKey(identity, lun->key);
    lun->name = inventoryBuildName(build, lunName(scsi));
    lun->canonicalName = inventoryBuildName(build, scsi->canonicalName);
    lun->devicePath = disk ? inventoryBuildPath(build, disk->devicePath) : NULL;
    if (!lun->devicePath)
        lun->devicePath = lun->name;
    if (build->full)
        return NULL;
    lun->isDisk = disk != NULL;
    setCapacity(lun, disk);
    g_hash_table_insert(known, (gpointer)kept, lun);
    return lun;
}

InventoryLun *
inventoryLunGet(InventoryBuild *build, GHashTable *known, const VimScsiLun *scsi)
{
    const char *name = lunName(scsi);
    const char *identity = scsi->uuid && *scsi->uuid ? scsi->uuid : name;
    g_autofree char *both = NULL;
    InventoryLun *lun;

    if (!name || *name == '\0')
        return NULL;

    lun = g_hash_table_lookup(known, identity);
    if (lun && !isSameLun(lun, scsi, name)) {
        both = g_strdup_printf("%s\n%s", scsi->uuid, name);
        identity = both;
        lun = g_hash_table_lookup(known, identity);
    }
    return lun ? lun : lunNew(build, known, scsi, identity);
}

/* Whether the names of @scsi may be kept: its name, and the source of its key. */
static gboolean
isUsableLun(InventoryBuild *build, const VimScsiLun *scsi)
{
    const char *name = lunName(scsi);

    if (name && !inventoryBuildIsName(name))
        leftOutAdd(&build->leftOut, "a LUN whose name is too long", name);
    else if (scsi->uuid && !inventoryBuildIsName(scsi->uuid))
        leftOutAdd(&build->leftOut, "a LUN whose UUID is too long", name);
    else
        return TRUE;
    return FALSE;
}

GHashTable *
inventoryLunIndex(InventoryBuild *build, const SoapAny *luns)
{
    GHashTable *table = g_hash_table_new(hashText, g_str_equal);
    size_t n;
    SoapObject *const *items = viAnyObjects(luns, &n);
    size_t i;

    for (i = 0; i < n; i++) {
        VimScsiLun *scsi = soapObjectCast(items[i], &vimScsiLunType);

        if (scsi && scsi->key && isUsableLun(build, scsi))
            g_hash_table_insert(table, (gpointer)scsi->key, scsi);
    }
    return table;
}

/* ---- LUNs of one pool ------------------------------------------------------------------------ */

void
inventoryLunSetAdd(InventoryLunSet *set, InventoryLun *lun)
{
    guint i;

    if (!set->luns)
        set->luns = g_ptr_array_new();
    if (set->known ? g_hash_table_contains(set->known, lun)
                   : g_ptr_array_find(set->luns, lun, NULL))
        return;

    g_ptr_array_add(set->luns, lun);
    if (set->known) {
        g_hash_table_add(set->known, lun);
    } else if (set->luns->len == FEW) {
        set->known = g_hash_table_new(NULL, NULL);
        for (i = 0; i < set->luns->len; i++)
            g_hash_table_add(set->known, g_ptr_array_index(set->luns, i));
    }
}

static gint
compareLuns(gconstpointer a, gconstpointer b)
{
    const InventoryLun *x = *(const InventoryLun *const *)a;
    const InventoryLun *y = *(const InventoryLun *const *)b;

    return strcmp(x->name, y->name);
}

const InventoryLun *const *
inventoryLunSetSeal(InventoryLunSet *set, InventoryBuild *build, InventoryPool *pool,
                    size_t *ret_n)
{
    const guint n = set->luns ? set->luns->len : 0;
    const InventoryLun **sealed = inventoryBuildNew(build, const InventoryLun *, n);
    guint i;

    if (!sealed)
        return NULL;
    if (n > 0)
        g_ptr_array_sort(set->luns, compareLuns);
    for (i = 0; i < n; i++) {
        InventoryLun *lun = g_ptr_array_index(set->luns, i);

        sealed[i] = lun;
        pool->capacity += MIN(lun->capacity, G_MAXUINT64 - pool->capacity);
        if (!lun->pool)
            g_ptr_array_add(build->luns, lun);
        if (!lun->pool || (!lun->pool->accessible && pool->accessible))
            lun->pool = pool;
    }
    *ret_n = n;
    return sealed;
}

void
inventoryLunSetClear(InventoryLunSet *set)
{
    g_clear_pointer(&set->luns, g_ptr_array_unref);
    g_clear_pointer(&set->known, g_hash_table_unref);
}

gboolean
inventoryLunPathIsAlive(const VimHostMultipathInfoPath *path)
{
    const char *state = path->state ? path->state : path->pathState;

    return g_strcmp0(state, "dead") != 0 && g_strcmp0(state, "disabled") != 0;
}

/* ---- changes --------------------------------------------------------------------------------- */

gboolean
inventoryLunsDiffer(const InventoryLun *const *before, size_t nbefore,
                    const InventoryLun *const *now, size_t nnow)
{
    size_t i;

    if (nbefore != nnow)
        return TRUE;
    for (i = 0; i < nnow; i++) {
        if (!g_str_equal(before[i]->key, now[i]->key) ||
            !g_str_equal(before[i]->name, now[i]->name) ||
            !g_str_equal(before[i]->devicePath, now[i]->devicePath) ||
            before[i]->capacity != now[i]->capacity)
            return TRUE;
    }
    return FALSE;
}
