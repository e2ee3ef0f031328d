/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Listings of the volumes of datastores, each kept current by base_cached. */

#include "base_cached.h"
#include "base_limits.h"
#include "base_recent.h"
#include "esx_vmfs_listing_priv.h"
#include "esx_vmfs_search.h"

struct _EsxVmfsListings {
    GMutex lock;            /* guards the table, not the listings in it */
    Recent *table;          /* moref value of the datastore → Listing */
    gint onlyTyped;         /* atomic: the server refuses to search for files without a type */
};

/* The listing of one datastore. Readers hold references, since the table may drop it meanwhile. */
typedef struct {
    gatomicrefcount refs;
    EsxVmfsListings *listings;
    ViSession *session;
    char *browserType;
    char *browserValue;
    char *ref;              /* value of the datastore's reference */
    char *datastore;        /* its name in VI */
    char *poolName;         /* its name in keys and paths */
    gboolean renames;       /* see EsxVmfsSearch */
    Cached *fresh;           /* EsxVolumeList */

    /* The lock of the listings guards these. */
    Recent *singles;        /* name of a volume → Single */
    gint64 usedAt;          /* when the list answered last, monotonic; 0: not since it expired */
    gint64 searchedAt;      /* when the last search for another volume ended, likewise */
    guint streak;           /* such searches in close succession */
} Listing;

/* The list of one volume, or of none. A reader of it holds a reference of its listing, too. */
typedef struct {
    gatomicrefcount refs;
    Listing *listing;
    char *name;
    Cached *fresh;
    gboolean noted;         /* guarded like Listing.singles: its first search has ended */
} Single;

/* ---- the searches --------------------------------------------------------------------------- */

static EsxVmfsSearch
searchOf(const Listing *listing)
{
    return (EsxVmfsSearch) {
        .session = listing->session,
        .browser = { listing->browserType, listing->browserValue },
        .datastore = listing->datastore, .pool = listing->poolName, .renames = listing->renames,
        .onlyTyped = &listing->listings->onlyTyped,
    };
}

/* CachedOps.prove; a search does not report changes, so the last list is not used. */
static gpointer
proveListing(gpointer opaque, gpointer current G_GNUC_UNUSED, gint64 deadline G_GNUC_UNUSED,
             GError **error)
{
    const EsxVmfsSearch search = searchOf(opaque);

    return esxVmfsSearchAll(&search, error);
}

/* CachedOps.prove. If one search is not sure, it uses the list of the whole datastore. */
static gpointer
proveSingle(gpointer opaque, gpointer current G_GNUC_UNUSED, gint64 deadline G_GNUC_UNUSED,
            GError **error)
{
    const Single *single = opaque;
    const EsxVmfsSearch search = searchOf(single->listing);
    gboolean isSure = FALSE;
    g_autoptr(EsxVolumeList) list = esxVmfsSearchOne(&search, single->name, &isSure, error);

    if (!list || isSure)
        return g_steal_pointer(&list);
    return cachedAcquire(single->listing->fresh, 0 /* ttl */,
                         (gint64)viSessionTimeoutMs(search.session) * 1000, error);
}

/* ---- the cache ------------------------------------------------------------------------------ */

static gpointer
refList(gpointer value)
{
    return esxVolumeListRef(value);
}

static void
unrefList(gpointer value)
{
    esxVolumeListUnref(value);
}

static const CachedOps listingOps = { proveListing, refList, unrefList };
static const CachedOps singleOps = { proveSingle, refList, unrefList };

static void
singleUnref(gpointer data)
{
    Single *single = data;

    if (!single || !g_atomic_ref_count_dec(&single->refs))
        return;
    cachedFree(single->fresh);
    g_free(single->name);
    g_free(single);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Single, singleUnref)

/* Returns: (transfer full) an empty table of lists of one volume. */
static Recent *
singlesNew(void)
{
    return recentNew(LIMIT_SINGLE_SEARCHES, LIMIT_LISTINGS_BYTES, singleUnref);
}

