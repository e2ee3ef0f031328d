/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The data that the client sends, and the new contents made of it. */

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
                "%s %" G_GUINT64_FORMAT " bytes %s; the volume is unchanged", what, upload->limit,
                upload->announced ? "that were announced"
                : upload->offset > 0 ? "that the virtual disk has from there on"
                                     : "of the virtual disk");
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
    const size_t wanted = (size_t)MIN(sizeof(upload->head), upload->limit);
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

/* Reads the client's data, up to the limit. @ret_length: 0 at its end. */
static gboolean
giveSent(EsxVmfsUploading *upload, char *buffer, size_t size, size_t *ret_length, GError **error)
{
    const size_t wanted = (size_t)MIN((guint64)size, upload->limit - upload->got);

    *ret_length = giveHead(upload, buffer, wanted);
    if (*ret_length == 0 && wanted > 0 &&
        !takeBytes(upload, buffer, wanted, ret_length, error))
        return FALSE;
    upload->got += *ret_length;
    return TRUE;
}

/* ---- what is kept ---------------------------------------------------------------------------- */

/* Reads the kept contents from @offset to @end. @ret_length: 0 at the end. */
static gboolean
giveKept(EsxVmfsUploading *upload, guint64 offset, guint64 end, char *buffer, size_t size,
         size_t *ret_length, GError **error)
{
    gssize length = 0;

    *ret_length = 0;
    if (!upload->kept && offset < end)
        upload->kept = esxVmfsKeptNew(upload->contents, upload->verb->connection->transfer, offset,
                                      end - offset, error);
    if (!upload->kept)
        return offset >= end;
    length = esxVmfsKeptRead(upload->kept, buffer, size, upload->cancel, error);
    upload->keptFailed = length < 0;
    if (length < 0)
        return FALSE;
    if (length == 0)
        g_clear_pointer(&upload->kept, esxVmfsKeptFree);
    *ret_length = (size_t)length;
    return TRUE;
}

/* Reads from the contents before the client's data, then from the data, then from those after. */
static gboolean
giveNext(EsxVmfsUploading *upload, char *buffer, size_t size, size_t *ret_length, GError **error)
{
    const guint64 before = upload->contents->size;

    if (upload->given < upload->offset || (upload->kept && upload->got == 0)) {
        if (!giveKept(upload, upload->given, upload->offset, buffer, size, ret_length, error))
            return FALSE;
        if (*ret_length > 0)
            return TRUE;
    }
    if (upload->given == upload->offset + upload->got) {
        if (!giveSent(upload, buffer, size, ret_length, error))
            return FALSE;
        if (*ret_length > 0)
            return TRUE;
    }
    return giveKept(upload, upload->given, before, buffer, size, ret_length, error);
}

gssize
esxVmfsUploadGive(char *buffer, size_t size, gpointer opaque, GError **error)
{
    EsxVmfsUploading *upload = opaque;
    size_t length = 0;

    upload->asked = TRUE;
    if (size == 0)
        return 0;
    if (!giveNext(upload, buffer, size, &length, error))
        return -1;
    upload->given += length;
    return (gssize)length;
}

gint64
esxVmfsUploadTotal(const EsxVmfsUploading *upload)
{
    const guint64 before = upload->contents->size;

    if (upload->limit <= before && upload->offset <= before - upload->limit)
        return (gint64)before;
    return HTTP_LENGTH_UNKNOWN;
}

/* Waits until the client ends the stream. */
gboolean
esxVmfsUploadAwaitLast(EsxVmfsUploading *upload, GError **error)
{
    if (upload->limit == G_MAXUINT64)
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
