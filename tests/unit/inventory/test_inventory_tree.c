/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "inventory_tree.h"

/* A box of @arena that is told by @capacity, or one in an arena of its own. */
static InventoryBox *
boxNew(Arena *arena, guint64 capacity)
{
    Arena *home = arena ? arena : arenaNewFor(sizeof(InventoryBox), G_MAXSIZE);
    InventoryBox *box = arenaAlloc(home, sizeof(*box));

    g_assert_nonnull(box);
    box->pool.capacity = capacity;
    box->arena = arena ? NULL : home;
    box->refs = 1;
    return box;
}

/* Pools 0 to @n - 1, in @arena. */
static InventoryTree
shelfOf(Arena *arena, size_t n)
{
    g_autoptr(GPtrArray) boxes = g_ptr_array_new();
    size_t i;

    for (i = 0; i < n; i++)
        g_ptr_array_add(boxes, boxNew(arena, i));
    return inventoryTreeNew((InventoryBox *const *)boxes->pdata, n);
}

/* Both ways to read it say that pool i is @first, @first + 1 and so on. */
static void
assertHolds(const InventoryTree *tree, size_t n, guint64 first)
{
    g_autofree const InventoryPool **list = g_new0(const InventoryPool *, n + 1);
    size_t i;

    g_assert_cmpuint(tree->n, ==, n);
    inventoryTreeList(tree, list);
    g_assert_null(list[n]);
    for (i = 0; i < n; i++) {
        g_assert_cmpuint(list[i]->capacity, ==, first + i);
        g_assert_true(inventoryTreeGet(tree, i) == list[i]);
    }
}

/* Where the tree grows a level, and just before and behind. */
static const size_t counts[] = { 0, 1, 31, 32, 33, 1023, 1024, 1025, 33000 };

static void
testHolds(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autoptr(Arena) arena = arenaNew(G_MAXSIZE);
        InventoryTree tree = shelfOf(arena, counts[i]);

        assertHolds(&tree, counts[i], 0);
        inventoryTreeClear(&tree);
        inventoryTreeClear(&tree);
    }
}

static void
note(const InventoryPool *before, const InventoryPool *now, gpointer opaque)
{
    g_string_append_printf(opaque, "%" G_GUINT64_FORMAT ">%" G_GUINT64_FORMAT " ",
                           before->capacity, now->capacity);
}

static void
assertDiffers(const InventoryTree *before, const InventoryTree *now, const char *told)
{
    g_autoptr(GString) text = g_string_new(NULL);

    inventoryTreeCompare(before, now, note, text);
    g_assert_cmpstr(text->str, ==, told);
}

/* A copy that is changed leaves what it was copied from as it was. */
static void
testReplace(void)
{
    g_autoptr(Arena) arena = arenaNew(G_MAXSIZE);
    InventoryTree before = shelfOf(arena, 1100);
    InventoryTree now = inventoryTreeCopy(&before);
    InventoryTree later = { 0 };

    assertDiffers(&before, &now, "");
    inventoryTreeReplace(&now, 1099, boxNew(NULL, 91099));
    inventoryTreeReplace(&now, 0, boxNew(NULL, 90000));
    inventoryTreeReplace(&now, 31, boxNew(NULL, 90031));
    inventoryTreeReplace(&now, 31, boxNew(NULL, 80031));
    later = inventoryTreeCopy(&now);
    inventoryTreeReplace(&later, 31, boxNew(NULL, 70031));

    assertHolds(&before, 1100, 0);
    assertDiffers(&before, &now, "0>90000 31>80031 1099>91099 ");
    assertDiffers(&now, &later, "80031>70031 ");
    assertDiffers(&before, &later, "0>90000 31>70031 1099>91099 ");

    /* What is still shown stays, whoever made it. */
    inventoryTreeClear(&now);
    g_assert_cmpuint(inventoryTreeGet(&later, 0)->capacity, ==, 90000);
    inventoryTreeClear(&before);
    g_assert_cmpuint(inventoryTreeGet(&later, 1099)->capacity, ==, 91099);
    g_assert_cmpuint(inventoryTreeGet(&later, 1098)->capacity, ==, 1098);
    inventoryTreeClear(&later);
}

/* Every place in turn, each time with the one before given back. */
static void
testReplaceAll(void)
{
    size_t i, j;

    for (i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autoptr(Arena) arena = arenaNew(G_MAXSIZE);
        InventoryTree tree = shelfOf(arena, counts[i]);

        for (j = 0; j < counts[i]; j++) {
            InventoryTree next = inventoryTreeCopy(&tree);

            inventoryTreeReplace(&next, j, boxNew(NULL, 100000 + j));
            inventoryTreeClear(&tree);
            tree = next;
        }
        assertHolds(&tree, counts[i], 100000);
        inventoryTreeClear(&tree);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/shelf/holds", testHolds);
    g_test_add_func("/inventory/shelf/replace", testReplace);
    g_test_add_func("/inventory/shelf/replace-all", testReplaceAll);
    return g_test_run();
}
