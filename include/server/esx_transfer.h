/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_cancel.h"
#include "esx_audit.h"
#include "esx_pipe.h"

/*
 * One transfer: made by a backend, run by a stream's worker (esx_stream.h).
 *
 * run: a download writes to @pipe and ends it; an upload reads @pipe until ESX_PIPE_END, and
 * returns when the file is complete under its name. It watches @cancel and
 * ESX_PIPE_CLOSED, and leaves nothing half done, or names it in @error. The stream closes the pipe
 * afterwards. If a transfer was given up, no call returns @error. It is logged, as a warning unless
 * its code says that it was cancelled. So an error that names something left over needs another
 * code.
 *
 * Runs with all signals blocked: SIGPIPE becomes an error code.
 */
typedef struct _EsxTransfer EsxTransfer;
struct _EsxTransfer {
    gboolean (*run)(EsxTransfer *transfer, EsxPipe *pipe, const Cancel *cancel, GError **error);
    void (*free)(EsxTransfer *transfer);    /* frees the struct itself as well; NULL: g_free */
    gboolean isUpload;
    gboolean sparse;        /* the stream was opened with …_SPARSE_STREAM */
    size_t pipeBytes;       /* capacity of the pipe */
    guint64 expected;       /* length of an upload, see esxPipeExpect(); 0: unknown */
    char *what;             /* for errors: "upload to '[ds] dir/file'"; freed by esxTransferFree */
    char *rest;             /* what it may leave over after an early Finish: "[ds] dir/file";
                               NULL: nothing; freed as well */
    guint finishMs;         /* how long Finish waits at most; 0: the connection's limit */
    EsxAudit *audit;        /* logged when it has ended; NULL: not at all; freed as well */
};

void esxTransferFree(EsxTransfer *transfer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxTransfer, esxTransferFree)
