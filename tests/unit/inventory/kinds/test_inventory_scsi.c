/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Host bus adapters as pools: which there are, which LUNs each has, what it is called. */

#include "inventory_scsi.h"

#include <string.h>

#include "base_limits.h"
#include "inventory_diff.h"
#include "inventory_fixture.h"

static const InventoryScope one = { .perHost = TRUE };
static const InventoryScope many = { .perHost = TRUE, .manyHosts = TRUE };

/* ---- hosts ----------------------------------------------------------------------------------- */

#define HOST(value, changes) \
    ENTER("HostSystem", value, SET("name", TEXT(value ".example")) \
          SET("configManager.storageSystem", REF("HostStorageSystem", "storage-" value)) changes)

#define HAS(items) SET("config.storageDevice.hostBusAdapter", ARRAY("HostHostBusAdapter", items))
#define HBA(type, device, more) \
    ITEM("HostHostBusAdapter", type, IN("key", "key-" device) IN("device", device) \
         IN("bus", "0") IN("status", "unknown") IN("model", "Model X") more)
#define FIBRE(device, port, node) \
    HBA("HostFibreChannelHba", device, IN("portWorldWideName", port) IN("nodeWorldWideName", node))
#define BLOCK(device) HBA("HostBlockHba", device, "")

#define LUNS(items) SET("config.storageDevice.scsiLun", ARRAY("ScsiLun", items))
#define DISK(id, blocks) \
    ITEM("ScsiLun", "HostScsiDisk", IN("deviceName", "/vmfs/devices/disks/naa." id) \
         IN("key", "key-" id) IN("uuid", "uuid-" id) IN("canonicalName", "naa." id) \
         IN("capacity", IN("blockSize", "512") IN("block", blocks)) \
         IN("devicePath", "/vmfs/devices/disks/naa." id))

#define TOPOLOGY(adapters) \
    SET("config.storageDevice.scsiTopology", STRUCT("HostScsiTopology", adapters))
#define ON(device, luns) \
    IN("adapter", IN("key", "i") IN("adapter", "key-" device) \
       IN("target", IN("key", "t") IN("target", "0") luns))
#define LUN(id) IN("lun", IN("key", "l") IN("lun", "0") IN("scsiLun", "key-" id))

#define MULTIPATH(units) \
    SET("config.storageDevice.multipathInfo", STRUCT("HostMultipathInfo", units))
#define UNIT(id, paths) IN("lun", IN("key", "m") IN("id", id) IN("lun", "key-" id) paths)
#define PATH(device, state) \
    IN("path", IN("key", "p") IN("name", "p") IN("pathState", state) IN("state", state) \
       IN("adapter", "key-" device) IN("lun", "m"))

#define PLUG_STORE(adapters, paths, devices) \
    SET("config.storageDevice.plugStoreTopology", \
        STRUCT("HostPlugStoreTopology", adapters paths devices))
#define PLUG_ADAPTER(device, path) \
    IN("adapter", IN("key", "a-" device) IN("adapter", "key-" device) IN("path", path))
#define PLUG_PATH(path, device) \
    IN("path", IN("key", path) IN("name", path) IN("device", device))
#define PLUG_DEVICE(device, id) IN("device", IN("key", device) IN("lun", "key-" id))

#define NVME(adapters) \
    SET("config.storageDevice.nvmeTopology", STRUCT("HostNvmeTopology", adapters))
#define NVME_ON(device, names) \
    IN("adapter", IN("key", "n") IN("adapter", "key-" device) \
       IN("connectedController", IN("key", "c1") names) \
       IN("connectedController", IN("key", "c2") names))
#define NAMESPACE(name) IN("attachedNamespace", IN("key", "ns") IN("name", name) IN("id", "1"))

static const InventoryHba *
hbaOf(const InventorySnapshot *snapshot, const char *name)
{
    const InventoryPool *pool = fixturePool(snapshot, name);

    g_assert_null(pool->datastore);
    g_assert_null(pool->target);
    g_assert_nonnull(inventoryPoolHba(pool));
    return inventoryPoolHba(pool);
}

