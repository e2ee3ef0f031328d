/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_snapshot.h"

/*
 * InventoryTree: pools in their order, of which two snapshots share what they have in common. It
 * is a tree of nodes with up to 32 children, all leaves at one depth; to replace a pool copies the
 * nodes on the way to it, three of them for 22,000 pools, and no more than these lose a reference.
 *
 *      snapshot          snapshot after a change of c
 *         │                 │
 *      ┌──┴──┐           ┌──┴──┐
 *    ┌─┴─┐ ┌─┴─┐ ◄───────┘   ┌─┴─┐
 *    a   b c   d ◄───────────│─c'│
 *
 * A tree belongs to its snapshot and is immutable as soon as that is. Nodes and boxes are counted
 * atomically, so that snapshots can be given back by any thread.
 */

typedef struct _InventoryIndex InventoryIndex;     /* inventory_index.h */

/* A pool and what keeps it alive. */
typedef struct {
    InventoryPool pool;     /* first, so that a pool is its box */
    InventoryIndex *index;  /* has the pool's names; set when the pool is sealed into a snapshot */
    Arena *arena;           /* holds the box itself; NULL: it lives as long as the index tables */
    gint refs;              /* atomic; of no meaning without an arena */
} InventoryBox;

typedef struct _InventoryTreeNode InventoryTreeNode;

typedef struct {
    InventoryTreeNode *root;
    guint depth;            /* 0: the root is a leaf */
    size_t n;               /* pools */
} InventoryTree;

/* @boxes: @n of them, all without an arena. */
InventoryTree inventoryTreeNew(InventoryBox *const *boxes, size_t n);

/* Returns: the same pools as @tree; (transfer full). */
InventoryTree inventoryTreeCopy(const InventoryTree *tree);

/*
 * Puts @box in the place of pool @i.
 *
 * @tree: of a snapshot that nobody else knows yet.
 * @box: (transfer full), with an arena.
 */
void inventoryTreeReplace(InventoryTree *tree, size_t i, InventoryBox *box);

/* Takes a reference to @box itself, or gives one back; without an arena it has none of its own. */
void inventoryBoxRef(InventoryBox *box);
void inventoryBoxUnref(InventoryBox *box);

void inventoryTreeClear(InventoryTree *tree);

/* Returns: pool @i, below n. */
const InventoryPool *inventoryTreeGet(const InventoryTree *tree, size_t i);

/* Writes down all n pools. */
void inventoryTreeList(const InventoryTree *tree, const InventoryPool **ret_pools);

typedef void (*InventoryTreeFunc)(const InventoryPool *before, const InventoryPool *now,
                                   gpointer opaque);

/*
 * Calls @func for each place where the pools are not the same ones, in order. What the trees
 * share is not looked at. @before and @now have equally many pools.
 */
void inventoryTreeCompare(const InventoryTree *before, const InventoryTree *now,
                           InventoryTreeFunc func, gpointer opaque);
