/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_limits.h"
#include "base_names.h"
#include "inventory_fixture.h"

static SoapMoRef host1 = { "HostSystem", "h1" };
static InventoryScope scope1 = { .host = &host1 };

/* The only pool of a snapshot. */
static const InventoryPool *
onlyPool(const InventorySnapshot *snapshot)
{
    const InventoryPool *const *pools = NULL;
    size_t n = 0;

    pools = inventorySnapshotPools(snapshot, &n);
    g_assert_cmpuint(n, ==, 1);
    g_assert_null(pools[0]->target);
    g_assert_nonnull(pools[0]->datastore);
    return pools[0];
}

/* ---- kinds ----------------------------------------------------------------------------------- */

#define INFO(type, fields) \
    SET("info", STRUCT(type, IN("name", "ds") IN("url", "/vmfs/volumes/x") IN("freeSpace", "1") \
                       IN("maxFileSize", "1") fields))
#define NAS(type) INFO("NasDatastoreInfo", IN("nas", IN("type", type) IN("name", "ds") \
                       IN("capacity", "1") IN("remoteHost", "nas.example.com") \
                       IN("remotePath", "/export/vol1") IN("userName", "")))

static void
testKinds(void)
{
    static const struct {
        const char *objects;
        InventoryFs fs;
        const char *type;
    } rows[] = {
        { SUMMARY("ds", "VMFS", "") INFO("VmfsDatastoreInfo", ""), INVENTORY_FS_VMFS, "VMFS" },
        { SUMMARY("ds", "NFS", "") NAS("NFS"), INVENTORY_FS_NFS, "NFS" },
        { SUMMARY("ds", "NFS41", "") NAS("NFS41"), INVENTORY_FS_NFS, "NFS41" },
        { SUMMARY("ds", "CIFS", "") NAS("CIFS"), INVENTORY_FS_CIFS, "CIFS" },
        { SUMMARY("ds", "OTHER", "") NAS("cifs"), INVENTORY_FS_CIFS, "OTHER" },
        { SUMMARY("ds", "OTHER", "") INFO("LocalDatastoreInfo", IN("path", "/x")),
          INVENTORY_FS_LOCAL, "OTHER" },
        { SUMMARY("ds", "vsan", "") INFO("VsanDatastoreInfo", ""), INVENTORY_FS_OTHER, "vsan" },
        { SUMMARY("ds", "VVOL", "") INFO("VvolDatastoreInfo", ""), INVENTORY_FS_OTHER, "VVOL" },
        { SUMMARY("ds", "PMEM", "") INFO("PMemDatastoreInfo", ""), INVENTORY_FS_OTHER, "PMEM" },
        { SUMMARY("ds", "vsan", "") INFO("DatastoreInfo", ""), INVENTORY_FS_OTHER, "vsan" },
        { SUMMARY("ds", "QUANTUM", "") INFO("QuantumDatastoreInfo", ""), INVENTORY_FS_OTHER,
          "QUANTUM" },
        /* Without an info, or one of a type not known here, summary.type is what there is. */
        { SUMMARY("ds", "VMFS", "") INFO("NewVmfsInfo", ""), INVENTORY_FS_VMFS, "VMFS" },
        { SUMMARY("ds", "NFS", ""), INVENTORY_FS_NFS, "NFS" },
        { SUMMARY("ds", "NFS41", ""), INVENTORY_FS_NFS, "NFS41" },
        { SUMMARY("ds", "VFFS", ""), INVENTORY_FS_OTHER, "VFFS" },
        { INFO("VmfsDatastoreInfo", ""), INVENTORY_FS_VMFS, "OTHER" },
        { "", INVENTORY_FS_OTHER, "OTHER" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *object = g_strdup_printf(
            ENTER("Datastore", "d1", "%s"), rows[i].objects);
        g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(object, NULL);

        g_test_message("%s", rows[i].objects);
        g_assert_cmpint(onlyPool(snapshot)->datastore->fs, ==, rows[i].fs);
        g_assert_cmpstr(onlyPool(snapshot)->datastore->fsType, ==, rows[i].type);
    }
}

static void
testNas(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        ENTER("Datastore", "d1", SUMMARY("ds", "NFS", "") NAS("NFS")
              MOUNTS(MOUNT("h1", IN("path", "/vmfs/volumes/1") ))), NULL);
    const InventoryDatastore *datastore = onlyPool(snapshot)->datastore;

    g_assert_cmpstr(datastore->remoteHost, ==, "nas.example.com");
    g_assert_cmpstr(datastore->remotePath, ==, "/export/vol1");
}

