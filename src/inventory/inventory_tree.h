/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_snapshot.h"

/*
 * InventoryTree: pools in order; two snapshots share the parts that they have in common. It is a
 * tree of nodes with up to 32 children, with all leaves at the same depth. Replacing a pool copies
 * the nodes on the path to it, three of them for 22,000 pools, and only these lose a reference.
 *
 *      snapshot          snapshot after a change of c
 *         │                 │
 *      ┌──┴──┐           ┌──┴──┐
 *    ┌─┴─┐ ┌─┴─┐ ◄───────┘   ┌─┴─┐
 *    a   b c   d ◄───────────│─c'│
 *
 * A tree belongs to its snapshot and is immutable as soon as that is. References to nodes and boxes
 * are atomic, so that any thread can free a snapshot.
 */

typedef struct _InventoryIndex InventoryIndex;     /* inventory_index.h */

/* A pool and the reason why it stays valid. */
typedef struct {
    InventoryPool pool;     /* first, so that a pool is its box */
    InventoryIndex *index;  /* has the pool's names; set when the pool is sealed into a snapshot */
    Arena *arena;           /* holds the box itself; NULL: it lives as long as the index tables */
    gint refs;              /* atomic; unused without an arena */
} InventoryBox;

typedef struct _InventoryTreeNode InventoryTreeNode;

typedef struct {
    InventoryTreeNode *root;
    guint depth;            /* 0: the root is a leaf */
    size_t n;               /* pools */
} InventoryTree;

/* @boxes: @n of them, all without an arena. */
InventoryTree inventoryTreeNew(InventoryBox *const *boxes, size_t n);

/* Returns: (transfer full): the same pools as @tree. */
InventoryTree inventoryTreeCopy(const InventoryTree *tree);

/*
 * Replaces pool @i with @box.
 *
 * @tree: of a snapshot that is not shared yet.
 * @box: (transfer full), with an arena.
 */
void inventoryTreeReplace(InventoryTree *tree, size_t i, InventoryBox *box);

/* Takes a reference to @box itself, or drops one; without an arena this does nothing. */
void inventoryBoxRef(InventoryBox *box);
void inventoryBoxUnref(InventoryBox *box);

void inventoryTreeClear(InventoryTree *tree);

/* Returns: pool @i; @i is less than n. */
const InventoryPool *inventoryTreeGet(const InventoryTree *tree, size_t i);

/* Writes all n pools. */
void inventoryTreeList(const InventoryTree *tree, const InventoryPool **ret_pools);

typedef void (*InventoryTreeFunc)(const InventoryPool *before, const InventoryPool *now,
                                  gpointer opaque);

/*
 * Calls @func for each position where the pools differ, in order. Shared parts are skipped. @before
 * and @now have the same number of pools.
 */
void inventoryTreeCompare(const InventoryTree *before, const InventoryTree *now,
                          InventoryTreeFunc func, gpointer opaque);
