/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "inventory_fixture.h"

#include <string.h>

/* ---- hosts ----------------------------------------------------------------------------------- */

#define HOST(value, changes) \
    ENTER("HostSystem", value, SET("name", TEXT(value)) \
          SET("configManager.storageSystem", REF("HostStorageSystem", "storage-" value)) changes)

#define ADAPTERS(items) \
    SET("config.storageDevice.hostBusAdapter", ARRAY("HostHostBusAdapter", items))
#define HBA(device, targets) \
    ITEM("HostHostBusAdapter", "HostInternetScsiHba", IN("key", "key-" device) \
         IN("device", device) IN("bus", "0") IN("status", "online") \
         IN("iScsiName", "iqn.host:" device) targets)
#define FIBRE(device) \
    ITEM("HostHostBusAdapter", "HostFibreChannelHba", IN("device", device))
#define TARGET(iqn, address) \
    IN("configuredStaticTarget", IN("address", address) IN("port", "3260") IN("iScsiName", iqn))

/* The target most tests have, and an adapter that has only that. */
#define TARGET_A TARGET("iqn.a", "10.0.0.1")
#define HAS_A ADAPTERS(HBA("vmhba65", TARGET_A))

#define LUNS(items) SET("config.storageDevice.scsiLun", ARRAY("ScsiLun", items))
/* A disk "naa.ID" of 512 * @blocks bytes. */
#define DISK(id, blocks) \
    ITEM("ScsiLun", "HostScsiDisk", IN("deviceName", "/vmfs/devices/disks/naa." id) \
         IN("key", "key-" id) IN("uuid", "uuid-" id) IN("canonicalName", "naa." id) \
         IN("capacity", IN("blockSize", "512") IN("block", blocks)) \
         IN("devicePath", "/vmfs/devices/disks/naa." id))

#define TOPOLOGY(targets) \
    SET("config.storageDevice.scsiTopology", STRUCT("HostScsiTopology", \
        IN("adapter", IN("key", "k") IN("adapter", "key-vmhba65") targets)))
/* The target as the topology has it, with the LUNs behind it. */
#define BEHIND(iqn, luns) IN("target", IN("key", "t") IN("target", "0") luns TRANSPORT(iqn))
#define LUN(id) IN("lun", IN("key", "l") IN("lun", "0") IN("scsiLun", "key-" id))
#define TRANSPORT(iqn) \
    AS("transport", "HostInternetScsiTargetTransport", IN("iScsiName", iqn) IN("iScsiAlias", ""))

#define MULTIPATH(units) \
    SET("config.storageDevice.multipathInfo", STRUCT("HostMultipathInfo", units))
#define UNIT(id, paths) IN("lun", IN("key", "m") IN("id", id) IN("lun", "key-" id) paths)
#define PATH(state, iqn) \
    IN("path", IN("key", "p") IN("name", "p") IN("pathState", state) IN("state", state) \
       IN("adapter", "a") IN("lun", "m") TRANSPORT(iqn))

static const InventoryTarget *
targetOf(const InventorySnapshot *snapshot, const char *iqn)
{
    const InventoryPool *pool = fixturePool(snapshot, iqn);

    g_assert_null(pool->datastore);
    g_assert_nonnull(pool->target);
    g_assert_cmpstr(pool->target->iqn, ==, iqn);
    return pool->target;
}

