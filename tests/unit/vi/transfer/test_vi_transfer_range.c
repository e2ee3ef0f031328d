/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vi_transfer_range.h"

static void
testHeader(void)
{
    g_autofree char *first = viRangeHeader(0, 0);
    g_autofree char *far = viRangeHeader(4294967296, 9223372036854775807);

    g_assert_cmpstr(first, ==, "Range: bytes=0-0");
    g_assert_cmpstr(far, ==, "Range: bytes=4294967296-9223372036854775807");
}

static void
testParse(void)
{
    static const struct {
        const char *text;
        ViRange range;
    } rows[] = {
        { "bytes 0-1023/4096", { 0, 1023, 4096 } },
        { "Bytes 5-5/6", { 5, 5, 6 } },
        { "bytes 10-20/*", { 10, 20, G_MAXUINT64 } },
        { "bytes 4294967296-4294967299/8589934592", { 4294967296, 4294967299, 8589934592 } },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        ViRange range = { 0 };

        g_assert_true(viRangeParse(rows[i].text, &range));
        g_assert_cmpuint(range.first, ==, rows[i].range.first);
        g_assert_cmpuint(range.last, ==, rows[i].range.last);
        g_assert_cmpuint(range.total, ==, rows[i].range.total);
    }
}

static void
testRefused(void)
{
    static const char *const rows[] = {
        NULL, "", "bytes", "bytes ", "bytes */4096", "bytes 0-1023", "bytes 0-1023/",
        "bytes -1023/4096", "bytes 0-/4096", "bytes 5-4/10", "bytes 0-10/10", "bytes 0-1023/40x",
        "bytes +0-1023/4096", "bytes 0 -1/4", "items 0-1/2",
        "bytes 0-18446744073709551615/18446744073709551615",
        "bytes 0-99999999999999999999/*",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        ViRange range = { .first = 7 };

        g_assert_false(viRangeParse(rows[i], &range));
        g_assert_cmpuint(range.first, ==, 7);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/folder-range/header", testHeader);
    g_test_add_func("/vi/folder-range/parse", testParse);
    g_test_add_func("/vi/folder-range/refused", testRefused);
    return g_test_run();
}
