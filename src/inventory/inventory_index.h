/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_builder.h"
#include "inventory_tree.h"

/*
 * The parts of a snapshot: an InventoryIndex, which all snapshots since the last whole build share,
 * and each snapshot's own tree of pools.
 *
 *   snapshot ─┬─────────────► index ─┬─ arena: pools and LUNs as they were built together
 *             └─ tree ─┐            └─ indexes: name, UUID … → the pool's place on the tree
 *                       └─► pools: of the index's arena, or replaced since, each in its own
 */
struct _InventoryIndex {
    gint refs;                      /* atomic */
    Arena *arena;
    const char *hostName;           /* NULL: not one host */
    LeftOut leftOut;
    GHashTable *poolsByName;        /* these: the position in the tree, plus 1 */
    GHashTable *poolsByPlainName;   /* GArray of positions: pools with a name made unique */
    GHashTable *poolsByUuid;        /* key: the pool's uuid */
    GHashTable *poolsByTargetPath;
    GHashTable *poolsByRef;         /* key: the reference of its object */
    GHashTable *lunsByKey;          /* these: InventoryLun */
    GHashTable *lunsByPath;         /* key: device path, device name or canonical name */
};

struct _InventorySnapshot {
    gint refs;                      /* atomic */
    InventoryIndex *index;
    InventoryTree tree;
    const InventoryPool **list;     /* atomic; NULL until first used */
    guint64 stamp;                  /* of the store when it was built; 0: none */
};

/*
 * Makes the snapshot: takes @build's arena, and its pools and LUNs in their order.
 *
 * Returns: (transfer full).
 */
InventorySnapshot *inventorySnapshotSeal(InventoryBuild *build, const char *hostName);

/* Returns: (transfer full): a copy of @before, whose tree can be changed. */
InventorySnapshot *inventorySnapshotDerive(const InventorySnapshot *before);

/* Finds the pool of the object @ref, and its position. Returns: NULL if there is none. */
const InventoryPool *inventoryPoolByRef(const InventorySnapshot *snapshot, const SoapMoRef *ref,
                                        size_t *ret_place);
