/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_limits.h"
#include "esx_vmfs_listing_priv.h"
#include "inventory_fixture.h"
#include "task_fixture.h"
#include "thread_fixture.h"

#include <string.h>

#define SEARCH "SearchDatastoreSubFolders_Task"
#define ONE "SearchDatastore_Task"
#define LOOK "RetrievePropertiesEx"
#define PLAIN_QUERY "<query></query>"
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
    EsxVolumeList *list = esxVmfsListingsAcquire(listings, session, pool, HOUR_MS, &error);

    g_assert_no_error(error);
    return list;
}

static const EsxVolume *
find(const EsxVolumeList *list, const char *name)
{
    const EsxVolume *volume = esxVolumeListFind(list, name);

    if (!volume)
        g_error("there is no volume '%s'", name);
    return volume;
}

/* ---- the cache ------------------------------------------------------------------------------- */

/* One search answers all that is asked within the time-to-live, for each datastore. */
static void
testCache(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(InventorySnapshot) later = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    g_autoptr(EsxVolumeList) first = NULL;
    g_autoptr(EsxVolumeList) second = NULL;
    g_autoptr(EsxVolumeList) other = NULL;

    scriptSearch(f->canned, FOLDER("[ds]", FILE("IsoImageFileInfo", "a.iso", "")));
    scriptSearch(f->canned, FOLDER("[other]", FILE("IsoImageFileInfo", "b.iso", "")));
    first = acquire(listings, f->session, fixturePool(snapshot, "ds"));
    /* The pool of a newer snapshot is the same datastore. */
    second = acquire(listings, f->session, fixturePool(later, "ds"));
    other = acquire(listings, f->session, fixturePool(later, "other"));
    g_assert_true(first == second);
    find(other, "b.iso");
    cannedAssertLog(f->canned, SEARCH " " LOOK " " SEARCH " " LOOK);
    fixtureAssertPhrase(cannedLast(f->canned, SEARCH)->body,
                        "<datastorePath>[other]</datastorePath>");
    g_assert_nonnull(strstr(cannedLast(f->canned, SEARCH)->body, ">b2</_this>"));
}

/* How long a search answers is each reader's own choice. */
static void
testTtlOfReader(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    const InventoryPool *pool = fixturePool(snapshot, "ds");
    g_autoptr(GError) error = NULL;

    scriptSearch(f->canned, "");
    esxVolumeListUnref(acquire(listings, f->session, pool));
    scriptSearch(f->canned, "");
    esxVolumeListUnref(esxVmfsListingsAcquire(listings, f->session, pool, 0, &error));
    g_assert_no_error(error);
    esxVolumeListUnref(acquire(listings, f->session, pool));
    cannedAssertLog(f->canned, SEARCH " " LOOK " " SEARCH " " LOOK);
}

static void
testExpire(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    const InventoryPool *pool = fixturePool(snapshot, "ds");

    /* What was never listed has nothing to expire. */
    esxVmfsListingsExpire(listings, pool);
    scriptSearch(f->canned, FOLDER("[ds]", FILE("IsoImageFileInfo", "a.iso", "")));
    esxVolumeListUnref(acquire(listings, f->session, pool));
    esxVmfsListingsExpire(listings, fixturePool(snapshot, "other"));
    esxVolumeListUnref(acquire(listings, f->session, pool));
    cannedAssertLog(f->canned, SEARCH " " LOOK);

    esxVmfsListingsExpire(listings, pool);
    scriptSearch(f->canned, "");
    esxVolumeListUnref(acquire(listings, f->session, pool));
    cannedAssertLog(f->canned, SEARCH " " LOOK);
}

