/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_snapshot.h"

/* What became of a pool between two snapshots. */
typedef enum {
    INVENTORY_CHANGE_APPEARED,
    INVENTORY_CHANGE_GONE,
    INVENTORY_CHANGE_ACCESSIBLE,
    INVENTORY_CHANGE_INACCESSIBLE,
    /*
     * Capacity, available or allocation moved by more than 1 % of the capacity since they were told
     * last, or the LUNs of a target, or anything else that describes the pool, are others.
     */
    INVENTORY_CHANGE_CONTENTS,
} InventoryChange;

/* @pool: of the snapshot before where it is gone, else of the one now. */
typedef void (*InventoryDiffFunc)(InventoryChange change, const InventoryPool *pool,
                                  gpointer opaque);

/*
 * Tells @func how the pools of @now differ from those of @before: first all that are gone, then the
 * others in the order of inventorySnapshotPools(). Each pool is told once at most: accessibility
 * before contents, since whoever hears of it reads everything anew. A pool is the same while UUID
 * and name are: one renamed is gone under its old name and has appeared under the new one.
 *
 * @before: NULL, or the same as @now: nothing is told.
 */
void inventoryDiff(const InventorySnapshot *before, const InventorySnapshot *now,
                   InventoryDiffFunc func, gpointer opaque);
