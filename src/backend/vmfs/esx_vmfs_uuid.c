/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Finds a virtual disk by its UUID: a few threads query all disks. */

#include "base_limits.h"
#include "base_names.h"
#include "base_places.h"
#include "base_text.h"
#include "esx_storage_backend_vmfs.h"
#include "esx_vmfs_uuid.h"
#include "vi_call.h"
#include "vim_types.h"

/* One search. The threads share it; its first fields are set before they start. */
typedef struct {
    ViSession *session;
    const char *uuid;
    guint timeoutMs;    /* for the whole search */
    gint64 deadline;    /* monotonic, microseconds */

    GMutex lock;        /* guards what follows */
    char *pool;         /* of the disk found */
    char *name;         /* of the disk found */
    GError *error;      /* why the search cannot continue */
    guint answers;      /* disks whose UUID was read */
    GError *passedOver; /* why the last disk or datastore was skipped */
} Search;

/* One disk to query. */
typedef struct {
    const InventoryPool *pool;
    const char *name;
    EsxVolumeList *list;    /* holds the name */
} Disk;

static void
diskFree(gpointer data)
{
    Disk *disk = data;

    esxVolumeListUnref(disk->list);
    g_free(disk);
}

static gboolean
isOver(Search *search)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&search->lock);

    if (!search->name && !search->error && g_get_monotonic_time() >= search->deadline)
        search->error =
            g_error_new(VI_ERROR, VI_ERROR_TIMEOUT,
                        "querying the UUIDs of all disks took longer than %g seconds; look up the "
                        "volume by its path instead",
                        search->timeoutMs / 1000.0);
    return search->name || search->error;
}

/* Whether @error is a fault that concerns one disk or datastore only. */
static gboolean
isOfOne(const GError *error)
{
    if (error->domain != VI_ERROR)
        return FALSE;
    switch (error->code) {
    case VI_ERROR_NOT_AUTHENTICATED:
    case VI_ERROR_INVALID_LOGIN:
    case VI_ERROR_NOT_TRIED:
    case VI_ERROR_BUSY:
    case VI_ERROR_SERVICE_DOWN:
    case VI_ERROR_REFUSED:
    case VI_ERROR_PROTOCOL:
    case VI_ERROR_TIMEOUT:
    case VI_ERROR_CANCELLED:
        return FALSE;
    default:
        return TRUE;
    }
}

/* Takes @error (transfer full): skips one disk or datastore, or ends the search. */
static void
noteSearchFailure(Search *search, GError *error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&search->lock);
    GError **place = isOfOne(error) ? &search->passedOver : &search->error;

    g_clear_error(place);
    *place = error;
}

static void
noteAnswer(Search *search, const Disk *disk, gboolean found)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&search->lock);

    search->answers++;
    if (!found || search->name)
        return;
    search->pool = g_strdup(disk->pool->name);
    search->name = g_strdup(disk->name);
}

/* "60 00 C2 9a …-…" in any grouping, as returned by QueryVirtualDiskUuid. */
static gboolean
isUuid(const char *text, const char *uuid)
{
    g_autoptr(GString) hex = g_string_new(NULL);
    guint8 bytes[16];
    char canonical[37];

    for (; text && *text; text++) {
        if (g_ascii_isxdigit(*text))
            g_string_append_c(hex, *text);
    }
    if (!nameParseUuid(hex->str, bytes))
        return FALSE;
    nameFormatUuid(bytes, canonical);
    return g_str_equal(canonical, uuid);
}

/* @ret_found: whether @disk has the UUID (1 request). */
static gboolean
askUuid(const Search *search, const Disk *disk, gboolean *ret_found, GError **error)
{
    const ViCallOptions options = { .deadline = search->deadline };
    VimQueryVirtualDiskUuidRequest args = VIM_INIT(QueryVirtualDiskUuidRequest);
    g_autofree char *wirePath = nameJoinDatastorePath(disk->pool->datastore->name, disk->name);
    g_autoptr(SoapReply) reply = NULL;

    args.self = viSessionServices(search->session)->virtualDiskManager;
    args.name = wirePath;
    args.datacenter = (SoapMoRef *)disk->pool->datastore->datacenter;
    reply = viCall(search->session, &vimMethodQueryVirtualDiskUuid, &args, &options, error);
    if (!reply)
        return FALSE;
    *ret_found = isUuid(((VimQueryVirtualDiskUuidResponse *)reply->body)->returnval, search->uuid);
    return TRUE;
}

