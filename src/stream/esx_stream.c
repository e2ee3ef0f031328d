/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* libvirt's stream driver over a transfer. */

#include "esx_stream.h"

#include <limits.h>

#include "base_text.h"
#include "esx_report.h"
#include "esx_stream_worker.h"

/* A thread may end a libvirt stream while another is waiting in it. */
static GMutex attachment;

/* Returns: (transfer full) the EsxStream of @st, or NULL with a libvirt error if it has ended. */
static EsxStream *
acquireStream(virStreamPtr st)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&attachment);

    if (st->privateData)
        return esxStreamRef(st->privateData);
    esxReport(VIR_ERR_OPERATION_INVALID, TEXT_MESSAGE, "the stream has ended");
    return NULL;
}

/* Returns: (transfer full) the EsxStream that @st had, or NULL. */
static EsxStream *
detachStream(virStreamPtr st)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&attachment);

    return g_steal_pointer(&st->privateData);
}

/* ---- events --------------------------------------------------------------------------------- */

static int
addCallback(virStreamPtr st, int events, virStreamEventCallback cb, void *opaque,
            virFreeCallback ff)
{
    g_autoptr(EsxStream) stream = acquireStream(st);

    return stream ? esxStreamEventsAdd(stream->events, st, events, cb, opaque, ff) : -1;
}

static int
updateCallback(virStreamPtr st, int events)
{
    g_autoptr(EsxStream) stream = acquireStream(st);

    return stream ? esxStreamEventsUpdate(stream->events, events) : -1;
}

static int
removeCallback(virStreamPtr st)
{
    g_autoptr(EsxStream) stream = acquireStream(st);

    return stream ? esxStreamEventsRemove(stream->events) : -1;
}

/* ---- results of calls ----------------------------------------------------------------------- */

/* Reports why the pipe is closed. Returns: -1. */
static int
reportClosed(EsxStream *stream)
{
    g_autoptr(GError) error = esxPipeError(stream->pipe);

    if (error)
        esxErrorReport(error, TEXT_MESSAGE, stream->what);
    else if (cancelIsRaised(stream->cancel))
        esxReport(VIR_ERR_OPERATION_ABORTED, TEXT_MESSAGE " was aborted", stream->what);
    else
        esxReport(VIR_ERR_OPERATION_INVALID, TEXT_MESSAGE " is complete and takes no more data",
                  stream->what);
    return -1;
}

/* Returns: 0, or -1 with a libvirt error. */
static int
needDirection(EsxStream *stream, gboolean isUpload)
{
    if (stream->isUpload == isUpload)
        return 0;
    esxReport(VIR_ERR_OPERATION_INVALID, TEXT_MESSAGE ": data can only be %s", stream->what,
              stream->isUpload ? "sent" : "received");
    return -1;
}

static int
needSparse(EsxStream *stream)
{
    if (stream->sparse)
        return 0;
    esxReport(VIR_ERR_OPERATION_INVALID,
              TEXT_MESSAGE ": holes need a sparse transfer", stream->what);
    return -1;
}

/* ---- sending -------------------------------------------------------------------------------- */

/*
 * libvirtd continues with the end that its client has announced as soon as a send has taken all
 * bytes; otherwise it waits until the stream is writable. So a send that does not block does not
 * acknowledge the last expected byte until the transfer has finished with all bytes; then that byte
 * is sent a second time.
 *
 * Returns: the result of the send.
 */
static int
holdBackLast(EsxStream *stream, size_t written)
{
    if (!stream->nonblock || !esxPipeIsHeld(stream->pipe))
        return (int)written;
    g_atomic_int_set(&stream->heldBack, 1);
    return written > 1 ? (int)written - 1 : -2;
}

/* The byte that was held back is sent again. Returns: the result of the send. */
static int
takeAgain(EsxStream *stream)
{
    guint64 length = 0;

    if (esxPipeIsHeld(stream->pipe))
        return -2;
    g_atomic_int_set(&stream->heldBack, 0);
    if (esxPipePeek(stream->pipe, FALSE /* block */, &length) == ESX_PIPE_CLOSED)
        return reportClosed(stream);
    return 1;
}

