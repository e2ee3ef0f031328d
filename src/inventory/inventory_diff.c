/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* How the pools of two snapshots differ. */

#include <string.h>

#include "inventory_diff.h"
#include "inventory_index.h"
#include "inventory_kind.h"

/* Whether @a and @b differ by more than 1 % of @whole. */
static gboolean
isFar(guint64 a, guint64 b, guint64 whole)
{
    return MAX(a, b) - MIN(a, b) > whole / 100;
}

/* Compares with the sizes that were reported last: see inventoryPoolChange(). */
static gboolean
sizesDiffer(const InventoryPool *before, const InventoryPool *now)
{
    const guint64 capacity = before->reportedCapacity;
    const guint64 available = before->reportedAvailable;
    const guint64 whole = MAX(capacity, now->capacity);

    return isFar(capacity, now->capacity, whole) || isFar(available, now->available, whole) ||
           isFar(capacity - available, now->capacity - now->available, whole);
}

/* @before and @now are one pool at two times. */
static gboolean
contentsDiffer(const InventoryPool *before, const InventoryPool *now)
{
    return before->kind != now->kind || g_strcmp0(before->targetPath, now->targetPath) != 0 ||
           sizesDiffer(before, now) || now->kind->differ(before, now);
}

gboolean
inventoryPoolChange(const InventoryPool *before, const InventoryPool *now,
                    InventoryChange *ret_change)
{
    if (before->accessible != now->accessible)
        *ret_change = now->accessible ? INVENTORY_CHANGE_ACCESSIBLE : INVENTORY_CHANGE_INACCESSIBLE;
    else if (contentsDiffer(before, now))
        *ret_change = INVENTORY_CHANGE_CONTENTS;
    else
        return FALSE;
    return TRUE;
}

/* ---- snapshots ------------------------------------------------------------------------------- */

typedef struct {
    InventoryDiffFunc func;
    gpointer opaque;
} Listener;

/* InventoryTreeFunc */
static void
comparePool(const InventoryPool *before, const InventoryPool *now, gpointer opaque)
{
    const Listener *listener = opaque;
    InventoryChange change;

    if (inventoryPoolChange(before, now, &change))
        listener->func(change, now, listener->opaque);
}

const InventoryPool *
inventoryPoolSame(const InventorySnapshot *snapshot, const InventoryPool *pool)
{
    const InventoryPool *same = inventoryPoolByName(snapshot, pool->name);

    return same && memcmp(same->uuid, pool->uuid, sizeof(same->uuid)) == 0 ? same : NULL;
}

static void
compareAll(const InventorySnapshot *before, const InventorySnapshot *now, Listener *listener)
{
    const InventoryPool *const *pools = NULL;
    size_t n = 0;
    size_t i;

    pools = inventorySnapshotPools(before, &n);
    for (i = 0; i < n; i++) {
        if (!inventoryPoolSame(now, pools[i]))
            listener->func(INVENTORY_CHANGE_GONE, pools[i], listener->opaque);
    }
    pools = inventorySnapshotPools(now, &n);
    for (i = 0; i < n; i++) {
        const InventoryPool *same = inventoryPoolSame(before, pools[i]);

        if (same)
            comparePool(same, pools[i], listener);
        else
            listener->func(INVENTORY_CHANGE_APPEARED, pools[i], listener->opaque);
    }
}

void
inventoryDiff(const InventorySnapshot *before, const InventorySnapshot *now,
              InventoryDiffFunc func, gpointer opaque)
{
    Listener listener = { func, opaque };

    if (!before || before == now)
        return;
    /* The same index: the same pools at the same positions, with the same names. */
    if (before->index == now->index)
        inventoryTreeCompare(&before->tree, &now->tree, comparePool, &listener);
    else
        compareAll(before, now, &listener);
}
