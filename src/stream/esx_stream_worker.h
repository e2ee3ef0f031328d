/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_stream.h"
#include "esx_stream_event.h"
#include "esx_stream_reply.h"

/*
 * EsxStream: a running transfer. It is shared by its libvirt stream, by the worker thread that runs
 * the transfer, and by calls that use it; ending the stream detaches it from the libvirt stream.
 */
typedef struct {
    gatomicrefcount refs;
    EsxPipe *pipe;
    EsxStreamEvents *events;
    gboolean isUpload, sparse, nonblock;
    char *what;
    char *rest;                 /* see EsxTransfer */
    guint finishMs;
    gint *missed;               /* EsxServer.missed, or NULL */
    EsxStreamReply *reply;      /* of the call that opens it; NULL: no reply to wait for */
    Cancel *cancel;             /* ends the transfer */
    gint failed;                /* atomic: the transfer has failed */
    gint heldBack;              /* atomic: the last byte will be sent again */

    EsxTransfer *transfer;      /* the worker's */
    EsxConnection *connection;  /* the worker's */

    GMutex lock;                /* guards what follows */
    GCond changed;              /* the pipe's state, or done */
    gboolean done;              /* the worker has ended */
    GError *verdict;            /* its error; NULL: success */
    gboolean abandoned;         /* the result will not be read */
    guint64 holes;              /* total length of the holes sent */
} EsxStream;

/* @transfer, @connection: borrowed until esxStreamStart. */
EsxStream *esxStreamNew(EsxTransfer *transfer, EsxConnection *connection, gboolean nonblock);
EsxStream *esxStreamRef(EsxStream *stream);
void esxStreamUnref(EsxStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxStream, esxStreamUnref)

/*
 * Starts the worker, which holds the connection and takes the transfer.
 *
 * Returns: FALSE with @error; then the transfer still belongs to the caller.
 */
gboolean esxStreamStart(EsxStream *stream, GError **error);

/*
 * Waits until a download has begun. Does not wait for the first byte of an upload.
 *
 * Returns: 0, or -1 with a libvirt error: it failed before that, or was stopped because of the
 * wait.
 */
int esxStreamAwaitBeginning(EsxStream *stream);

/* Cancels the worker; does not wait for it, and its result is not read. */
void esxStreamAbandon(EsxStream *stream);

/* Waits for the worker. Returns: 0, or -1 with the libvirt error of the transfer. */
int esxStreamAwaitVerdict(EsxStream *stream);

/*
 * Whether a download has ended, successfully or not. On a blocking stream, waits until it is known
 * what comes next: no longer than a server needs that has sent everything but has not ended its
 * reply.
 */
gboolean esxStreamAwaitEnd(EsxStream *stream);