static int
streamSend(virStreamPtr st, const char *data, size_t nbytes)
{
    g_autoptr(EsxStream) stream = acquireStream(st);
    EsxPipeResult result = ESX_PIPE_DONE;
    size_t written = 0;

    if (!stream || needDirection(stream, TRUE /* isUpload */) < 0)
        return -1;
    if (nbytes > 0 && g_atomic_int_get(&stream->heldBack))
        return takeAgain(stream);

    result = esxPipeWrite(stream->pipe, data, MIN(nbytes, INT_MAX), !stream->nonblock, &written);
    esxStreamEventsChanged(stream->events);
    if (result == ESX_PIPE_WAIT)
        return -2;
    return result == ESX_PIPE_DONE ? holdBackLast(stream, written) : reportClosed(stream);
}

/* Skips the next hole, which the caller has from InData. */
static int
skipHole(EsxStream *stream, long long length)
{
    guint64 hole = 0;

    if (esxPipePeek(stream->pipe, FALSE /* block */, &hole) != ESX_PIPE_HOLE ||
        hole != (guint64)length) {
        esxReport(VIR_ERR_OPERATION_INVALID, TEXT_MESSAGE ": there is no hole of %lld bytes here",
                  stream->what, length);
        return -1;
    }
    esxPipeReadHole(stream->pipe, FALSE /* block */, &hole);
    esxStreamEventsChanged(stream->events);
    return 0;
}

/* Returns: whether the total length of all holes is still possible for a file. */
static gboolean
countHole(EsxStream *stream, long long length)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&stream->lock);

    if ((guint64)length > G_MAXINT64 - stream->holes)
        return FALSE;
    stream->holes += (guint64)length;
    return TRUE;
}

static int
streamSendHole(virStreamPtr st, long long length, unsigned int flags)
{
    g_autoptr(EsxStream) stream = acquireStream(st);

    virCheckFlags(0, -1);

    if (!stream || needSparse(stream) < 0)
        return -1;
    if (!stream->isUpload)
        return skipHole(stream, length);
    if (length < 0 || !countHole(stream, length)) {
        esxReport(VIR_ERR_INVALID_ARG, TEXT_MESSAGE ": a hole of %lld bytes is not possible",
                  stream->what, length);
        return -1;
    }

    /*
     * libvirtd discards the reason if a hole is refused, but not if data or the end is: one of them
     * follows.
     */
    if (esxPipeWriteHole(stream->pipe, (guint64)length) == ESX_PIPE_CLOSED &&
        !g_atomic_int_get(&stream->failed))
        return reportClosed(stream);
    return 0;
}

/* ---- receiving ------------------------------------------------------------------------------ */

/*
 * The result of a receive of no bytes. libvirtd does that at the end of a sparse stream, and takes
 * 0 for the end in all cases.
 */
static int
receiveNothing(EsxStream *stream)
{
    guint64 length = 0;

    switch (esxPipePeek(stream->pipe, FALSE /* block */, &length)) {
    case ESX_PIPE_CLOSED:
        return reportClosed(stream);
    case ESX_PIPE_END:
        return 0;
    case ESX_PIPE_DONE:
    case ESX_PIPE_HOLE:
    case ESX_PIPE_WAIT:
    default:
        return stream->nonblock ? -2 : 0;
    }
}

static int
streamRecvFlags(virStreamPtr st, char *data, size_t nbytes, unsigned int flags)
{
    g_autoptr(EsxStream) stream = acquireStream(st);
    EsxPipeResult result = ESX_PIPE_DONE;
    size_t got = 0;
    gboolean expand;

    virCheckFlags(VIR_STREAM_RECV_STOP_AT_HOLE, -1);

    if (!stream || needDirection(stream, FALSE /* isUpload */) < 0)
        return -1;
    if (nbytes == 0)
        return receiveNothing(stream);

    expand = !stream->sparse || !(flags & VIR_STREAM_RECV_STOP_AT_HOLE);
    result = esxPipeRead(stream->pipe, data, MIN(nbytes, INT_MAX), expand, !stream->nonblock, &got);
    esxStreamEventsChanged(stream->events);
    switch (result) {
    case ESX_PIPE_DONE:
        return (int)got;
    case ESX_PIPE_END:
        return 0;
    case ESX_PIPE_WAIT:
        return -2;
    case ESX_PIPE_HOLE:
        return -3;
    case ESX_PIPE_CLOSED:
    default:
        return reportClosed(stream);
    }
}

static int
streamRecv(virStreamPtr st, char *data, size_t nbytes)
{
    return streamRecvFlags(st, data, nbytes, 0);
}

