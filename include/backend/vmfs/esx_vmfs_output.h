/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_pipe.h"

/*
 * EsxVmfsOutput: what comes from a server on its way into the pipe of a download. In a sparse one
 * blocks of zeros become holes: nothing in the file API shows where a file has holes, so each block
 * is looked at. Blocks are those of the volume, wherever the download begins.
 *
 * One thread at a time.
 */
typedef struct {
    EsxPipe *pipe;          /* borrowed */
    gboolean sparse;
    guint64 at;             /* in the volume, of the next byte */
    char *block;            /* what there is of a block whose end is yet to come */
    size_t filled;
} EsxVmfsOutput;

#define ESX_VMFS_OUTPUT_BLOCK ((size_t)64 * 1024)

/* The reader is woken for so many bytes; else it would be for each record of TLS. */
#define ESX_VMFS_OUTPUT_STEP ((size_t)256 * 1024)

/* @at: where in the volume the download begins. */
void esxVmfsOutputInit(EsxVmfsOutput *output, EsxPipe *pipe, gboolean sparse, guint64 at);

/*
 * ViTransferSink, with an EsxVmfsOutput. Blocks while the pipe is full; what comes is kept back
 * until its block is whole, if the download is sparse.
 *
 * Returns: FALSE with HTTP_ERROR_CANCELLED when the pipe was closed, or the process is to end.
 */
gboolean esxVmfsOutputWrite(const char *data, size_t length, gpointer output, GError **error);

/* What was kept back goes out: that was all. Likewise. */
gboolean esxVmfsOutputFlush(EsxVmfsOutput *output, GError **error);

void esxVmfsOutputClear(EsxVmfsOutput *output);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EsxVmfsOutput, esxVmfsOutputClear)

/* Whether @data is nothing but zeros. */
gboolean esxVmfsIsZero(const char *data, size_t length);
