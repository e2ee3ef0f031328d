/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What the table of backends promises the facade. */

#include "esx_storage_backend_iscsi.h"
#include "esx_storage_backend_vmfs.h"

static const InventoryDatastore vmfs = { .fs = INVENTORY_FS_VMFS, .nextents = 1, .fsType = "VMFS" };
static const InventoryDatastore nfs = {
    .fs = INVENTORY_FS_NFS, .remoteHost = "nas", .remotePath = "/export", .fsType = "NFS",
};
static const InventoryDatastore vsan = { .fs = INVENTORY_FS_OTHER, .fsType = "vsan" };
static const InventoryTarget target = { .iqn = "iqn.2026-11.example:a" };

static void
testWhichBackend(void)
{
    const struct {
        InventoryPool pool;
        const EsxStorageBackend *backend;
        virStoragePoolType type;
        unsigned int flag;
    } cases[] = {
        { { .datastore = &vmfs }, &esxStorageBackendVmfs, VIR_STORAGE_POOL_FS,
          VIR_CONNECT_LIST_STORAGE_POOLS_FS },
        { { .datastore = &nfs }, &esxStorageBackendVmfs, VIR_STORAGE_POOL_NETFS,
          VIR_CONNECT_LIST_STORAGE_POOLS_NETFS },
        { { .datastore = &vsan }, &esxStorageBackendVmfs, VIR_STORAGE_POOL_DIR,
          VIR_CONNECT_LIST_STORAGE_POOLS_DIR },
        { { .target = &target }, &esxStorageBackendIscsi, VIR_STORAGE_POOL_ISCSI,
          VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        const EsxStorageBackend *backend = esxStorageBackendFor(&cases[i].pool);

        g_assert_true(backend == cases[i].backend);
        g_assert_cmpint(backend->poolType(&cases[i].pool), ==, cases[i].type);
        g_assert_cmpuint(esxStorageBackendListFlag(&cases[i].pool), ==, cases[i].flag);
    }
}

/* One without a reason not to has all verbs that change a volume, and what these need. */
static void
testWhole(void)
{
    const EsxStorageBackend *const *backend;

    for (backend = esxStorageBackends(); *backend; backend++) {
        const bool changes = !(*backend)->readOnlyReason;

        g_assert_true((*backend)->owns && (*backend)->poolType);
        g_assert_true((*backend)->poolDescribe && (*backend)->poolRefresh && (*backend)->volumes);
        g_assert_true((*backend)->volumeSplit || (*backend)->volumeLookup);
        g_assert_cmpuint((*backend)->types[0].listFlag, !=, 0);
        g_assert_true(changes == ((*backend)->volumeCreate != NULL));
        g_assert_true(changes == ((*backend)->volumeClone != NULL));
        g_assert_true(changes == ((*backend)->volumeResize != NULL));
        g_assert_true(changes == ((*backend)->volumeWipe != NULL));
        g_assert_true(changes == ((*backend)->volumeDelete != NULL));
        g_assert_true(changes == ((*backend)->claimKey != NULL));
        g_assert_true(changes == ((*backend)->volumeKey != NULL));
        g_assert_true(changes == ((*backend)->volumeCheckNew != NULL));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/storage-backend/which", testWhichBackend);
    g_test_add_func("/storage-backend/whole", testWhole);

    return g_test_run();
}
