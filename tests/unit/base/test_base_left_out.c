/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_left_out.h"

#include <string.h>

/* All are counted, the first one is named. */
static void
testCounts(void)
{
    LeftOut out = { 0 };

    leftOutAdd(&out, "a file", "first");
    leftOutAdd(&out, "a folder", "second");
    g_assert_cmpuint(out.count, ==, 2);
    g_assert_cmpstr(out.reason, ==, "a file");
    g_assert_cmpstr(out.sample, ==, "first");
}

/* A long name is cut between two characters, bytes that are none anywhere. */
static void
testLong(void)
{
    g_autofree char *ascii = g_strnfill(1000000, 'x');
    g_autofree char *broken = g_strnfill(100, '\x80');
    g_autoptr(GString) text = g_string_new("x");
    LeftOut out = { 0 };
    LeftOut other = { 0 };
    LeftOut third = { 0 };
    guint i;

    for (i = 0; i < 100; i++)
        g_string_append(text, "\xe2\x82\xac");
    leftOutAdd(&out, "a file", ascii);
    leftOutAdd(&other, "a file", text->str);
    leftOutAddLength(&third, "a file", broken, 100);
    g_assert_cmpuint(strlen(out.sample), ==, sizeof(out.sample) - 1);
    g_assert_cmpuint(strlen(other.sample), ==, sizeof(other.sample) - 3);
    g_assert_true(g_utf8_validate(other.sample, -1, NULL));
    g_assert_cmpuint(strlen(third.sample), <, sizeof(third.sample));
}

static void
testNameless(void)
{
    LeftOut out = { 0 };

    leftOutAdd(&out, "a file", NULL);
    leftOutAdd(&out, "a file", "second");
    g_assert_cmpuint(out.count, ==, 2);
    g_assert_cmpstr(out.sample, ==, "");
}

/* The count ends at the largest number that there is. */
static void
testFull(void)
{
    LeftOut out = { .count = G_MAXUINT - 1, .reason = "a LUN", .sample = "lun" };

    leftOutAdd(&out, "a file", "x");
    leftOutAdd(&out, "a file", "x");
    g_assert_cmpuint(out.count, ==, G_MAXUINT);
    g_assert_cmpstr(out.reason, ==, "a LUN");
    g_assert_cmpstr(out.sample, ==, "lun");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/left-out/counts", testCounts);
    g_test_add_func("/left-out/long", testLong);
    g_test_add_func("/left-out/nameless", testNameless);
    g_test_add_func("/left-out/full", testFull);
    return g_test_run();
}
