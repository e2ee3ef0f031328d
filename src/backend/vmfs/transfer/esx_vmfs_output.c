/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Passes the bytes of a download to its pipe. */

#include "esx_vmfs_output.h"

#include <string.h>

#include "base_text.h"
#include "esx_error.h"
#include "esx_server.h"

void
esxVmfsOutputInit(EsxVmfsOutput *output, EsxPipe *pipe, gboolean sparse, guint64 at)
{
    *output = (EsxVmfsOutput) { .pipe = pipe, .sparse = sparse, .at = at };
    esxPipeSetStep(pipe, ESX_VMFS_OUTPUT_STEP);
}

void
esxVmfsOutputClear(EsxVmfsOutput *output)
{
    g_free(output->block);
    *output = (EsxVmfsOutput) { 0 };
}

gboolean
esxVmfsIsZero(const char *data, size_t length)
{
    /* The first byte is zero, and each byte equals the one before it. */
    return length == 0 || (*data == 0 && memcmp(data, data + 1, length - 1) == 0);
}

static gboolean
setDownloadGivenUp(GError **error)
{
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "the download was aborted");
    return FALSE;
}

static gboolean
setReaderSilent(const EsxPipe *pipe, GError **error)
{
    textToError(error, ESX_ERROR, ESX_ERROR_CLIENT_SILENT,
                "the client has read nothing for %g s", esxPipeTimeoutMs(pipe) / 1000.0);
    return FALSE;
}

static gboolean
writeData(EsxVmfsOutput *output, const char *data, size_t length, GError **error)
{
    EsxPipeResult result = ESX_PIPE_DONE;
    size_t written = 0;

    if (cancelIsRaised(esxServerCancelFlag()))
        return setDownloadGivenUp(error);
    for (; length > 0; data += written, length -= written) {
        result = esxPipeWrite(output->pipe, data, length, TRUE /* block */, &written);
        if (result != ESX_PIPE_DONE)
            return result == ESX_PIPE_WAIT ? setReaderSilent(output->pipe, error)
                                           : setDownloadGivenUp(error);
    }
    return TRUE;
}

/* Writes a block of the volume, or the part of it that the download has. */
static gboolean
writeBlock(EsxVmfsOutput *output, const char *data, size_t length, GError **error)
{
    if (!esxVmfsIsZero(data, length))
        return writeData(output, data, length, error);
    return esxPipeWriteHole(output->pipe, length) == ESX_PIPE_DONE || setDownloadGivenUp(error);
}

/* Takes the bytes of the current block, at most @length. */
static gboolean
takePiece(EsxVmfsOutput *output, const char *data, size_t length, GError **error)
{
    const size_t left = ESX_VMFS_OUTPUT_BLOCK - output->at % ESX_VMFS_OUTPUT_BLOCK;

    output->at += length;
    if (length == left && output->filled == 0)
        return writeBlock(output, data, length, error);

    if (!output->block)
        output->block = g_malloc(ESX_VMFS_OUTPUT_BLOCK);
    memcpy(output->block + output->filled, data, length);
    output->filled += length;
    return length < left || esxVmfsOutputFlush(output, error);
}

gboolean
esxVmfsOutputWrite(const char *data, size_t length, gpointer opaque, GError **error)
{
    EsxVmfsOutput *output = opaque;
    size_t piece;

    if (!output->sparse) {
        output->at += length;
        return writeData(output, data, length, error);
    }
    for (; length > 0; data += piece, length -= piece) {
        piece = MIN(length, ESX_VMFS_OUTPUT_BLOCK - output->at % ESX_VMFS_OUTPUT_BLOCK);
        if (!takePiece(output, data, piece, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
esxVmfsOutputFlush(EsxVmfsOutput *output, GError **error)
{
    const size_t length = output->filled;

    output->filled = 0;
    return writeBlock(output, output->block, length, error);
}
