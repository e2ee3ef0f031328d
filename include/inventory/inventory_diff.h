/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_snapshot.h"

/* How a pool has changed between two snapshots. */
typedef enum {
    INVENTORY_CHANGE_APPEARED,
    INVENTORY_CHANGE_GONE,
    INVENTORY_CHANGE_ACCESSIBLE,
    INVENTORY_CHANGE_INACCESSIBLE,
    INVENTORY_CHANGE_CONTENTS,      /* see inventoryPoolChange() */
} InventoryChange;

/*
 * Compares @before and @now, which are one pool at two times. Its contents have changed if
 *   - capacity, available or allocation of a datastore moved by more than 1 % of the capacity,
 *   - the LUNs of a target differ in number, identity, name or size,
 *   - or anything else that describes the pool has changed.
 *
 * A datastore that fills up slowly must be reported eventually: @now is compared with the sizes
 * reported last (reportedCapacity, reportedAvailable), not with its own sizes. The builder of @now
 * keeps those sizes as long as nothing is reported, so that many small steps count together.
 *
 * Returns: FALSE if there is nothing to report, else TRUE with the change.
 */
gboolean inventoryPoolChange(const InventoryPool *before, const InventoryPool *now,
                             InventoryChange *ret_change);

/* Returns: the pool of @snapshot with the name and the UUID of @pool, or NULL. */
const InventoryPool *inventoryPoolSame(const InventorySnapshot *snapshot,
                                       const InventoryPool *pool);

/* @pool: of the previous snapshot if it disappeared, else of the present one. */
typedef void (*InventoryDiffFunc)(InventoryChange change, const InventoryPool *pool,
                                  gpointer opaque);

/*
 * Calls @func for each difference of @now and @before: first pools that disappeared, then the
 * others in the order of inventorySnapshotPools(). Each pool is reported at most once: if both have
 * changed, accessibility is reported, since a client then reads everything again. A pool is the
 * same while name and UUID are: a renamed one disappears under its old name and appears under the
 * new one.
 *
 * If @now was made from @before by inventorySnapshotUpdate() and shares its pools, the time depends
 * on the differences; otherwise on the number of pools.
 *
 * @before: NULL, or the same as @now: nothing is reported.
 */
void inventoryDiff(const InventorySnapshot *before, const InventorySnapshot *now,
                   InventoryDiffFunc func, gpointer opaque);
