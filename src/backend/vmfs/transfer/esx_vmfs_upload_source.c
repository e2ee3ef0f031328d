/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What the user sends of a volume's contents. */

#include "esx_vmfs_upload_source.h"

#include <string.h>

#include "base_text.h"
#include "esx_error.h"

static gboolean
setUploadGivenUp(GError **error)
{
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "the upload was aborted");
    return FALSE;
}

/* Meanwhile the client holds the volume, a thread and a connection to the server. */
static gboolean
setSenderSilent(const EsxPipe *pipe, const char *what, GError **error)
{
    textToError(error, ESX_ERROR, ESX_ERROR_CLIENT_SILENT,
                "the client has %s for %g s; the volume is unchanged",
                what, esxPipeTimeoutMs(pipe) / 1000.0);
    return FALSE;
}

/*
 * No request is sent before the first data: a daemon may keep a stream whose client died before it
 * began, and which is not ended.
 */
gboolean
esxVmfsUploadAwaitBeginning(EsxPipe *pipe, GError **error)
{
    const guint ms = esxPipeTimeoutMs(pipe);
    const gint64 deadline = g_get_monotonic_time() + ms * (gint64)G_TIME_SPAN_MILLISECOND;
    const EsxPipeResult begun = esxPipeAwaitBegun(pipe, ms > 0 ? deadline : 0);
    guint64 length = 0;

    if (begun == ESX_PIPE_WAIT)
        return setSenderSilent(pipe, "sent nothing", error);
    return (begun == ESX_PIPE_DONE &&
            esxPipePeek(pipe, FALSE /* block */, &length) != ESX_PIPE_CLOSED) ||
           setUploadGivenUp(error);
}

/* ---- data from the client -------------------------------------------------------------------- */

static gboolean
setLength(const EsxVmfsUploading *upload, const char *what, GError **error)
{
    textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                "%s %" G_GINT64_FORMAT " bytes %s; the volume is unchanged", what, upload->length,
                upload->contents->isDisk ? "of the virtual disk" : "that were announced");
    return FALSE;
}

/* Takes bytes from the pipe. @ret_length: 0 at the end. */
static gboolean
takeBytes(EsxVmfsUploading *upload, char *buffer, size_t size, size_t *ret_length, GError **error)
{
    *ret_length = 0;
    if (cancelIsRaised(esxServerCancelFlag()))
        return setUploadGivenUp(error);
    switch (esxPipeRead(upload->pipe, buffer, size, TRUE /* expand */, TRUE /* block */,
                        ret_length)) {
    case ESX_PIPE_DONE:
    case ESX_PIPE_END:
        return TRUE;
    case ESX_PIPE_WAIT:
        return setSenderSilent(upload->pipe, "sent nothing", error);
    case ESX_PIPE_HOLE:
    case ESX_PIPE_CLOSED:
    default:
        return setUploadGivenUp(error);
    }
}

gboolean
esxVmfsUploadCheckHead(EsxVmfsUploading *upload, GError **error)
{
    const size_t wanted = (size_t)MIN(sizeof(upload->head), (guint64)upload->length);
    size_t length = 1;

    while (upload->headLength < wanted && length > 0) {
        if (!takeBytes(upload, upload->head + upload->headLength, wanted - upload->headLength,
                       &length, error))
            return FALSE;
        upload->headLength += length;
    }
    return esxVmfsImageCheckRaw(upload->head, upload->headLength, error);
}

static size_t
giveHead(EsxVmfsUploading *upload, char *buffer, size_t size)
{
    const size_t length = MIN(size, upload->headLength - upload->headGiven);

    memcpy(buffer, upload->head + upload->headGiven, length);
    upload->headGiven += length;
    return length;
}

/* The data has ended before all came that had to. Returns: as an HttpSource. */
static gssize
givePadding(EsxVmfsUploading *upload, char *buffer, size_t size, GError **error)
{
    const guint64 missing = (guint64)upload->length - upload->got;

    if (!upload->contents->isDisk || missing >= ESX_VMFS_UPLOAD_PADDING) {
        setLength(upload, "the data ends before the", error);
        return -1;
    }
    memset(buffer, 0, size);
    upload->got += size;
    return (gssize)size;
}

gssize
esxVmfsUploadGive(char *buffer, size_t size, gpointer opaque, GError **error)
{
    EsxVmfsUploading *upload = opaque;
    size_t length = 0;

    upload->asked = TRUE;
    if (upload->length >= 0)
        size = (size_t)MIN((guint64)size, (guint64)upload->length - upload->got);
    if (size == 0)
        return 0;
    length = giveHead(upload, buffer, size);
    if (length == 0 && !takeBytes(upload, buffer, size, &length, error))
        return -1;
    if (length == 0 && upload->length >= 0)
        return givePadding(upload, buffer, size, error);
    upload->got += length;
    return (gssize)length;
}

/* Waits until the client ends the stream. */
gboolean
esxVmfsUploadAwaitLast(EsxVmfsUploading *upload, GError **error)
{
    if (upload->length < 0)
        return TRUE;
    switch (esxPipeAwaitEnd(upload->pipe)) {
    case ESX_PIPE_END:
        return TRUE;
    case ESX_PIPE_DONE:
        return setLength(upload, "the data is longer than the", error);
    case ESX_PIPE_WAIT:
        return setSenderSilent(upload->pipe, "not ended the upload", error);
    case ESX_PIPE_HOLE:
    case ESX_PIPE_CLOSED:
    default:
        return setUploadGivenUp(error);
    }
}
