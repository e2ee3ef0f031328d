/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory.h"
#include "inventory_store.h"

/*
 * From objects to a snapshot: one file for datastores, one for iSCSI, and the frame that seals the
 * indexes. All tolerate whatever a server leaves out.
 */

/* A snapshot in the making; belongs to one thread. */
typedef struct {
    Arena *arena;
    GPtrArray *pools;       /* InventoryPool *, in the arena */
    GPtrArray *luns;        /* InventoryLun *, likewise; only those behind a target */
} InventoryBuild;

/* Copies into the arena; NULL stays NULL. */
const char *inventoryBuildString(InventoryBuild *build, const char *text);
const SoapMoRef *inventoryBuildRef(InventoryBuild *build, const SoapMoRef *ref);

/* Zeroed memory of the arena. */
#define inventoryBuildNew(build, Type, n) ((Type *)inventoryBuildAlloc(build, sizeof(Type) * (n)))
void *inventoryBuildAlloc(InventoryBuild *build, size_t size);

/* Adds a pool for each datastore of @store. */
void inventoryBuildDatastores(InventoryBuild *build, const InventoryStore *store,
                              const InventoryScope *scope);

/*
 * Adds a pool for each distinct IQN among the static targets of all InternetScsi adapters, and its
 * LUNs.
 */
void inventoryBuildTargets(InventoryBuild *build, const InventoryStore *store);

/*
 * Makes the snapshot of what @store holds.
 *
 * Returns: (transfer full); never NULL, possibly without pools.
 */
InventorySnapshot *inventorySnapshotBuild(const InventoryStore *store, const InventoryScope *scope);

/*
 * Makes the snapshot that follows @before, the one this function made last of @store (else
 * everything is built anew). Marks what @store reported as shown. What has not changed is shared
 * with @before, which stays as it is.
 *
 * @before: (transfer none), NULL: there is none.
 * @scope: the same each time.
 * Returns: (transfer full); never NULL.
 */
InventorySnapshot *inventorySnapshotUpdate(InventorySnapshot *before, InventoryStore *store,
                                           const InventoryScope *scope);
