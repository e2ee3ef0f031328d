/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Names that are too long, and more of everything than may be kept: see base_limits.h. */

#include <string.h>

#include "base_limits.h"
#include "inventory_fixture.h"

#define DATACENTER(value, name, datastores) \
    ENTER("Datacenter", value, SET("name", TEXT(name)) SET("parent", REF("Folder", "root")) \
          SET("datastore", ARRAY("ManagedObjectReference", datastores)))
#define NAMED(name) \
    SET("summary", STRUCT("DatastoreSummary", IN("name", name) IN("capacity", "1000") \
        IN("freeSpace", "400") IN("accessible", "true") IN("type", "VMFS")))
#define DS(value, name, more) ENTER("Datastore", value, NAMED(name) more)
#define ROOT ENTER("Folder", "root", SET("name", TEXT("Datacenters")))

/* Returns: (transfer full): a text of @length bytes. */
static char *
textOf(size_t length)
{
    return g_strnfill(length, 'n');
}

static size_t
countPools(const InventorySnapshot *snapshot)
{
    size_t n = 0;

    g_assert_nonnull(snapshot);
    inventorySnapshotPools(snapshot, &n);
    return n;
}

static void
assertLeftOut(const InventorySnapshot *snapshot, guint count, const char *reason)
{
    const LeftOut *out = inventorySnapshotLeftOut(snapshot);

    g_assert_cmpuint(out->count, ==, count);
    g_assert_nonnull(strstr(out->reason, reason));
    g_assert_cmpuint(strlen(out->sample), >, 3);
}

/* ---- datastores ------------------------------------------------------------------------------ */

static void
testDatastoreName(void)
{
    g_autofree char *fits = textOf(LIMIT_NAME_BYTES);
    g_autofree char *tooLong = textOf(LIMIT_NAME_BYTES + 1);
    g_autofree char *objects = g_strdup_printf(
        DS("d1", "%s", "") DS("d2", "%s", "") DS("d3", "good", ""), fits, tooLong);
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(objects, NULL);

    g_assert_cmpuint(countPools(snapshot), ==, 2);
    fixturePool(snapshot, "good");
    fixturePool(snapshot, fits);
    assertLeftOut(snapshot, 1, "a datastore whose name is too long");
}

/* What a datastore can live without counts as not set. */
static void
testDatastoreTexts(void)
{
    g_autofree char *name = textOf(LIMIT_NAME_BYTES + 1);
    g_autofree char *path = textOf(LIMIT_DATASTORE_PATH + 1);
    g_autofree char *objects = g_strdup_printf(
        ENTER("Datastore", "d1", SET("summary", STRUCT("DatastoreSummary", IN("name", "ds")
              IN("capacity", "1") IN("url", "ds:///%s") IN("accessible", "true") IN("type", "%s")))
              MOUNTS(MOUNT("h1", IN("path", "/%s")))
              SET("info", STRUCT("NasDatastoreInfo", IN("nas", IN("remoteHost", "%s")
                                                       IN("remotePath", "/%s"))))),
        path, name, path, name, path);
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(objects, NULL);
    const InventoryPool *pool = fixturePool(snapshot, "ds");
    const InventoryDatastore *datastore = pool->datastore;

    g_assert_null(datastore->url);
    g_assert_null(datastore->mountPath);
    g_assert_null(datastore->remoteHost);
    g_assert_null(datastore->remotePath);
    g_assert_null(pool->targetPath);
    g_assert_cmpstr(datastore->fsType, ==, "OTHER");
    g_assert_cmpuint(inventorySnapshotLeftOut(snapshot)->count, ==, 0);
}

static void
testExtents(void)
{
    g_autofree char *name = textOf(LIMIT_NAME_BYTES + 1);
    g_autofree char *objects = g_strdup_printf(
        DS("d1", "ds", SET("info", STRUCT("VmfsDatastoreInfo", IN("vmfs",
            IN("extent", IN("diskName", "%s") IN("partition", "1"))
            IN("extent", IN("diskName", "naa.1") IN("partition", "2")))))), name);
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(objects, NULL);
    const InventoryDatastore *datastore = fixturePool(snapshot, "ds")->datastore;

    g_assert_cmpuint(datastore->nextents, ==, 1);
    g_assert_cmpstr(datastore->extents[0].disk, ==, "naa.1");
    g_assert_cmpint(datastore->extents[0].partition, ==, 2);
}

