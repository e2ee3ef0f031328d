/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* How the pools of two snapshots differ. */

#include <string.h>

#include "inventory_diff.h"

/* Whether @a and @b are further apart than 1 % of @whole. */
static gboolean
isFar(guint64 a, guint64 b, guint64 whole)
{
    return MAX(a, b) - MIN(a, b) > whole / 100;
}

static gboolean
sizesDiffer(const InventoryPool *before, const InventoryPool *now)
{
    const guint64 whole = MAX(before->capacity, now->capacity);

    return isFar(before->capacity, now->capacity, whole) ||
           isFar(before->available, now->available, whole) ||
           isFar(before->capacity - before->available, now->capacity - now->available, whole);
}

static gboolean
datastoresDiffer(const InventoryDatastore *before, const InventoryDatastore *now)
{
    size_t i;

    if (before->fs != now->fs || !g_str_equal(before->fsType, now->fsType) ||
        g_strcmp0(before->remoteHost, now->remoteHost) != 0 ||
        g_strcmp0(before->remotePath, now->remotePath) != 0 || before->readOnly != now->readOnly ||
        before->nextents != now->nextents)
        return TRUE;

    for (i = 0; i < now->nextents; i++) {
        if (!g_str_equal(before->extents[i].disk, now->extents[i].disk) ||
            before->extents[i].partition != now->extents[i].partition)
            return TRUE;
    }
    return FALSE;
}

static gboolean
portalsDiffer(const InventoryTarget *before, const InventoryTarget *now)
{
    size_t i;

    if (before->nportals != now->nportals)
        return TRUE;
    for (i = 0; i < now->nportals; i++) {
        if (!g_str_equal(before->portals[i].address, now->portals[i].address) ||
            before->portals[i].port != now->portals[i].port)
            return TRUE;
    }
    return FALSE;
}

static gboolean
adaptersDiffer(const InventoryTarget *before, const InventoryTarget *now)
{
    size_t i;

    if (before->nadapters != now->nadapters)
        return TRUE;
    for (i = 0; i < now->nadapters; i++) {
        if (!g_str_equal(before->adapters[i].device, now->adapters[i].device) ||
            g_strcmp0(before->adapters[i].iqn, now->adapters[i].iqn) != 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
lunsDiffer(const InventoryTarget *before, const InventoryTarget *now)
{
    size_t i;

    if (before->nluns != now->nluns)
        return TRUE;
    for (i = 0; i < now->nluns; i++) {
        const InventoryLun *a = before->luns[i];
        const InventoryLun *b = now->luns[i];

        if (!g_str_equal(a->key, b->key) || !g_str_equal(a->name, b->name) ||
            !g_str_equal(a->devicePath, b->devicePath) || a->capacity != b->capacity)
            return TRUE;
    }
    return FALSE;
}

/* @before and @now are one pool at two times. */
static gboolean
contentsDiffer(const InventoryPool *before, const InventoryPool *now)
{
    if (!before->target != !now->target || g_strcmp0(before->targetPath, now->targetPath) != 0)
        return TRUE;
    if (now->target)
        return lunsDiffer(before->target, now->target) ||
               portalsDiffer(before->target, now->target) ||
               adaptersDiffer(before->target, now->target);
    return sizesDiffer(before, now) || datastoresDiffer(before->datastore, now->datastore);
}

static void
compare(const InventoryPool *before, const InventoryPool *now, InventoryDiffFunc func,
        gpointer opaque)
{
    if (before->accessible != now->accessible)
        func(now->accessible ? INVENTORY_CHANGE_ACCESSIBLE : INVENTORY_CHANGE_INACCESSIBLE, now,
             opaque);
    else if (contentsDiffer(before, now))
        func(INVENTORY_CHANGE_CONTENTS, now, opaque);
}

/* Returns: @pool as @snapshot has it, or NULL where it is not there under this name. */
static const InventoryPool *
findSame(const InventorySnapshot *snapshot, const InventoryPool *pool)
{
    const InventoryPool *same = inventoryPoolByUuid(snapshot, pool->uuid);

    return same && g_str_equal(same->name, pool->name) ? same : NULL;
}

void
inventoryDiff(const InventorySnapshot *before, const InventorySnapshot *now,
              InventoryDiffFunc func, gpointer opaque)
{
    const InventoryPool *const *pools = NULL;
    size_t n = 0;
    size_t i;

    if (!before || before == now)
        return;

    pools = inventorySnapshotPools(before, &n);
    for (i = 0; i < n; i++) {
        if (!findSame(now, pools[i]))
            func(INVENTORY_CHANGE_GONE, pools[i], opaque);
    }
    pools = inventorySnapshotPools(now, &n);
    for (i = 0; i < n; i++) {
        const InventoryPool *same = findSame(before, pools[i]);

        if (same)
            compare(same, pools[i], func, opaque);
        else
            func(INVENTORY_CHANGE_APPEARED, pools[i], opaque);
    }
}
