/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_pipe.h"

/*
 * One transfer: made by a backend, run by a stream's worker (esx_stream.h).
 *
 * run: a download writes to @pipe and ends it; an upload reads @pipe until ESX_PIPE_END, and
 * returns when the file is whole under its name. Watches @cancel (atomic) and ESX_PIPE_CLOSED, and
 * leaves nothing half done behind, or names it in @error. The stream closes the pipe afterwards. Of
 * a transfer that was given up, nobody asks for @error: it is logged, as a warning unless its code
 * only says that it was cancelled. So what names something left behind needs another code.
 *
 * Runs with all signals blocked: SIGPIPE is an error code there.
 */
typedef struct _EsxTransfer EsxTransfer;
struct _EsxTransfer {
    gboolean (*run)(EsxTransfer *transfer, EsxPipe *pipe, gint *cancel, GError **error);
    void (*free)(EsxTransfer *transfer);    /* the struct itself as well; NULL: g_free */
    gboolean isUpload;
    gboolean sparse;        /* the stream was opened with …_SPARSE_STREAM */
    size_t pipeBytes;       /* how much the pipe may hold */
    guint64 expected;       /* how much an upload takes, see esxPipeExpect(); 0: what comes */
    char *what;             /* for errors: "upload to '[ds] dir/file'"; freed by esxTransferFree */
    char *rest;             /* what it may leave where nobody waits for its end: "[ds] dir/file";
                               NULL: nothing; freed likewise */
    guint finishMs;         /* how long Finish waits at most; 0: as the connection says */
};

void esxTransferFree(EsxTransfer *transfer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxTransfer, esxTransferFree)