/*
 * 1,000 datastores of one name in a datacenter whose name is nearly 1 MiB: it is in no pool's name,
 * and the datastores of other datacenters are there.
 */
static void
testDatacenterName(gconstpointer size)
{
    g_autofree char *name = textOf(GPOINTER_TO_SIZE(size));
    g_autoptr(GString) objects = g_string_new(ROOT);
    g_autoptr(GString) refs = g_string_new(NULL);
    g_autoptr(InventorySnapshot) snapshot = NULL;
    guint i;

    for (i = 0; i < 1000; i++) {
        g_string_append_printf(objects, DS("datastore-%u", "same", ""), i);
        g_string_append_printf(refs, REF_ITEM("Datastore", "datastore-%u"), i);
    }
    g_string_append_printf(objects, DATACENTER("dc1", "%s", "%s"), name, refs->str);
    g_string_append(objects, DS("other", "good", "")
                    DATACENTER("dc2", "Berlin", REF_ITEM("Datastore", "other")));
    snapshot = fixtureSnapshot(objects->str, NULL);

    g_assert_cmpstr(fixturePool(snapshot, "good")->datastore->datacenterPath, ==, "Berlin");
    if (GPOINTER_TO_SIZE(size) > LIMIT_NAME_BYTES) {
        g_assert_cmpuint(countPools(snapshot), ==, 1);
        assertLeftOut(snapshot, 1000, "datacenter has a path that is too long");
    } else {
        /* The reference is shorter, and as good. */
        g_assert_cmpuint(countPools(snapshot), ==, 1001);
        fixturePool(snapshot, "same (datastore-7)");
    }
}

/* A name that cannot be made unique in what is left of its length. */
static void
testCannotBeUnique(void)
{
    g_autofree char *name = textOf(LIMIT_NAME_BYTES - 2);
    g_autofree char *objects = g_strdup_printf(
        DS("d1", "%s", "") DS("d2", "%s", "") DS("d3", "good", ""), name, name);
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(objects, NULL);

    g_assert_cmpuint(countPools(snapshot), ==, 1);
    assertLeftOut(snapshot, 2, "too long to be made unique");
}

/* Each datastore is called as the one before would be called to be unique. */
static void
testChain(void)
{
    g_autoptr(GString) objects = g_string_new(NULL);
    g_autoptr(GString) name = g_string_new("a");
    g_autoptr(InventorySnapshot) snapshot = NULL;
    guint i;

    /* A target keeps its name, so that the last datastore has to look for one. */
    g_string_append(objects, ENTER("HostSystem", "h1",
        SET("config.storageDevice.hostBusAdapter", ARRAY("HostHostBusAdapter",
            ITEM("HostHostBusAdapter", "HostInternetScsiHba", IN("device", "v")
                 IN("configuredStaticTarget", IN("address", "x") IN("iScsiName", "a")))))));
    for (i = 0; i < 300; i++) {
        g_string_append_printf(objects, DS("d%u", "%s", ""), 1000 + i, name->str);
        g_string_append(name, " (z)");
    }
    g_string_append(objects, DS("z", "a", ""));
    snapshot = fixtureSnapshot(objects->str, NULL);
    g_assert_cmpuint(inventorySnapshotLeftOut(snapshot)->count, <, 60);
    g_assert_cmpuint(countPools(snapshot), >, 240);
}

/* ---- iSCSI ----------------------------------------------------------------------------------- */

#define HBA(device, iqn, targets) \
    ITEM("HostHostBusAdapter", "HostInternetScsiHba", IN("device", device) \
         IN("iScsiName", iqn) targets)
#define TARGET(iqn, address) \
    IN("configuredStaticTarget", IN("address", address) IN("port", "3260") IN("iScsiName", iqn))
#define ADAPTERS(items) \
    SET("config.storageDevice.hostBusAdapter", ARRAY("HostHostBusAdapter", items))
