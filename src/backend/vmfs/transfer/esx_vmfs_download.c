/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Contents of a volume, from the server to the client. */

#include "esx_vmfs_download.h"

#include "base_text.h"
#include "esx_error.h"
#include "esx_libvirt.h"
#include "esx_vmfs_contents.h"
#include "esx_vmfs_fetch.h"
#include "esx_vmfs_listing.h"
#include "esx_vmfs_output.h"
#include "esx_vmfs_verb.h"

/* A download uses this much memory, plus the window of a fetch. */
#define PIPE_BYTES ((size_t)1024 * 1024)

/* Contents shorter than this many segments are read over one connection. */
#define FEW_SEGMENTS 3

/*
 * A connection that brings this many bytes in this time needs no others: if neither the network nor
 * the server's limits slow it down, others only add requests. (Hosts were seen to give one
 * connection at most 140 MiB a second, and a multiple of that to several.) So the first bytes are a
 * test, and while the following pieces are as fast, one connection is used.
 */
#define FAST_BYTES_PER_SECOND ((guint64)200 * 1024 * 1024)
#define FIRST_PIECE ((guint64)2 * 1024 * 1024)
#define FAST_PIECE ((guint64)64 * 1024 * 1024)

typedef struct {
    EsxTransfer base;
    EsxConnection *connection;      /* borrowed: the stream holds it */
    EsxVmfsContents *contents;
    guint64 offset, length;
} Download;

/* EsxVmfsFetchRead */
static gboolean
readContents(gpointer opaque, guint64 offset, guint64 length, ViTransferSink sink,
             gpointer sinkOpaque, const Cancel *cancel, GError **error)
{
    const Download *download = opaque;

    return esxVmfsContentsRead(download->contents, download->connection->transfer, offset, length,
                               sink, sinkOpaque, cancel, error);
}

/* Whether each request may cost a ticket and a separate connection. */
static gboolean
mayNeedTickets(const EsxConnection *connection)
{
    return connection->server->hosts &&
           viSessionAbout(connection->session)->product == VI_PRODUCT_VPX;
}

/* How many connections to use. */
static guint
workersFor(const Download *download)
{
    const guint workers = download->connection->options.connections;

    if (workers <= 1 || mayNeedTickets(download->connection) ||
        download->length < FEW_SEGMENTS * (guint64)esxVmfsFetchSegment(workers))
        return 1;
    return workers;
}

/* Reads over one connection, as long as it is fast. */
static gboolean
readFast(Download *download, EsxVmfsOutput *output, const Cancel *cancel, GError **error)
{
    const guint64 end = download->offset + download->length;
    guint64 piece = FIRST_PIECE;
    gint64 begun;

    do {
        piece = MIN(piece, end - output->at);
        begun = g_get_monotonic_time();
        if (!readContents(download, output->at, piece, esxVmfsOutputWrite, output, cancel, error))
            return FALSE;
        if ((guint64)(g_get_monotonic_time() - begun) >
            piece * G_USEC_PER_SEC / FAST_BYTES_PER_SECOND)
            break;
        piece = FAST_PIECE;
    } while (output->at < end);
    return TRUE;
}

static gboolean
readSlowly(Download *download, EsxVmfsOutput *output, const Cancel *cancel, GError **error)
{
    EsxVmfsFetch fetch = {
        .offset = download->offset,
        .length = download->length,
        .workers = workersFor(download),
        .read = readContents,
        .opaque = download,
    };

    if (fetch.workers == 1)
        return readContents(download, fetch.offset, fetch.length, esxVmfsOutputWrite, output,
                            cancel, error);
    if (!readFast(download, output, cancel, error))
        return FALSE;
    fetch.length -= output->at - fetch.offset;
    fetch.offset = output->at;
    return esxVmfsFetchRun(&fetch, esxVmfsOutputWrite, output, cancel, error);
}

/* EsxTransfer.run */
static gboolean
runDownload(EsxTransfer *transfer, EsxPipe *pipe, const Cancel *cancel, GError **error)
{
    Download *download = (Download *)transfer;
    g_auto(EsxVmfsOutput) output = { 0 };
    GError *local = NULL;

    esxVmfsOutputInit(&output, pipe, transfer->sparse, download->offset);
    if (readSlowly(download, &output, cancel, &local) && esxVmfsOutputFlush(&output, &local)) {
        esxPipeEnd(pipe);
        return TRUE;
    }
    if (!g_error_matches(local, HTTP_ERROR, HTTP_ERROR_CANCELLED))
        esxVmfsNote(local, "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes were received "
                           "before that",
                    output.at - download->offset, download->length);
    g_propagate_error(error, local);
    return FALSE;
}

