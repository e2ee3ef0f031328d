/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_libvirt.h"
#include "esx_vmfs_listing.h"
#include "inventory_fixture.h"
#include "thread_fixture.h"
#include "vi_fixture.h"

#include <string.h>

#define SEARCH "SearchDatastoreSubFolders_Task"
#define LOOK "RetrievePropertiesEx"
#define HOUR_MS (3600 * 1000)

#define BROWSER(value) SET("browser", REF("HostDatastoreBrowser", value))

typedef EsxVmfsListings Listings;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listings, esxVmfsListingsFree)

/* A snapshot with datastores "ds" and "other". */
static InventorySnapshot *
twoDatastores(void)
{
    return fixtureSnapshot(
        VMFS("d1", "ds", BROWSER("b1"))
        VMFS("d2", "other", BROWSER("b2")),
        NULL);
}

#define FOLDER(path, files) \
    "<HostDatastoreBrowserSearchResults><folderPath>" path "</folderPath>" files \
    "</HostDatastoreBrowserSearchResults>"
#define FILE(type, path, more) AS("file", type, IN("path", path) more)

static char *
searchResult(const char *folders)
{
    g_autofree char *inner = g_strdup_printf(
        "<returnval><objects><obj type=\"Task\">t</obj><propSet><name>info.state</name>"
        "<val xsi:type=\"TaskInfoState\">success</val></propSet><propSet><name>info.result</name>"
        "<val xsi:type=\"ArrayOfHostDatastoreBrowserSearchResults\">%s</val></propSet></objects>"
        "</returnval>", folders);

    return cannedEnvelope(LOOK, inner);
}

static void
scriptSearch(Canned *canned, const char *folders)
{
    g_autofree char *bytes = searchResult(folders);

    cannedReply(canned, SEARCH, "<returnval type=\"Task\">t</returnval>");
    cannedAdd(canned, LOOK, &(CannedExchange){ .bytes = bytes });
}

static EsxVolumeList *
acquire(Listings *listings, ViSession *session, const InventoryPool *pool)
{
    g_autoptr(GError) error = NULL;
    EsxVolumeList *list = esxVmfsListingsAcquire(listings, session, pool, &error);

    g_assert_no_error(error);
    return list;
}

/* The volumes that a search with these results gives. */
static EsxVolumeList *
listOf(const char *folders)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew(0);

    scriptSearch(canned, folders);
    return acquire(listings, session, fixturePool(snapshot, "ds"));
}

static const EsxVolume *
find(const EsxVolumeList *list, const char *name)
{
    const EsxVolume *volume = esxVolumeListFind(list, name);

    if (!volume)
        g_error("there is no volume '%s'", name);
    return volume;
}

/* ---- from files to volumes ------------------------------------------------------------------- */

static void
testVolume(void)
{
    g_autoptr(EsxVolumeList) list = listOf(FOLDER("[ds] vm/", FILE("VmDiskFileInfo", "vm.vmdk",
                                           IN("fileSize", "2048") IN("capacityKb", "8"))));
    const EsxVolume *volume = find(list, "vm/vm.vmdk");

    g_assert_cmpuint(esxVolumeListLength(list), ==, 1);
    g_assert_cmpstr(volume->key, ==, "[ds] vm/vm.vmdk");
    g_assert_cmpstr(volume->path, ==, "[ds] vm/vm.vmdk");
    g_assert_cmpint(volume->type, ==, VIR_STORAGE_VOL_FILE);
    g_assert_cmpint(volume->format, ==, VIR_STORAGE_FILE_VMDK);
    g_assert_cmpuint(volume->capacity, ==, 8192);
    g_assert_cmpuint(volume->allocation, ==, 2048);
    g_assert_cmpuint(volume->physical, ==, 2048);
}

