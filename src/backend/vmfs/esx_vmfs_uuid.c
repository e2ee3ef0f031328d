/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Finds a virtual disk by its UUID: a few threads query all disks. */

#include "base_limits.h"
#include "base_names.h"
#include "base_places.h"
#include "base_text.h"
#include "base_thread.h"
#include "esx_storage_backend_vmfs.h"
#include "esx_vmfs_uuid.h"
#include "vi_call.h"
#include "vim_types.h"

/* One search. Its threads share it, but for the fields of the thread that searches. */
typedef struct {
    GThread *threads[ESX_VMFS_UUID_THREADS];
    guint nthreads;
    gboolean isFull;    /* there are enough threads, or no more can be started */

    /* Set before the threads start. */
    ViSession *session;
    const char *uuid;
    guint timeoutMs;    /* for the whole search */
    gint64 deadline;    /* monotonic, microseconds */

    GMutex lock;        /* guards what follows */
    GCond changed;      /* a disk was queued, or all have been */
    GQueue disks;       /* to be queried */
    gboolean complete;  /* all disks have been queued */
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

/* Takes @disk (transfer full). */
static void
askDisk(Search *search, Disk *disk)
{
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

/* ---- the threads ----------------------------------------------------------------------------- */

/* Waits for a disk. Returns: (transfer full), or NULL if all have been taken. */
static Disk *
takeDisk(Search *search)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&search->lock);

    while (!search->complete && g_queue_is_empty(&search->disks))
        g_cond_wait(&search->changed, &search->lock);
    return g_queue_pop_head(&search->disks);
}

static gpointer
askDisks(gpointer opaque)
{
    Search *search = opaque;
    Disk *disk = NULL;

    while ((disk = takeDisk(search)))
        askDisk(search, disk);
    return NULL;
}

/* One thread more, for a disk that was queued. Fewer than allowed are enough; none is an error. */
static void
startThread(Search *search)
{
    GError *error = NULL;
    GThread *thread = NULL;

    if (search->isFull)
        return;
    thread = threadStart("esx-uuid", askDisks, search, &error);
    if (thread)
        search->threads[search->nthreads++] = thread;
    search->isFull = !thread || search->nthreads == ESX_VMFS_UUID_THREADS;
    if (search->nthreads == 0)
        noteSearchFailure(search, error);
    else
        g_clear_error(&error);
}

/* Takes @disk (transfer full). */
static void
queueDisk(Search *search, Disk *disk)
{
    g_mutex_lock(&search->lock);
    g_queue_push_tail(&search->disks, disk);
    g_cond_signal(&search->changed);
    g_mutex_unlock(&search->lock);
    startThread(search);
}

/* Queues all disks of @pool. */
static void
queuePool(EsxConnection *connection, const InventoryPool *pool, Search *search)
{
    GError *error = NULL;
    g_autoptr(EsxVolumeList) list = esxStorageBackendVmfs.volumes(connection, pool, &error);
    size_t i;

    if (!list)
        noteSearchFailure(search, error);

    for (i = 0; list && i < esxVolumeListLength(list) && !isOver(search); i++) {
        const EsxVolume *volume = esxVolumeListAt(list, i);
        Disk *disk;

        if (volume->format != VIR_STORAGE_FILE_VMDK)
            continue;
        disk = g_new0(Disk, 1);
        disk->pool = pool;
        disk->name = volume->name;
        disk->list = esxVolumeListRef(list);
        queueDisk(search, disk);
    }
}

/* Waits until all queued disks were queried. */
static void
endThreads(Search *search)
{
    g_mutex_lock(&search->lock);
    search->complete = TRUE;
    g_cond_broadcast(&search->changed);
    g_mutex_unlock(&search->lock);

    while (search->nthreads > 0)
        g_thread_join(search->threads[--search->nthreads]);
    g_queue_clear_full(&search->disks, diskFree);
}

static void
runSearch(EsxConnection *connection, InventorySnapshot *snapshot, Search *search)
{
    size_t n, i;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);

    g_mutex_init(&search->lock);
    g_cond_init(&search->changed);
    g_queue_init(&search->disks);
    for (i = 0; i < n && !isOver(search); i++) {
        const InventoryDatastore *datastore = pools[i]->datastore;

        if (datastore && pools[i]->accessible && (datastore->browser || datastore->denied))
            queuePool(connection, pools[i], search);
    }
    endThreads(search);
    g_cond_clear(&search->changed);
    g_mutex_clear(&search->lock);
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

    runSearch(connection, snapshot, &search);

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