/* The LUNs behind @iqn are @names, canonical and in order. */
static void
assertLuns(const InventorySnapshot *snapshot, const char *iqn, const char *names)
{
    const InventoryTarget *target = targetOf(snapshot, iqn);
    g_autoptr(GString) text = g_string_new(NULL);
    size_t i;

    for (i = 0; i < target->nluns; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", target->luns[i]->canonicalName);
    g_assert_cmpstr(text->str, ==, names);
}

static guint
poolCount(const InventorySnapshot *snapshot)
{
    size_t n = 0;

    inventorySnapshotPools(snapshot, &n);
    return (guint)n;
}

/* ---- targets --------------------------------------------------------------------------------- */

static void
testTarget(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", ADAPTERS(HBA("vmhba65", TARGET("iqn.2001-05.com.example:tgt1", "10.0.0.1")))
             LUNS(DISK("1", "2048"))
             TOPOLOGY(BEHIND("iqn.2001-05.com.example:tgt1", LUN("1")))), NULL);
    const InventoryPool *pool = fixturePool(snapshot, "iqn.2001-05.com.example:tgt1");
    const InventoryTarget *target = pool->target;

    g_assert_cmpuint(poolCount(snapshot), ==, 1);
    g_assert_cmpuint(target->nportals, ==, 1);
    g_assert_cmpstr(target->portals[0].address, ==, "10.0.0.1");
    g_assert_cmpint(target->portals[0].port, ==, 3260);
    g_assert_cmpuint(target->nadapters, ==, 1);
    g_assert_cmpstr(target->adapters[0].device, ==, "vmhba65");
    g_assert_cmpstr(target->adapters[0].iqn, ==, "iqn.host:vmhba65");
    g_assert_cmpstr(target->adapters[0].storageSystem->value, ==, "storage-h1");
    assertLuns(snapshot, pool->name, "naa.1");
    /* What libvirt's own ESX driver gives for this name. */
    g_assert_cmpstr(fixtureUuid(pool), ==, "d284792c-30ab-4fd6-5056-003dc8304f2f");
    g_assert_cmpstr(pool->targetPath, ==, "/vmfs/devices/disks");
    g_assert_true(pool->accessible);
    g_assert_cmpuint(pool->capacity, ==, 2048 * 512);
    g_assert_cmpuint(pool->available, ==, 0);
}

/* As DISK(), with a ScsiLun.uuid of its own. */
#define DISK_WITH_UUID(id, uuid) \
    ITEM("ScsiLun", "HostScsiDisk", IN("deviceName", "/vmfs/devices/disks/naa." id) \
         IN("key", "key-" id) IN("uuid", uuid) IN("canonicalName", "naa." id) \
         IN("capacity", IN("blockSize", "512") IN("block", "1")) \
         IN("devicePath", "/vmfs/devices/disks/naa." id))

/* Cheap arrays repeat ids, or have none: different LUNs stay different all the same. */
static void
testSameUuids(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS_A
             LUNS(DISK_WITH_UUID("1", "same") DISK_WITH_UUID("2", "same")
                  DISK_WITH_UUID("3", "") DISK_WITH_UUID("4", ""))
             TOPOLOGY(BEHIND("iqn.a", LUN("1") LUN("2") LUN("3") LUN("4")))), NULL);
    const InventoryTarget *target = targetOf(snapshot, "iqn.a");
    size_t i;

    assertLuns(snapshot, "iqn.a", "naa.1 naa.2 naa.3 naa.4");
    for (i = 0; i < target->nluns; i++)
        g_assert_true(inventoryLunByKey(snapshot, target->luns[i]->key) == target->luns[i]);
}

/* No adapter, none that speaks iSCSI, one without targets: no pools, and no error. */
static void
testNone(void)
{
    static const char *const changes[] = {
        "",
        ADAPTERS(""),
        ADAPTERS(FIBRE("vmhba1")
                 ITEM("HostHostBusAdapter", "HostBlockHba", IN("device", "vmhba0"))),
        ADAPTERS(HBA("vmhba65", "")),
        ADAPTERS(HBA("vmhba65", IN("configuredStaticTarget", IN("address", "10.0.0.1")))),
        ADAPTERS(HBA("vmhba65", IN("configuredStaticTarget", IN("iScsiName", "")))),
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree char *object = g_strdup_printf(
            ENTER("HostSystem", "h1", "%s"), changes[i]);
        g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(object, NULL);

        g_assert_cmpuint(poolCount(snapshot), ==, 0);
    }
}

/* One name behind many portals is one pool; each portal counts once. */
static void
testPortals(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", ADAPTERS(HBA("vmhba65", TARGET_A TARGET("iqn.a", "10.0.0.2")
                                TARGET_A
                                IN("configuredStaticTarget", IN("address", "10.0.0.1")
                                   IN("port", "860") IN("iScsiName", "iqn.a"))
                                IN("configuredStaticTarget", IN("address", "10.0.0.3")
                                   IN("iScsiName", "iqn.a"))
                                IN("configuredStaticTarget", IN("iScsiName", "iqn.a"))))), NULL);
    const InventoryTarget *target = targetOf(snapshot, "iqn.a");

    g_assert_cmpuint(poolCount(snapshot), ==, 1);
    g_assert_cmpuint(target->nportals, ==, 4);
    g_assert_cmpstr(target->portals[1].address, ==, "10.0.0.2");
    g_assert_cmpint(target->portals[2].port, ==, 860);
    g_assert_cmpstr(target->portals[3].address, ==, "10.0.0.3");
    g_assert_cmpint(target->portals[3].port, ==, 3260);
    g_assert_cmpuint(target->nadapters, ==, 1);
}