#define SERVERS(names) \
    INFO("NasDatastoreInfo", IN("nas", IN("type", "NFS41") IN("name", "ds") IN("capacity", "1") \
         IN("remoteHost", "a") IN("remotePath", "/x") IN("userName", "") names))

/* Of servers that do not fit in LIMIT_DATASTORE_PATH, or are no names, the others are kept. */
static void
testNasServers(void)
{
    g_autofree char *whole = g_strnfill(LIMIT_DATASTORE_PATH - strlen("a\n"), 's');
    g_autofree char *most = g_strdup_printf(IN("remoteHostNames", "a")
                                            IN("remoteHostNames", "%s"), whole);
    g_autofree char *more = g_strdup_printf(IN("remoteHostNames", "a")
                                            IN("remoteHostNames", "%ss")
                                            IN("remoteHostNames", "b"), whole);
    g_autofree char *expected = g_strdup_printf("a\n%s", whole);
    const struct {
        const char *names;
        const char *servers;
    } rows[] = {
        { "", NULL },
        { IN("remoteHostNames", "a") IN("remoteHostNames", "b"), "a\nb" },
        { IN("remoteHostNames", "") IN("remoteHostNames", "b\nc") IN("remoteHostNames", "d"), "d" },
        { most, expected },
        { more, "a\nb" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *object = g_strdup_printf(
            ENTER("Datastore", "d1", SUMMARY("ds", "NFS41", "") SERVERS("%s")), rows[i].names);
        g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(object, NULL);

        g_assert_cmpstr(onlyPool(snapshot)->datastore->servers, ==, rows[i].servers);
    }
}

/* A standalone ESX calls an NFS datastore "host:/export"; that is left when the mount is lost. */
static void
testNasLost(void)
{
    static const struct {
        const char *ref;
        const char *host;
        const char *path;
    } rows[] = {
        { "192.168.0.9:/export/a", "192.168.0.9", "/export/a" },
        { "nas:/a:/b", "nas", "/a:/b" },
        { "datastore-17", NULL, NULL },
        { ":/export", NULL, NULL },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *object = g_strdup_printf(
            ENTER("Datastore", "%s", "%s"), rows[i].ref,
            SUMMARY("ds", "NFS", "") INFO("NasDatastoreInfo", ""));
        g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(object, NULL);
        const InventoryDatastore *datastore = onlyPool(snapshot)->datastore;

        g_assert_cmpstr(datastore->remoteHost, ==, rows[i].host);
        g_assert_cmpstr(datastore->remotePath, ==, rows[i].path);
    }
}

#define EXTENT(fields) IN("extent", fields)

static void
testExtents(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        VMFS("d1", "ds", INFO("VmfsDatastoreInfo", IN("vmfs",
             IN("type", "VMFS") IN("name", "ds") IN("capacity", "1")
             EXTENT(IN("diskName", "naa.1") IN("partition", "3")) EXTENT(IN("partition", "9"))
             EXTENT(IN("diskName", "naa.2") IN("partition", "1"))))), NULL);
    const InventoryDatastore *datastore = onlyPool(snapshot)->datastore;

    g_assert_cmpuint(datastore->nextents, ==, 2);
    g_assert_cmpstr(datastore->extents[0].disk, ==, "naa.1");
    g_assert_cmpint(datastore->extents[0].partition, ==, 3);
    g_assert_cmpstr(datastore->extents[1].disk, ==, "naa.2");
}

