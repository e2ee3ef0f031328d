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
    INVENTORY_CHANGE_CONTENTS,      /* see inventoryPoolChange() */
} InventoryChange;

/*
 * Compares @before and @now, which are one pool at two times. Its contents have changed when
 *   - capacity, available or allocation of a datastore moved by more than 1 % of the capacity,
 *   - the LUNs of a target are others, or have other names or sizes,
 *   - or anything else that describes the pool is not what it was.
 *
 * A datastore that fills up slowly must be told of some day: @now is compared with the sizes that
 * @before was told with last (toldCapacity, toldAvailable), not with its own. Who builds @now keeps
 * those sizes as long as nothing is told, so that many small steps count together.
 *
 * Returns: FALSE when nothing is to be told, else TRUE with what.
 */
gboolean inventoryPoolChange(const InventoryPool *before, const InventoryPool *now,
                             InventoryChange *ret_change);

/* Returns: the pool of @snapshot with the name and the UUID of @pool, or NULL. */
const InventoryPool *inventoryPoolSame(const InventorySnapshot *snapshot,
                                       const InventoryPool *pool);

/* @pool: of the snapshot before where it is gone, else of the one now. */
typedef void (*InventoryDiffFunc)(InventoryChange change, const InventoryPool *pool,
                                  gpointer opaque);

/*
 * Tells @func how the pools of @now differ from those of @before: first all that are gone, then the
 * others in the order of inventorySnapshotPools(). Each pool is told once at most: where both have
 * changed, accessibility is told, since whoever hears of that reads everything anew. A pool is the
 * same while name and UUID are: one renamed is gone under its old name and has appeared under the
 * new one.
 *
 * Takes time by what differs, where @now was made from @before by inventorySnapshotUpdate() and
 * shares its pools; else by the number of pools.
 *
 * @before: NULL, or the same as @now: nothing is told.
 */
void inventoryDiff(const InventorySnapshot *before, const InventorySnapshot *now,
                   InventoryDiffFunc func, gpointer opaque);
