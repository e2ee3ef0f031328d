/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "inventory_builder.h"

#include <string.h>

static void
testString(void)
{
    g_autoptr(Arena) arena = arenaNew(G_MAXSIZE);
    InventoryBuild build = { .arena = arena };
    char text[] = "naa.1";
    const char *copy = inventoryBuildName(&build, text);

    memset(text, 'x', sizeof(text) - 1);
    g_assert_cmpstr(copy, ==, "naa.1");
    g_assert_cmpstr(inventoryBuildName(&build, ""), ==, "");
    g_assert_null(inventoryBuildName(&build, NULL));
}

static void
testRef(void)
{
    g_autoptr(Arena) arena = arenaNew(G_MAXSIZE);
    InventoryBuild build = { .arena = arena };
    SoapMoRef ref = { "Datastore", "ds-1" };
    const SoapMoRef *copy = inventoryBuildRef(&build, &ref);

    g_assert_true(copy != &ref);
    g_assert_true(copy->value != ref.value);
    g_assert_cmpstr(copy->type, ==, "Datastore");
    g_assert_cmpstr(copy->value, ==, "ds-1");
    g_assert_null(inventoryBuildRef(&build, NULL));
    g_assert_null(inventoryBuildRef(&build, &(SoapMoRef){ "Datastore", NULL }));
    g_assert_null(inventoryBuildRef(&build, &(SoapMoRef){ NULL, "ds-1" }));
}

/* Memory is zeroed; none at all is still a vector to write down. */
static void
testNew(void)
{
    g_autoptr(Arena) arena = arenaNew(G_MAXSIZE);
    InventoryBuild build = { .arena = arena };
    InventoryPool *pools = inventoryBuildNew(&build, InventoryPool, 3);

    g_assert_null(pools[2].name);
    g_assert_cmpuint(pools[2].capacity, ==, 0);
    g_assert_nonnull(inventoryBuildNew(&build, InventoryPool, 0));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/build/string", testString);
    g_test_add_func("/inventory/build/ref", testRef);
    g_test_add_func("/inventory/build/new", testNew);
    return g_test_run();
}