/* ---- what makes the UUID and the target path ------------------------------------------------- */

/* MD5 of @text as a UUID is the pool's. */
static void
assertIdentity(const char *objects, const InventoryScope *scope, const char *text,
               const char *targetPath)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(objects, scope);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_MD5, text, -1);
    g_auto(GStrv) parts = g_strsplit(fixtureUuid(onlyPool(snapshot)), "-", -1);
    g_autofree char *hex = g_strjoinv("", parts);

    g_assert_cmpstr(hex, ==, digest);
    g_assert_cmpstr(onlyPool(snapshot)->targetPath, ==, targetPath);
}

#define C519 "/vmfs/volumes/c51999a6-5c492c68-7cca-9e4906147268"

static void
testUuid(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        VMFS("d1", "ds", MOUNTS(MOUNT("h1", IN("path", C519)))), &scope1);

    /* What libvirt's own ESX driver gives for this path. */
    g_assert_cmpstr(fixtureUuid(onlyPool(snapshot)), ==, "f7b921e3-37bd-50ef-ec46-d1d44238257a");
    g_assert_cmpstr(onlyPool(snapshot)->targetPath, ==, C519);
    g_assert_cmpstr(onlyPool(snapshot)->datastore->mountPath, ==, C519);

    /* ESX 5.5 has a slash at the end: it counts in the UUID, byte by byte. */
    assertIdentity(VMFS("d1", "ds", MOUNTS(MOUNT("h1", IN("path", C519 "/")))), &scope1, C519 "/",
                   C519);
}

/* An account that sees no mount gets the same UUID from the URL, and in the end the reference. */
static void
testUuidFallback(void)
{
    assertIdentity(VMFS("d1", "ds", ""), NULL, "/vmfs/volumes/ds", "/vmfs/volumes/ds");
    assertIdentity(VMFS("d1", "ds", MOUNTS(MOUNT("h1", ""))), &scope1, "/vmfs/volumes/ds",
                   "/vmfs/volumes/ds");
    assertIdentity(VMFS("d1", "ds", MOUNTS(MOUNT("h1", IN("path", "")))), &scope1,
                   "/vmfs/volumes/ds", "/vmfs/volumes/ds");
    assertIdentity(ENTER("Datastore", "4ab42a25-5a4b0c1e-7b2c-001b21a0b1c2", ""), NULL,
                   "/vmfs/volumes/4ab42a25-5a4b0c1e-7b2c-001b21a0b1c2",
                   "/vmfs/volumes/4ab42a25-5a4b0c1e-7b2c-001b21a0b1c2");
    assertIdentity(ENTER("Datastore", "d1", INFO("VmfsDatastoreInfo", "")), NULL, "/vmfs/volumes/x",
                   "/vmfs/volumes/x");
    assertIdentity(ENTER("Datastore", "d1", ""), NULL, "d1", NULL);
}

