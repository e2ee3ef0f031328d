/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Bytes of a download on their way into its pipe. */

#include "esx_vmfs_output.h"

#include <string.h>

#include "esx_connection.h"

void
esxVmfsOutputInit(EsxVmfsOutput *output, EsxPipe *pipe, gboolean sparse, guint64 at)
{
    *output = (EsxVmfsOutput) { .pipe = pipe, .sparse = sparse, .at = at };
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
    /* A byte that is zero, and each like the one before it. */
    return length == 0 || (*data == 0 && memcmp(data, data + 1, length - 1) == 0);
}

static gboolean
setGivenUp(GError **error)
{
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "The download was given up.");
    return FALSE;
}

static gboolean
writeData(EsxVmfsOutput *output, const char *data, size_t length, GError **error)
{
    size_t written = 0;

    if (g_atomic_int_get(esxConnectionCancelFlag()))
        return setGivenUp(error);
    for (; length > 0; data += written, length -= written) {
        if (esxPipeWrite(output->pipe, data, length, TRUE /* block */, &written) != ESX_PIPE_DONE)
            return setGivenUp(error);
    }
    return TRUE;
}

/* A block, or what the download has of one. */
static gboolean
writeBlock(EsxVmfsOutput *output, const char *data, size_t length, GError **error)
{
    if (!output->sparse || !esxVmfsIsZero(data, length))
        return writeData(output, data, length, error);
    return esxPipeWriteHole(output->pipe, length) == ESX_PIPE_DONE || setGivenUp(error);
}

/* How much the present block lacks. */
static size_t
leftOf(const EsxVmfsOutput *output)
{
    if (output->sparse)
        return ESX_VMFS_OUTPUT_BLOCK - output->at % ESX_VMFS_OUTPUT_BLOCK;
    return ESX_VMFS_OUTPUT_STEP - output->filled;
}

/* Takes @length bytes of the present block, which lacks @left. */
static gboolean
takePiece(EsxVmfsOutput *output, const char *data, size_t length, size_t left, GError **error)
{
    output->at += length;
    if (length == left && output->filled == 0)
        return writeBlock(output, data, length, error);

    if (!output->block)
        output->block = g_malloc(MAX(ESX_VMFS_OUTPUT_BLOCK, ESX_VMFS_OUTPUT_STEP));
    memcpy(output->block + output->filled, data, length);
    output->filled += length;
    return length < left || esxVmfsOutputFlush(output, error);
}

gboolean
esxVmfsOutputWrite(const char *data, size_t length, gpointer opaque, GError **error)
{
    EsxVmfsOutput *output = opaque;
    size_t piece;

    for (; length > 0; data += piece, length -= piece) {
        const size_t left = leftOf(output);

        piece = MIN(length, left);
        if (!takePiece(output, data, piece, left, error))
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
