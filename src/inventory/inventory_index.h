/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_builder.h"
#include "inventory_tree.h"

/*
 * What snapshots are made of: an InventoryIndex, which all snapshots since the last whole build
 * have in common, and each one's own tree of pools.
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
    GHashTable *poolsByName;        /* these: the place on the tree, plus 1 */
    GHashTable *poolsByUuid;        /* key: the pool's uuid */
    GHashTable *poolsByTargetPath;
    GHashTable *poolsByRef;         /* key: the reference of the object that it is */
    GHashTable *lunsByKey;          /* these: InventoryLun */
    GHashTable *lunsByPath;         /* key: device path, device name or canonical name */
};

struct _InventorySnapshot {
    gint refs;                      /* atomic */
    InventoryIndex *index;
    InventoryTree tree;
    const InventoryPool **list;     /* atomic; NULL until somebody asks */
    guint64 stamp;                  /* of the store when it was built; 0: of none */
};

/*
 * Seals what was built: takes @build's arena, and its pools and LUNs in their order.
 *
 * Returns: (transfer full).
 */
InventorySnapshot *inventorySnapshotSeal(InventoryBuild *build, const char *hostName);

/* Returns: (transfer full): one like @before, until its tree is changed. */
InventorySnapshot *inventorySnapshotDerive(const InventorySnapshot *before);

/* Finds the pool that is the object @ref, and its place. Returns: NULL when there is none. */
const InventoryPool *inventoryPoolByRef(const InventorySnapshot *snapshot, const SoapMoRef *ref,
                                        size_t *ret_place);