/* Software and hardware adapters alike. */
static void
testAdapters(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", ADAPTERS(HBA("vmhba65", TARGET_A)
                            FIBRE("vmhba1")
                            HBA("vmhba33", TARGET("iqn.b", "10.0.0.1") TARGET_A))), NULL);

    g_assert_cmpuint(poolCount(snapshot), ==, 2);
    g_assert_cmpuint(targetOf(snapshot, "iqn.a")->nadapters, ==, 2);
    g_assert_cmpstr(targetOf(snapshot, "iqn.a")->adapters[1].device, ==, "vmhba33");
    g_assert_cmpuint(targetOf(snapshot, "iqn.b")->nadapters, ==, 1);
}

/* Several hosts see one target, and one LUN of it that only one of them has. */
static void
testHosts(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS_A LUNS(DISK("1", "1"))
             TOPOLOGY(BEHIND("iqn.a", LUN("1"))))
        HOST("h2", HAS_A LUNS(DISK("1", "1") DISK("2", "1"))
             TOPOLOGY(BEHIND("iqn.a", LUN("1") LUN("2")))), NULL);
    const InventoryTarget *target = targetOf(snapshot, "iqn.a");

    g_assert_cmpuint(poolCount(snapshot), ==, 1);
    g_assert_cmpuint(target->nportals, ==, 1);
    g_assert_cmpuint(target->nadapters, ==, 2);
    g_assert_cmpstr(target->adapters[0].storageSystem->value, ==, "storage-h1");
    g_assert_cmpstr(target->adapters[1].storageSystem->value, ==, "storage-h2");
    assertLuns(snapshot, "iqn.a", "naa.1 naa.2");
}

/* ---- LUNs ------------------------------------------------------------------------------------ */

static void
testLun(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS_A LUNS(DISK("1", "2048"))
             TOPOLOGY(BEHIND("iqn.a", LUN("1")))), NULL);
    const InventoryLun *lun = targetOf(snapshot, "iqn.a")->luns[0];
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_MD5, "uuid-1", -1);
    g_auto(GStrv) parts = g_strsplit(lun->key, "-", -1);
    g_autofree char *hex = g_strjoinv("", parts);

    g_assert_cmpstr(lun->name, ==, "/vmfs/devices/disks/naa.1");
    g_assert_cmpstr(lun->devicePath, ==, "/vmfs/devices/disks/naa.1");
    g_assert_cmpstr(hex, ==, digest);
    g_assert_cmpuint(lun->capacity, ==, 2048 * 512);
    g_assert_true(lun->isDisk);
    g_assert_true(lun->pool == fixturePool(snapshot, "iqn.a"));
}

/* The topology is not there, or leaves the target out: the paths tell what is behind it. */
static void
testNoTopology(void)
{
    g_autoptr(InventorySnapshot) none = fixtureSnapshot(
        HOST("h1", HAS_A LUNS(DISK("1", "1") DISK("2", "1"))
             MULTIPATH(UNIT("2", PATH("active", "iqn.a") PATH("active", "iqn.a"))
                       UNIT("1", PATH("active", "iqn.a")) UNIT("9", PATH("active", "iqn.a")))),
        NULL);
    g_autoptr(InventorySnapshot) partial = fixtureSnapshot(
        HOST("h1", ADAPTERS(HBA("vmhba65", TARGET_A TARGET("iqn.b", "10.0.0.1")))
             LUNS(DISK("1", "1") DISK("2", "1"))
             TOPOLOGY(BEHIND("iqn.b", LUN("2")) BEHIND("iqn.a", ""))
             MULTIPATH(UNIT("1", PATH("active", "iqn.a") PATH("active", "iqn.b")))), NULL);

    assertLuns(none, "iqn.a", "naa.1 naa.2");
    assertLuns(partial, "iqn.a", "naa.1");
    /* Where the topology knows the target, it is what counts. */
    assertLuns(partial, "iqn.b", "naa.2");
}

