/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_vmfs_claim.h"

static const SoapMoRef first = { "Datastore", "ds-1" };
static const SoapMoRef second = { "Datastore", "ds-2" };

static InventoryDatastore
store(const SoapMoRef *ref, const char *mountPath, const char *url, InventoryFs fs)
{
    return (InventoryDatastore) {
        .ref = ref, .name = "ds", .mountPath = mountPath, .url = url, .fs = fs,
    };
}

/* Whether both names are of one file. */
static gboolean
isSame(const InventoryDatastore *a, const char *name, const InventoryDatastore *b,
       const char *other)
{
    const InventoryPool pools[] = {
        { .name = "ds (DC1)", .datastore = a }, { .name = "ds (DC2)", .datastore = b },
    };
    g_autofree char *path = NULL;
    g_autofree char *otherPath = NULL;
    g_autofree char *one = NULL;
    g_autofree char *two = NULL;

    esxVmfsClaimKey(&pools[0], name, &one, &path);
    esxVmfsClaimKey(&pools[1], other, &two, &otherPath);
    return g_str_equal(one, two);
}

static void
testNames(void)
{
    const InventoryDatastore vmfs = store(&first, "/vmfs/volumes/1", NULL, INVENTORY_FS_VMFS);
    const InventoryDatastore cifs = store(&first, "/vmfs/volumes/2", NULL, INVENTORY_FS_CIFS);

    g_assert_true(isSame(&vmfs, "a/b.vmdk", &vmfs, "a/b.vmdk"));
    g_assert_false(isSame(&vmfs, "a/b.vmdk", &vmfs, "a/c.vmdk"));
    g_assert_false(isSame(&vmfs, "a/b.vmdk", &vmfs, "a/B.vmdk"));
    g_assert_true(isSame(&cifs, "a/b.vmdk", &cifs, "A/B.VMDK"));
}

static void
testDatastores(void)
{
    const InventoryDatastore host = store(&first, "/vmfs/volumes/1", NULL, INVENTORY_FS_VMFS);
    const InventoryDatastore center = store(&second, NULL, "ds:///vmfs/volumes/1/",
                                            INVENTORY_FS_VMFS);
    const InventoryDatastore other = store(&first, "/vmfs/volumes/2", NULL, INVENTORY_FS_VMFS);
    const InventoryDatastore nameless = store(&first, NULL, NULL, INVENTORY_FS_OTHER);
    const InventoryDatastore another = store(&second, NULL, NULL, INVENTORY_FS_OTHER);

    g_assert_true(isSame(&host, "a", &center, "a"));
    g_assert_false(isSame(&host, "a", &other, "a"));
    g_assert_true(isSame(&nameless, "a", &nameless, "a"));
    g_assert_false(isSame(&nameless, "a", &another, "a"));
}

/* Messages have the name of the datastore, as on the server. */
static void
testPath(void)
{
    const InventoryDatastore host = store(&first, "/vmfs/volumes/1", NULL, INVENTORY_FS_VMFS);
    const InventoryPool pool = { .name = "ds (DC1)", .datastore = &host };
    g_autofree char *key = NULL;
    g_autofree char *path = NULL;

    esxVmfsClaimKey(&pool, "vm/a.vmdk", &key, &path);
    g_assert_cmpstr(path, ==, "[ds] vm/a.vmdk");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esx/vmfs-claim/names", testNames);
    g_test_add_func("/esx/vmfs-claim/datastores", testDatastores);
    g_test_add_func("/esx/vmfs-claim/path", testPath);
    return g_test_run();
}
