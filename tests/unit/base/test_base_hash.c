/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_hash.h"

#include <string.h>

static void
testSame(void)
{
    g_autofree char *copy = g_strdup("naa.600508b1001c");

    g_assert_cmpuint(hashText(copy), ==, hashText("naa.600508b1001c"));
    g_assert_cmpuint(hashText(copy), ==, hashBytes(copy, strlen(copy)));
    g_assert_cmpuint(hashText(""), ==, hashBytes(NULL, 0));
}

static void
testDiffers(void)
{
    static const char zeros[8];

    g_assert_cmpuint(hashText("a"), !=, hashText("b"));
    g_assert_cmpuint(hashText("abc"), !=, hashText("acb"));
    g_assert_cmpuint(hashText("abcabd"), !=, hashText("abdabc"));
    g_assert_cmpuint(hashBytes(zeros, 3), !=, hashBytes(zeros, 6));
}

/* Pieces count as pieces. */
static void
testPieces(void)
{
    g_assert_cmpuint(hashAdd(hashAdd(0, "ab", 2), "cd", 2), ==,
                     hashAdd(hashAdd(0, "ab", 2), "cd", 2));
    g_assert_cmpuint(hashAdd(hashAdd(0, "ab", 2), "cd", 2), !=,
                     hashAdd(hashAdd(0, "abc", 3), "d", 1));
}

/*
 * "Ez" and "FY" are one for g_str_hash(), and so are all texts made of them: 8,192 of them are a
 * table of one chain there. Here nearly all differ.
 */
static void
testCannotBeChosen(void)
{
    g_autoptr(GHashTable) hashes = g_hash_table_new(NULL, NULL);
    guint theirs = g_str_hash("EzEzEzEzEzEzEzEzEzEzEzEzEz");
    guint i;
    guint bit;

    for (i = 0; i < 8192; i++) {
        char text[27] = "";

        for (bit = 0; bit < 13; bit++)
            memcpy(text + (size_t)2 * bit, i >> bit & 1 ? "FY" : "Ez", 2);
        g_assert_cmpuint(g_str_hash(text), ==, theirs);
        g_hash_table_add(hashes, GUINT_TO_POINTER(hashText(text)));
    }
    g_assert_cmpuint(g_hash_table_size(hashes), >, 8150);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hash/same", testSame);
    g_test_add_func("/hash/differs", testDiffers);
    g_test_add_func("/hash/pieces", testPieces);
    g_test_add_func("/hash/cannot-be-chosen", testCannotBeChosen);
    return g_test_run();
}
