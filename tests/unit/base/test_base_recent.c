/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_recent.h"

static guint freed;

static void
countFree(gpointer value)
{
    freed++;
    g_free(value);
}

static void
add(Recent *recent, const char *key)
{
    recentAdd(recent, key, g_strdup(key));
}

static void
assertHas(Recent *recent, const char *keys)
{
    g_auto(GStrv) each = g_strsplit(keys, " ", -1);
    guint i;

    for (i = 0; each[i]; i++)
        g_assert_cmpstr(recentFind(recent, each[i]), ==, each[i]);
    g_assert_cmpuint(recentLength(recent), ==, i);
}

/* Of more than there may be, the one goes that was not used for the longest time. */
static void
testEntries(void)
{
    g_autoptr(Recent) recent = recentNew(3, 100, countFree);

    freed = 0;
    g_assert_null(recentFind(recent, "a"));
    add(recent, "a");
    add(recent, "b");
    add(recent, "c");
    assertHas(recent, "c b a");
    g_assert_cmpuint(freed, ==, 0);
    add(recent, "d");
    g_assert_null(recentFind(recent, "c"));
    assertHas(recent, "a b d");
    g_assert_cmpuint(freed, ==, 1);
}

static void
testReplaced(void)
{
    g_autoptr(Recent) recent = recentNew(3, 100, countFree);
    gpointer first = g_strdup("first");

    freed = 0;
    recentAdd(recent, "a", first);
    recentWeigh(recent, "a", first, 60);
    add(recent, "b");
    add(recent, "a");
    g_assert_cmpuint(freed, ==, 1);
    g_assert_cmpuint(recentWeight(recent), ==, 0);
    /* What was replaced is weighed no more. */
    recentWeigh(recent, "a", recent, 60);
    recentWeigh(recent, "c", recent, 60);
    g_assert_cmpuint(recentWeight(recent), ==, 0);
    assertHas(recent, "a b");
}

static void
testWeight(void)
{
    g_autoptr(Recent) recent = recentNew(10, 100, countFree);

    add(recent, "a");
    add(recent, "b");
    add(recent, "c");
    recentWeigh(recent, "b", recentFind(recent, "b"), 50);
    recentWeigh(recent, "c", recentFind(recent, "c"), 50);
    recentWeigh(recent, "a", recentFind(recent, "a"), 0);
    g_assert_cmpuint(recentWeight(recent), ==, 100);
    assertHas(recent, "b c a");
    recentWeigh(recent, "a", recentFind(recent, "a"), 1);
    g_assert_cmpuint(recentWeight(recent), ==, 51);
    assertHas(recent, "c a");
    /* What is too heavy for the table drives out nothing else. */
    recentWeigh(recent, "a", recentFind(recent, "a"), 101);
    g_assert_cmpuint(recentWeight(recent), ==, 50);
    assertHas(recent, "c");
    recentWeigh(recent, "c", recentFind(recent, "c"), 100);
    assertHas(recent, "c");
}

static void
testFree(void)
{
    Recent *recent = recentNew(3, 100, countFree);

    freed = 0;
    add(recent, "a");
    add(recent, "b");
    recentFree(recent);
    recentFree(NULL);
    g_assert_cmpuint(freed, ==, 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/recent/entries", testEntries);
    g_test_add_func("/base/recent/replaced", testReplaced);
    g_test_add_func("/base/recent/weight", testWeight);
    g_test_add_func("/base/recent/free", testFree);
    return g_test_run();
}
