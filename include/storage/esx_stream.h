/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "esx_libvirt.h"
#include "esx_pipe.h"

/*
 * A libvirt stream over a transfer: native virStreamDriver, blocking and non-blocking, with the
 * three event callbacks that libvirtd needs. A worker thread runs the transfer; the pipe between
 * the two is bounded, so that a slow reader slows the server down and a slow server the writer.
 *
 * Finish waits for the worker and reports how the transfer ended (HTTP status, the size of what was
 * stored); for a download that was not read to its end it is an abort. Abort raises the cancel flag
 * and returns at once; what the transfer has to tidy up goes on behind it, and esxConnectionFree
 * waits for that.
 */

/*
 * One transfer: made by a backend, run by a stream's worker.
 *
 * run: a download writes to @pipe and ends it; an upload reads @pipe until ESX_PIPE_END, and
 * returns when the file is whole under its name. Watches @cancel (atomic) and ESX_PIPE_CLOSED, and leaves
 * nothing half done behind, or names it in @error. The stream closes the pipe afterwards.
 */
typedef struct _EsxTransfer EsxTransfer;
struct _EsxTransfer {
    gboolean (*run)(EsxTransfer *transfer, EsxPipe *pipe, gint *cancel, GError **error);
    void (*free)(EsxTransfer *transfer);
    gboolean isUpload;
    gboolean sparse;        /* the stream was opened with …_SPARSE_STREAM */
    size_t pipeBytes;       /* how much the pipe may hold */
    char *what;             /* for errors: "upload to '[ds] dir/file'"; freed by esxTransferFree */
};

void esxTransferFree(EsxTransfer *transfer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxTransfer, esxTransferFree)

/*
 * Makes @stream that of @transfer and starts the worker.
 *
 * @transfer: (transfer full), also on error.
 * Returns: 0, or -1 with a libvirt error.
 */
int esxStreamOpen(virStreamPtr stream, EsxConnection *connection, EsxTransfer *transfer);