/* A datastore that was renamed is searched by its new name. */
static void
testRenamed(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) before = twoDatastores();
    g_autoptr(InventorySnapshot) after = fixtureSnapshot(
        VMFS("d1", "new", BROWSER("b1")),
        NULL);
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    g_autoptr(EsxVolumeList) list = NULL;

    scriptSearch(f->canned, "");
    esxVolumeListUnref(acquire(listings, f->session, fixturePool(before, "ds")));
    scriptSearch(f->canned, FOLDER("[new]", FILE("IsoImageFileInfo", "a.iso", "")));
    list = acquire(listings, f->session, fixturePool(after, "new"));
    g_assert_cmpstr(find(list, "a.iso")->path, ==, "[new] a.iso");
    fixtureAssertPhrase(cannedLast(f->canned, SEARCH)->body,
                        "<datastorePath>[new]</datastorePath>");
}

/* Keys and paths have the pool's name, which may be longer than the datastore's. */
static void
testLongerPoolName(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        VMFS("d1", "ds", BROWSER("b1"))
        VMFS("d2", "ds", ""), NULL);
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    g_autoptr(EsxVolumeList) list = NULL;

    scriptSearch(f->canned, FOLDER("[ds] x", FILE("IsoImageFileInfo", "a.iso", "")));
    list = acquire(listings, f->session, fixturePool(snapshot, "ds (d1)"));
    g_assert_cmpstr(find(list, "x/a.iso")->key, ==, "[ds (d1)] x/a.iso");
    fixtureAssertPhrase(cannedLast(f->canned, SEARCH)->body, "<datastorePath>[ds]</datastorePath>");
    /* One that cannot be searched can be expired. */
    esxVmfsListingsExpire(listings, fixturePool(snapshot, "ds (d2)"));
}

#define INVALID_QUERY "A specified parameter was not correct: searchSpec.query"

/* A server that refuses to search for files without a type is asked without them, from then on. */
static void
testQueryRefused(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    g_autoptr(EsxVolumeList) list = NULL;

    cannedFault(f->canned, SEARCH, "InvalidArgument", INVALID_QUERY);
    scriptSearch(f->canned, FOLDER("[ds]", FILE("IsoImageFileInfo", "a.iso", "")));
    list = acquire(listings, f->session, fixturePool(snapshot, "ds"));
    find(list, "a.iso");
    cannedAssertLog(f->canned, SEARCH " " SEARCH " " LOOK);
    g_assert_null(strstr(cannedLast(f->canned, SEARCH)->body, PLAIN_QUERY));

    scriptSearch(f->canned, "");
    esxVolumeListUnref(acquire(listings, f->session, fixturePool(snapshot, "other")));
    cannedAssertLog(f->canned, SEARCH " " LOOK);
    g_assert_null(strstr(cannedLast(f->canned, SEARCH)->body, PLAIN_QUERY));
}

