/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Alignment, zeroes, growth and the ceiling. */

#include "base_arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base_limits.h"

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

/* What may be made grows with what came, from a base to a ceiling. */
static void
testCeilingFor(void)
{
    const size_t base = arenaCeilingFor(0, LIMIT_DECODED);

    g_assert_cmpuint(base, >, 0);
    g_assert_cmpuint(arenaCeilingFor(1000, LIMIT_DECODED) - base, ==, 1000 * LIMIT_DECODED);
    g_assert_cmpuint(arenaCeilingFor(LIMIT_REPLY_BYTES, LIMIT_DECODED), ==, LIMIT_ARENA_BYTES);
    g_assert_cmpuint(arenaCeilingFor(SIZE_MAX, LIMIT_DERIVED), ==, LIMIT_ARENA_BYTES);
    g_assert_cmpint(LIMIT_DECODED + LIMIT_DERIVED, ==, LIMIT_AMPLIFICATION);
}

static void
testRaise(void)
{
    g_autoptr(Arena) arena = arenaNew(100);

    g_assert_null(arenaAlloc(arena, 200));
    arenaRaise(arena, 300);
    g_assert_nonnull(arenaAlloc(arena, 208));
    arenaRaise(arena, 100);
    g_assert_nonnull(arenaAlloc(arena, 80));
    g_assert_null(arenaAlloc(arena, 80));
}

/* Where the system has hardly more than that, an arena gets nothing, and all others do. */
static void
testLeavesSome(void)
{
    struct rlimit before = { 0 };
    struct rlimit few = { 0 };
    g_autofree char *status = NULL;
    g_autoptr(Arena) arena = arenaNew(SIZE_MAX);
    gulong pages = 0;
    size_t got = 0;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    g_test_skip("a sanitizer takes all the address space there is");
    return;
#endif
    g_assert_true(g_file_get_contents("/proc/self/statm", &status, NULL, NULL));
    pages = strtoul(status, NULL, 10);
    g_assert_cmpint(getrlimit(RLIMIT_AS, &before), ==, 0);
    few = before;
    few.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + 164 * 1024 * 1024;
    g_assert_cmpint(setrlimit(RLIMIT_AS, &few), ==, 0);
    while (arenaAlloc(arena, 1024 * 1024))
        got++;
    g_assert_cmpuint(got, >, 20);
    g_assert_cmpuint(got, <, 80);
    g_free(g_malloc(20 * 1024 * 1024));
    g_assert_cmpint(setrlimit(RLIMIT_AS, &before), ==, 0);
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
    g_test_add_func("/arena/ceiling-for", testCeilingFor);
    g_test_add_func("/arena/raise", testRaise);
    g_test_add_func("/arena/leaves-some", testLeavesSome);
    g_test_add_func("/arena/copies", testCopies);
    g_test_add_func("/arena/frees-nothing", testFreesNothing);
    return g_test_run();
}
