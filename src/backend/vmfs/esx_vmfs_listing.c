/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Listings of the volumes of datastores, each kept current by base_cached. */

#include "base_cached.h"
#include "base_limits.h"
#include "base_recent.h"
#include "esx_vmfs_files.h"
#include "esx_vmfs_listing_priv.h"

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
    Cached *fresh;           /* EsxVolumeList */
} Listing;

/* ---- the search ----------------------------------------------------------------------------- */

/* Whether @error may be a refusal of a query for files without a type. */
static gboolean
mayRefuseQuery(const GError *error)
{
    return g_error_matches(error, VI_ERROR, VI_ERROR_INVALID_ARGUMENT) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_NOT_SUPPORTED);
}

/* Searches for everything, or for what the server accepts, which is remembered. */
static ViSearch *
searchDatastore(const Listing *listing, GError **error)
{
    SoapMoRef browser = { listing->browserType, listing->browserValue };
    g_autoptr(GError) refusal = NULL;
    gboolean started = FALSE;
    ViSearch *search;

    if (!g_atomic_int_get(&listing->listings->onlyTyped)) {
        search = viBrowserSearchAll(listing->session, &browser, listing->datastore,
                                    VI_BROWSER_ALL, &started, &refusal);
        if (search)
            return search;
        /* If the search has begun, its query was accepted. */
        if (started || !mayRefuseQuery(refusal)) {
            g_propagate_error(error, g_steal_pointer(&refusal));
            return NULL;
        }
    }

    search = viBrowserSearchAll(listing->session, &browser, listing->datastore, VI_BROWSER_TYPED,
                                NULL, error);
    if (search)
        g_atomic_int_set(&listing->listings->onlyTyped, TRUE);
    return search;
}

/* CachedOps.prove; a search does not report changes, so the last list is not used. */
static gpointer
proveListing(gpointer opaque, gpointer current G_GNUC_UNUSED, GError **error)
{
    const Listing *listing = opaque;
    g_autoptr(ViSearch) search = searchDatastore(listing, error);

    return search ? esxVmfsFilesList(search, listing->datastore, listing->poolName, error)
                  : NULL;
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

static void
listingUnref(gpointer data)
{
    Listing *listing = data;

    if (!listing || !g_atomic_ref_count_dec(&listing->refs))
        return;
    cachedFree(listing->fresh);
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
    listing->fresh = cachedNew(&listingOps, listing);
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

/* Sets the weight of @listing to that of @list. The table may drop this listing or others. */
static void
weighListing(EsxVmfsListings *listings, const Listing *listing, const EsxVolumeList *list)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&listings->lock);

    recentWeigh(listings->table, listing->ref, listing, esxVolumeListBytes(list));
}

EsxVolumeList *
esxVmfsListingsAcquire(EsxVmfsListings *listings, ViSession *session, const InventoryPool *pool,
                       guint ttlMs, GError **error)
{
    const gint64 timeout = (gint64)viSessionTimeoutMs(session) * 1000;
    g_autoptr(Listing) listing = listingGet(listings, session, pool);
    EsxVolumeList *list = cachedAcquire(listing->fresh, (gint64)ttlMs * 1000, timeout, error);

    if (list)
        weighListing(listings, listing, list);
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

    if (listing)
        cachedExpire(listing->fresh);
}

guint
esxVmfsListingsLength(EsxVmfsListings *listings)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&listings->lock);

    return recentLength(listings->table);
}
