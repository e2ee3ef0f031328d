/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * The table of URI parameters: what each row has to have. With --print it is written out, one row a
 * line, for tests/python/test_uri_table.py.
 */

#include "esx_uri_table.h"

#include <string.h>

static const char *
guestName(EsxUriGuest guest)
{
    switch (guest) {
    case ESX_URI_GUEST_MAY:
        return "allowed";
    case ESX_URI_GUEST_MAY_NOT:
        return "refused";
    case ESX_URI_GUEST_AT_MOST:
        return "at most";
    case ESX_URI_GUEST_AT_LEAST:
        return "at least";
    }
    g_assert_not_reached();
}

/* Name, what a client may set that may not choose, unit, range and default as they are kept. */
static void
printTable(void)
{
    EsxUriId id;

    for (id = 0; id < N_ESX_URI; id++) {
        const EsxUriRow *row = &esxUriTable[id];

        g_print("%s|%s|%u|%u|%u|%u\n", row->name, guestName(row->guest), row->unit, row->minimum,
                row->maximum, row->standard);
    }
}

static void
testRowsAreWhole(void)
{
    EsxUriId id;
    EsxUriId other;

    for (id = 0; id < N_ESX_URI; id++) {
        const EsxUriRow *row = &esxUriTable[id];

        g_assert_nonnull(row->name);
        g_assert_nonnull(row->set);
        for (other = 0; other < id; other++)
            g_assert_cmpstr(row->name, !=, esxUriTable[other].name);
        if (row->isKey)
            g_assert_cmpuint(row->offset, >, 0);
        if (row->isForeign)
            g_assert_cmpuint(row->offset, ==, 0);
    }
}

static void
testNumbersHaveARange(void)
{
    EsxUriId id;

    for (id = 0; id < N_ESX_URI; id++) {
        const EsxUriRow *row = &esxUriTable[id];
        const gboolean isBounded = row->guest == ESX_URI_GUEST_AT_MOST ||
                                   row->guest == ESX_URI_GUEST_AT_LEAST;

        if (row->unit == 0) {
            g_assert_false(isBounded);
            continue;
        }
        g_assert_true(isBounded);
        g_assert_cmpuint(row->offset, >, 0);
        g_assert_cmpuint(row->minimum, <=, row->standard);
        g_assert_cmpuint(row->standard, <=, row->maximum);
    }
}

/* No two parameters share a field, so that none can take another's value, or free it twice. */
static void
testFieldsAreApart(void)
{
    EsxUriId id;
    EsxUriId other;

    for (id = 0; id < N_ESX_URI; id++) {
        for (other = 0; other < id && esxUriTable[id].offset > 0; other++)
            g_assert_cmpuint(esxUriTable[id].offset, !=, esxUriTable[other].offset);
    }
}

int
main(int argc, char **argv)
{
    if (argc == 2 && g_str_equal(argv[1], "--print")) {
        printTable();
        return 0;
    }
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/uri-table/rows-are-whole", testRowsAreWhole);
    g_test_add_func("/uri-table/numbers-have-a-range", testNumbersHaveARange);
    g_test_add_func("/uri-table/fields-are-apart", testFieldsAreApart);

    return g_test_run();
}