/* URLs of old servers that hold no path of the host. */
static void
testOddUrls(void)
{
    static const struct {
        const char *url;
        const char *targetPath;
    } rows[] = {
        { "sanfs://vmfs_uuid:49861d7d-25f008ac-ffbf-001b212bed24/", NULL },
        { "netfs://192.168.254.80//shares/public/", NULL },
        { "/vmfs/volumes/49861d7d", "/vmfs/volumes/49861d7d" },
        { "ds:///vmfs/volumes/vsan:5281f817da2563b1/", "/vmfs/volumes/vsan:5281f817da2563b1" },
        { "/", "/" },
        { "///", "/" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *object = g_strdup_printf(
            ENTER("Datastore", "d1",
                  SET("summary", STRUCT("DatastoreSummary", IN("name", "x") IN("url", "%s")))),
            rows[i].url);

        assertIdentity(object, NULL, rows[i].targetPath ? rows[i].targetPath : rows[i].url,
                       rows[i].targetPath);
    }
}

/* A mount of another host is none of this one's. */
static void
testMountOfAnotherHost(void)
{
    static const char objects[] =
        VMFS("d1", "ds", MOUNTS(MOUNT("h2", IN("path", "/vmfs/volumes/2"))
                                MOUNT("h1", IN("path", "/vmfs/volumes/1"))));
    static const char others[] =
        VMFS("d1", "ds", MOUNTS(MOUNT("h2", IN("path", "/v/2"))));

    assertIdentity(objects, &scope1, "/vmfs/volumes/1", "/vmfs/volumes/1");
    assertIdentity(objects, NULL, "/vmfs/volumes/2", "/vmfs/volumes/2");
    assertIdentity(others, &scope1, "/vmfs/volumes/ds", "/vmfs/volumes/ds");
}

/* ---- what the account may not read ---------------------------------------------------------- */

#define DENIED(path, privilege) \
    "<missingSet><path>" path "</path><fault><fault xsi:type=\"NoPermission\">" \
    "<object type=\"Datastore\">d1</object>" privilege "</fault><localizedMessage>no" \
    "</localizedMessage></fault></missingSet>"
#define READ_IS_MISSING "<privilegeId>System.Read</privilegeId>"

/* It is neither lost nor small: the privilege is missing, which what is asked of it names. */
static void
testDenied(void)
{
    static const struct {
        const char *objects;
        const char *privilege;
    } rows[] = {
        { ENTER("Datastore", "d1", DENIED("summary", READ_IS_MISSING)
                DENIED("info", READ_IS_MISSING)), "System.Read" },
        { ENTER("Datastore", "d1", DENIED("summary", "")), "" },
        { VMFS("d1", "ds", DENIED("browser", READ_IS_MISSING)), "System.Read" },
        { VMFS("d1", "ds", DENIED("info", READ_IS_MISSING)), NULL },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(rows[i].objects, NULL);

        g_assert_true(onlyPool(snapshot)->accessible);
        g_assert_cmpstr(onlyPool(snapshot)->datastore->denied, ==, rows[i].privilege);
    }
}

/* Without its info an NFS datastore is told by its summary, its source by the reference. */
static void
testInfoOfNfsDenied(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        ENTER("Datastore", "10.0.0.9:/export/iso", SUMMARY("nfs", "NFS41", "")
              DENIED("info", READ_IS_MISSING)), NULL);
    const InventoryDatastore *datastore = onlyPool(snapshot)->datastore;

    g_assert_cmpint(datastore->fs, ==, INVENTORY_FS_NFS);
    g_assert_cmpstr(datastore->remoteHost, ==, "10.0.0.9");
    g_assert_cmpstr(datastore->remotePath, ==, "/export/iso");
}

/* ---- state and sizes ------------------------------------------------------------------------- */

/* The pool of @objects is accessible or not, with these sizes. */
static void
assertState(const char *objects, const InventoryScope *scope, gboolean accessible, guint64 capacity,
            guint64 available)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(objects, scope);

    g_assert_cmpint(onlyPool(snapshot)->accessible, ==, accessible);
    g_assert_cmpuint(onlyPool(snapshot)->capacity, ==, capacity);
    g_assert_cmpuint(onlyPool(snapshot)->available, ==, available);
}

#define SIZES(accessible, capacity, free) \
    SET("summary", STRUCT("DatastoreSummary", IN("name", "ds") IN("capacity", capacity) \
        IN("freeSpace", free) IN("accessible", accessible) IN("type", "VMFS")))