static void
listingUnref(gpointer data)
{
    Listing *listing = data;

    if (!listing || !g_atomic_ref_count_dec(&listing->refs))
        return;
    cachedFree(listing->fresh);
    recentFree(listing->singles);
    g_free(listing->browserType);
    g_free(listing->browserValue);
    g_free(listing->ref);
    g_free(listing->datastore);
    g_free(listing->poolName);
    g_free(listing);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listing, listingUnref)

static Listing *
listingNew(EsxVmfsListings *listings, ViSession *session, const InventoryPool *pool)
{
    Listing *listing = g_new0(Listing, 1);

    g_atomic_ref_count_init(&listing->refs);
    listing->listings = listings;
    listing->session = session;
    listing->browserType = g_strdup(pool->datastore->browser->type);
    listing->browserValue = g_strdup(pool->datastore->browser->value);
    listing->ref = g_strdup(pool->datastore->ref->value);
    listing->datastore = g_strdup(pool->datastore->name);
    listing->poolName = g_strdup(pool->name);
    listing->renames = pool->datastore->fs == INVENTORY_FS_OTHER;
    listing->fresh = cachedNew(&listingOps, listing);
    listing->singles = singlesNew();
    return listing;
}

EsxVmfsListings *
esxVmfsListingsNew(void)
{
    EsxVmfsListings *listings = g_new0(EsxVmfsListings, 1);

    g_mutex_init(&listings->lock);
    listings->table = recentNew(LIMIT_KEPT_DATASTORES, LIMIT_LISTINGS_BYTES, listingUnref);
    return listings;
}

void
esxVmfsListingsFree(EsxVmfsListings *listings)
{
    if (!listings)
        return;
    recentFree(listings->table);
    g_mutex_clear(&listings->lock);
    g_free(listings);
}

static gpointer
newState(void)
{
    return esxVmfsListingsNew();
}

static void
freeState(gpointer state)
{
    esxVmfsListingsFree(state);
}

static void
expireState(gpointer state, const InventoryPool *pool)
{
    esxVmfsListingsExpire(state, pool);
}

EsxVmfsListings *
esxVmfsListingsOf(const EsxConnection *connection)
{
    static const EsxServerState kind = { newState, freeState, expireState };

    return esxServerStateOf(connection->server, &kind);
}

/* Whether @listing is of @pool under its current name. */
static gboolean
listingIsOf(const Listing *listing, const InventoryPool *pool)
{
    const InventoryDatastore *datastore = pool->datastore;

    return g_str_equal(listing->datastore, datastore->name) &&
           g_str_equal(listing->poolName, pool->name) &&
           g_str_equal(listing->browserType, datastore->browser->type) &&
           g_str_equal(listing->browserValue, datastore->browser->value);
}

/*
 * Returns: (transfer full). The listing of a renamed datastore is replaced, so that repeated
 * renaming does not make the table grow.
 */
static Listing *
listingGet(EsxVmfsListings *listings, ViSession *session, const InventoryPool *pool)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&listings->lock);
    const char *ref = pool->datastore->ref->value;
    Listing *listing = recentFind(listings->table, ref);

    if (listing && listingIsOf(listing, pool)) {
        g_atomic_ref_count_inc(&listing->refs);
        return listing;
    }
    listing = listingNew(listings, session, pool);
    g_atomic_ref_count_inc(&listing->refs);
    recentAdd(listings->table, ref, listing);
    return listing;
}

/* Updates the weight of @listing. The table may drop this listing or others. */
static void
lockedWeigh(EsxVmfsListings *listings, const Listing *listing)
{
    g_autoptr(EsxVolumeList) whole = cachedPeek(listing->fresh);

    recentWeigh(listings->table, listing->ref, listing,
                (whole ? esxVolumeListBytes(whole) : 0) + recentWeight(listing->singles));
}

/* Records that the list of the whole datastore was used. */
static void
noteWhole(EsxVmfsListings *listings, Listing *listing)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&listings->lock);

    listing->usedAt = g_get_monotonic_time();
    lockedWeigh(listings, listing);
}