/* The LUNs behind @name are @names, canonical and in order. */
static void
assertLuns(const InventorySnapshot *snapshot, const char *name, const char *names)
{
    const InventoryHba *hba = hbaOf(snapshot, name);
    g_autoptr(GString) text = g_string_new(NULL);
    size_t i;

    for (i = 0; i < hba->nluns; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", hba->luns[i]->canonicalName);
    g_assert_cmpstr(text->str, ==, names);
}

/* The names of all pools, in the order they are listed. */
static void
assertPools(const InventorySnapshot *snapshot, const char *names)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t n = 0;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);
    size_t i;

    for (i = 0; i < n; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", pools[i]->name);
    g_assert_cmpstr(text->str, ==, names);
}

/* ---- which adapters -------------------------------------------------------------------------- */

#define EACH_KIND \
    HAS(BLOCK("vmhba0") HBA("HostParallelScsiHba", "vmhba1", "") FIBRE("vmhba2", "1", "2") \
        HBA("HostFibreChannelOverEthernetHba", "vmhba3", "") \
        HBA("HostSerialAttachedHba", "vmhba4", IN("nodeWorldWideName", "5d0946606e78ac00")) \
        HBA("HostPcieHba", "vmhba5", "") HBA("HostTcpHba", "vmhba6", "") \
        HBA("HostRdmaHba", "vmhba7", "") HBA("HostHoloHba", "vmhba8", "") \
        HBA("HostInternetScsiHba", "vmhba9", ""))

/* All kinds but iSCSI ones, those that nobody knows yet included. */
static void
testKinds(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(HOST("h1", EACH_KIND), &one);

    assertPools(snapshot, "vmhba0, vmhba1, vmhba2, vmhba3, vmhba4, vmhba5, vmhba6, vmhba7, vmhba8");
    g_assert_cmpstr(hbaOf(snapshot, "vmhba4")->wwnn, ==, "5d0946606e78ac00");
    g_assert_null(hbaOf(snapshot, "vmhba4")->wwpn);
    g_assert_cmpstr(hbaOf(snapshot, "vmhba0")->model, ==, "Model X");
    g_assert_null(hbaOf(snapshot, "vmhba0")->wwnn);
}

/* They are one host's own. */
static void
testNotShown(void)
{
    static const InventoryScope whole = { .manyHosts = TRUE };
    g_autoptr(InventorySnapshot) none = fixtureSnapshot(HOST("h1", EACH_KIND), NULL);
    g_autoptr(InventorySnapshot) vcenter = fixtureSnapshot(HOST("h1", EACH_KIND), &whole);

    assertPools(none, "");
    assertPools(vcenter, "");
}

/* A WWN is a signed number on the wire. */
static void
testWwns(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS(FIBRE("vmhba1", "1152922127287604726", "2305843631894451702")
                       FIBRE("vmhba2", "-4589038277748904954", "-1")
                       FIBRE("vmhba3", "0", "9223372036854775807")
                       HBA("HostFibreChannelHba", "vmhba4", ""))), &one);

    g_assert_cmpstr(hbaOf(snapshot, "vmhba1")->wwpn, ==, "10000090faaa55f6");
    g_assert_cmpstr(hbaOf(snapshot, "vmhba1")->wwnn, ==, "20000090faaa55f6");
    g_assert_cmpstr(hbaOf(snapshot, "vmhba2")->wwpn, ==, "c05076000a1b2c06");
    g_assert_cmpstr(hbaOf(snapshot, "vmhba2")->wwnn, ==, "ffffffffffffffff");
    g_assert_null(hbaOf(snapshot, "vmhba3")->wwpn);
    g_assert_cmpstr(hbaOf(snapshot, "vmhba3")->wwnn, ==, "7fffffffffffffff");
    g_assert_null(hbaOf(snapshot, "vmhba4")->wwpn);
}