#define LUNS(items) SET("config.storageDevice.scsiLun", ARRAY("ScsiLun", items))
#define DISK(key, name, uuid, more) \
    ITEM("ScsiLun", "HostScsiDisk", IN("key", key) IN("deviceName", name) IN("uuid", uuid) more)
#define TOPOLOGY(targets) \
    SET("config.storageDevice.scsiTopology", STRUCT("HostScsiTopology", \
        IN("adapter", IN("key", "k") targets)))
#define BEHIND(iqn, luns) \
    IN("target", luns \
       AS("transport", "HostInternetScsiTargetTransport", IN("iScsiName", iqn)))
#define LUN(key) IN("lun", IN("scsiLun", key))

static void
testTargetTexts(void)
{
    g_autofree char *name = textOf(LIMIT_NAME_BYTES + 1);
    g_autofree char *objects = g_strdup_printf(
        ENTER("HostSystem", "h1", SET("name", TEXT("%s")) ADAPTERS(
            HBA("v1", "%s", TARGET("%s", "10.0.0.1") TARGET("iqn.a", "10.0.0.1"))
            HBA("%s", "iqn.h", TARGET("iqn.a", "%s") TARGET("iqn.a", "10.0.0.2")))),
        name, name, name, name, name);
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(objects, NULL);
    const InventoryTarget *target = fixturePool(snapshot, "iqn.a")->target;

    g_assert_cmpuint(countPools(snapshot), ==, 1);
    g_assert_null(inventorySnapshotHostName(snapshot));
    g_assert_cmpuint(target->nportals, ==, 2);
    g_assert_cmpuint(target->nadapters, ==, 1);
    g_assert_cmpstr(target->adapters[0].device, ==, "v1");
    g_assert_null(target->adapters[0].iqn);
    /* The target, an adapter and a portal. */
    assertLeftOut(snapshot, 3, "an iSCSI target whose name is too long");
}

static void
testLunTexts(void)
{
    g_autofree char *name = textOf(LIMIT_NAME_BYTES + 1);
    g_autofree char *path = textOf(LIMIT_DATASTORE_PATH + 1);
    g_autofree char *objects = g_strdup_printf(
        ENTER("HostSystem", "h1", ADAPTERS(HBA("v1", "iqn.h", TARGET("iqn.a", "10.0.0.1")))
              LUNS(DISK("1", "%s", "u1", "") DISK("2", "lun2", "%s", "")
                   DISK("3", "lun3", "u3", IN("canonicalName", "%s") IN("devicePath", "%s")))
              TOPOLOGY(BEHIND("iqn.a", LUN("1") LUN("2") LUN("3")))), name, name, name, path);
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(objects, NULL);
    const InventoryTarget *target = fixturePool(snapshot, "iqn.a")->target;

    g_assert_cmpuint(target->nluns, ==, 1);
    g_assert_cmpstr(target->luns[0]->name, ==, "lun3");
    g_assert_null(target->luns[0]->canonicalName);
    g_assert_cmpstr(target->luns[0]->devicePath, ==, "lun3");
    assertLeftOut(snapshot, 2, "a LUN whose name is too long");
}

/* Many portals and adapters of one target, each of them twice: quadratic it takes minutes. */
static void
testManyPortals(void)
{
    g_autoptr(GString) objects = g_string_new("<objectSet><kind>enter</kind>"
        "<obj type=\"HostSystem\">h1</obj><changeSet><name>config.storageDevice.hostBusAdapter"
        "</name><op>assign</op><val xsi:type=\"ArrayOfHostHostBusAdapter\">");
    g_autoptr(InventorySnapshot) snapshot = NULL;
    const InventoryTarget *target = NULL;
    guint i;

    for (i = 0; i < 100000; i++)
        g_string_append_printf(objects, HBA("v%u", "iqn.h", TARGET("iqn.a", "p%u")), i / 2, i / 2);
    g_string_append(objects, "</val></changeSet></objectSet>");
    snapshot = fixtureSnapshot(objects->str, NULL);
    target = fixturePool(snapshot, "iqn.a")->target;
    g_assert_cmpuint(target->nportals, ==, 50000);
    g_assert_cmpuint(target->nadapters, ==, 50000);
    g_assert_cmpstr(target->adapters[49999].device, ==, "v49999");
}