/* When both are refused it was something else, and nothing is remembered. */
static void
testBothRefused(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    const InventoryPool *pool = fixturePool(snapshot, "ds");
    g_autoptr(GError) error = NULL;

    cannedFault(f->canned, SEARCH, "InvalidArgument", INVALID_QUERY);
    cannedFault(f->canned, SEARCH, "InvalidArgument", "datastorePath");
    g_assert_null(esxVmfsListingsAcquire(listings, f->session, pool, HOUR_MS, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_INVALID_ARGUMENT);
    fixtureAssertPhrase(error->message, "datastorePath");

    scriptSearch(f->canned, "");
    esxVolumeListUnref(acquire(listings, f->session, pool));
    fixtureAssertPhrase(cannedLast(f->canned, SEARCH)->body, PLAIN_QUERY);
}

static void
testFailure(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    const InventoryPool *pool = fixturePool(snapshot, "ds");
    g_autoptr(GError) error = NULL;

    cannedFault(f->canned, SEARCH, "NoPermission", "No.");
    g_assert_null(esxVmfsListingsAcquire(listings, f->session, pool, HOUR_MS, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_PERMISSION);
    scriptSearch(f->canned, "");
    esxVolumeListUnref(acquire(listings, f->session, pool));
}

/* ---- one volume ------------------------------------------------------------------------------ */

/* Scripts @n searches of a folder, which find nothing. */
static void
scriptOne(Canned *canned, guint n)
{
    for (; n > 0; n--)
        fixtureScriptResult(canned, ONE, "<val xsi:type=\"HostDatastoreBrowserSearchResults\"/>");
}

static void
lookUp(Listings *listings, ViSession *session, const InventoryPool *pool, guint n, guint ttlMs)
{
    g_autofree char *name = g_strdup_printf("vm/%u.iso", n);
    g_autoptr(GError) error = NULL;

    esxVolumeListUnref(esxVmfsListingsFind(listings, session, pool, name, ttlMs, &error));
    g_assert_no_error(error);
}

/* Behind the first of them, a client that goes through the volumes searches for all, once. */
static void
testTour(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    const InventoryPool *pool = fixturePool(snapshot, "ds");
    guint i;

    scriptOne(f->canned, LIMIT_SINGLE_SEARCHES);
    for (i = 0; i < LIMIT_SINGLE_SEARCHES; i++)
        lookUp(listings, f->session, pool, i, HOUR_MS);
    g_assert_cmpuint(cannedCount(f->canned, SEARCH), ==, 0);
    scriptSearch(f->canned, "");
    for (; i < 2 * LIMIT_SINGLE_SEARCHES; i++)
        lookUp(listings, f->session, pool, i, HOUR_MS);
    g_assert_cmpuint(cannedCount(f->canned, ONE), ==, LIMIT_SINGLE_SEARCHES);
    g_assert_cmpuint(cannedCount(f->canned, SEARCH), ==, 1);
}

/* What was counted before a listing expired does not count after that. */
static void
testTourExpires(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    const InventoryPool *pool = fixturePool(snapshot, "ds");
    guint i;

    scriptOne(f->canned, 2 * LIMIT_SINGLE_SEARCHES);
    for (i = 0; i < 2 * LIMIT_SINGLE_SEARCHES; i++) {
        if (i == LIMIT_SINGLE_SEARCHES)
            esxVmfsListingsExpire(listings, pool);
        lookUp(listings, f->session, pool, i, HOUR_MS);
    }
    g_assert_cmpuint(cannedCount(f->canned, ONE), ==, 2 * LIMIT_SINGLE_SEARCHES);
    g_assert_cmpuint(cannedCount(f->canned, SEARCH), ==, 0);
}

/* Where one search does not settle it, the list of the whole datastore answers. */
static void
testNotSure(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    g_autoptr(EsxVolumeList) list = NULL;
    g_autoptr(GError) error = NULL;

    cannedFault(f->canned, ONE, "FileFault", "no");
    scriptSearch(f->canned, FOLDER("[ds] vm", FILE("IsoImageFileInfo", "a.iso", "")));
    list = esxVmfsListingsFind(listings, f->session, fixturePool(snapshot, "ds"), "vm/a.iso",
                               HOUR_MS, &error);
    g_assert_no_error(error);
    find(list, "vm/a.iso");
    cannedAssertLog(f->canned, ONE " " SEARCH " " LOOK);
}

/* One volume that is read all the time does not make a succession of others, which come seldom. */
static void
testPolledVolume(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    const InventoryPool *pool = fixturePool(snapshot, "ds");
    guint i;

    scriptOne(f->canned, LIMIT_SINGLE_SEARCHES + 2);
    for (i = 0; i < LIMIT_SINGLE_SEARCHES; i++)
        lookUp(listings, f->session, pool, i, HOUR_MS);
    g_usleep(500 * 1000);
    lookUp(listings, f->session, pool, i - 1, 0);
    lookUp(listings, f->session, pool, i, 500);
    g_assert_cmpuint(cannedCount(f->canned, SEARCH), ==, 0);
    g_assert_cmpuint(cannedCount(f->canned, ONE), ==, LIMIT_SINGLE_SEARCHES + 2);
}

/* ---- the ceilings ---------------------------------------------------------------------------- */

/* Returns: how many searches reading the datastore with the reference @n, called @name, takes. */
static guint
searchesOf(Canned *canned, Listings *listings, ViSession *session, const InventoryPool *like,
           guint n, const char *name)
{
    const guint before = cannedCount(canned, SEARCH);
    g_autofree char *value = g_strdup_printf("datastore-%u", n);
    SoapMoRef ref = { "Datastore", value };
    InventoryDatastore datastore = *like->datastore;
    InventoryPool pool = *like;

    datastore.ref = &ref;
    datastore.name = name;
    pool.datastore = &datastore;
    pool.name = name;
    esxVolumeListUnref(acquire(listings, session, &pool));
    return cannedCount(canned, SEARCH) - before;
}

static void
scriptAlways(Canned *canned, const char *bytes)
{
    cannedReplyAlways(canned, SEARCH, "<returnval type=\"Task\">t</returnval>");
    cannedAdd(canned, LOOK, &(CannedExchange){ .bytes = bytes, .always = TRUE });
}

/* A server with more datastores than are kept: the listing goes that was not read for longest. */
static void
testCeilingOfListings(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    const InventoryPool *pool = fixturePool(snapshot, "ds");
    g_autofree char *bytes = searchResult("");
    guint i;

    scriptAlways(f->canned, bytes);
    for (i = 0; i < LIMIT_KEPT_DATASTORES; i++)
        g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, i, "ds"), ==, 1);
    for (i = 0; i < LIMIT_KEPT_DATASTORES; i++)
        g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, i, "ds"), ==, 0);

    g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, 0, "ds"), ==, 0);
    g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, i, "ds"), ==, 1);
    g_assert_cmpuint(esxVmfsListingsLength(listings), ==, LIMIT_KEPT_DATASTORES);
    g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, 0, "ds"), ==, 0);
    g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, 2, "ds"), ==, 0);
    g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, 1, "ds"), ==, 1);
}

