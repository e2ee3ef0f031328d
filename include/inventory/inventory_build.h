/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory.h"
#include "inventory_store.h"

/* From objects to a snapshot: all kinds of pools (inventory_kind.h), with unique names. */

/*
 * Makes the snapshot of what @store holds, which shares nothing with any other.
 *
 * Returns: (transfer full), possibly without pools; NULL with VI_ERROR_PROTOCOL when it takes more
 * memory than LIMIT_DERIVED times what the server has sent.
 */
InventorySnapshot *inventorySnapshotBuild(const InventoryStore *store, const InventoryScope *scope,
                                          GError **error);

/*
 * Makes the snapshot that follows @before, and has @store record changes from the start.
 * The result is always what inventorySnapshotBuild() would make; but where @before is the last one
 * made of @store, and nothing but properties of datastores has changed since, only their pools are
 * built and all else is shared with @before. That takes time by what has changed, whatever the size
 * of the inventory.
 *
 * @before: (transfer none), stays as it is; NULL: there is none. The sizes reported last (see
 * inventory_diff.h) are taken over from it.
 * @scope: the same each time.
 * Returns: (transfer full), @before itself when nothing was reported since; NULL as
 * inventorySnapshotBuild().
 */
InventorySnapshot *inventorySnapshotUpdate(InventorySnapshot *before, InventoryStore *store,
                                           const InventoryScope *scope, GError **error);