/* Adapters without a device, and one that is listed twice: no pool, one pool. */
static void
testOddAdapters(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS(ITEM("HostHostBusAdapter", "HostBlockHba", IN("key", "k1"))
                       ITEM("HostHostBusAdapter", "HostBlockHba", IN("key", "k2") IN("device", ""))
                       ITEM("HostHostBusAdapter", "HostBlockHba", IN("device", "vmhba0"))
                       BLOCK("vmhba1") BLOCK("vmhba1")
                       ITEM("HostHostBusAdapter", "HostBlockHba", IN("key", "other")
                            IN("device", "vmhba1")))), &one);

    assertPools(snapshot, "vmhba0, vmhba1");
    g_assert_true(fixturePool(snapshot, "vmhba0")->accessible);
    g_assert_null(hbaOf(snapshot, "vmhba0")->model);
}

/* No adapter at all. */
static void
testNone(void)
{
    g_autoptr(InventorySnapshot) none = fixtureSnapshot(HOST("h1", ""), &one);
    g_autoptr(InventorySnapshot) empty = fixtureSnapshot(HOST("h1", HAS("")), &one);

    assertPools(none, "");
    assertPools(empty, "");
}

/* ---- which LUNs ------------------------------------------------------------------------------ */

static void
testTopology(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS(BLOCK("vmhba1")) LUNS(DISK("1", "10") DISK("2", "20") DISK("3", "40"))
             TOPOLOGY(ON("vmhba1", LUN("2") LUN("1") LUN("2") LUN("gone")))
             MULTIPATH(UNIT("3", PATH("vmhba1", "active")))), &one);
    const InventoryPool *pool = fixturePool(snapshot, "vmhba1");

    assertLuns(snapshot, "vmhba1", "naa.1 naa.2");
    g_assert_cmpuint(pool->capacity, ==, 30 * 512);
    g_assert_cmpuint(pool->available, ==, 0);
    g_assert_cmpstr(pool->targetPath, ==, "/vmfs/devices/disks");
    g_assert_cmpstr(inventoryPoolHba(pool)->adapter.device, ==, "vmhba1");
    g_assert_cmpstr(inventoryPoolHba(pool)->adapter.storageSystem->value, ==, "storage-h1");
}

/* Each adapter that the topology leaves out has what its paths lead to. */
static void
testPaths(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS(BLOCK("vmhba1") BLOCK("vmhba2")) LUNS(DISK("1", "1") DISK("2", "1"))
             TOPOLOGY(ON("vmhba1", LUN("1")))
             MULTIPATH(UNIT("2", PATH("vmhba1", "active") PATH("vmhba2", "active")
                            PATH("vmhba2", "dead")))), &one);

    assertLuns(snapshot, "vmhba1", "naa.1");
    assertLuns(snapshot, "vmhba2", "naa.2");
}

/* Where neither says anything, the plug store does. */
static void
testPlugStore(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS(BLOCK("vmhba1") BLOCK("vmhba2")) LUNS(DISK("1", "1") DISK("2", "1"))
             MULTIPATH(UNIT("1", PATH("vmhba1", "active")))
             PLUG_STORE(PLUG_ADAPTER("vmhba1", "p2") PLUG_ADAPTER("vmhba2", "p2")
                        PLUG_ADAPTER("vmhba2", "p9"),
                        PLUG_PATH("p1", "d1") PLUG_PATH("p2", "d2") PLUG_PATH("p3", "d9"),
                        PLUG_DEVICE("d1", "1") PLUG_DEVICE("d2", "2"))), &one);

    assertLuns(snapshot, "vmhba1", "naa.1");
    assertLuns(snapshot, "vmhba2", "naa.2");
}

/* Namespaces are LUNs by their name, behind however many controllers. */
static void
testNamespaces(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS(HBA("HostPcieHba", "vmhba1", "")) LUNS(DISK("1", "1") DISK("2", "1"))
             NVME(NVME_ON("vmhba1", NAMESPACE("naa.2") NAMESPACE("naa.9")) NVME_ON("vmhba9", ""))),
        &one);

    assertLuns(snapshot, "vmhba1", "naa.2");
}