static int
streamRecvHole(virStreamPtr st, long long *length, unsigned int flags)
{
    g_autoptr(EsxStream) stream = acquireStream(st);
    EsxPipeResult result = ESX_PIPE_DONE;
    guint64 hole = 0;

    virCheckFlags(0, -1);

    if (!stream || needDirection(stream, FALSE /* isUpload */) < 0 || needSparse(stream) < 0)
        return -1;
    result = esxPipeReadHole(stream->pipe, !stream->nonblock, &hole);
    esxStreamEventsChanged(stream->events);
    if (result == ESX_PIPE_CLOSED)
        return reportClosed(stream);
    if (result != ESX_PIPE_HOLE) {
        esxReport(VIR_ERR_OPERATION_INVALID, TEXT_MESSAGE ": there is no hole here", stream->what);
        return -1;
    }
    *length = (long long)hole;
    return 0;
}

static int
streamInData(virStreamPtr st, int *data, long long *length)
{
    g_autoptr(EsxStream) stream = acquireStream(st);
    EsxPipeResult result = ESX_PIPE_DONE;
    guint64 run = 0;

    if (!stream || needDirection(stream, FALSE /* isUpload */) < 0 || needSparse(stream) < 0)
        return -1;
    result = esxPipePeek(stream->pipe, !stream->nonblock, &run);
    if (result == ESX_PIPE_CLOSED)
        return reportClosed(stream);
    /*
     * If the next item is not known yet, it counts as data of unknown length: its receive would
     * block.
     */
    *data = result == ESX_PIPE_DONE || result == ESX_PIPE_WAIT;
    *length = (long long)run;
    return 0;
}

/* ---- ending --------------------------------------------------------------------------------- */

static int
streamFinish(virStreamPtr st)
{
    g_autoptr(EsxStream) stream = detachStream(st);

    if (!stream)
        return 0;
    esxStreamEventsStop(stream->events);
    if (stream->isUpload) {
        esxPipeEnd(stream->pipe);
        return esxStreamAwaitVerdict(stream);
    }
    /*
     * The end follows shortly after the last byte: a reader that consumed every byte but not EOF
     * has not stopped early.
     */
    if (esxStreamAwaitEnd(stream))
        return esxStreamAwaitVerdict(stream);
    esxStreamAbandon(stream);
    return 0;
}

static int
streamAbort(virStreamPtr st)
{
    g_autoptr(EsxStream) stream = detachStream(st);

    if (!stream)
        return 0;
    esxStreamEventsStop(stream->events);
    esxStreamAbandon(stream);
    return 0;
}

/* A stream that is freed without Finish or Abort. */
static void
streamDispose(void *opaque)
{
    g_autoptr(EsxStream) stream = opaque;

    if (stream)
        esxStreamAbandon(stream);
}

static virStreamDriver esxStreamDriver = {
    .streamSend = streamSend,
    .streamRecv = streamRecv,
    .streamRecvFlags = streamRecvFlags,
    .streamSendHole = streamSendHole,
    .streamRecvHole = streamRecvHole,
    .streamInData = streamInData,
    .streamEventAddCallback = addCallback,
    .streamEventUpdateCallback = updateCallback,
    .streamEventRemoveCallback = removeCallback,
    .streamFinish = streamFinish,
    .streamAbort = streamAbort,
};

int
esxStreamOpen(virStreamPtr st, EsxConnection *connection, EsxTransfer *transfer)
{
    g_autoptr(EsxTransfer) owned = transfer;
    g_autoptr(EsxStream) stream = NULL;
    g_autoptr(GError) error = NULL;

    if (st->driver) {
        esxReport(VIR_ERR_OPERATION_INVALID, TEXT_MESSAGE ": the stream is already in use",
                  transfer->what);
        return -1;
    }
    /* Wait for the beginning of a download; its worker asks the server. */
    if (!transfer->isUpload && !placesAwait(&error)) {
        esxErrorReport(error, TEXT_MESSAGE, transfer->what);
        return -1;
    }
    stream = esxStreamNew(transfer, connection, st->flags & VIR_STREAM_NONBLOCK);
    if (!esxStreamStart(stream, &error)) {
        esxErrorReport(error, TEXT_MESSAGE, transfer->what);
        return -1;
    }
    owned = NULL;
    if (esxStreamAwaitBeginning(stream) < 0)
        return -1;

    st->driver = &esxStreamDriver;
    st->ff = streamDispose;
    st->privateData = g_steal_pointer(&stream);
    return 0;
}