/* Folders as the servers write them. */
static void
testFolders(void)
{
    static const struct {
        const char *folder;
        const char *name;
    } rows[] = {
        { "[ds]", "f.iso" },
        { "[ds] ", "f.iso" },
        { "[ds] /", "f.iso" },
        { "[ds] a", "a/f.iso" },
        { "[ds] a/", "a/f.iso" },
        { "[ds] a/b//", "a/b/f.iso" },
        { "[ds]/a", "a/f.iso" },
        { "[ds] a [1] b/", "a [1] b/f.iso" },
        { "", "f.iso" },
        { "no datastore path", "f.iso" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *folders = g_strdup_printf(
            "<HostDatastoreBrowserSearchResults><folderPath>%s</folderPath>"
            "<file xsi:type=\"IsoImageFileInfo\"><path>f.iso</path></file>"
            "</HostDatastoreBrowserSearchResults>", rows[i].folder);
        g_autoptr(EsxVolumeList) list = listOf(folders);

        g_test_message("'%s'", rows[i].folder);
        g_assert_cmpuint(esxVolumeListLength(list), ==, 1);
        g_assert_cmpstr(esxVolumeListAt(list, 0)->name, ==, rows[i].name);
    }
}

static void
testFormats(void)
{
    g_autoptr(EsxVolumeList) list = listOf(FOLDER("[ds] d/",
        FILE("VmDiskFileInfo", "a.vmdk", "") FILE("IsoImageFileInfo", "b.iso", "")
        FILE("FloppyImageFileInfo", "c.flp", "") FILE("HoloImageFileInfo", "d.holo", "")
        FILE("FolderFileInfo", "sub", "") FILE("FileInfo", "", "") "<file></file>"));

    g_assert_cmpuint(esxVolumeListLength(list), ==, 4);
    g_assert_cmpint(find(list, "d/a.vmdk")->format, ==, VIR_STORAGE_FILE_VMDK);
    g_assert_cmpint(find(list, "d/b.iso")->format, ==, VIR_STORAGE_FILE_ISO);
    g_assert_cmpint(find(list, "d/c.flp")->format, ==, VIR_STORAGE_FILE_RAW);
    g_assert_cmpint(find(list, "d/d.holo")->format, ==, VIR_STORAGE_FILE_RAW);
}

/* Both sizes are optional on the wire, and neither is trusted. */
static void
testSizes(void)
{
    g_autoptr(EsxVolumeList) list = listOf(FOLDER("[ds]",
        FILE("VmDiskFileInfo", "none", "") FILE("VmDiskFileInfo", "size", IN("fileSize", "7"))
        FILE("VmDiskFileInfo", "capacity", IN("capacityKb", "1"))
        FILE("VmDiskFileInfo", "negative", IN("fileSize", "-7") IN("capacityKb", "-1"))
        FILE("VmDiskFileInfo", "huge", IN("fileSize", "7") IN("capacityKb", "9223372036854775807"))
        FILE("IsoImageFileInfo", "iso", IN("fileSize", "9"))));

    g_assert_cmpuint(find(list, "none")->capacity, ==, 0);
    g_assert_cmpuint(find(list, "none")->allocation, ==, 0);
    g_assert_cmpuint(find(list, "size")->capacity, ==, 7);
    g_assert_cmpuint(find(list, "capacity")->capacity, ==, 1024);
    g_assert_cmpuint(find(list, "capacity")->allocation, ==, 0);
    g_assert_cmpuint(find(list, "negative")->capacity, ==, 0);
    g_assert_cmpuint(find(list, "negative")->physical, ==, 0);
    g_assert_cmpuint(find(list, "huge")->capacity, ==, 7);
    g_assert_cmpuint(find(list, "iso")->capacity, ==, 9);
}

static void
testSameFileTwice(void)
{
    g_autoptr(EsxVolumeList) list = listOf(
        FOLDER("[ds] a", FILE("IsoImageFileInfo", "x.iso", IN("fileSize", "1")))
        FOLDER("[ds] a/", FILE("IsoImageFileInfo", "x.iso", IN("fileSize", "2"))));

    g_assert_cmpuint(esxVolumeListLength(list), ==, 1);
}

/* ---- the cache ------------------------------------------------------------------------------- */

/* One search answers all that is asked within the time-to-live, for each datastore. */
static void
testCache(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(InventorySnapshot) later = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew(HOUR_MS);
    g_autoptr(EsxVolumeList) first = NULL;
    g_autoptr(EsxVolumeList) second = NULL;
    g_autoptr(EsxVolumeList) other = NULL;

    scriptSearch(canned, FOLDER("[ds]", FILE("IsoImageFileInfo", "a.iso", "")));
    scriptSearch(canned, FOLDER("[other]", FILE("IsoImageFileInfo", "b.iso", "")));
    first = acquire(listings, session, fixturePool(snapshot, "ds"));
    /* The pool of a newer snapshot is the same datastore. */
    second = acquire(listings, session, fixturePool(later, "ds"));
    other = acquire(listings, session, fixturePool(later, "other"));
    g_assert_true(first == second);
    find(other, "b.iso");
    cannedAssertLog(canned, SEARCH " " LOOK " " SEARCH " " LOOK);
    fixtureAssertPhrase(cannedLast(canned, SEARCH)->body, "<datastorePath>[other]</datastorePath>");
    g_assert_nonnull(strstr(cannedLast(canned, SEARCH)->body, ">b2</_this>"));
}

static void
testExpire(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew(HOUR_MS);
    const InventoryPool *pool = fixturePool(snapshot, "ds");

    /* What was never listed has nothing to expire. */
    esxVmfsListingsExpire(listings, pool);
    scriptSearch(canned, FOLDER("[ds]", FILE("IsoImageFileInfo", "a.iso", "")));
    esxVolumeListUnref(acquire(listings, session, pool));
    esxVmfsListingsExpire(listings, fixturePool(snapshot, "other"));
    esxVolumeListUnref(acquire(listings, session, pool));
    cannedAssertLog(canned, SEARCH " " LOOK);

    esxVmfsListingsExpire(listings, pool);
    scriptSearch(canned, "");
    esxVolumeListUnref(acquire(listings, session, pool));
    cannedAssertLog(canned, SEARCH " " LOOK);
}

/* A datastore that was renamed is searched by its new name. */
static void
testRenamed(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(InventorySnapshot) before = twoDatastores();
    g_autoptr(InventorySnapshot) after = fixtureSnapshot(
        VMFS("d1", "new", BROWSER("b1")),
        NULL);
    g_autoptr(Listings) listings = esxVmfsListingsNew(HOUR_MS);
    g_autoptr(EsxVolumeList) list = NULL;

    scriptSearch(canned, "");
    esxVolumeListUnref(acquire(listings, session, fixturePool(before, "ds")));
    scriptSearch(canned, FOLDER("[new]", FILE("IsoImageFileInfo", "a.iso", "")));
    list = acquire(listings, session, fixturePool(after, "new"));
    g_assert_cmpstr(find(list, "a.iso")->path, ==, "[new] a.iso");
    fixtureAssertPhrase(cannedLast(canned, SEARCH)->body, "<datastorePath>[new]</datastorePath>");
}

/* Keys and paths have the pool's name, which may be longer than the datastore's. */
static void
testLongerPoolName(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        VMFS("d1", "ds", BROWSER("b1"))
        VMFS("d2", "ds", ""), NULL);
    g_autoptr(Listings) listings = esxVmfsListingsNew(0);
    g_autoptr(EsxVolumeList) list = NULL;

    scriptSearch(canned, FOLDER("[ds] x", FILE("IsoImageFileInfo", "a.iso", "")));
    list = acquire(listings, session, fixturePool(snapshot, "ds (d1)"));
    g_assert_cmpstr(find(list, "x/a.iso")->key, ==, "[ds (d1)] x/a.iso");
    fixtureAssertPhrase(cannedLast(canned, SEARCH)->body, "<datastorePath>[ds]</datastorePath>");
    /* One that cannot be searched can be expired. */
    esxVmfsListingsExpire(listings, fixturePool(snapshot, "ds (d2)"));
}

