/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "inventory_diff.h"

#include "inventory_fixture.h"

/* ---- what is told ---------------------------------------------------------------------------- */

static void
tell(InventoryChange change, const InventoryPool *pool, gpointer opaque)
{
    static const char *const words[] = { "appeared", "gone", "accessible", "inaccessible",
                                         "contents" };

    g_string_append_printf(opaque, "%s %s;", words[change], pool->name);
}

static void
assertReported(const InventorySnapshot *before, const InventorySnapshot *now, const char *told)
{
    g_autoptr(GString) text = g_string_new(NULL);

    inventoryDiff(before, now, tell, text);
    g_assert_cmpstr(text->str, ==, told);
}

/* A store, the last snapshot of it, and the one before. */
typedef struct {
    InventoryStore *store;
    InventorySnapshot *before;
    InventorySnapshot *now;
} World;

static World
worldNew(const char *objects)
{
    World world = { .store = inventoryStoreNew(inventoryKindIsAlone) };

    fixtureApply(world.store, objects);
    world.now = inventorySnapshotUpdate(NULL, world.store, NULL, NULL /* error */);
    return world;
}

static void
worldClear(World *world)
{
    inventorySnapshotUnref(world->before);
    inventorySnapshotUnref(world->now);
    inventoryStoreFree(world->store);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(World, worldClear)

/* Applies @objects; exactly @told is told of it. */
static void
change(World *world, const char *objects, const char *told)
{
    inventorySnapshotUnref(world->before);
    world->before = world->now;
    fixtureApply(world->store, objects);
    world->now = inventorySnapshotUpdate(world->before, world->store, NULL, NULL /* error */);
    assertReported(world->before, world->now, told);
}

/* ---- datastores ------------------------------------------------------------------------------ */

#define SIZES(name, capacity, available, accessible, more) \
    SET("summary", STRUCT("DatastoreSummary", IN("name", name) IN("capacity", capacity) \
        IN("url", "ds:///vmfs/volumes/" name "/") IN("freeSpace", available) \
        IN("accessible", accessible) IN("multipleHostAccess", "true") IN("type", "VMFS") more))
#define RESIZE(value, name, capacity, available) \
    MODIFY("Datastore", value, SIZES(name, capacity, available, "true", ""))

static void
testNothing(void)
{
    g_auto(World) world = worldNew(VMFS("d1", "a", "") VMFS("d2", "b", ""));

    assertReported(NULL, world.now, "");
    assertReported(world.now, world.now, "");
    change(&world, "", "");
    change(&world, MODIFY("Datastore", "d1", SUMMARY("a", "VMFS", "")), "");
    change(&world, MODIFY("Datastore", "d9", ""), "appeared d9;");
}

static void
testComeAndGo(void)
{
    g_auto(World) world = worldNew(VMFS("d1", "a", "") VMFS("d2", "b", ""));

    change(&world, VMFS("d3", "c", "") LEAVE("Datastore", "d1"), "gone a;appeared c;");
    change(&world, LEAVE("Datastore", "d2") LEAVE("Datastore", "d3"), "gone b;gone c;");
    change(&world, VMFS("d1", "a", ""), "appeared a;");
}

#define MOUNTED(path) MOUNTS(MOUNT("h", IN("path", path)))

static void
testRenamed(void)
{
    g_auto(World) world = worldNew(VMFS("d1", "a", MOUNTED("/vmfs/volumes/1"))
                                   VMFS("d2", "b", MOUNTED("/vmfs/volumes/2")));

    change(&world, MODIFY("Datastore", "d1", SUMMARY("c", "VMFS", "")), "gone a;appeared c;");
    /* Two that change their names are still two others. */
    change(&world, MODIFY("Datastore", "d1", SUMMARY("b", "VMFS", ""))
                   MODIFY("Datastore", "d2", SUMMARY("c", "VMFS", "")),
           "gone b;gone c;appeared b;appeared c;");
    /* Another identity under the same name is another pool. */
    change(&world, MODIFY("Datastore", "d1", MOUNTED("/vmfs/volumes/3")), "gone b;appeared b;");
}

static void
testAccessible(void)
{
    g_auto(World) world = worldNew(VMFS("d1", "a", ""));

    change(&world, MODIFY("Datastore", "d1", SIZES("a", "1000", "400", "false", "")),
           "inaccessible a;");
    change(&world, MODIFY("Datastore", "d1", SIZES("a", "2000", "400", "false", "")), "");
    change(&world, MODIFY("Datastore", "d1", SIZES("a", "2000", "900", "true", "")),
           "accessible a;");
}

static void
testSizes(void)
{
    g_auto(World) world = worldNew(VMFS("d1", "a", ""));

    change(&world, RESIZE("d1", "a", "1000", "410"), "");
    change(&world, RESIZE("d1", "a", "1000", "421"), "contents a;");
    change(&world, RESIZE("d1", "a", "1010", "421"), "");
    change(&world, RESIZE("d1", "a", "1500", "421"), "contents a;");
    change(&world, RESIZE("d1", "a", "0", "0"), "contents a;");
    change(&world, RESIZE("d1", "a", "1", "0"), "contents a;");
}

#define VMFS_INFO(disk) \
    SET("info", STRUCT("VmfsDatastoreInfo", IN("vmfs", IN("extent", IN("diskName", disk) \
        IN("partition", "1")))))
#define NAS_INFO(host, path) \
    SET("info", STRUCT("NasDatastoreInfo", IN("nas", IN("remoteHost", host) \
        IN("remotePath", path))))

static void
testSource(void)
{
    g_auto(World) world = worldNew(VMFS("d1", "a", VMFS_INFO("naa.1"))
                                   VMFS("d2", "b", NAS_INFO("nas", "/x")));

    change(&world, MODIFY("Datastore", "d1", VMFS_INFO("naa.2")), "contents a;");
    change(&world, MODIFY("Datastore", "d1", UNSET("info")), "contents a;");
    change(&world, MODIFY("Datastore", "d2", NAS_INFO("nas", "/y")), "contents b;");
    change(&world, MODIFY("Datastore", "d2", NAS_INFO("nas2", "/y")), "contents b;");
    change(&world, MODIFY("Datastore", "d2", NAS_INFO("nas2", "/y")), "");
}

/* ---- targets --------------------------------------------------------------------------------- */

#define HBA(address, iqn) \
    SET("config.storageDevice.hostBusAdapter", ARRAY("HostHostBusAdapter", \
        AS("HostHostBusAdapter", "HostInternetScsiHba", IN("device", "vmhba65") \
           IN("configuredStaticTarget", IN("address", address) IN("iScsiName", iqn)))))
#define LUN(key, name, blocks) \
    ITEM("ScsiLun", "HostScsiDisk", IN("deviceName", name) IN("key", key) IN("uuid", key) \
         IN("canonicalName", name) IN("capacity", IN("blockSize", "512") IN("block", blocks)))
#define LUNS(luns) SET("config.storageDevice.scsiLun", ARRAY("ScsiLun", luns))
#define TRANSPORT(iqn) AS("transport", "HostInternetScsiTargetTransport", IN("iScsiName", iqn))
#define PATH(state, iqn) IN("path", IN("state", state) TRANSPORT(iqn))
#define UNIT(key, paths) IN("lun", IN("lun", key) paths)
#define PATHS(units) \
    SET("config.storageDevice.multipathInfo", STRUCT("HostMultipathInfo", units))
#define IQN "iqn.2026-01.org.example:t"

static void
testTarget(void)
{
    g_auto(World) world = worldNew(
        ENTER("HostSystem", "h", HBA("10.0.0.1", IQN)
              LUNS(LUN("k1", "naa.1", "10") LUN("k2", "naa.2", "20"))
              PATHS(UNIT("k1", PATH("active", IQN)))));

    change(&world, MODIFY("HostSystem", "h", HBA("10.0.0.2", IQN)), "contents " IQN ";");
    change(&world, MODIFY("HostSystem", "h", PATHS(UNIT("k1", PATH("active", IQN))
                                                   UNIT("k2", PATH("active", IQN)))),
           "contents " IQN ";");
    /* A target that grows by the smallest bit is another one. */
    change(&world, MODIFY("HostSystem", "h", LUNS(LUN("k1", "naa.1", "10000")
                                                  LUN("k2", "naa.2", "20"))),
           "contents " IQN ";");
    change(&world, MODIFY("HostSystem", "h", LUNS(LUN("k1", "naa.1", "10001")
                                                  LUN("k2", "naa.2", "20"))),
           "contents " IQN ";");
    change(&world, MODIFY("HostSystem", "h", PATHS(UNIT("k1", PATH("dead", IQN)))),
           "inaccessible " IQN ";");
    change(&world, MODIFY("HostSystem", "h", PATHS(UNIT("k1", PATH("standby", IQN)))),
           "accessible " IQN ";");
    change(&world, LEAVE("HostSystem", "h"), "gone " IQN ";");
}

/* A datastore that has the UUID of a target is another pool all the same. */
static void
testSameUuid(void)
{
    g_auto(World) world = worldNew(ENTER("HostSystem", "h", HBA("10.0.0.1", IQN))
                                   ENTER("Datastore", IQN, ""));

    g_assert_cmpmem(fixturePool(world.now, IQN " (" IQN ")")->uuid, 16,
                    fixturePool(world.now, IQN)->uuid, 16);
    change(&world, VMFS("d1", "a", ""), "appeared a;");
    change(&world, LEAVE("Datastore", IQN), "gone " IQN " (" IQN ");");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/diff/nothing", testNothing);
    g_test_add_func("/inventory/diff/come-and-go", testComeAndGo);
    g_test_add_func("/inventory/diff/renamed", testRenamed);
    g_test_add_func("/inventory/diff/accessible", testAccessible);
    g_test_add_func("/inventory/diff/sizes", testSizes);
    g_test_add_func("/inventory/diff/source", testSource);
    g_test_add_func("/inventory/diff/target", testTarget);
    g_test_add_func("/inventory/diff/same-uuid", testSameUuid);
    return g_test_run();
}