/* One LUN of two adapters is one, found at the first by name; at its target before them. */
static void
testShared(void)
{
    static const char both[] =
        HOST("h1", HAS(FIBRE("vmhba3", "1", "2") FIBRE("vmhba2", "3", "4"))
             LUNS(DISK("1", "1") DISK("2", "1"))
             TOPOLOGY(ON("vmhba3", LUN("1") LUN("2")) ON("vmhba2", LUN("1"))));
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(both, &one);
    const InventoryLun *lun = hbaOf(snapshot, "vmhba2")->luns[0];

    g_assert_true(hbaOf(snapshot, "vmhba3")->luns[0] == lun);
    g_assert_true(lun->pool == fixturePool(snapshot, "vmhba2"));
    g_assert_true(inventoryLunByKey(snapshot, lun->key) == lun);
    g_assert_true(inventoryLunByPath(snapshot, "naa.1") == lun);
    g_assert_true(inventoryLunByPath(snapshot, "naa.2")->pool == fixturePool(snapshot, "vmhba3"));
}

static void
testBehindATargetAsWell(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS(BLOCK("vmhba1") HBA("HostInternetScsiHba", "vmhba9",
                       IN("configuredStaticTarget", IN("address", "a") IN("iScsiName", "iqn.a"))))
             LUNS(DISK("1", "1"))
             MULTIPATH(UNIT("1", PATH("vmhba1", "active")
                            IN("path", IN("adapter", "key-vmhba9")
                               AS("transport", "HostInternetScsiTargetTransport",
                                  IN("iScsiName", "iqn.a")))))), &one);
    const InventoryLun *lun = inventoryLunByPath(snapshot, "naa.1");

    assertPools(snapshot, "iqn.a, vmhba1");
    assertLuns(snapshot, "vmhba1", "naa.1");
    g_assert_true(lun->pool == fixturePool(snapshot, "iqn.a"));
}

/* ---- states ---------------------------------------------------------------------------------- */

static void
testStates(void)
{
#define OFFLINE(device) \
    ITEM("HostHostBusAdapter", "HostFibreChannelHba", IN("key", "key-" device) \
         IN("device", device) IN("status", "offline"))
    static const struct {
        const char *objects;
        gboolean accessible;
    } cases[] = {
        { HAS(BLOCK("a")) LUNS(DISK("1", "1")) MULTIPATH(UNIT("1", PATH("a", "active"))), TRUE },
        { HAS(BLOCK("a")) LUNS(DISK("1", "1")) MULTIPATH(UNIT("1", PATH("a", "standby"))), TRUE },
        { HAS(BLOCK("a")) LUNS(DISK("1", "1")) MULTIPATH(UNIT("1", PATH("a", "dead"))), FALSE },
        { HAS(BLOCK("a")) LUNS(DISK("1", "1")) MULTIPATH(UNIT("1", PATH("a", "disabled"))), FALSE },
        { HAS(BLOCK("a")) LUNS(DISK("1", "1"))
          MULTIPATH(UNIT("1", PATH("a", "dead") PATH("a", "active"))), TRUE },
        { HAS(BLOCK("a")) LUNS(DISK("1", "1"))
          MULTIPATH(UNIT("1", PATH("a", "dead") PATH("b", "active"))), FALSE },
        /* nothing is attached */
        { HAS(BLOCK("a")), TRUE },
        { HAS(BLOCK("a")) MULTIPATH(""), TRUE },
        /* LUNs, and no path to them; or nobody says which paths there are */
        { HAS(BLOCK("a")) LUNS(DISK("1", "1")) TOPOLOGY(ON("a", LUN("1"))) MULTIPATH(""), FALSE },
        { HAS(BLOCK("a")) LUNS(DISK("1", "1")) TOPOLOGY(ON("a", LUN("1"))), TRUE },
        { HAS(OFFLINE("a")), FALSE },
        { HAS(OFFLINE("a")) LUNS(DISK("1", "1")) MULTIPATH(UNIT("1", PATH("a", "active"))), TRUE },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *object = g_strdup_printf(
            "<objectSet><kind>enter</kind><obj type=\"HostSystem\">h1</obj>%s</objectSet>",
            cases[i].objects);
        g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(object, &one);

        if (fixturePool(snapshot, "a")->accessible != cases[i].accessible)
            g_error("case %zu: the adapter is %saccessible", i, cases[i].accessible ? "not " : "");
    }
}