static void
testFailure(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew(HOUR_MS);
    const InventoryPool *pool = fixturePool(snapshot, "ds");
    g_autoptr(GError) error = NULL;

    cannedFault(canned, SEARCH, "NoPermission", "No.");
    g_assert_null(esxVmfsListingsAcquire(listings, session, pool, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_PERMISSION);
    scriptSearch(canned, "");
    esxVolumeListUnref(acquire(listings, session, pool));
}

/* ---- many threads ---------------------------------------------------------------------------- */

typedef struct {
    Listings *listings;
    ViSession *session;
    const InventoryPool *pool;
    gint good;      /* atomic */
} Readers;

static void
readOnce(gpointer data)
{
    Readers *readers = data;
    g_autoptr(EsxVolumeList) list = acquire(readers->listings, readers->session, readers->pool);

    if (esxVolumeListFind(list, "a.iso"))
        g_atomic_int_inc(&readers->good);
}

static void
testShared(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew(HOUR_MS);
    g_autofree char *bytes = searchResult(FOLDER("[ds]", FILE("IsoImageFileInfo", "a.iso", "")));
    Readers readers = { listings, session, fixturePool(snapshot, "ds"), 0 };
    Crew *crew = NULL;

    cannedReply(canned, SEARCH, "<returnval type=\"Task\">t</returnval>");
    cannedAdd(canned, LOOK, &(CannedExchange){ .bytes = bytes, .held = TRUE });
    crew = crewStart(8, readOnce, &readers);
    cannedAwait(canned, LOOK, 1);
    crewAwaitAsleep(crew, 8);
    cannedOpen(canned, LOOK);
    crewJoin(crew);
    g_assert_cmpint(readers.good, ==, 8);
    cannedAssertLog(canned, SEARCH " " LOOK);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esx/vmfs-listing/volume", testVolume);
    g_test_add_func("/esx/vmfs-listing/folders", testFolders);
    g_test_add_func("/esx/vmfs-listing/formats", testFormats);
    g_test_add_func("/esx/vmfs-listing/sizes", testSizes);
    g_test_add_func("/esx/vmfs-listing/same-file-twice", testSameFileTwice);
    g_test_add_func("/esx/vmfs-listing/cache", testCache);
    g_test_add_func("/esx/vmfs-listing/expire", testExpire);
    g_test_add_func("/esx/vmfs-listing/renamed", testRenamed);
    g_test_add_func("/esx/vmfs-listing/longer-pool-name", testLongerPoolName);
    g_test_add_func("/esx/vmfs-listing/failure", testFailure);
    g_test_add_func("/esx/vmfs-listing/shared", testShared);
    return g_test_run();
}