/* A datastore that is renamed again and again has one listing. */
static void
testRenamedOften(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    const InventoryPool *pool = fixturePool(snapshot, "ds");
    g_autofree char *bytes = searchResult("");
    guint i;

    scriptAlways(f->canned, bytes);
    g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, 1, "other"), ==, 1);
    for (i = 0; i < 100; i++) {
        g_autofree char *name = g_strdup_printf("ds-%u", i);

        g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, 0, name), ==, 1);
        g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, 0, name), ==, 0);
    }
    g_assert_cmpuint(esxVmfsListingsLength(listings), ==, 2);
    g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, 1, "other"), ==, 0);
}

/* Returns: (transfer full) a reply whose list takes about ten times as much: some MiB. */
static char *
longResult(void)
{
    g_autoptr(GString) folders = g_string_new("<HostDatastoreBrowserSearchResults><folderPath>"
                                              "[ds] ");
    guint i;

    for (i = 0; i < 5; i++)
        g_string_append_printf(folders, "%0100u/", i);
    g_string_append(folders, "</folderPath>");
    for (i = 0; i < 10000; i++)
        g_string_append_printf(folders, FILE("IsoImageFileInfo", "%06u.iso", ""), i);
    g_string_append(folders, "</HostDatastoreBrowserSearchResults>");
    return searchResult(folders->str);
}