/* ---- names and UUIDs ------------------------------------------------------------------------- */

static void
testManyHosts(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        HOST("h1", HAS(BLOCK("vmhba1") BLOCK("vmhba2"))) HOST("h2", HAS(BLOCK("vmhba1")))
        ENTER("HostSystem", "h3", HAS(BLOCK("vmhba1")))
        ENTER("HostSystem", "h4", SET("name", TEXT("a%2fb")) HAS(BLOCK("vmhba1")))
        ENTER("HostSystem", "h5", SET("name", TEXT("h1.example")) HAS(BLOCK("vmhba1"))), &many);
    g_autoptr(GHashTable) uuids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t n = 0;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);
    size_t i;

    assertPools(snapshot, "vmhba1 (a/b), vmhba1 (h1.example), vmhba1 (h1.example) (h5), "
                          "vmhba1 (h2.example), vmhba1 (h3), vmhba2 (h1.example)");
    for (i = 0; i < n; i++)
        g_assert_true(g_hash_table_add(uuids, g_strdup(fixtureUuid(pools[i]))));
}

/* The MD5 of "host\nkey": it stays when the host, or a datastore of that name, changes its name. */
static void
testUuid(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(HOST("h1", HAS(BLOCK("vmhba1"))), &one);
    g_autoptr(InventorySnapshot) taken = fixtureSnapshot(
        HOST("h1", HAS(BLOCK("vmhba1"))) VMFS("ds1", "vmhba1", ""), &one);
    g_autofree char *uuid = g_strdup(fixtureUuid(fixturePool(snapshot, "vmhba1")));

    g_assert_cmpstr(uuid, ==, "9924b2f3-bc70-76bb-cd27-11fd57ba5c09");
    assertPools(taken, "vmhba1, vmhba1 (h1)");
    g_assert_nonnull(fixturePool(taken, "vmhba1")->datastore);
    g_assert_cmpstr(fixtureUuid(fixturePool(taken, "vmhba1 (h1)")), ==, uuid);
}

static void
testLongNames(void)
{
    g_autofree char *fits = g_strnfill(LIMIT_NAME_BYTES, 'x');
    g_autofree char *tooLong = g_strnfill(LIMIT_NAME_BYTES + 1, 'x');
    const struct {
        const char *device;
        guint left;
    } cases[] = { { fits, 0 }, { tooLong, 1 } };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *object = g_strdup_printf(
            HOST("h1", HAS(ITEM("HostHostBusAdapter", "HostBlockHba", IN("device", "%s")))),
            cases[i].device);
        g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(object, &one);
        size_t n = 0;

        inventorySnapshotPools(snapshot, &n);
        g_assert_cmpuint(n, ==, 1 - cases[i].left);
        g_assert_cmpuint(inventorySnapshotLeftOut(snapshot)->count, ==, cases[i].left);
        if (cases[i].left > 0)
            g_assert_cmpstr(inventorySnapshotLeftOut(snapshot)->reason, ==,
                            "an adapter whose name is too long");
    }
}

/* A LUN that cannot be listed is left out once, though targets and adapters both look at it. */
static void
testLongLun(void)
{
    g_autofree char *name = g_strnfill(LIMIT_NAME_BYTES + 1, 'x');
    g_autofree char *object = g_strdup_printf(
        HOST("h1", HAS(BLOCK("vmhba1"))
             LUNS(ITEM("ScsiLun", "HostScsiDisk", IN("key", "key-1") IN("deviceName", "%s")))
             TOPOLOGY(ON("vmhba1", LUN("1")))), name);
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(object, &one);

    assertLuns(snapshot, "vmhba1", "");
    g_assert_cmpuint(inventorySnapshotLeftOut(snapshot)->count, ==, 1);
}

