/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "slow_diff.h"

#include <string.h>

#include "inventory_fixture.h"

/* ---- a pool as text -------------------------------------------------------------------------- */

static void
addText(GString *out, const char *text)
{
    g_string_append_printf(out, "%s|", text ? text : "(null)");
}

static void
addRef(GString *out, const SoapMoRef *ref)
{
    addText(out, ref ? ref->type : NULL);
    addText(out, ref ? ref->value : NULL);
}

static void
addTarget(GString *out, const InventoryTarget *target)
{
    size_t i;

    addText(out, target->iqn);
    for (i = 0; i < target->nportals; i++)
        g_string_append_printf(out, "%s:%d|", target->portals[i].address, target->portals[i].port);
    for (i = 0; i < target->nadapters; i++) {
        addText(out, target->adapters[i].device);
        addText(out, target->adapters[i].iqn);
    }
    for (i = 0; i < target->nluns; i++) {
        const InventoryLun *lun = target->luns[i];

        addText(out, lun->name);
        addText(out, lun->devicePath);
        addText(out, lun->key);
        g_string_append_printf(out, "%" G_GUINT64_FORMAT "|", lun->capacity);
    }
}

/* What clients see of it, but for sizes, accessibility and name. */
static char *
describeContents(const InventoryPool *pool)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const InventoryDatastore *datastore = pool->datastore;
    size_t i;

    addText(out, pool->targetPath);
    if (pool->target)
        addTarget(out, pool->target);
    if (datastore) {
        addText(out, datastore->fsType);
        addText(out, datastore->remoteHost);
        addText(out, datastore->remotePath);
        g_string_append_printf(out, "%d %d|", datastore->fs, datastore->readOnly);
        for (i = 0; i < datastore->nextents; i++)
            g_string_append_printf(out, "%s %d|", datastore->extents[i].disk,
                                   datastore->extents[i].partition);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* All of it. */
static void
describe(GString *out, const InventoryPool *pool)
{
    const InventoryDatastore *datastore = pool->datastore;
    g_autofree char *contents = describeContents(pool);

    addText(out, pool->name);
    addText(out, fixtureUuid(pool));
    addText(out, contents);
    g_string_append_printf(out, "%d %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "|", pool->accessible,
                           pool->capacity, pool->available);
    if (datastore) {
        addRef(out, datastore->ref);
        addRef(out, datastore->browser);
        addRef(out, datastore->datacenter);
        addText(out, datastore->datacenterPath);
        addText(out, datastore->name);
        addText(out, datastore->url);
        addText(out, datastore->mountPath);
    }
    g_string_append_c(out, '\n');
}

/* All pools in their order, and what every index leads to. */
char *
slowDescribe(const InventorySnapshot *snapshot)
{
    g_autoptr(GString) out = g_string_new(inventorySnapshotHostName(snapshot));
    size_t n = 0;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);
    size_t i, j;

    for (i = 0; i < n; i++) {
        const InventoryPool *pool = pools[i];

        describe(out, pool);
        g_assert_true(inventoryPoolByName(snapshot, pool->name) == pool);
        g_assert_true(inventoryPoolByUuid(snapshot, pool->uuid) == pool);
        if (pool->targetPath)
            addText(out, inventoryPoolByTargetPath(snapshot, pool->targetPath)->name);
        for (j = 0; pool->target && j < pool->target->nluns; j++) {
            const InventoryLun *lun = pool->target->luns[j];

            g_assert_true(inventoryLunByKey(snapshot, lun->key) == lun);
            g_assert_true(inventoryLunByPath(snapshot, lun->devicePath) == lun);
            addText(out, lun->pool->name);
        }
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- what is to be told, worked out the slow way --------------------------------------------- */

/* What was told last of a pool. */
typedef struct {
    char *uuid;
    guint64 capacity;
    guint64 available;
} Told;

static void
reportedFree(gpointer data)
{
    g_free(((Told *)data)->uuid);
    g_free(data);
}

static void
reportedSet(GHashTable *told, const InventoryPool *pool)
{
    Told *entry = g_new0(Told, 1);

    entry->uuid = g_strdup(fixtureUuid(pool));
    entry->capacity = pool->capacity;
    entry->available = pool->available;
    g_hash_table_insert(told, g_strdup(pool->name), entry);
}

/* The pool of the same name and UUID, by looking at all. */
static const InventoryPool *
find(const InventorySnapshot *snapshot, const InventoryPool *pool)
{
    size_t n = 0;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);
    size_t i;

    for (i = 0; i < n; i++) {
        if (strcmp(pools[i]->name, pool->name) == 0 && memcmp(pools[i]->uuid, pool->uuid, 16) == 0)
            return pools[i];
    }
    return NULL;
}

static gboolean
moved(guint64 a, guint64 b, guint64 whole)
{
    return (a > b ? a - b : b - a) * 100 > whole;
}

static gboolean
isOther(const InventoryPool *before, const InventoryPool *now, const Told *told)
{
    const guint64 whole = MAX(told->capacity, now->capacity);
    g_autofree char *was = describeContents(before);
    g_autofree char *is = describeContents(now);

    if (strcmp(was, is) != 0)
        return TRUE;
    return moved(told->capacity, now->capacity, whole) ||
           moved(told->available, now->available, whole) ||
           moved(told->capacity - told->available, now->capacity - now->available, whole);
}

void
slowNote(InventoryChange change, const InventoryPool *pool, gpointer opaque)
{
    g_string_append_printf(opaque, "%d %s %s\n", change, pool->name, fixtureUuid(pool));
}

GHashTable *
slowReportedNew(const InventorySnapshot *first)
{
    GHashTable *told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, reportedFree);
    size_t n = 0;
    const InventoryPool *const *pools = inventorySnapshotPools(first, &n);
    size_t i;

    for (i = 0; i < n; i++)
        reportedSet(told, pools[i]);
    return told;
}

char *
slowDiff(const InventorySnapshot *before, const InventorySnapshot *now, GHashTable *told)
{
    GString *out = g_string_new(NULL);
    size_t n = 0;
    const InventoryPool *const *pools = inventorySnapshotPools(before, &n);
    size_t i;

    for (i = 0; i < n; i++) {
        if (!find(now, pools[i]))
            slowNote(INVENTORY_CHANGE_GONE, pools[i], out);
    }
    pools = inventorySnapshotPools(now, &n);
    for (i = 0; i < n; i++) {
        const InventoryPool *pool = pools[i];
        const InventoryPool *was = find(before, pool);

        if (!was)
            slowNote(INVENTORY_CHANGE_APPEARED, pool, out);
        else if (was->accessible != pool->accessible)
            slowNote(pool->accessible ? INVENTORY_CHANGE_ACCESSIBLE
                                        : INVENTORY_CHANGE_INACCESSIBLE, pool, out);
        else if (isOther(was, pool, g_hash_table_lookup(told, pool->name)))
            slowNote(INVENTORY_CHANGE_CONTENTS, pool, out);
        else
            continue;
        reportedSet(told, pool);
    }
    return g_string_free(out, FALSE);
}
