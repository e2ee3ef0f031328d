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
    LeftOut leftOut;        /* what has a name that is too long */
    gboolean full;          /* the arena had no room for something: nothing can be built */
} InventoryBuild;

/*
 * These copy into the arena. NULL stays NULL, and comes of what is longer than LIMIT_NAME_BYTES, or
 * LIMIT_DATASTORE_PATH of a path; also where there is no room, then build->full is set. Who cannot
 * do without the text looks at its length first, and at build->full when all is done.
 */
const char *inventoryBuildName(InventoryBuild *build, const char *text);
const char *inventoryBuildPath(InventoryBuild *build, const char *text);
const SoapMoRef *inventoryBuildRef(InventoryBuild *build, const SoapMoRef *ref);

/* Whether @text (not NULL) is a name that may be kept. */
gboolean inventoryBuildIsName(const char *text);

/* Zeroed memory of the arena; NULL when it has no room, then build->full is set. */
#define inventoryBuildNew(build, Type, n) ((Type *)inventoryBuildAlloc(build, sizeof(Type) * (n)))
void *inventoryBuildAlloc(InventoryBuild *build, size_t size);

/* Adds a pool, empty, to those that are built. Returns: NULL likewise. */
InventoryPool *inventoryBuildPool(InventoryBuild *build);

/* Takes all pools without a name out of those that are built. */
void inventoryBuildDropNameless(InventoryBuild *build);

/*
 * Adds a pool for each datastore of @store, but for those whose name is too long, or the path of
 * their datacenter.
 */
void inventoryBuildDatastores(InventoryBuild *build, const InventoryStore *store,
                              const InventoryScope *scope);

/*
 * Adds the pool of the datastore @object, once more: @before is what it was. Nothing but @object
 * has changed since, and nothing else is looked at.
 *
 * Returns: FALSE where that is not enough, since its name, its UUID or its target path is not what
 * it was, or there is no room. Else the pool shares with @before what has not changed for sure.
 */
gboolean inventoryBuildDatastoreAnew(InventoryBuild *build, const InventoryObject *object,
                                     const InventoryScope *scope, const InventoryPool *before);

/*
 * Adds a pool for each distinct IQN among the static targets of all InternetScsi adapters, and its
 * LUNs.
 */
void inventoryBuildTargets(InventoryBuild *build, const InventoryStore *store);

/*
 * Makes the snapshot of what @store holds, which shares nothing with any other.
 *
 * Returns: (transfer full), possibly without pools; NULL with VI_ERROR_PROTOCOL when it takes more
 * memory than LIMIT_DERIVED times what the server has sent.
 */
InventorySnapshot *inventorySnapshotBuild(const InventoryStore *store, const InventoryScope *scope,
                                          GError **error);

/*
 * Makes the snapshot that follows @before, and has @store begin anew with telling what has changed.
 * The result is always what inventorySnapshotBuild() would make; but where @before is the last one
 * made of @store, and nothing but properties of datastores has changed since, only their pools are
 * built and all else is shared with @before. That takes time by what has changed, whatever the size
 * of the inventory.
 *
 * @before: (transfer none), stays as it is; NULL: there is none. The sizes told last (see
 * inventory_diff.h) are taken over from it.
 * @scope: the same each time.
 * Returns: (transfer full), @before itself when nothing was reported since; NULL as
 * inventorySnapshotBuild().
 */
InventorySnapshot *inventorySnapshotUpdate(InventorySnapshot *before, InventoryStore *store,
                                           const InventoryScope *scope, GError **error);
