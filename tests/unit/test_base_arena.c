/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Alignment, zeroes, growth and the ceiling. */

#include "base_arena.h"

#include <stdint.h>
#include <string.h>

static void
testZeroedAndAligned(void)
{
    g_autoptr(Arena) arena = arenaNew(1 << 20);
    size_t size;

    for (size = 1; size < 300; size++) {
        char *memory = arenaAlloc(arena, size);
        size_t i;

        g_assert_nonnull(memory);
        g_assert_cmpuint((uintptr_t)memory % _Alignof(max_align_t), ==, 0);
        for (i = 0; i < size; i++)
            g_assert_cmpint(memory[i], ==, 0);
        memset(memory, 0xff, size);
    }
}

/* Nothing handed out may overlap, across blocks and for pieces larger than a block. */
static void
testKeepsWhatItGave(void)
{
    static const size_t sizes[] = { 1, 100, 8000, 100000, 3, 2000000, 17, 8192, 8176 };
    g_autoptr(Arena) arena = arenaNew(1 << 24);
    char *memory[G_N_ELEMENTS(sizes)] = { NULL };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(sizes); i++) {
        memory[i] = arenaAlloc(arena, sizes[i]);
        g_assert_nonnull(memory[i]);
        memset(memory[i], (int)i + 1, sizes[i]);
    }
    for (i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_assert_cmpint(memory[i][0], ==, (int)i + 1);
        g_assert_cmpint(memory[i][sizes[i] - 1], ==, (int)i + 1);
    }
}

/* However small it begins, it holds what is asked of it. */
static void
testNewFor(void)
{
    static const size_t rooms[] = { 0, 100, 1 << 30 };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rooms); i++) {
        g_autoptr(Arena) arena = arenaNewFor(rooms[i], 3000);
        char *first = arenaAlloc(arena, 100);
        char *second = arenaAlloc(arena, 1000);

        g_assert_true(first && second);
        memset(first, 1, 100);
        memset(second, 2, 1000);
        g_assert_cmpint(first[99], ==, 1);
        g_assert_cmpuint(arenaUsed(arena), >=, 1100);
        g_assert_null(arenaAlloc(arena, 2000));
    }
}

static void
testCeiling(void)
{
    g_autoptr(Arena) arena = arenaNew(1000);

    g_assert_null(arenaAlloc(arena, 1001));
    g_assert_null(arenaAlloc(arena, SIZE_MAX));
    g_assert_null(arenaAlloc(arena, SIZE_MAX - 3));
    g_assert_nonnull(arenaAlloc(arena, 900));
    g_assert_null(arenaAlloc(arena, 200));
    g_assert_nonnull(arenaAlloc(arena, 64));
    g_assert_cmpuint(arenaUsed(arena), <=, 1000);
    g_assert_cmpuint(arenaUsed(arena), >=, 964);
}

/* A ceiling that is no multiple of the alignment is still one. */
static void
testOddCeiling(void)
{
    g_autoptr(Arena) arena = arenaNew(33);

    g_assert_null(arenaAlloc(arena, 33));
    g_assert_nonnull(arenaAlloc(arena, 32));
    g_assert_null(arenaAlloc(arena, 1));
    g_assert_cmpuint(arenaUsed(arena), ==, 32);
}

static void
testCopies(void)
{
    g_autoptr(Arena) arena = arenaNew(1000);
    g_autofree char *text = g_strdup("datastore1-and-more");
    char *copy = arenaStrndup(arena, text, 10);

    text[0] = 'X';
    g_assert_cmpstr(copy, ==, "datastore1");
    g_assert_cmpstr(arenaStrndup(arena, "", 0), ==, "");
    g_assert_null(arenaStrndup(arena, text, SIZE_MAX));
    g_assert_null(arenaStrndup(arena, text, 1000));
}

static void
testFreesNothing(void)
{
    arenaFree(NULL);
    arenaFree(arenaNew(0));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arena/zeroed-and-aligned", testZeroedAndAligned);
    g_test_add_func("/arena/keeps-what-it-gave", testKeepsWhatItGave);
    g_test_add_func("/arena/new-for", testNewFor);
    g_test_add_func("/arena/ceiling", testCeiling);
    g_test_add_func("/arena/odd-ceiling", testOddCeiling);
    g_test_add_func("/arena/copies", testCopies);
    g_test_add_func("/arena/frees-nothing", testFreesNothing);
    return g_test_run();
}
