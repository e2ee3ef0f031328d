/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "inventory_fixture.h"

#include "base_names.h"

/* Every pool is found by its name, its UUID and (the first of many) its target path. LUNs too. */
static void
assertIndexes(const InventorySnapshot *snapshot)
{
    size_t n = 0;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);
    size_t i, j;

    for (i = 0; i < n; i++) {
        const InventoryPool *pool = pools[i];

        g_assert_true(!pool->datastore != !pool->target);
        g_assert_true(inventoryPoolByName(snapshot, pool->name) == pool);
        g_assert_true(inventoryPoolByUuid(snapshot, pool->uuid) == pool);
        if (pool->targetPath)
            g_assert_cmpstr(inventoryPoolByTargetPath(snapshot, pool->targetPath)->targetPath, ==,
                            pool->targetPath);
        for (j = 0; pool->target && j < pool->target->nluns; j++) {
            const InventoryLun *lun = pool->target->luns[j];

            g_assert_true(inventoryLunByKey(snapshot, lun->key) == lun);
            g_assert_true(inventoryLunByPath(snapshot, lun->name) == lun);
            g_assert_true(inventoryLunByPath(snapshot, lun->devicePath) == lun);
            if (lun->canonicalName)
                g_assert_true(inventoryLunByPath(snapshot, lun->canonicalName) == lun);
            g_assert_nonnull(lun->pool);
        }
    }
}

/* Datastores first, each kind by name. */
static void
assertOrder(const InventorySnapshot *snapshot)
{
    size_t n = 0;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);
    size_t i;

    for (i = 1; i < n; i++) {
        if (pools[i - 1]->target)
            g_assert_nonnull(pools[i]->target);
        if (!pools[i - 1]->target == !pools[i]->target)
            g_assert_cmpstr(pools[i - 1]->name, <, pools[i]->name);
    }
}

static guint
count(const InventorySnapshot *snapshot, gboolean targets)
{
    size_t n = 0;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);
    guint found = 0;
    size_t i;

    for (i = 0; i < n; i++)
        found += !pools[i]->target == !targets ? 1 : 0;
    return found;
}

/* The realistic host: 14 datastores, and every distinct IQN of its six adapters. */
static void
testDefaultWorld(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshotOf("updates-default.xml");

    assertIndexes(snapshot);
    assertOrder(snapshot);
    g_assert_cmpuint(count(snapshot, FALSE), ==, 14);
    g_assert_cmpuint(count(snapshot, TRUE), ==, 16);
    g_assert_nonnull(inventorySnapshotHostName(snapshot));
}

/* One target behind two portals of one adapter and one of another, one LUN through all of them. */
static void
testSameIqn(void)
{
    static const char name[] = "iqn.2026-01.org.example:target-0000";
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshotOf("updates-same-iqn.xml");
    const InventoryTarget *target = fixturePool(snapshot, name)->target;
    guint shared = 0;
    size_t i;

    assertIndexes(snapshot);
    g_assert_cmpuint(count(snapshot, TRUE), ==, 3);
    g_assert_cmpuint(target->nportals, ==, 2);
    g_assert_cmpuint(target->nadapters, ==, 2);
    for (i = 0; i < target->nluns; i++)
        shared += target->luns[i]->pool == fixturePool(snapshot, name) ? 1 : 0;
    g_assert_cmpuint(target->nluns, ==, 2);
    g_assert_cmpuint(shared, ==, 2);
}

/* A host without scsiTopology has its LUNs all the same. */
static void
testNoTopology(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshotOf("updates-no-topology.xml");
    size_t n = 0;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);
    guint luns = 0;
    size_t i;

    assertIndexes(snapshot);
    for (i = 0; i < n; i++)
        luns += pools[i]->target ? (guint)pools[i]->target->nluns : 0;
    g_assert_cmpuint(luns, >, 0);
}

static void
testEmpty(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot("", NULL);
    const guint8 uuid[16] = { 0 };
    size_t n = 7;

    g_assert_nonnull(inventorySnapshotPools(snapshot, &n));
    g_assert_cmpuint(n, ==, 0);
    g_assert_null(inventoryPoolByName(snapshot, ""));
    g_assert_null(inventoryPoolByUuid(snapshot, uuid));
    g_assert_null(inventoryPoolByTargetPath(snapshot, "/vmfs/devices/disks"));
    g_assert_null(inventoryLunByKey(snapshot, ""));
    g_assert_null(inventoryLunByPath(snapshot, ""));
    g_assert_null(inventorySnapshotHostName(snapshot));
}