/* ---- changes --------------------------------------------------------------------------------- */

typedef struct {
    GString *seen;
} Heard;

static void
hear(InventoryChange change, const InventoryPool *pool, gpointer opaque)
{
    static const char *const words[] = {
        [INVENTORY_CHANGE_APPEARED] = "come", [INVENTORY_CHANGE_GONE] = "gone",
        [INVENTORY_CHANGE_ACCESSIBLE] = "up", [INVENTORY_CHANGE_INACCESSIBLE] = "down",
        [INVENTORY_CHANGE_CONTENTS] = "other",
    };
    Heard *heard = opaque;

    g_string_append_printf(heard->seen, "%s %s;", pool->name, words[change]);
}

static void
assertChange(const char *before, const char *now, const char *expected)
{
    g_autoptr(InventorySnapshot) was = fixtureSnapshot(before, &one);
    g_autoptr(InventorySnapshot) is = fixtureSnapshot(now, &one);
    g_autoptr(GString) seen = g_string_new(NULL);
    Heard heard = { seen };

    inventoryDiff(was, is, hear, &heard);
    g_assert_cmpstr(seen->str, ==, expected);
}

static void
testChanges(void)
{
#define WORLD(hba, luns, state) \
    HOST("h1", HAS(hba) LUNS(DISK("1", "10") DISK("2", "10")) TOPOLOGY(ON("vmhba1", luns)) \
         MULTIPATH(UNIT("1", PATH("vmhba1", state))))
    static const char usual[] = WORLD(FIBRE("vmhba1", "1", "2"), LUN("1"), "active");

    assertChange(usual, usual, "");
    assertChange(usual, WORLD(FIBRE("vmhba1", "1", "2"), LUN("1"), "dead"), "vmhba1 down;");
    assertChange(WORLD(FIBRE("vmhba1", "1", "2"), LUN("1"), "dead"), usual, "vmhba1 up;");
    assertChange(usual, WORLD(FIBRE("vmhba1", "1", "2"), LUN("2"), "active"), "vmhba1 other;");
    assertChange(usual, WORLD(FIBRE("vmhba1", "1", "2"), LUN("1") LUN("2"), "active"),
                 "vmhba1 other;");
    assertChange(usual, WORLD(FIBRE("vmhba1", "9", "2"), LUN("1"), "active"), "vmhba1 other;");
    assertChange(usual, WORLD(FIBRE("vmhba1", "1", "9"), LUN("1"), "active"), "vmhba1 other;");
    assertChange(usual, WORLD("", "", "active"), "vmhba1 gone;");
    assertChange(WORLD("", "", "active"), usual, "vmhba1 come;");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/scsi/kinds", testKinds);
    g_test_add_func("/scsi/not-shown", testNotShown);
    g_test_add_func("/scsi/wwns", testWwns);
    g_test_add_func("/scsi/odd-adapters", testOddAdapters);
    g_test_add_func("/scsi/none", testNone);
    g_test_add_func("/scsi/topology", testTopology);
    g_test_add_func("/scsi/paths", testPaths);
    g_test_add_func("/scsi/plug-store", testPlugStore);
    g_test_add_func("/scsi/namespaces", testNamespaces);
    g_test_add_func("/scsi/shared", testShared);
    g_test_add_func("/scsi/behind-a-target-as-well", testBehindATargetAsWell);
    g_test_add_func("/scsi/states", testStates);
    g_test_add_func("/scsi/many-hosts", testManyHosts);
    g_test_add_func("/scsi/uuid", testUuid);
    g_test_add_func("/scsi/long-names", testLongNames);
    g_test_add_func("/scsi/long-lun", testLongLun);
    g_test_add_func("/scsi/changes", testChanges);

    return g_test_run();
}