/* One LUN behind two targets belongs to both; a lookup by its key or path finds one pool. */
static void
testSharedLun(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", ADAPTERS(HBA("vmhba65", TARGET_A TARGET("iqn.b", "10.0.0.2")))
             LUNS(DISK("1", "8"))
             TOPOLOGY(BEHIND("iqn.b", LUN("1")) BEHIND("iqn.a", LUN("1") LUN("1")))), NULL);

    assertLuns(snapshot, "iqn.a", "naa.1");
    assertLuns(snapshot, "iqn.b", "naa.1");
    g_assert_true(targetOf(snapshot, "iqn.a")->luns[0] == targetOf(snapshot, "iqn.b")->luns[0]);
    g_assert_cmpuint(fixturePool(snapshot, "iqn.a")->capacity, ==, 8 * 512);
    g_assert_cmpuint(fixturePool(snapshot, "iqn.b")->capacity, ==, 8 * 512);
    g_assert_true(inventoryLunByPath(snapshot, "naa.1")->pool == fixturePool(snapshot, "iqn.a"));
}

/* A LUN that no target leads to is no volume. */
static void
testLocalLun(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS_A LUNS(DISK("1", "1") DISK("2", "1"))
             TOPOLOGY(BEHIND("iqn.a", LUN("1")) BEHIND("iqn.unknown", LUN("2")))), NULL);

    assertLuns(snapshot, "iqn.a", "naa.1");
    g_assert_null(inventoryLunByPath(snapshot, "naa.2"));
}

#define ONE_LUN(lun) \
    HOST("h1", HAS_A LUNS(lun) \
         TOPOLOGY(BEHIND("iqn.a", LUN("1"))))

/* Enclosures and CD drives have no capacity; a plain ScsiLun is no disk. */
static void
testLunWithoutCapacity(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        ONE_LUN(ITEM("ScsiLun", "ScsiLun", IN("deviceName", "/vmfs/devices/genscsi/naa.1")
                     IN("key", "key-1") IN("uuid", "u") IN("canonicalName", "naa.1"))), NULL);
    const InventoryLun *lun = targetOf(snapshot, "iqn.a")->luns[0];

    g_assert_false(lun->isDisk);
    g_assert_cmpuint(lun->capacity, ==, 0);
    g_assert_cmpstr(lun->devicePath, ==, "/vmfs/devices/genscsi/naa.1");
}

static void
testOddCapacities(void)
{
    static const struct {
        const char *capacity;
        guint64 bytes;
    } rows[] = {
        { "<capacity><blockSize>512</blockSize><block>10</block></capacity>", 5120 },
        { "<capacity><blockSize>4096</blockSize><block>1</block></capacity>", 4096 },
        { "<capacity><blockSize>512</blockSize><block>-1</block></capacity>", 0 },
        { "<capacity><blockSize>0</blockSize><block>10</block></capacity>", 0 },
        { "<capacity><blockSize>-512</blockSize><block>10</block></capacity>", 0 },
        { "<capacity><blockSize>512</blockSize><block>9223372036854775807</block></capacity>", 0 },
        { "<capacity><blockSize>1</blockSize><block>9223372036854775807</block></capacity>",
          G_MAXINT64 },
        { "<capacity></capacity>", 0 },
        { "", 0 },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *lun = g_strdup_printf(
            AS("ScsiLun", "HostScsiDisk", IN("deviceName", "d") IN("key", "key-1") "%s"),
            rows[i].capacity);
        g_auto(GStrv) around = g_strsplit(ONE_LUN("@"), "@", 2);
        g_autofree char *objects = g_strconcat(around[0], lun, around[1], NULL);
        g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(objects, NULL);

        g_assert_cmpuint(targetOf(snapshot, "iqn.a")->luns[0]->capacity, ==, rows[i].bytes);
    }
}

/* The sum of what three LUNs claim does not wrap around. */
static void
testSumOverflow(void)
{
    static const char huge[] = "18014398509481983";
    g_autofree char *disks = g_strdup_printf(DISK("1", "%s") DISK("2", "%s") DISK("3", "%s"),
                                             huge, huge, huge);
    g_auto(GStrv) around = g_strsplit(
        HOST("h1", HAS_A LUNS("@")
             TOPOLOGY(BEHIND("iqn.a", LUN("1") LUN("2") LUN("3")))), "@", 2);
    g_autofree char *objects = g_strconcat(around[0], disks, around[1], NULL);
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(objects, NULL);

    g_assert_cmpuint(fixturePool(snapshot, "iqn.a")->capacity, ==, G_MAXUINT64);
}