/* Lists that take more than may be kept together. */
static void
testCeilingOfLists(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    const InventoryPool *pool = fixturePool(snapshot, "ds");
    g_autofree char *bytes = longResult();
    g_autoptr(EsxVolumeList) list = NULL;
    guint fit;
    guint i;

    scriptAlways(f->canned, bytes);
    list = acquire(listings, f->session, pool);
    g_assert_cmpuint(esxVolumeListBytes(list), >, LIMIT_LISTINGS_BYTES / 64);
    fit = (guint)(LIMIT_LISTINGS_BYTES / esxVolumeListBytes(list));
    for (i = 0; i < fit; i++)
        g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, i, "ds"), ==, 1);
    g_assert_cmpuint(esxVmfsListingsLength(listings), ==, fit);
    g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, 0, "ds"), ==, 0);

    g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, fit, "ds"), ==, 1);
    g_assert_cmpuint(esxVmfsListingsLength(listings), ==, fit);
    g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, 0, "ds"), ==, 0);
    g_assert_cmpuint(searchesOf(f->canned, listings, f->session, pool, 1, "ds"), ==, 1);
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
testShared(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    g_autofree char *bytes = searchResult(FOLDER("[ds]", FILE("IsoImageFileInfo", "a.iso", "")));
    Readers readers = { listings, f->session, fixturePool(snapshot, "ds"), 0 };
    Crew *crew = NULL;

    cannedReply(f->canned, SEARCH, "<returnval type=\"Task\">t</returnval>");
    cannedAdd(f->canned, LOOK, &(CannedExchange){ .bytes = bytes, .held = TRUE });
    crew = crewStart(8, readOnce, &readers);
    cannedAwait(f->canned, LOOK, 1);
    crewAwaitAsleep(crew, 8);
    cannedOpen(f->canned, LOOK);
    crewJoin(crew);
    g_assert_cmpint(readers.good, ==, 8);
    cannedAssertLog(f->canned, SEARCH " " LOOK);
}

/* Those who wait for a listing that the table drops meanwhile get what they wait for. */
static void
testDroppedWhileAwaited(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(InventorySnapshot) snapshot = twoDatastores();
    g_autoptr(Listings) listings = esxVmfsListingsNew();
    g_autofree char *held = searchResult(FOLDER("[ds]", FILE("IsoImageFileInfo", "a.iso", "")));
    g_autofree char *bytes = searchResult("");
    Readers readers = { listings, f->session, fixturePool(snapshot, "ds"), 0 };
    Crew *crew = NULL;
    guint i;

    cannedAdd(f->canned, LOOK, &(CannedExchange){ .bytes = held, .held = TRUE });
    scriptAlways(f->canned, bytes);
    crew = crewStart(8, readOnce, &readers);
    cannedAwait(f->canned, LOOK, 1);
    crewAwaitAsleep(crew, 8);
    for (i = 0; i < LIMIT_KEPT_DATASTORES; i++)
        g_assert_cmpuint(searchesOf(f->canned, listings, f->session, readers.pool, i, "ds"), ==, 1);
    g_assert_cmpint(g_atomic_int_get(&readers.good), ==, 0);
    esxVmfsListingsExpire(listings, readers.pool);
    cannedOpen(f->canned, LOOK);
    crewJoin(crew);
    g_assert_cmpint(readers.good, ==, 8);
    g_assert_cmpuint(esxVmfsListingsLength(listings), ==, LIMIT_KEPT_DATASTORES);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixtureAdd("/esx/vmfs-listing/cache", testCache);
    fixtureAdd("/esx/vmfs-listing/ttl-of-reader", testTtlOfReader);
    fixtureAdd("/esx/vmfs-listing/expire", testExpire);
    fixtureAdd("/esx/vmfs-listing/renamed", testRenamed);
    fixtureAdd("/esx/vmfs-listing/longer-pool-name", testLongerPoolName);
    fixtureAdd("/esx/vmfs-listing/query-refused", testQueryRefused);
    fixtureAdd("/esx/vmfs-listing/both-refused", testBothRefused);
    fixtureAdd("/esx/vmfs-listing/failure", testFailure);
    fixtureAdd("/esx/vmfs-listing/tour", testTour);
    fixtureAdd("/esx/vmfs-listing/tour-expires", testTourExpires);
    fixtureAdd("/esx/vmfs-listing/not-sure", testNotSure);
    fixtureAdd("/esx/vmfs-listing/polled-volume", testPolledVolume);
    fixtureAdd("/esx/vmfs-listing/ceiling-of-listings", testCeilingOfListings);
    fixtureAdd("/esx/vmfs-listing/renamed-often", testRenamedOften);
    fixtureAdd("/esx/vmfs-listing/ceiling-of-lists", testCeilingOfLists);
    fixtureAdd("/esx/vmfs-listing/shared", testShared);
    fixtureAdd("/esx/vmfs-listing/dropped-while-awaited", testDroppedWhileAwaited);
    return g_test_run();
}
