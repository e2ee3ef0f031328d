/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_stream.h"
#include "esx_stream_event.h"
#include "esx_stream_reply.h"

/*
 * EsxStream: a transfer under way. It is shared by the libvirt stream it belongs to, by the worker
 * thread that runs the transfer, and by calls that are in it; ending the stream takes it away from
 * the first.
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
    EsxStreamReply *reply;      /* of the call that opens it; NULL: nobody waits for one */
    gint cancel;                /* atomic */
    gint failed;                /* atomic: the transfer did */
    gint keptBack;              /* atomic: the last byte will be sent again */

    EsxTransfer *transfer;      /* the worker's */
    EsxConnection *connection;  /* the worker's */

    GMutex lock;                /* guards what follows */
    GCond changed;              /* the pipe's state, or done */
    gboolean done;              /* the worker has ended, */
    GError *verdict;            /* with this; NULL: well */
    gboolean abandoned;         /* nobody will ask for the verdict */
    guint64 holes;              /* what was sent in holes, in all */
} EsxStream;

/* @transfer, @connection: borrowed until esxStreamStart. */
EsxStream *esxStreamNew(EsxTransfer *transfer, EsxConnection *connection, gboolean nonblock);
EsxStream *esxStreamRef(EsxStream *stream);
void esxStreamUnref(EsxStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxStream, esxStreamUnref)

/*
 * Starts the worker, which holds the connection and takes the transfer.
 *
 * Returns: FALSE with @error, and the transfer is the caller's still.
 */
gboolean esxStreamStart(EsxStream *stream, GError **error);

/*
 * Waits until a download has begun. An upload begins with its first byte, which is not waited for.
 *
 * Returns: 0, or -1 with a libvirt error: it has failed before that, or was told to stop for it.
 */
int esxStreamAwaitBeginning(EsxStream *stream);

/* Tells the worker to stop; nobody waits for it, nor asks for its verdict. */
void esxStreamAbandon(EsxStream *stream);

/* Waits for the worker. Returns: 0, or -1 with the libvirt error for what it came to. */
int esxStreamAwaitVerdict(EsxStream *stream);

/*
 * Whether a download has ended, well or not. Where the stream blocks, waits until it is clear what
 * comes next: not longer than a server takes that has sent everything, but has not said so.
 */
gboolean esxStreamAwaitEnd(EsxStream *stream);
