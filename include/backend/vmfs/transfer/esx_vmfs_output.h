/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_pipe.h"

/*
 * EsxVmfsOutput: passes bytes from a server to the pipe of a download. In a sparse download, blocks
 * of zeros become holes: the file API does not show where a file has holes, so each block is
 * checked. Blocks are aligned in the volume, wherever the download begins.
 *
 * One thread at a time.
 */
typedef struct {
    EsxPipe *pipe;          /* borrowed */
    gboolean sparse;
    guint64 at;             /* position of the next byte in the volume */
    char *block;            /* the beginning of an incomplete block */
    size_t filled;
} EsxVmfsOutput;

#define ESX_VMFS_OUTPUT_BLOCK ((size_t)64 * 1024)

/* The reader is woken for this many bytes; otherwise it would be for each TLS record. */
#define ESX_VMFS_OUTPUT_STEP ((size_t)256 * 1024)

/* @at: the position in the volume where the download begins. */
void esxVmfsOutputInit(EsxVmfsOutput *output, EsxPipe *pipe, gboolean sparse, guint64 at);

/*
 * ViTransferSink, with an EsxVmfsOutput. Blocks while the pipe is full. In a sparse download, bytes
 * are held back until their block is complete.
 *
 * Returns: FALSE with HTTP_ERROR_CANCELLED when the pipe was closed, or the process is to end.
 */
gboolean esxVmfsOutputWrite(const char *data, size_t length, gpointer output, GError **error);

/* Writes what was held back, at the end. Returns: as above. */
gboolean esxVmfsOutputFlush(EsxVmfsOutput *output, GError **error);

void esxVmfsOutputClear(EsxVmfsOutput *output);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EsxVmfsOutput, esxVmfsOutputClear)

/* Whether @data has only zeros. */
gboolean esxVmfsIsZero(const char *data, size_t length);
