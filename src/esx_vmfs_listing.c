/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Listings of the volumes of datastores, each kept current by base_fresh's rule. */

#include "base_fresh.h"
#include "esx_vmfs_files.h"
#include "esx_vmfs_listing.h"

struct _EsxVmfsListings {
    GMutex lock;            /* guards the table, not the listings in it */
    GHashTable *table;      /* moref value of the datastore → Listing */
    gint onlyTyped;         /* atomic: the server refuses to search for files without a type */
};

/* What a listing is made from; set by the reader that proves. */
typedef struct {
    EsxVmfsListings *listings;
    ViSession *session;
    char *browserType;
    char *browserValue;
    char *datastore;        /* name for VI */
    char *poolName;         /* name for keys and paths */
    Fresh *fresh;           /* EsxVolumeList */
} Listing;

/* ---- the search ----------------------------------------------------------------------------- */

/* Whether @error may be a refusal of a query for files without a type. */
static gboolean
mayRefuseQuery(const GError *error)
{
    return g_error_matches(error, VI_ERROR, VI_ERROR_INVALID_ARGUMENT) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_NOT_SUPPORTED);
}

/* Searches for everything, or for what the server lets search for, which is remembered. */
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
        /* What is wrong with a search that has begun is not its question. */
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

/*
 * FreshOps.prove; a search tells nothing of what has changed, so that the last list is of no
 * use.
 */
static gpointer
prove(gpointer opaque, gpointer current G_GNUC_UNUSED, GError **error)
{
    const Listing *listing = opaque;
    g_autoptr(ViSearch) search = searchDatastore(listing, error);

    return search ? esxVmfsFilesList(search, listing->poolName, error) : NULL;
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

static const FreshOps listingOps = { prove, refList, unrefList };

static void
listingFree(gpointer data)
{
    Listing *listing = data;

    freshFree(listing->fresh);
    g_free(listing->browserType);
    g_free(listing->browserValue);
    g_free(listing->datastore);
    g_free(listing->poolName);
    g_free(listing);
}

static Listing *
listingNew(EsxVmfsListings *listings, ViSession *session, const InventoryPool *pool)
{
    Listing *listing = g_new0(Listing, 1);

    listing->listings = listings;
    listing->session = session;
    listing->browserType = g_strdup(pool->datastore->browser->type);
    listing->browserValue = g_strdup(pool->datastore->browser->value);
    listing->datastore = g_strdup(pool->datastore->name);
    listing->poolName = g_strdup(pool->name);
    listing->fresh = freshNew(&listingOps, listing);
    return listing;
}

EsxVmfsListings *
esxVmfsListingsNew(void)
{
    EsxVmfsListings *listings = g_new0(EsxVmfsListings, 1);

    g_mutex_init(&listings->lock);
    listings->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, listingFree);
    return listings;
}

void
esxVmfsListingsFree(EsxVmfsListings *listings)
{
    if (!listings)
        return;
    g_hash_table_unref(listings->table);
    g_mutex_clear(&listings->lock);
    g_free(listings);
}

/*
 * The table's key: whatever a listing is made from, so that a renamed datastore gets a new one.
 * Listings are never taken out while the connection lives, since somebody may be waiting for one.
 */
static char *
listingKey(const InventoryPool *pool)
{
    return g_strjoin("\n", pool->datastore->ref->value, pool->datastore->browser->value,
                     pool->datastore->name, pool->name, NULL);
}

static Listing *
listingGet(EsxVmfsListings *listings, ViSession *session, const InventoryPool *pool)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&listings->lock);
    g_autofree char *key = listingKey(pool);
    Listing *listing = g_hash_table_lookup(listings->table, key);

    if (listing)
        return listing;

    listing = listingNew(listings, session, pool);
    g_hash_table_insert(listings->table, g_steal_pointer(&key), listing);
    return listing;
}

EsxVolumeList *
esxVmfsListingsAcquire(EsxVmfsListings *listings, ViSession *session, const InventoryPool *pool,
                       guint ttlMs, GError **error)
{
    const gint64 patience = (gint64)viSessionTimeoutMs(session) * 1000;

    return freshAcquire(listingGet(listings, session, pool)->fresh, (gint64)ttlMs * 1000, patience,
                        error);
}

void
esxVmfsListingsExpire(EsxVmfsListings *listings, const InventoryPool *pool)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&listings->lock);
    g_autofree char *key = pool->datastore->browser ? listingKey(pool) : NULL;
    Listing *listing = key ? g_hash_table_lookup(listings->table, key) : NULL;

    if (listing)
        freshExpire(listing->fresh);
}