static void
testState(void)
{
    assertState(ENTER("Datastore", "d1", SIZES("true", "1000", "400")), NULL, TRUE, 1000, 400);
    /* What an inaccessible datastore says of its sizes is not meant. */
    assertState(ENTER("Datastore", "d1", SIZES("false", "1000", "400")), NULL, FALSE, 0, 0);
    assertState(ENTER("Datastore", "d1", SIZES("true", "1000", "4000")), NULL, TRUE, 1000, 1000);
    assertState(ENTER("Datastore", "d1", SIZES("true", "-1", "-5")), NULL, TRUE, 0, 0);
    assertState(ENTER("Datastore", "d1", ""), NULL, FALSE, 0, 0);
    assertState(ENTER("Datastore", "d1", INFO("VmfsDatastoreInfo", "")), NULL, FALSE, 0, 0);
}

#define LOST(host) MOUNT(host, IN("path", "/v") IN("mounted", "true") IN("accessible", "false"))
#define FOUND(host) MOUNT(host, IN("path", "/v") IN("mounted", "true") IN("accessible", "true"))

#define MOUNTED(mounts) ENTER("Datastore", "d1", SIZES("true", "10", "4") MOUNTS(mounts))

/* The host that is shown decides; where all are shown, one that reaches the datastore is enough. */
static void
testLostMounts(void)
{
    assertState(MOUNTED(LOST("h1") FOUND("h2")), &scope1, FALSE, 0, 0);
    assertState(MOUNTED(FOUND("h1") LOST("h2")), &scope1, TRUE, 10, 4);
    assertState(MOUNTED(LOST("h1") FOUND("h2")), NULL, TRUE, 10, 4);
    assertState(MOUNTED(LOST("h1") LOST("h2")), NULL, FALSE, 0, 0);
    assertState(MOUNTED(MOUNT("h1", IN("path", "/v"))), NULL, TRUE, 10, 4);
}

static void
testReadOnly(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        ENTER("Datastore", "d1", SUMMARY("ds", "NFS", "") MOUNTS(
              ITEM("DatastoreHostMount", "DatastoreHostMount", "<key type=\"HostSystem\">h1</key>"
                   IN("mountInfo", IN("path", "/v") IN("accessMode", "readOnly"))))), &scope1);
    g_autoptr(InventorySnapshot) writable = fixtureSnapshot(
        ENTER("Datastore", "d1", SUMMARY("ds", "NFS", "") MOUNTS(FOUND("h1"))), &scope1);

    g_assert_true(onlyPool(snapshot)->datastore->readOnly);
    g_assert_false(onlyPool(writable)->datastore->readOnly);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void
testHollow(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(ENTER("Datastore", "d1", ""), NULL);
    const InventoryPool *pool = onlyPool(snapshot);

    g_assert_cmpstr(pool->name, ==, "d1");
    g_assert_null(pool->datastore->browser);
    g_assert_null(pool->datastore->url);
    g_assert_null(pool->datastore->mountPath);
    g_assert_null(pool->datastore->datacenter);
    g_assert_null(pool->datastore->datacenterPath);
}

static void
testBrowser(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        VMFS("d1", "ds", SET("browser", REF("HostDatastoreBrowser", "b"))),
        NULL);

    g_assert_cmpstr(onlyPool(snapshot)->datastore->browser->value, ==, "b");
    g_assert_cmpstr(onlyPool(snapshot)->datastore->ref->value, ==, "d1");
}

#define DATACENTER(value, name, parent, datastore) \
    ENTER("Datacenter", value, SET("name", TEXT(name)) SET("parent", REF("Folder", parent)) \
          SET("datastore", ARRAY("ManagedObjectReference", REF_ITEM("Datastore", datastore))))
#define FOLDERS \
    ENTER("Folder", "root", SET("name", TEXT("Datacenters"))) \
    ENTER("Folder", "sites", SET("name", TEXT("Sites")) SET("parent", REF("Folder", "root")))