/* An initiator's long name is in the snapshot once, however many targets it has. */
static void
testManyTargets(void)
{
    g_autofree char *iqn = textOf(LIMIT_NAME_BYTES);
    g_autoptr(GString) targets = g_string_new(NULL);
    g_autofree char *objects = NULL;
    g_autoptr(InventorySnapshot) snapshot = NULL;
    guint i;

    for (i = 0; i < 10000; i++)
        g_string_append_printf(targets, TARGET("iqn.%u", "p"), i);
    objects = g_strdup_printf(ENTER("HostSystem", "h1", ADAPTERS(HBA("v1", "%s", "%s"))), iqn,
                              targets->str);
    snapshot = fixtureSnapshot(objects, NULL);
    g_assert_cmpuint(countPools(snapshot), ==, 10000);
    g_assert_true(fixturePool(snapshot, "iqn.1")->target->adapters[0].iqn ==
                  fixturePool(snapshot, "iqn.9")->target->adapters[0].iqn);
}

/* ---- the store ------------------------------------------------------------------------------- */

static void
testReference(void)
{
    g_autofree char *name = textOf(LIMIT_NAME_BYTES + 1);
    g_autofree char *objects = g_strdup_printf(
        DS("%s", "bad", "") LEAVE("Datastore", "%s") DS("d1", "good", ""), name, name);
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(objects, NULL);

    g_assert_cmpuint(countPools(snapshot), ==, 1);
    assertLeftOut(snapshot, 2, "an object whose reference is too long");
}

/* An object has so many properties and no more; a name that is too long is none. */
static void
testProperties(void)
{
    g_autofree char *name = textOf(LIMIT_NAME_BYTES + 1);
    g_autoptr(GString) changes = g_string_new(NULL);
    g_autofree char *fits = NULL;
    g_autofree char *tooMany = NULL;
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    guint i;

    g_string_append_printf(changes, SET("%s", TEXT("x")), name);
    for (i = 0; i < LIMIT_OBJECT_PROPERTIES; i++)
        g_string_append_printf(changes, SET("p%u", TEXT("x")), i);
    fits = g_strdup_printf(ENTER("Folder", "f", "%s"), changes->str);
    tooMany = g_strdup_printf(ENTER("Folder", "f", "%s"), SET("more", TEXT("x")));
    fixtureApply(store, fits);
    fixtureApply(store, fits);
    fixtureApplyFails(store, tooMany, VI_ERROR_PROTOCOL);
}

/* A reply that takes @size bytes, of which one value is kept. */
static gboolean
applyLarge(InventoryStore *store, guint number, size_t size, GError **error)
{
    g_autofree char *object = g_strdup_printf(
        ENTER("Folder", "f%u", SET("name", TEXT("x"))), number);
    g_autofree char *bytes = fixtureUpdateEnvelope("1", FALSE, object);
    VimUpdateSet *updates = NULL;
    SoapReply *reply = fixtureUpdates(bytes, &updates);

    arenaRaise(reply->arena, size + 100000);
    g_assert_nonnull(arenaAlloc(reply->arena, size));
    return inventoryStoreApply(store, updates, reply, error);
}

/*
 * Replies are held as long as one of their values is the latest. When they come to too much in a
 * store that was read long ago, everything is to be read again; in a new one it is an error.
 */
static void
testHeld(gconstpointer isOld)
{
    const size_t size = LIMIT_INVENTORY_BYTES / 4;
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    g_autoptr(GError) error = NULL;
    guint i;

    if (isOld)
        inventoryStoreSettle(store);
    /* What has been replaced is not held any more. */
    for (i = 0; i < 8; i++)
        g_assert_true(applyLarge(store, 0, size, NULL));
    g_assert_true(applyLarge(store, 1, size, NULL));
    g_assert_true(applyLarge(store, 2, size, NULL));
    g_assert_false(applyLarge(store, 3, size, &error));
    g_assert_true(error->domain == VI_ERROR);
    g_assert_cmpint(error->code, ==, isOld ? VI_ERROR_COLLECTOR_VERSION : VI_ERROR_PROTOCOL);
    g_assert_nonnull(strstr(error->message, "path="));
}

