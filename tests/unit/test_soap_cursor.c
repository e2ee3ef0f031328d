/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The order of fields, and lookups in and out of it. */

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
    g_assert_null(soapCursorFind(&cursor, "returnval"));
    soapCursorInit(&cursor, &soapUnknownType);
    g_assert_null(soapCursorFind(&cursor, "x"));
}

static void
testFind(void)
{
    SoapCursor cursor;
    const SoapField *name;

    soapCursorInit(&cursor, &vimNasDatastoreInfoType);
    name = soapCursorFind(&cursor, "name");
    g_assert_cmpstr(name->name, ==, "name");
    /* again: the next item of an array */
    g_assert_true(soapCursorFind(&cursor, "name") == name);
    g_assert_cmpstr(soapCursorFind(&cursor, "nas")->name, ==, "nas");
    /* backwards */
    g_assert_cmpstr(soapCursorFind(&cursor, "url")->name, ==, "url");
    g_assert_null(soapCursorFind(&cursor, "unknown"));
    g_assert_null(soapCursorFind(&cursor, ""));
    g_assert_null(soapCursorFind(&cursor, "na"));
    /* and a miss moves nothing */
    g_assert_cmpstr(soapCursorNext(&cursor)->name, ==, "url");
    g_assert_cmpstr(soapCursorNext(&cursor)->name, ==, "freeSpace");
}

/* Every field of every type is found from the start and from the end. */
static void
testFindAll(void)
{
    size_t i;

    for (i = 0; i < vimTypesCount; i++) {
        SoapCursor all;
        SoapCursor cursor;
        const SoapField *field;

        soapCursorInit(&all, vimTypes[i]);
        while ((field = soapCursorNext(&all))) {
            soapCursorInit(&cursor, vimTypes[i]);
            g_assert_true(soapCursorFind(&cursor, field->name) == field);
            while (soapCursorNext(&cursor))
                continue;
            g_assert_true(soapCursorFind(&cursor, field->name) == field);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/soap-cursor/order", testOrder);
    g_test_add_func("/soap-cursor/no-fields", testNoFields);
    g_test_add_func("/soap-cursor/find", testFind);
    g_test_add_func("/soap-cursor/find-all", testFindAll);
    return g_test_run();
}