/* Names are compared byte by byte. */
static void
testLookups(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        VMFS("d1", "Data", MOUNTS(MOUNT("h", IN("path", "/vmfs/volumes/1"))))
        VMFS("d2", "data", ""), NULL);
    const InventoryPool *pool = inventoryPoolByName(snapshot, "Data");
    guint8 uuid[16];

    g_assert_cmpstr(pool->datastore->ref->value, ==, "d1");
    g_assert_cmpstr(fixturePool(snapshot, "data")->datastore->ref->value, ==, "d2");
    g_assert_null(inventoryPoolByName(snapshot, "DATA"));
    g_assert_null(inventoryPoolByName(snapshot, "Data "));
    g_assert_true(inventoryPoolByTargetPath(snapshot, "/vmfs/volumes/1") == pool);
    nameHashUuid("/vmfs/volumes/1", uuid);
    g_assert_true(inventoryPoolByUuid(snapshot, uuid) == pool);
    uuid[15] ^= 1;
    g_assert_null(inventoryPoolByUuid(snapshot, uuid));
}

#define TARGETS(iqn) \
    ENTER("HostSystem", "h1", SET("config.storageDevice.hostBusAdapter", \
          ARRAY("HostHostBusAdapter", AS("HostHostBusAdapter", "HostInternetScsiHba", \
                IN("configuredStaticTarget", IN("address", "10.0.0.1") IN("iScsiName", iqn))))))

/* Names nobody would give, but somebody may: each pool is found by one of its own. */
static void
testNamesCollide(void)
{
    g_autoptr(InventorySnapshot) target = fixtureSnapshot(
        TARGETS("iqn.a") VMFS("d1", "iqn.a", ""), NULL);
    g_autoptr(InventorySnapshot) made = fixtureSnapshot(
        VMFS("d1", "x", "") VMFS("d2", "x", "")
        VMFS("d3", "x (d1)", ""), NULL);

    g_assert_nonnull(fixturePool(target, "iqn.a")->target);
    g_assert_nonnull(fixturePool(target, "iqn.a (d1)")->datastore);
    assertIndexes(target);
    g_assert_cmpstr(fixturePool(made, "x (d1)")->datastore->ref->value, ==, "d1");
    g_assert_cmpstr(fixturePool(made, "x (d2)")->datastore->ref->value, ==, "d2");
    g_assert_cmpstr(fixturePool(made, "x (d1) (d3)")->datastore->ref->value, ==, "d3");
}

/* The host's name where there is one host, and it has one. */
static void
testHostName(void)
{
    g_autoptr(InventorySnapshot) one = fixtureSnapshot(
        ENTER("HostSystem", "h1", SET("name", TEXT("esx1.example.com"))), NULL);
    g_autoptr(InventorySnapshot) two = fixtureSnapshot(
        ENTER("HostSystem", "h1", SET("name", TEXT("a")))
        ENTER("HostSystem", "h2", SET("name", TEXT("b"))), NULL);
    g_autoptr(InventorySnapshot) nameless = fixtureSnapshot(ENTER("HostSystem", "h1", ""), NULL);

    g_assert_cmpstr(inventorySnapshotHostName(one), ==, "esx1.example.com");
    g_assert_null(inventorySnapshotHostName(two));
    g_assert_null(inventorySnapshotHostName(nameless));
}

/* A snapshot has copies of all it shows: nothing of the replies is needed any more. */
static void
testOutlivesStore(void)
{
    InventoryStore *store = inventoryStoreNew(inventoryKindIsAlone);
    InventorySnapshot *snapshot = NULL;

    fixtureApply(store, VMFS("d1", "ds", ""));
    snapshot = inventorySnapshotBuild(store, NULL, NULL /* error */);
    inventoryStoreFree(store);
    g_assert_cmpstr(fixturePool(snapshot, "ds")->datastore->url, ==, "ds:///vmfs/volumes/ds/");
    inventorySnapshotRef(snapshot);
    inventorySnapshotUnref(snapshot);
    g_assert_nonnull(inventoryPoolByName(snapshot, "ds"));
    inventorySnapshotUnref(snapshot);
    inventorySnapshotUnref(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/snapshot/default-world", testDefaultWorld);
    g_test_add_func("/inventory/snapshot/same-iqn", testSameIqn);
    g_test_add_func("/inventory/snapshot/no-topology", testNoTopology);
    g_test_add_func("/inventory/snapshot/empty", testEmpty);
    g_test_add_func("/inventory/snapshot/lookups", testLookups);
    g_test_add_func("/inventory/snapshot/names-collide", testNamesCollide);
    g_test_add_func("/inventory/snapshot/host-name", testHostName);
    g_test_add_func("/inventory/snapshot/outlives-store", testOutlivesStore);
    return g_test_run();
}
