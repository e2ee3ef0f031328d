/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include <glib.h>

#include "vi_version.h"

static int
sign(int n)
{
    return (n > 0) - (n < 0);
}

static void
testCompare(void)
{
    static const struct {
        const char *a;
        const char *b;
        int order;
    } rows[] = {
        { "5.5", "5.5", 0 },
        { "5.5", "6.0", -1 },
        { "6.7", "6.5", 1 },
        { "6.7", "6.7.3", -1 },
        { "6.7.0", "6.7", 0 },
        { "8.0", "8.0.0.0", 0 },
        { "10.0", "9.9", 1 },       /* numbers, not text */
        { "8.0.2.0", "8.0.10.0", -1 },
        { "", "0", 0 },
        { "", "1", -1 },
        { "8.0-beta", "8.0", 0 },
        { "uA046D008", "5.5", -1 }, /* the head version of a server need not be a number */
        { "99999999999999999999", "8", 1 },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s and %s", rows[i].a, rows[i].b);
        g_assert_cmpint(sign(viVersionCompare(rows[i].a, rows[i].b)), ==, rows[i].order);
        g_assert_cmpint(sign(viVersionCompare(rows[i].b, rows[i].a)), ==, -rows[i].order);
    }
}

static void
testPick(void)
{
    static const struct {
        const char *server;
        const char *asked;
    } rows[] = {
        { "4.1", NULL },
        { "5.0", NULL },
        { "5.1", NULL },
        { "5.5", "5.5" },
        { "6.0", "6.0" },
        { "6.5", "6.5" },
        { "6.7", "6.7" },
        { "6.7.3", "6.7" },
        { "7.0.0.0", "7.0.0.0" },
        { "7.0.0.2", "7.0.0.0" },
        { "7.0.3.2", "7.0.3.0" },
        { "8.0.0.0", "8.0.0.0" },
        { "8.0.2.0", "8.0.2.0" },
        { "8.0.3.0", "8.0.3.0" },
        { "9.0.0.0", "8.0.3.0" },   /* newer than us: the newest we know */
        { "10.0", "8.0.3.0" },
        { "", NULL },
        { "nonsense", NULL },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpstr(viVersionFor(rows[i].server), ==, rows[i].asked);
}

/* What is asked for before the server has said anything is served by the oldest server taken. */
static void
testOldest(void)
{
    g_assert_cmpstr(viVersionFor(VI_VERSION_OLDEST), ==, VI_VERSION_OLDEST);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/version/compare", testCompare);
    g_test_add_func("/vi/version/pick", testPick);
    g_test_add_func("/vi/version/oldest", testOldest);
    return g_test_run();
}
