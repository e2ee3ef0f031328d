/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Finding a virtual disk by its UUID: a few threads ask all disks. */

#include "base_names.h"
#include "esx_storage_backend.h"
#include "esx_vmfs_uuid.h"
#include "vi_call.h"
#include "vim_types.h"

/* One search. The threads share it; its fields are set before they start, but for the last two. */
typedef struct {
    ViSession *session;
    const char *uuid;
    gint64 deadline;    /* monotonic, microseconds */

    GMutex lock;        /* guards what follows */
    char *path;         /* of the disk that was found */
    GError *error;      /* why the search cannot go on */
} Search;

/* One disk to ask. */
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

    if (!search->path && !search->error && g_get_monotonic_time() > search->deadline)
        search->error =
            g_error_new(VI_ERROR, VI_ERROR_TIMEOUT,
                        "asking all disks for their UUIDs took longer than %d seconds; look the "
                        "volume up by its path instead",
                        ESX_VMFS_UUID_TIMEOUT_MS / 1000);
    return search->path || search->error;
}

/* Whether @error, in the domain of VI, is a fault that concerns one disk only. */
static gboolean
isOfDisk(const GError *error)
{
    switch (error->code) {
    case VI_ERROR_NOT_AUTHENTICATED:
    case VI_ERROR_INVALID_LOGIN:
    case VI_ERROR_BUSY:
    case VI_ERROR_PROTOCOL:
        return FALSE;
    default:
        return TRUE;
    }
}

/* A fault concerns this disk only; anything else ends the search. */
static void
noteFailure(Search *search, GError *error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&search->lock);

    if (error->domain == VI_ERROR && isOfDisk(error)) {
        g_error_free(error);
        return;
    }
    if (search->error)
        g_error_free(error);
    else
        search->error = error;
}

/* "60 00 C2 9a …-…" in any grouping, as QueryVirtualDiskUuid has it. */
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

static void
askDisk(gpointer data, gpointer opaque)
{
    Disk *disk = data;
    Search *search = opaque;
    VimQueryVirtualDiskUuidRequest args = VIM_INIT(QueryVirtualDiskUuidRequest);
    g_autofree char *wirePath = nameJoinDatastorePath(disk->pool->datastore->name, disk->name);
    g_autoptr(SoapReply) reply = NULL;
    GError *error = NULL;

    if (isOver(search)) {
        diskFree(disk);
        return;
    }

    args.self = viSessionServices(search->session)->virtualDiskManager;
    args.name = wirePath;
    args.datacenter = (SoapMoRef *)disk->pool->datastore->datacenter;
    reply = viCall(search->session, &vimMethodQueryVirtualDiskUuid, &args, NULL, &error);
    if (!reply) {
        noteFailure(search, error);
    } else if (isUuid(((VimQueryVirtualDiskUuidResponse *)reply->body)->returnval, search->uuid)) {
        g_mutex_lock(&search->lock);
        if (!search->path)
            search->path = nameJoinDatastorePath(disk->pool->name, disk->name);
        g_mutex_unlock(&search->lock);
    }
    diskFree(disk);
}

/* Queues every disk of @pool. A pool that cannot be listed is passed over. */
static void
queuePool(EsxConnection *connection, const InventoryPool *pool, GThreadPool *threads)
{
    g_autoptr(EsxVolumeList) list =
        esxStorageBackendVmfs.volumes(connection, pool, NULL /* error */);
    size_t i;

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
        if (pools[i]->datastore)
            queuePool(connection, pools[i], threads);
    }
    g_thread_pool_free(threads, FALSE /* immediate */, TRUE /* wait */);
}

gboolean
esxVmfsFindDisk(EsxConnection *connection, InventorySnapshot *snapshot, const char *uuid,
                char **ret_path, GError **error)
{
    Search search = {
        .session = connection->session, .uuid = uuid,
        .deadline = g_get_monotonic_time() + (gint64)ESX_VMFS_UUID_TIMEOUT_MS * 1000,
    };

    *ret_path = NULL;
    if (!viSessionServices(connection->session)->virtualDiskManager)
        return TRUE;

    g_mutex_init(&search.lock);
    runSearch(connection, snapshot, &search);
    g_mutex_clear(&search.lock);

    if (!search.path && search.error) {
        g_propagate_error(error, search.error);
        return FALSE;
    }
    g_clear_error(&search.error);
    *ret_path = search.path;
    return TRUE;
}
