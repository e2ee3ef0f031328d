/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Listings of the volumes of datastores, each kept current by base_fresh's rule. */

#include <string.h>

#include "base_fresh.h"
#include "base_names.h"
#include "esx_libvirt.h"
#include "esx_vmfs_listing.h"
#include "vi_browser.h"
#include "vim_types.h"

struct _EsxVmfsListings {
    gint64 ttl;
    GMutex lock;            /* guards the table, not the listings in it */
    GHashTable *table;      /* moref value of the datastore → Listing */
};

/* What a listing is made from; set by the reader that proves. */
typedef struct {
    ViSession *session;
    char *browserType;
    char *browserValue;
    char *datastore;        /* name for VI */
    char *poolName;         /* name for keys and paths */
    Fresh *fresh;           /* EsxVolumeList */
} Listing;

/* ---- from search results to volumes --------------------------------------------------------- */

/*
 * The directory of a result, relative to the datastore: "[ds] dir/" gives "dir". vcsim writes
 * "[ds]/dir", older hosts leave out the last slash.
 */
static char *
relativeFolder(const char *folderPath)
{
    g_autofree char *datastore = NULL;
    g_autofree char *path = NULL;
    const char *start;
    size_t length;

    if (!folderPath || !nameSplitDatastorePath(folderPath, &datastore, &path))
        return g_strdup("");

    start = path + strspn(path, "/");
    for (length = strlen(start); length > 0 && start[length - 1] == '/'; length--)
        continue;
    return g_strndup(start, length);
}

static int
formatOf(const VimFileInfo *file)
{
    if (soapObjectIs(file, &vimVmDiskFileInfoType))
        return VIR_STORAGE_FILE_VMDK;
    return soapObjectIs(file, &vimIsoImageFileInfoType) ? VIR_STORAGE_FILE_ISO
                                                        : VIR_STORAGE_FILE_RAW;
}

/* Sizes are optional on the wire: a disk with a broken descriptor has none. */
static void
setSizes(EsxVolume *volume, const VimFileInfo *file)
{
    const VimVmDiskFileInfo *disk = soapObjectCast(file, &vimVmDiskFileInfoType);
    guint64 size = file->has_fileSize && file->fileSize > 0 ? (guint64)file->fileSize : 0;

    volume->allocation = size;
    volume->physical = size;
    volume->capacity = size;
    if (disk && disk->has_capacityKb && disk->capacityKb > 0 &&
        disk->capacityKb <= G_MAXINT64 / 1024)
        volume->capacity = (guint64)disk->capacityKb * 1024;
}

static void
addFile(EsxVolumeList *list, const char *pool, const char *folder, const VimFileInfo *file)
{
    g_autofree char *name = NULL;
    g_autofree char *path = NULL;
    EsxVolume volume = { .type = VIR_STORAGE_VOL_FILE };

    if (!file->path || *file->path == '\0' || soapObjectIs(file, &vimFolderFileInfoType))
        return;

    name = *folder ? g_strdup_printf("%s/%s", folder, file->path) : g_strdup(file->path);
    path = nameJoinDatastorePath(pool, name);
    volume.name = name;
    volume.key = path;
    volume.path = path;
    volume.format = formatOf(file);
    setSizes(&volume, file);
    esxVolumeListAdd(list, &volume, NULL /* alias */);
}

static EsxVolumeList *
listFolders(const ViSearch *search, const char *pool)
{
    EsxVolumeList *list = esxVolumeListNew();
    size_t i, j;

    for (i = 0; i < search->nfolders; i++) {
        const VimHostDatastoreBrowserSearchResults *result = search->folders[i];
        g_autofree char *folder = relativeFolder(result->folderPath);

        for (j = 0; j < result->n_file; j++)
            addFile(list, pool, folder, result->file[j]);
    }
    return esxVolumeListSeal(list);
}

/*
 * FreshOps.prove; a search tells nothing of what has changed, so that the last list is of no
 * use.
 */
static gpointer
prove(gpointer opaque, gpointer current G_GNUC_UNUSED, GError **error)
{
    const Listing *listing = opaque;
    SoapMoRef browser = { listing->browserType, listing->browserValue };
    g_autoptr(ViSearch) search =
        viBrowserSearchAll(listing->session, &browser, listing->datastore, error);

    return search ? listFolders(search, listing->poolName) : NULL;
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
listingNew(gint64 ttl, ViSession *session, const InventoryPool *pool)
{
    Listing *listing = g_new0(Listing, 1);

    listing->session = session;
    listing->browserType = g_strdup(pool->datastore->browser->type);
    listing->browserValue = g_strdup(pool->datastore->browser->value);
    listing->datastore = g_strdup(pool->datastore->name);
    listing->poolName = g_strdup(pool->name);
    listing->fresh = freshNew(&listingOps, listing, ttl);
    return listing;
}

EsxVmfsListings *
esxVmfsListingsNew(guint ttlMs)
{
    EsxVmfsListings *listings = g_new0(EsxVmfsListings, 1);

    listings->ttl = (gint64)ttlMs * 1000;
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

    listing = listingNew(listings->ttl, session, pool);
    g_hash_table_insert(listings->table, g_steal_pointer(&key), listing);
    return listing;
}

EsxVolumeList *
esxVmfsListingsAcquire(EsxVmfsListings *listings, ViSession *session, const InventoryPool *pool,
                       GError **error)
{
    return freshAcquire(listingGet(listings, session, pool)->fresh, error);
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