/* Two datacenters of a vCenter may have a datastore of one name. */
static void
testSameNames(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        FOLDERS DATACENTER("dc1", "Berlin", "sites", "d1") DATACENTER("dc2", "a%2fb", "root", "d2")
        VMFS("d1", "ds", "") VMFS("d2", "ds", "")
        VMFS("d3", "ds", "")
        VMFS("d4", "other", ""), NULL);
    g_autoptr(GPtrArray) shared = inventoryPoolsByPlainName(snapshot, "ds");
    g_autoptr(GPtrArray) own = inventoryPoolsByPlainName(snapshot, "other");

    g_assert_null(inventoryPoolByName(snapshot, "ds"));
    /* What a path to its files needs is the name alone. */
    g_assert_cmpstr(fixturePool(snapshot, "ds (Sites/Berlin)")->datastore->name, ==, "ds");
    g_assert_cmpstr(fixturePool(snapshot, "ds (a%2fb)")->datastore->datacenterPath, ==, "a%2fb");
    g_assert_cmpstr(fixturePool(snapshot, "ds (d3)")->datastore->ref->value, ==, "d3");
    g_assert_cmpstr(fixturePool(snapshot, "other")->name, ==, "other");

    g_assert_cmpuint(shared->len, ==, 3);
    g_assert_true(g_ptr_array_index(shared, 0) == fixturePool(snapshot, "ds (Sites/Berlin)"));
    g_assert_true(g_ptr_array_index(shared, 1) == fixturePool(snapshot, "ds (a%2fb)"));
    g_assert_true(g_ptr_array_index(shared, 2) == fixturePool(snapshot, "ds (d3)"));
    g_assert_cmpuint(own->len, ==, 0);
}

/* One export that two datacenters have mounted is two pools, each with a UUID of its own. */
static void
testSameMountPaths(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        VMFS("d1", "a", MOUNTS(MOUNT("h1", IN("path", "/vmfs/volumes/x"))))
        VMFS("d2", "b", MOUNTS(MOUNT("h2", IN("path", "/vmfs/volumes/x")))), NULL);
    const InventoryPool *first = fixturePool(snapshot, "a");
    const InventoryPool *second = fixturePool(snapshot, "b");
    guint8 regular[16];

    nameHashUuid("/vmfs/volumes/x", regular);
    g_assert_cmpmem(first->uuid, 16, regular, 16);
    g_assert_true(inventoryPoolByUuid(snapshot, first->uuid) == first);
    g_assert_true(inventoryPoolByUuid(snapshot, second->uuid) == second);
}

static void
testDatacenter(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        FOLDERS DATACENTER("dc1", "Berlin", "sites", "d1")
        VMFS("d1", "ds", ""), NULL);
    const InventoryDatastore *datastore = onlyPool(snapshot)->datastore;

    g_assert_cmpstr(datastore->datacenter->value, ==, "dc1");
    g_assert_cmpstr(datastore->datacenterPath, ==, "Sites/Berlin");
}

/* The datacenter of the host that is shown is known already. */
static void
testDatacenterOfScope(void)
{
    SoapMoRef datacenter = { "Datacenter", "dc9" };
    InventoryScope scope = { .host = &host1, .datacenter = &datacenter,
                             .datacenterPath = (char *)"Sites/Paris" };
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        VMFS("d1", "ds", ""), &scope);

    g_assert_cmpstr(onlyPool(snapshot)->datastore->datacenter->value, ==, "dc9");
    g_assert_cmpstr(onlyPool(snapshot)->datastore->datacenterPath, ==, "Sites/Paris");
}

/* A mount without information, and an entry that is no mount, are none. */
static void
testHollowMounts(void)
{
    assertIdentity(VMFS("d1", "ds", MOUNTS("<DatastoreHostMount></DatastoreHostMount>"
                                           MOUNT("h1", IN("path", "/v/1")))), NULL, "/v/1", "/v/1");
    assertState(MOUNTED("<DatastoreHostMount></DatastoreHostMount>" LOST("h1")), NULL, FALSE, 0, 0);
    assertState(MOUNTED("<DatastoreHostMount></DatastoreHostMount>"), NULL, TRUE, 10, 4);
}

