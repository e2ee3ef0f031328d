/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory.h"
#include "inventory_store.h"

/* Builds a snapshot from objects: all kinds of pools (inventory_kind.h), with unique names. */

/*
 * Makes a snapshot of the contents of @store, which shares nothing with other snapshots.
 *
 * Returns: (transfer full), possibly without pools; NULL with VI_ERROR_PROTOCOL if it takes more
 * memory than LIMIT_DERIVED times what the server has sent.
 */
InventorySnapshot *inventorySnapshotBuild(const InventoryStore *store, const InventoryScope *scope,
                                          GError **error);

/*
 * Makes the snapshot that follows @before, and resets the changes that @store records. The result
 * is the same as that of inventorySnapshotBuild(). If @before is the last snapshot of @store, and
 * only properties of datastores have changed since, only their pools are built and everything else
 * is shared with @before. The time for this depends on the changes, not on the size of the
 * inventory.
 *
 * @before: (transfer none), not changed; NULL: there is none. The sizes reported last (see
 * inventory_diff.h) are copied from it.
 * @scope: the same each time.
 * Returns: (transfer full), @before itself if nothing was reported since; NULL as for
 * inventorySnapshotBuild().
 */
InventorySnapshot *inventorySnapshotUpdate(InventorySnapshot *before, InventoryStore *store,
                                           const InventoryScope *scope, GError **error);
