/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_volume.h"

#include <string.h>

#include "vi_error.h"

static void
add(EsxVolumeList *list, const char *name, const char *alias, guint64 capacity)
{
    EsxVolume volume = { .name = name, .key = name, .path = name, .capacity = capacity };

    g_assert_true(esxVolumeListAdd(list, &volume, alias, NULL));
}

static void
testOrder(void)
{
    g_autoptr(EsxVolumeList) list = esxVolumeListNew(0);

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
    g_autoptr(EsxVolumeList) list = esxVolumeListNew(0);
    char name[] = "name";
    char key[] = "key";
    char path[] = "path";
    char alias[] = "alias";
    EsxVolume volume = {
        .name = name, .key = key, .path = path, .type = 1, .format = 2,
        .capacity = 3, .allocation = 4, .physical = 5,
    };
    const EsxVolume *copy = NULL;

    g_assert_true(esxVolumeListAdd(list, &volume, alias, NULL));
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
    g_autoptr(EsxVolumeList) list = esxVolumeListNew(0);

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
    g_autoptr(EsxVolumeList) list = esxVolumeListNew(0);

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
    g_autoptr(EsxVolumeList) list = esxVolumeListSeal(esxVolumeListNew(0));

    g_assert_cmpuint(esxVolumeListLength(list), ==, 0);
    g_assert_null(esxVolumeListFind(list, ""));
    g_assert_null(esxVolumeListFind(list, "*"));
}

/* What says the same is kept once. */
static void
testShares(void)
{
    g_autoptr(EsxVolumeList) list = esxVolumeListNew(0);
    const char path[] = "[ds] dir/file";
    EsxVolume volume = { .name = path + 5, .key = path, .path = path };
    EsxVolume other = { .name = "x", .key = "y", .path = "[ds] z" };
    const EsxVolume *copy = NULL;

    g_assert_true(esxVolumeListAdd(list, &volume, NULL, NULL));
    g_assert_true(esxVolumeListAdd(list, &other, NULL, NULL));
    copy = esxVolumeListFind(list, "dir/file");
    g_assert_true(copy->key == copy->path);
    g_assert_true(copy->name == copy->path + 5);
    copy = esxVolumeListFind(list, "x");
    g_assert_cmpstr(copy->key, ==, "y");
    g_assert_cmpstr(copy->path, ==, "[ds] z");
}

/* A list takes memory in proportion to what came; what does not fit is an error that says so. */
static void
testCeiling(gconstpointer asAlias)
{
    g_autoptr(EsxVolumeList) list = esxVolumeListNew(1000);
    g_autoptr(GError) error = NULL;
    g_autofree char *longName = g_strnfill(4000, 'x');
    gboolean added = TRUE;
    guint n;

    for (n = 0; n < 2000 && added; n++) {
        g_autofree char *name = g_strdup_printf("%s%u", asAlias ? "" : longName, n);
        g_autofree char *alias = asAlias ? g_strdup_printf("%s%u", longName, n) : NULL;
        EsxVolume volume = { .name = name, .key = name, .path = name };

        added = esxVolumeListAdd(list, &volume, alias, &error);
    }
    g_assert_false(added);
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_nonnull(strstr(error->message, "exceed their memory limit"));
    g_assert_cmpuint(n, >, 50);
    g_assert_cmpuint(n, <, 200);
}

static void
testReferences(void)
{
    EsxVolumeList *list = esxVolumeListNew(0);

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
    g_test_add_func("/esx/volume/shares", testShares);
    g_test_add_data_func("/esx/volume/ceiling", NULL, testCeiling);
    g_test_add_data_func("/esx/volume/ceiling/alias", "alias", testCeiling);
    g_test_add_func("/esx/volume/references", testReferences);
    return g_test_run();
}