/* Folders that are each other's parents: no path leads to such a datacenter. */
static void
testCircle(void)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        ENTER("Folder", "a", SET("name", TEXT("A")) SET("parent", REF("Folder", "b")))
        ENTER("Folder", "b", SET("name", TEXT("B")) SET("parent", REF("Folder", "a")))
        DATACENTER("dc1", "DC", "a", "d1") VMFS("d1", "ds", "") VMFS("d2", "other", ""), NULL);

    g_assert_cmpstr(onlyPool(snapshot)->name, ==, "other");
}

/* Returns: (transfer full) a datastore "ds" in a datacenter @depth names below the root folder. */
static InventorySnapshot *
snapshotOfDepth(guint depth)
{
    g_autoptr(GString) objects = g_string_new(FOLDERS);
    g_autofree char *datacenter = NULL;
    guint i;

    for (i = 2; i < depth; i++) {
        g_autofree char *parent = i == 2 ? g_strdup("sites") : g_strdup_printf("f%u", i - 1);

        g_string_append_printf(objects, ENTER("Folder", "f%u", SET("name", TEXT("F"))
                                              SET("parent", REF("Folder", "%s"))), i, parent);
    }
    datacenter = g_strdup_printf(DATACENTER("dc1", "DC", "f%u", "d1"), depth - 1);
    g_string_append(objects, datacenter);
    g_string_append(objects, VMFS("d1", "ds", "") VMFS("d2", "other", ""));
    return fixtureSnapshot(objects->str, NULL);
}

/* A path of as many names as there may be is whole; of one more, its datastores are left out. */
static void
testDepth(void)
{
    g_autoptr(InventorySnapshot) most = snapshotOfDepth(LIMIT_INVENTORY_DEPTH);
    g_autoptr(InventorySnapshot) more = snapshotOfDepth(LIMIT_INVENTORY_DEPTH + 1);
    const char *path = fixturePool(most, "ds")->datastore->datacenterPath;
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    g_assert_cmpuint(g_strv_length(parts), ==, LIMIT_INVENTORY_DEPTH);
    g_assert_cmpstr(parts[0], ==, "Sites");
    g_assert_cmpstr(parts[LIMIT_INVENTORY_DEPTH - 1], ==, "DC");
    g_assert_cmpstr(onlyPool(more)->name, ==, "other");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/datastore/kinds", testKinds);
    g_test_add_func("/inventory/datastore/nas", testNas);
    g_test_add_func("/inventory/datastore/nas-servers", testNasServers);
    g_test_add_func("/inventory/datastore/nas-lost", testNasLost);
    g_test_add_func("/inventory/datastore/extents", testExtents);
    g_test_add_func("/inventory/datastore/uuid", testUuid);
    g_test_add_func("/inventory/datastore/uuid-fallback", testUuidFallback);
    g_test_add_func("/inventory/datastore/odd-urls", testOddUrls);
    g_test_add_func("/inventory/datastore/denied", testDenied);
    g_test_add_func("/inventory/datastore/info-of-nfs-denied", testInfoOfNfsDenied);
    g_test_add_func("/inventory/datastore/mount-of-another-host", testMountOfAnotherHost);
    g_test_add_func("/inventory/datastore/state", testState);
    g_test_add_func("/inventory/datastore/lost-mounts", testLostMounts);
    g_test_add_func("/inventory/datastore/read-only", testReadOnly);
    g_test_add_func("/inventory/datastore/hollow", testHollow);
    g_test_add_func("/inventory/datastore/browser", testBrowser);
    g_test_add_func("/inventory/datastore/same-names", testSameNames);
    g_test_add_func("/inventory/datastore/same-mount-paths", testSameMountPaths);
    g_test_add_func("/inventory/datastore/datacenter", testDatacenter);
    g_test_add_func("/inventory/datastore/datacenter-of-scope", testDatacenterOfScope);
    g_test_add_func("/inventory/datastore/hollow-mounts", testHollowMounts);
    g_test_add_func("/inventory/datastore/circle", testCircle);
    g_test_add_func("/inventory/datastore/depth", testDepth);
    return g_test_run();
}