/* Fields that a server may leave out: a name must be left, everything else has a substitute. */
static void
testLunLacks(void)
{
    g_autoptr(InventorySnapshot) noUuid = fixtureSnapshot(
        ONE_LUN(AS("ScsiLun", "HostScsiDisk", IN("deviceName", "dev") IN("key", "key-1"))), NULL);
    g_autoptr(InventorySnapshot) noDevice = fixtureSnapshot(
        ONE_LUN(AS("ScsiLun", "HostScsiDisk", IN("key", "key-1") IN("canonicalName", "naa.7"))),
        NULL);
    g_autoptr(InventorySnapshot) noName = fixtureSnapshot(
        ONE_LUN(AS("ScsiLun", "HostScsiDisk", IN("key", "key-1") IN("uuid", "u"))), NULL);
    g_autoptr(InventorySnapshot) noKey = fixtureSnapshot(
        ONE_LUN(AS("ScsiLun", "HostScsiDisk", IN("deviceName", "dev") IN("uuid", "u"))), NULL);
    const InventoryLun *lun = targetOf(noUuid, "iqn.a")->luns[0];

    g_assert_cmpuint(strlen(lun->key), ==, 36);
    g_assert_cmpstr(lun->devicePath, ==, "dev");
    g_assert_null(lun->canonicalName);
    g_assert_cmpstr(targetOf(noDevice, "iqn.a")->luns[0]->name, ==, "naa.7");
    g_assert_cmpuint(targetOf(noName, "iqn.a")->nluns, ==, 0);
    g_assert_cmpuint(targetOf(noKey, "iqn.a")->nluns, ==, 0);
}

/* ---- paths ----------------------------------------------------------------------------------- */

/* A target with one LUN over paths in these two states. */
#define STATES(one, two) \
    HOST("h1", HAS_A LUNS(DISK("1", "1")) \
         TOPOLOGY(BEHIND("iqn.a", LUN("1"))) \
         MULTIPATH(UNIT("1", PATH(one, "iqn.a") PATH(two, "iqn.a"))))

static void
testPathStates(void)
{
    static const struct {
        const char *objects;
        gboolean accessible;
    } rows[] = {
        { STATES("active", "active"), TRUE },
        { STATES("dead", "active"), TRUE },
        { STATES("standby", "dead"), TRUE },
        { STATES("unknown", "dead"), TRUE },
        { STATES("dead", "dead"), FALSE },
        { STATES("disabled", "disabled"), FALSE },
        { STATES("dead", "disabled"), FALSE },
        /* Paths are known, but none of them is to this target. */
        { HOST("h1", HAS_A MULTIPATH("")), FALSE },
        /* Nothing is known of paths. */
        { HOST("h1", HAS_A), TRUE },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(rows[i].objects, NULL);

        g_test_message("row %zu", i);
        g_assert_cmpint(fixturePool(snapshot, "iqn.a")->accessible, ==, rows[i].accessible);
    }
}

/* Old servers have the state in another field. */
static void
testPathStateOfOld(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS_A LUNS(DISK("1", "1"))
             MULTIPATH(UNIT("1", IN("path", IN("pathState", "dead") TRANSPORT("iqn.a"))))), NULL);

    g_assert_false(fixturePool(snapshot, "iqn.a")->accessible);
}

/* What one host knows of its paths says nothing of a target that only another host has. */
static void
testPathsOfAnotherHost(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", ADAPTERS(HBA("vmhba65", TARGET("iqn.silent", "10.0.0.1"))))
        HOST("h2", ADAPTERS(HBA("vmhba65", TARGET("iqn.dead", "10.0.0.2")))
             MULTIPATH(UNIT("1", PATH("dead", "iqn.dead")))), NULL);

    g_assert_true(fixturePool(snapshot, "iqn.silent")->accessible);
    g_assert_false(fixturePool(snapshot, "iqn.dead")->accessible);
}

/* One host that reaches the target is enough. */
static void
testOneHostReaches(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS_A LUNS(DISK("1", "1"))
             MULTIPATH(UNIT("1", PATH("dead", "iqn.a"))))
        HOST("h2", HAS_A LUNS(DISK("1", "1"))
             MULTIPATH(UNIT("1", PATH("active", "iqn.a")))), NULL);

    g_assert_true(fixturePool(snapshot, "iqn.a")->accessible);
    assertLuns(snapshot, "iqn.a", "naa.1");
}

