/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The order of fields. */

#include "soap_cursor.h"

#include "vim_types.h"

static void
testOrder(void)
{
    /* SelectionSpec's field comes before those of its child. */
    static const char *const names[] = { "name", "type", "path", "skip", "selectSet" };
    SoapCursor cursor;
    size_t i;

    soapCursorInit(&cursor, &vimTraversalSpecType);
    for (i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_cmpstr(soapCursorNext(&cursor)->name, ==, names[i]);
    g_assert_null(soapCursorNext(&cursor));
    g_assert_null(soapCursorNext(&cursor));
}

static void
testNoFields(void)
{
    SoapCursor cursor;

    soapCursorInit(&cursor, &vimLogoutResponseType);
    g_assert_null(soapCursorNext(&cursor));
    soapCursorInit(&cursor, &soapUnknownType);
    g_assert_null(soapCursorNext(&cursor));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/soap-cursor/order", testOrder);
    g_test_add_func("/soap-cursor/no-fields", testNoFields);
    return g_test_run();
}