/* ---- all together ---------------------------------------------------------------------------- */

/* A long path of folders over many datacenters: more than may be made of what came. */
static void
testTooMuch(void)
{
    g_autofree char *name = textOf(LIMIT_NAME_BYTES);
    g_autoptr(GString) objects = g_string_new(ROOT);
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    g_autoptr(InventorySnapshot) snapshot = NULL;
    g_autoptr(GError) error = NULL;
    guint i;

    for (i = 0; i < 3; i++)
        g_string_append_printf(objects, ENTER("F", "f%u", SET("name", TEXT("%s"))
                                              SET("parent", REF("F", "f%u"))), i, name, i + 1);
    g_string_append_printf(objects, ENTER("F", "f3", SET("name", TEXT("%s"))
                                          SET("parent", REF("Folder", "root"))), name + 40);
    for (i = 0; i < 10000; i++)
        g_string_append_printf(objects, "<objectSet><obj type=\"Datacenter\">c%u</obj>"
                               SET("parent", "<val type=\"F\">f0</val>") "</objectSet>", i);
    fixtureApply(store, objects->str);
    snapshot = inventorySnapshotUpdate(NULL, store, NULL, &error);
    g_assert_null(snapshot);
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_nonnull(strstr(error->message, "exceeds its memory limit"));
    g_assert_null(inventorySnapshotBuild(store, NULL, NULL));
}

/* A datastore that gets a name that is too long goes, and comes back with another one. */
static void
testComesAndGoes(void)
{
    g_autofree char *name = textOf(LIMIT_NAME_BYTES + 1);
    g_autofree char *renamed = g_strdup_printf(
        MODIFY("Datastore", "d1", NAMED("%s")), name);
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    g_autoptr(InventorySnapshot) first = NULL;
    g_autoptr(InventorySnapshot) second = NULL;
    g_autoptr(InventorySnapshot) third = NULL;

    fixtureApply(store, DS("d1", "one", "") DS("d2", "two", ""));
    first = inventorySnapshotUpdate(NULL, store, NULL, NULL);
    g_assert_cmpuint(countPools(first), ==, 2);
    fixtureApply(store, renamed);
    second = inventorySnapshotUpdate(first, store, NULL, NULL);
    g_assert_cmpuint(countPools(second), ==, 1);
    assertLeftOut(second, 1, "a datastore whose name is too long");
    fixtureApply(store, MODIFY("Datastore", "d1", NAMED("three")));
    third = inventorySnapshotUpdate(second, store, NULL, NULL);
    fixturePool(third, "three");
    g_assert_cmpuint(inventorySnapshotLeftOut(third)->count, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/limits/datastore-name", testDatastoreName);
    g_test_add_func("/inventory/limits/datastore-texts", testDatastoreTexts);
    g_test_add_func("/inventory/limits/extents", testExtents);
    g_test_add_data_func("/inventory/limits/datacenter-name/short",
                         GSIZE_TO_POINTER(LIMIT_NAME_BYTES), testDatacenterName);
    g_test_add_data_func("/inventory/limits/datacenter-name/long", GSIZE_TO_POINTER(1000000),
                         testDatacenterName);
    g_test_add_func("/inventory/limits/cannot-be-unique", testCannotBeUnique);
    g_test_add_func("/inventory/limits/chain", testChain);
    g_test_add_func("/inventory/limits/target-texts", testTargetTexts);
    g_test_add_func("/inventory/limits/lun-texts", testLunTexts);
    g_test_add_func("/inventory/limits/many-portals", testManyPortals);
    g_test_add_func("/inventory/limits/many-targets", testManyTargets);
    g_test_add_func("/inventory/limits/reference", testReference);
    g_test_add_func("/inventory/limits/properties", testProperties);
    g_test_add_data_func("/inventory/limits/held/new", NULL, testHeld);
    g_test_add_data_func("/inventory/limits/held/old", "old", testHeld);
    g_test_add_func("/inventory/limits/too-much", testTooMuch);
    g_test_add_func("/inventory/limits/comes-and-goes", testComesAndGoes);
    return g_test_run();
}