EsxVolumeList *
esxVmfsListingsAcquire(EsxVmfsListings *listings, ViSession *session, const InventoryPool *pool,
                       guint ttlMs, GError **error)
{
    const gint64 timeout = (gint64)viSessionTimeoutMs(session) * 1000;
    g_autoptr(Listing) listing = listingGet(listings, session, pool);
    EsxVolumeList *list = cachedAcquire(listing->fresh, (gint64)ttlMs * 1000, timeout, error);

    if (list)
        noteWhole(listings, listing);
    return list;
}

/* ---- one volume ----------------------------------------------------------------------------- */

/* Records that @single has answered with @list. Repeated reads of one volume are no succession. */
static void
noteSingle(EsxVmfsListings *listings, Listing *listing, Single *single, const EsxVolumeList *list)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&listings->lock);

    if (!single->noted)
        listing->searchedAt = g_get_monotonic_time();
    single->noted = TRUE;
    recentWeigh(listing->singles, single->name, single, esxVolumeListBytes(list));
    lockedWeigh(listings, listing);
}

/*
 * Whether to search the whole datastore instead of one more folder. A client that goes through the
 * volumes one by one would otherwise cause a search for each of them. One search of the whole
 * datastore serves all of them until it is older than @ttl.
 */
static gboolean
lockedIsTour(Listing *listing, gint64 ttl)
{
    const gint64 now = g_get_monotonic_time();

    if (listing->usedAt != 0 && now - listing->usedAt < ttl)
        return TRUE;
    if (now - listing->searchedAt >= ttl)
        listing->streak = 0;
    return ++listing->streak > LIMIT_SINGLE_SEARCHES;
}

/* Returns: (transfer full) the list of the volume @name; NULL: search the whole datastore. */
static Single *
singleGet(EsxVmfsListings *listings, Listing *listing, const char *name, gint64 ttl)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&listings->lock);
    Single *single = recentFind(listing->singles, name);

    if (!single) {
        if (lockedIsTour(listing, ttl))
            return NULL;
        single = g_new0(Single, 1);
        g_atomic_ref_count_init(&single->refs);
        single->listing = listing;
        single->name = g_strdup(name);
        single->fresh = cachedNew(&singleOps, single);
        recentAdd(listing->singles, name, single);
    }
    g_atomic_ref_count_inc(&single->refs);
    return single;
}

EsxVolumeList *
esxVmfsListingsFind(EsxVmfsListings *listings, ViSession *session, const InventoryPool *pool,
                    const char *name, guint ttlMs, GError **error)
{
    const gint64 ttl = (gint64)ttlMs * 1000;
    const gint64 patience = (gint64)viSessionTimeoutMs(session) * 1000;
    g_autoptr(Listing) listing = listingGet(listings, session, pool);
    EsxVolumeList *list = cachedRecent(listing->fresh, ttl);
    g_autoptr(Single) single = NULL;

    if (list) {
        noteWhole(listings, listing);
        return list;
    }
    if (esxVmfsMaySearchOne(name))
        single = singleGet(listings, listing, name, ttl);
    if (!single)
        return esxVmfsListingsAcquire(listings, session, pool, ttlMs, error);
    list = cachedAcquire(single->fresh, ttl, patience, error);
    if (list)
        noteSingle(listings, listing, single, list);
    return list;
}

/*
 * This does not reach a listing that the table has dropped. Readers that still wait for it arrived
 * before this call, so an older result is correct for them.
 */
void
esxVmfsListingsExpire(EsxVmfsListings *listings, const InventoryPool *pool)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&listings->lock);
    Listing *listing = pool->datastore ? recentFind(listings->table, pool->datastore->ref->value)
                                       : NULL;

    if (!listing)
        return;
    cachedExpire(listing->fresh);
    recentFree(listing->singles);
    listing->singles = singlesNew();
    listing->usedAt = 0;
    listing->streak = 0;
}

guint
esxVmfsListingsLength(EsxVmfsListings *listings)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&listings->lock);

    return recentLength(listings->table);
}
