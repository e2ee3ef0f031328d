/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_volume.h"

#include <string.h>

static void
add(EsxVolumeList *list, const char *name, const char *alias, guint64 capacity)
{
    EsxVolume volume = { .name = name, .key = name, .path = name, .capacity = capacity };

    esxVolumeListAdd(list, &volume, alias);
}

static void
testOrder(void)
{
    g_autoptr(EsxVolumeList) list = esxVolumeListNew();

    add(list, "b", NULL, 1);
    add(list, "B", NULL, 2);
    add(list, "a/c", NULL, 3);
    g_assert_true(esxVolumeListSeal(list) == list);
    g_assert_cmpuint(esxVolumeListLength(list), ==, 3);
    g_assert_cmpstr(esxVolumeListAt(list, 0)->name, ==, "B");
    g_assert_cmpstr(esxVolumeListAt(list, 1)->name, ==, "a/c");
    g_assert_cmpstr(esxVolumeListAt(list, 2)->name, ==, "b");
}

/* A volume is copied with all its strings. */
static void
testCopies(void)
{
    g_autoptr(EsxVolumeList) list = esxVolumeListNew();
    char name[] = "name";
    char key[] = "key";
    char path[] = "path";
    char alias[] = "alias";
    EsxVolume volume = {
        .name = name, .key = key, .path = path, .type = 1, .format = 2,
        .capacity = 3, .allocation = 4, .physical = 5,
    };
    const EsxVolume *copy = NULL;

    esxVolumeListAdd(list, &volume, alias);
    memset(name, 'x', 4);
    memset(key, 'x', 3);
    memset(path, 'x', 4);
    memset(alias, 'x', 5);
    volume.capacity = 9;
    copy = esxVolumeListFind(list, "name");
    g_assert_nonnull(copy);
    g_assert_true(esxVolumeListFind(list, "alias") == copy);
    g_assert_cmpstr(copy->key, ==, "key");
    g_assert_cmpstr(copy->path, ==, "path");
    g_assert_cmpint(copy->type, ==, 1);
    g_assert_cmpint(copy->format, ==, 2);
    g_assert_cmpuint(copy->capacity, ==, 3);
    g_assert_cmpuint(copy->allocation, ==, 4);
    g_assert_cmpuint(copy->physical, ==, 5);
}

/* The first of a name counts. */
static void
testTwice(void)
{
    g_autoptr(EsxVolumeList) list = esxVolumeListNew();

    add(list, "a", NULL, 1);
    add(list, "a", "other", 2);
    g_assert_cmpuint(esxVolumeListLength(list), ==, 1);
    g_assert_cmpuint(esxVolumeListFind(list, "a")->capacity, ==, 1);
    g_assert_null(esxVolumeListFind(list, "other"));
}

/* A name beats an alias, whichever came first; of aliases the first counts. */
static void
testAlias(void)
{
    g_autoptr(EsxVolumeList) list = esxVolumeListNew();

    add(list, "a", "c", 1);
    add(list, "b", "c", 2);
    g_assert_cmpuint(esxVolumeListFind(list, "c")->capacity, ==, 1);
    add(list, "c", "a", 3);
    g_assert_cmpuint(esxVolumeListLength(list), ==, 3);
    g_assert_cmpuint(esxVolumeListFind(list, "c")->capacity, ==, 3);
    g_assert_cmpuint(esxVolumeListFind(list, "a")->capacity, ==, 1);
}

static void
testFind(void)
{
    g_autoptr(EsxVolumeList) list = esxVolumeListSeal(esxVolumeListNew());

    g_assert_cmpuint(esxVolumeListLength(list), ==, 0);
    g_assert_null(esxVolumeListFind(list, ""));
    g_assert_null(esxVolumeListFind(list, "*"));
}

static void
testReferences(void)
{
    EsxVolumeList *list = esxVolumeListNew();

    add(list, "a", NULL, 1);
    g_assert_true(esxVolumeListRef(list) == list);
    esxVolumeListUnref(list);
    g_assert_cmpstr(esxVolumeListAt(list, 0)->name, ==, "a");
    esxVolumeListUnref(list);
    esxVolumeListUnref(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esx/volume/order", testOrder);
    g_test_add_func("/esx/volume/copies", testCopies);
    g_test_add_func("/esx/volume/twice", testTwice);
    g_test_add_func("/esx/volume/alias", testAlias);
    g_test_add_func("/esx/volume/find", testFind);
    g_test_add_func("/esx/volume/references", testReferences);
    return g_test_run();
}