/* ---- listing and file ------------------------------------------------------------------------ */

/*
 * Whether a listing can be compared with the file API. For a plain file on an object store (vSAN,
 * vVol), it is unknown which size a listing gives.
 */
static gboolean
isComparable(const InventoryPool *pool, const EsxVolume *volume)
{
    return volume->sized && (volume->format == VIR_STORAGE_FILE_VMDK ||
                             pool->datastore->fs != INVENTORY_FS_OTHER);
}

/* A disk's capacity is listed in KiB. */
static gboolean
isListed(const EsxVolume *volume, guint64 size)
{
    if (volume->format == VIR_STORAGE_FILE_VMDK)
        return size / 1024 == volume->capacity / 1024;
    return size == volume->capacity;
}

/* Checks the listing and the file again, in this order. */
static EsxVmfsContents *
findAnew(EsxConnection *connection, const InventoryPool *pool, const char *name,
         guint64 *ret_listed, GError **error)
{
    g_autoptr(EsxVolumeList) list = NULL;
    const EsxVolume *volume;
    EsxVmfsContents *contents;

    esxVmfsListingsExpire(esxVmfsListingsOf(connection), pool);
    list = esxVmfsListingsFind(esxVmfsListingsOf(connection), connection->session, pool, name,
                               0 /* ttlMs */, error);
    if (!list)
        return NULL;
    volume = esxVolumeListFind(list, name);
    if (!volume) {
        g_set_error(error, ESX_ERROR, ESX_ERROR_NO_VOLUME, "it has been deleted in the meantime");
        return NULL;
    }
    contents = esxVmfsContentsFind(connection, pool, volume, error);
    *ret_listed = volume->sized && contents && isListed(volume, contents->size) ? contents->size
                                                                                : volume->capacity;
    return contents;
}

/*
 * Finds the contents of @volume. Their length is from the file API. If the listing has another
 * length, both are checked again, since the file may have grown. If they still differ, one of them
 * is wrong, and nothing is read.
 */
static EsxVmfsContents *
findBelieved(EsxConnection *connection, const InventoryPool *pool, const EsxVolume *volume,
             GError **error)
{
    g_autoptr(EsxVmfsContents) first = esxVmfsContentsFind(connection, pool, volume, error);
    g_autoptr(EsxVmfsContents) second = NULL;
    guint64 listed = 0;

    if (!first || !isComparable(pool, volume) || isListed(volume, first->size))
        return g_steal_pointer(&first);
    second = findAnew(connection, pool, volume->name, &listed, error);
    if (!second)
        return NULL;
    /* A file that keeps growing is listed between the two checks. */
    if (listed == second->size || (first->size < listed && listed < second->size))
        return g_steal_pointer(&second);
    g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "the server lists it with %" G_GUINT64_FORMAT " bytes, but its file API reports %"
                G_GUINT64_FORMAT "; nothing was read", listed, second->size);
    return NULL;
}

static void
downloadFree(EsxTransfer *transfer)
{
    Download *download = (Download *)transfer;

    esxVmfsContentsFree(download->contents);
    g_free(download);
}

EsxTransfer *
esxVmfsDownload(EsxConnection *connection, const InventoryPool *pool, const EsxVolume *volume,
                guint64 offset, guint64 length, GError **error)
{
    g_autoptr(EsxVmfsContents) contents = NULL;
    Download *download;
    guint64 left;

    if (!esxVmfsCheckReachable(pool, error))
        return NULL;
    contents = findBelieved(connection, pool, volume, error);
    if (!contents)
        return NULL;
    if (offset > contents->size) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "it has %" G_GUINT64_FORMAT " bytes, so a download cannot begin at byte %"
                    G_GUINT64_FORMAT, contents->size, offset);
        return NULL;
    }

    left = contents->size - offset;
    download = g_new0(Download, 1);
    download->base = (EsxTransfer) {
        .run = runDownload,
        .free = downloadFree,
        .pipeBytes = PIPE_BYTES,
        .what = textFormat("download of '%s'", volume->path),
    };
    download->connection = connection;
    download->contents = g_steal_pointer(&contents);
    download->offset = offset;
    download->length = length > 0 ? MIN(length, left) : left;
    return &download->base;
}