static void
askDisk(gpointer data, gpointer opaque)
{
    Disk *disk = data;
    Search *search = opaque;
    gboolean found = FALSE;
    GError *error = NULL;

    if (isOver(search)) {
        diskFree(disk);
        return;
    }

    /*
     * A UUID does not identify the query, so a reply to another query looks like a reply to this
     * one. The disk that is found is therefore queried twice.
     */
    if (askUuid(search, disk, &found, &error) && (!found || askUuid(search, disk, &found, &error)))
        noteAnswer(search, disk, found);
    else if (!g_error_matches(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT) || !isOver(search))
        noteSearchFailure(search, error);
    else
        g_error_free(error);    /* isOver() has changed the message from one request to the whole */
    diskFree(disk);
}

/* Queues all disks of @pool. */
static void
queuePool(EsxConnection *connection, const InventoryPool *pool, Search *search,
          GThreadPool *threads)
{
    GError *error = NULL;
    g_autoptr(EsxVolumeList) list = esxStorageBackendVmfs.volumes(connection, pool, &error);
    size_t i;

    if (!list)
        noteSearchFailure(search, error);

    for (i = 0; list && i < esxVolumeListLength(list); i++) {
        const EsxVolume *volume = esxVolumeListAt(list, i);
        Disk *disk;

        if (volume->format != VIR_STORAGE_FILE_VMDK)
            continue;
        disk = g_new0(Disk, 1);
        disk->pool = pool;
        disk->name = volume->name;
        disk->list = esxVolumeListRef(list);
        g_thread_pool_push(threads, disk, NULL);
    }
}

static void
runSearch(EsxConnection *connection, InventorySnapshot *snapshot, Search *search)
{
    GThreadPool *threads = g_thread_pool_new(askDisk, search, ESX_VMFS_UUID_THREADS, FALSE, NULL);
    size_t n, i;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);

    for (i = 0; i < n && !isOver(search); i++) {
        const InventoryDatastore *datastore = pools[i]->datastore;

        if (datastore && pools[i]->accessible && (datastore->browser || datastore->denied))
            queuePool(connection, pools[i], search, threads);
    }
    g_thread_pool_free(threads, FALSE /* immediate */, TRUE /* wait */);
}

gboolean
esxVmfsFindDisk(EsxConnection *connection, InventorySnapshot *snapshot, const char *uuid,
                char **ret_pool, char **ret_name, GError **error)
{
    Search search = {
        .session = connection->session, .uuid = uuid,
        .timeoutMs = (guint)MIN(
            ESX_VMFS_UUID_TIMEOUT_MS,
            (guint64)viSessionTimeoutMs(connection->session) * LIMIT_WHOLE_TIMEOUTS),
    };

    *ret_pool = NULL;
    *ret_name = NULL;
    search.deadline = g_get_monotonic_time() + (gint64)search.timeoutMs * 1000;
    if (!viSessionServices(connection->session)->virtualDiskManager)
        return TRUE;
    /* The querying threads are not on the caller's visit, if there is one. */
    if (!placesAwait(error))
        return FALSE;

    g_mutex_init(&search.lock);
    runSearch(connection, snapshot, &search);
    g_mutex_clear(&search.lock);

    /* If no disk could be queried, nothing is known. */
    if (!search.error && search.answers == 0)
        search.error = g_steal_pointer(&search.passedOver);
    g_clear_error(&search.passedOver);
    if (!search.name && search.error) {
        g_propagate_error(error, search.error);
        return FALSE;
    }
    g_clear_error(&search.error);
    *ret_pool = search.pool;
    *ret_name = search.name;
    return TRUE;
}