/* Elements that are there and empty. */
static void
testHollow(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", ADAPTERS(HBA("vmhba65", TARGET_A)
                            AS("HostHostBusAdapter", "HostInternetScsiHba",
                               TARGET("iqn.b", "10.0.0.1")))
             LUNS(AS("ScsiLun", "HostScsiDisk", "") DISK("1", "1"))
             TOPOLOGY(IN("target", "") IN("target", IN("lun", "") TRANSPORT("iqn.a"))
                      IN("target", LUN("1") AS("transport", "HostInternetScsiTargetTransport", "")))
             MULTIPATH(IN("lun", "") IN("lun", IN("path", ""))
                       IN("lun", IN("path", TRANSPORT("iqn.a"))))), NULL);

    g_assert_cmpuint(targetOf(snapshot, "iqn.a")->nluns, ==, 0);
    g_assert_cmpuint(targetOf(snapshot, "iqn.b")->nadapters, ==, 0);
}

/* More LUNs than are looked through in order, each over two paths of each of two hosts. */
static void
testManyLuns(void)
{
    g_autoptr(GString) luns = g_string_new(NULL);
    g_autoptr(GString) units = g_string_new(NULL);
    g_autofree char *objects = NULL;
    g_autoptr(InventorySnapshot) snapshot = NULL;
    guint i;

    for (i = 100; i < 160; i++) {
        g_string_append_printf(luns, DISK("%u", "2"), i, i, i, i, i);
        g_string_append_printf(units, UNIT("%u", PATH("active", "iqn.a") PATH("dead", "iqn.a")), i,
                               i);
    }
    objects = g_strdup_printf(HOST("h1", HAS_A LUNS("%s") MULTIPATH("%s"))
                              HOST("h2", HAS_A LUNS("%s") MULTIPATH("%s")),
                              luns->str, units->str, luns->str, units->str);
    snapshot = fixtureSnapshot(objects, NULL);

    g_assert_cmpuint(targetOf(snapshot, "iqn.a")->nluns, ==, 60);
    g_assert_cmpuint(targetOf(snapshot, "iqn.a")->nadapters, ==, 2);
    g_assert_cmpuint(fixturePool(snapshot, "iqn.a")->capacity, ==, 60 * 1024);
    for (i = 0; i < 60; i++) {
        const InventoryLun *lun = targetOf(snapshot, "iqn.a")->luns[i];
        g_autofree char *name = g_strdup_printf("naa.%u", 100 + i);

        g_assert_cmpstr(lun->canonicalName, ==, name);
        g_assert_true(inventoryLunByKey(snapshot, lun->key) == lun);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/iscsi/target", testTarget);
    g_test_add_func("/inventory/iscsi/same-uuids", testSameUuids);
    g_test_add_func("/inventory/iscsi/none", testNone);
    g_test_add_func("/inventory/iscsi/portals", testPortals);
    g_test_add_func("/inventory/iscsi/adapters", testAdapters);
    g_test_add_func("/inventory/iscsi/hosts", testHosts);
    g_test_add_func("/inventory/iscsi/lun", testLun);
    g_test_add_func("/inventory/iscsi/no-topology", testNoTopology);
    g_test_add_func("/inventory/iscsi/shared-lun", testSharedLun);
    g_test_add_func("/inventory/iscsi/local-lun", testLocalLun);
    g_test_add_func("/inventory/iscsi/lun-without-capacity", testLunWithoutCapacity);
    g_test_add_func("/inventory/iscsi/odd-capacities", testOddCapacities);
    g_test_add_func("/inventory/iscsi/sum-overflow", testSumOverflow);
    g_test_add_func("/inventory/iscsi/lun-lacks", testLunLacks);
    g_test_add_func("/inventory/iscsi/path-states", testPathStates);
    g_test_add_func("/inventory/iscsi/path-state-of-old", testPathStateOfOld);
    g_test_add_func("/inventory/iscsi/paths-of-another-host", testPathsOfAnotherHost);
    g_test_add_func("/inventory/iscsi/one-host-reaches", testOneHostReaches);
    g_test_add_func("/inventory/iscsi/hollow", testHollow);
    g_test_add_func("/inventory/iscsi/many-luns", testManyLuns);
    return g_test_run();
}
