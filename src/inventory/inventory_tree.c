/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Pools in order, in a tree whose branches are shared by snapshots. */

#include "inventory_tree.h"

#define BITS 5
#define WIDTH (1 << BITS)

struct _InventoryTreeNode {
    gint refs;                  /* atomic */
    gpointer children[WIDTH];   /* leaf: InventoryBox, else InventoryTreeNode; the rest is NULL */
};

/* ---- references ------------------------------------------------------------------------------ */

void
inventoryBoxRef(InventoryBox *box)
{
    if (box->arena)
        g_atomic_int_inc(&box->refs);
}

void
inventoryBoxUnref(InventoryBox *box)
{
    if (box->arena && g_atomic_int_dec_and_test(&box->refs))
        arenaFree(box->arena);
}

static void
childRef(gpointer child, guint depth)
{
    if (depth > 0)
        g_atomic_int_inc(&((InventoryTreeNode *)child)->refs);
    else
        inventoryBoxRef(child);
}

static void
nodeUnref(InventoryTreeNode *node, guint depth)
{
    guint i;

    if (!g_atomic_int_dec_and_test(&node->refs))
        return;
    for (i = 0; i < WIDTH && node->children[i]; i++) {
        if (depth > 0)
            nodeUnref(node->children[i], depth - 1);
        else
            inventoryBoxUnref(node->children[i]);
    }
    g_free(node);
}

/* ---- making one ------------------------------------------------------------------------------ */

static InventoryTreeNode *
nodeNew(gpointer const *children, size_t n)
{
    InventoryTreeNode *node = g_new0(InventoryTreeNode, 1);
    size_t i;

    node->refs = 1;
    for (i = 0; i < n; i++)
        node->children[i] = children[i];
    return node;
}

/* Groups @children by WIDTH. Returns: (transfer full): an array of at least one group. */
static GPtrArray *
groupChildren(gpointer const *children, size_t n)
{
    GPtrArray *nodes = g_ptr_array_new();
    size_t i = 0;

    do {
        g_ptr_array_add(nodes, nodeNew(children + i, MIN(n - i, WIDTH)));
        i += WIDTH;
    } while (i < n);
    return nodes;
}

InventoryTree
inventoryTreeNew(InventoryBox *const *boxes, size_t n)
{
    gpointer const none = NULL;
    /* An empty array may be NULL, and adding to NULL is undefined. */
    g_autoptr(GPtrArray) nodes = groupChildren(n > 0 ? (gpointer const *)boxes : &none, n);
    InventoryTree tree = { .n = n };

    while (nodes->len > 1) {
        GPtrArray *above = groupChildren(nodes->pdata, nodes->len);

        g_ptr_array_unref(nodes);
        nodes = above;
        tree.depth++;
    }
    tree.root = g_ptr_array_index(nodes, 0);
    return tree;
}

InventoryTree
inventoryTreeCopy(const InventoryTree *tree)
{
    g_atomic_int_inc(&tree->root->refs);
    return *tree;
}

void
inventoryTreeClear(InventoryTree *tree)
{
    if (tree->root)
        nodeUnref(tree->root, tree->depth);
    tree->root = NULL;
}

/* ---- changing and reading -------------------------------------------------------------------- */

/* Returns: (transfer full): @node, if it is not shared, else a copy that replaces it. */
static InventoryTreeNode *
nodeOwn(InventoryTreeNode *node, guint depth)
{
    InventoryTreeNode *copy;
    guint i;

    /* This thread has one reference: it owns all nodes above it. */
    if (g_atomic_int_get(&node->refs) == 1)
        return node;

    copy = nodeNew(node->children, WIDTH);
    for (i = 0; i < WIDTH && copy->children[i]; i++)
        childRef(copy->children[i], depth);
    nodeUnref(node, depth);
    return copy;
}

static guint
stepAt(size_t i, guint depth)
{
    return (guint)(i >> (depth * BITS)) % WIDTH;
}

void
inventoryTreeReplace(InventoryTree *tree, size_t i, InventoryBox *box)
{
    InventoryTreeNode *node = tree->root = nodeOwn(tree->root, tree->depth);
    guint depth;

    for (depth = tree->depth; depth > 0; depth--) {
        gpointer *child = &node->children[stepAt(i, depth)];

        node = *child = nodeOwn(*child, depth - 1);
    }
    inventoryBoxUnref(node->children[stepAt(i, 0)]);
    node->children[stepAt(i, 0)] = box;
}

const InventoryPool *
inventoryTreeGet(const InventoryTree *tree, size_t i)
{
    const InventoryTreeNode *node = tree->root;
    guint depth;

    for (depth = tree->depth; depth > 0; depth--)
        node = node->children[stepAt(i, depth)];
    return &((const InventoryBox *)node->children[stepAt(i, 0)])->pool;
}

static void
nodeList(const InventoryTreeNode *node, guint depth, const InventoryPool ***ret_pools)
{
    guint i;

    for (i = 0; i < WIDTH && node->children[i]; i++) {
        if (depth > 0)
            nodeList(node->children[i], depth - 1, ret_pools);
        else
            *(*ret_pools)++ = &((const InventoryBox *)node->children[i])->pool;
    }
}

void
inventoryTreeList(const InventoryTree *tree, const InventoryPool **ret_pools)
{
    nodeList(tree->root, tree->depth, &ret_pools);
}

static void
nodeCompare(const InventoryTreeNode *before, const InventoryTreeNode *now, guint depth,
            InventoryTreeFunc func, gpointer opaque)
{
    guint i;

    for (i = 0; i < WIDTH && now->children[i]; i++) {
        if (before->children[i] == now->children[i])
            continue;
        if (depth > 0)
            nodeCompare(before->children[i], now->children[i], depth - 1, func, opaque);
        else
            func(before->children[i], now->children[i], opaque);
    }
}

void
inventoryTreeCompare(const InventoryTree *before, const InventoryTree *now,
                     InventoryTreeFunc func, gpointer opaque)
{
    if (before->root != now->root)
        nodeCompare(before->root, now->root, now->depth, func, opaque);
}
