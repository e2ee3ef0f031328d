/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "inventory_shelf.h"

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
static InventoryShelf
shelfOf(Arena *arena, size_t n)
{
    g_autoptr(GPtrArray) boxes = g_ptr_array_new();
    size_t i;

    for (i = 0; i < n; i++)
        g_ptr_array_add(boxes, boxNew(arena, i));
    return inventoryShelfNew((InventoryBox *const *)boxes->pdata, n);
}

/* Both ways to read it say that pool i is @first, @first + 1 and so on. */
static void
assertHolds(const InventoryShelf *shelf, size_t n, guint64 first)
{
    g_autofree const InventoryPool **list = g_new0(const InventoryPool *, n + 1);
    size_t i;

    g_assert_cmpuint(shelf->n, ==, n);
    inventoryShelfList(shelf, list);
    g_assert_null(list[n]);
    for (i = 0; i < n; i++) {
        g_assert_cmpuint(list[i]->capacity, ==, first + i);
        g_assert_true(inventoryShelfGet(shelf, i) == list[i]);
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
        InventoryShelf shelf = shelfOf(arena, counts[i]);

        assertHolds(&shelf, counts[i], 0);
        inventoryShelfClear(&shelf);
        inventoryShelfClear(&shelf);
    }
}

static void
note(const InventoryPool *before, const InventoryPool *now, gpointer opaque)
{
    g_string_append_printf(opaque, "%" G_GUINT64_FORMAT ">%" G_GUINT64_FORMAT " ",
                           before->capacity, now->capacity);
}

static void
assertDiffers(const InventoryShelf *before, const InventoryShelf *now, const char *told)
{
    g_autoptr(GString) text = g_string_new(NULL);

    inventoryShelfCompare(before, now, note, text);
    g_assert_cmpstr(text->str, ==, told);
}

/* A copy that is changed leaves what it was copied from as it was. */
static void
testReplace(void)
{
    g_autoptr(Arena) arena = arenaNew(G_MAXSIZE);
    InventoryShelf before = shelfOf(arena, 1100);
    InventoryShelf now = inventoryShelfCopy(&before);
    InventoryShelf later = { 0 };

    assertDiffers(&before, &now, "");
    inventoryShelfReplace(&now, 1099, boxNew(NULL, 91099));
    inventoryShelfReplace(&now, 0, boxNew(NULL, 90000));
    inventoryShelfReplace(&now, 31, boxNew(NULL, 90031));
    inventoryShelfReplace(&now, 31, boxNew(NULL, 80031));
    later = inventoryShelfCopy(&now);
    inventoryShelfReplace(&later, 31, boxNew(NULL, 70031));

    assertHolds(&before, 1100, 0);
    assertDiffers(&before, &now, "0>90000 31>80031 1099>91099 ");
    assertDiffers(&now, &later, "80031>70031 ");
    assertDiffers(&before, &later, "0>90000 31>70031 1099>91099 ");

    /* What is still shown stays, whoever made it. */
    inventoryShelfClear(&now);
    g_assert_cmpuint(inventoryShelfGet(&later, 0)->capacity, ==, 90000);
    inventoryShelfClear(&before);
    g_assert_cmpuint(inventoryShelfGet(&later, 1099)->capacity, ==, 91099);
    g_assert_cmpuint(inventoryShelfGet(&later, 1098)->capacity, ==, 1098);
    inventoryShelfClear(&later);
}

/* Every place in turn, each time with the one before given back. */
static void
testReplaceAll(void)
{
    size_t i, j;

    for (i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autoptr(Arena) arena = arenaNew(G_MAXSIZE);
        InventoryShelf shelf = shelfOf(arena, counts[i]);

        for (j = 0; j < counts[i]; j++) {
            InventoryShelf next = inventoryShelfCopy(&shelf);

            inventoryShelfReplace(&next, j, boxNew(NULL, 100000 + j));
            inventoryShelfClear(&shelf);
            shelf = next;
        }
        assertHolds(&shelf, counts[i], 100000);
        inventoryShelfClear(&shelf);
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
