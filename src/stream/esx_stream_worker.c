/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* A running transfer: its thread, and how it reports the result. */

#include "esx_stream_worker.h"

#include "base_text.h"
#include "base_thread.h"
#include "esx_log.h"
#include "esx_report.h"
#include "http_transport.h"

VIR_LOG_INIT("esx.stream");

#define LINGER_MS 1000

/* How long a failure waits for the proof that it may be reported to the client as an error. */
#define REPLY_MS 1000

/* How often a waiting thread checks whether a pipe was drained. */
#define DRAIN_LOOK_MS 100

/* The streams with running workers. */
static struct {
    GMutex lock;
    GCond none;
    GPtrArray *running;         /* NULL: none yet */
    gboolean ending;            /* none may begin */
} streams;

/* ---- current state --------------------------------------------------------------------------- */

/* ERROR only when the pipe is closed, since it has the reason: libvirtd asks for that at once. */
static int
readyEvents(gpointer opaque)
{
    EsxStream *stream = opaque;
    guint64 length = 0;
    EsxPipeResult next = esxPipePeek(stream->pipe, FALSE /* block */, &length);
    int events = 0;

    if (next == ESX_PIPE_CLOSED && g_atomic_int_get(&stream->failed))
        events |= VIR_STREAM_EVENT_ERROR;
    if (stream->isUpload)
        return events | (esxPipeIsWritable(stream->pipe) ? VIR_STREAM_EVENT_WRITABLE : 0);

    if (next == ESX_PIPE_END)
        events |= VIR_STREAM_EVENT_HANGUP;
    if (esxPipeIsReadable(stream->pipe, !stream->sparse))
        events |= VIR_STREAM_EVENT_READABLE;
    return events | VIR_STREAM_EVENT_WRITABLE;
}

/* The pipe has changed; a thread that waits for the end of a download is notified too. */
static void
notifyNews(gpointer opaque)
{
    EsxStream *stream = opaque;

    g_mutex_lock(&stream->lock);
    g_cond_broadcast(&stream->changed);
    g_mutex_unlock(&stream->lock);
    esxStreamEventsChanged(stream->events);
}

/* ---- life ----------------------------------------------------------------------------------- */

EsxStream *
esxStreamNew(EsxTransfer *transfer, EsxConnection *connection, gboolean nonblock)
{
    EsxStream *stream = g_new0(EsxStream, 1);

    g_atomic_ref_count_init(&stream->refs);
    g_mutex_init(&stream->lock);
    g_cond_init(&stream->changed);
    stream->cancel = cancelNew(NULL);
    stream->transfer = transfer;
    stream->connection = connection;
    stream->isUpload = transfer->isUpload;
    stream->sparse = transfer->sparse;
    stream->nonblock = nonblock;
    stream->what = g_strdup(transfer->what);
    stream->rest = g_strdup(transfer->rest);
    stream->finishMs = transfer->finishMs ? transfer->finishMs
                                          : connection->finishMs ? connection->finishMs
                                                                 : ESX_STREAM_FINISH_MS;
    if (connection->server)
        stream->missed = connection->server->missed;
    stream->reply = nonblock && !transfer->isUpload ? esxStreamReplyNew() : NULL;
    stream->events = esxStreamEventsNew(readyEvents, stream,
                                        transfer->isUpload ? 0 : VIR_STREAM_EVENT_ERROR);
    stream->pipe = esxPipeNew(transfer->pipeBytes);
    esxPipeExpect(stream->pipe, transfer->expected);
    esxPipeSetTimeout(stream->pipe, transfer->isUpload, connection->clientMs);
    esxPipeSetNotify(stream->pipe, notifyNews, stream);
    return stream;
}

EsxStream *
esxStreamRef(EsxStream *stream)
{
    g_atomic_ref_count_inc(&stream->refs);
    return stream;
}

void
esxStreamUnref(EsxStream *stream)
{
    if (!stream || !g_atomic_ref_count_dec(&stream->refs))
        return;
    esxStreamEventsFree(stream->events);
    esxPipeUnref(stream->pipe);
    esxStreamReplyFree(stream->reply);
    cancelFree(stream->cancel);
    g_clear_error(&stream->verdict);
    g_cond_clear(&stream->changed);
    g_mutex_clear(&stream->lock);
    g_free(stream->what);
    g_free(stream->rest);
    g_free(stream);
}

/* ---- waiting for the worker ------------------------------------------------------------------ */

void
esxStreamAbandon(EsxStream *stream)
{
    g_mutex_lock(&stream->lock);
    stream->abandoned = TRUE;
    g_mutex_unlock(&stream->lock);
    cancelRaise(stream->cancel);
    esxPipeClose(stream->pipe, NULL);
}

static gint64
fromNow(guint ms)
{
    return g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;
}

/*
 * A blocking stream may be finished with much data still in the pipe: that wait has no limit here.
 */
static gboolean
isOnItsWay(EsxStream *stream)
{
    return !stream->nonblock && !esxPipeIsDrained(stream->pipe);
}

/*
 * @ms: how long to wait.
 * @silentMs: how long to wait while nothing is sent.
 */
static gboolean
awaitDone(EsxStream *stream, guint ms, guint silentMs)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&stream->lock);
    gint64 deadline = fromNow(ms);
    gint64 silent = fromNow(silentMs);
    guint64 left = esxPipeLeft(stream->pipe);

    while (!stream->done && g_get_monotonic_time() < MIN(deadline, silent)) {
        const guint64 before = left;

        g_cond_wait_until(&stream->changed, &stream->lock,
                          MIN(MIN(deadline, silent), fromNow(DRAIN_LOOK_MS)));
        left = esxPipeLeft(stream->pipe);
        if (left < before)
            silent = fromNow(silentMs);
        if (isOnItsWay(stream))
            deadline = fromNow(ms);
    }
    return stream->done;
}

static gint
nowSeconds(void)
{
    return (gint)(g_get_monotonic_time() / G_USEC_PER_SEC);
}

/*
 * How long Finish waits, at most @usualMs. In a daemon its main loop waits as well, and with it
 * every client, so the waits for one host must not add up.
 */
static guint
finishTimeoutMs(const EsxStream *stream, guint usualMs)
{
    const gint missed = stream->missed ? g_atomic_int_get(stream->missed) : 0;

    if (!stream->nonblock)
        return stream->finishMs;
    if (missed != 0 && nowSeconds() - missed < ESX_STREAM_SILENT_S)
        usualMs = ESX_STREAM_NEXT_FINISH_MS;
    return MIN(stream->finishMs, usualMs);
}

/* Records for the next ones whether the server replied in time. */
static void
noteWait(const EsxStream *stream, gboolean done)
{
    const gboolean silent = !done || g_error_matches(stream->verdict, HTTP_ERROR,
                                                     HTTP_ERROR_TIMEOUT);

    if (stream->nonblock && stream->missed && (silent || !stream->verdict))
        g_atomic_int_set(stream->missed, silent ? MAX(nowSeconds(), 1) : 0);
}

/* Returns: 0, or -1 with the libvirt error of a finished transfer. */
static int
reportVerdict(EsxStream *stream)
{
    /* Written once, before done. */
    if (!stream->verdict)
        return 0;
    esxErrorReport(stream->verdict, TEXT_MESSAGE, stream->what);
    return -1;
}

int
esxStreamAwaitVerdict(EsxStream *stream)
{
    const gint64 begun = g_get_monotonic_time();
    g_autofree char *left = NULL;
    gint64 took = 0;
    const gboolean done = awaitDone(stream, finishTimeoutMs(stream, ESX_STREAM_FINISH_MS),
                                    finishTimeoutMs(stream, ESX_STREAM_SILENT_FINISH_MS));

    noteWait(stream, done);
    if (done)
        return reportVerdict(stream);

    took = g_get_monotonic_time() - begun;
    esxStreamAbandon(stream);
    /* The worker deletes it as soon as the server allows it. */
    if (stream->rest)
        left = textFormat("'%s'" ESX_LEFT_BEHIND "; ", stream->rest);
    /* In tenths of a second: "5", "0.1", "300". */
    esxReport(VIR_ERR_OPERATION_TIMEOUT,
              TEXT_MESSAGE " did not end within %g seconds and was cancelled; " TEXT_MESSAGE
              "whether the server has stored all of it is unknown", stream->what,
              (double)((took + 50000) / 100000) / 10, left ? left : "");
    return -1;
}

int
esxStreamAwaitBeginning(EsxStream *stream)
{
    if (stream->isUpload)
        return 0;
    switch (esxPipeAwaitBegun(stream->pipe, fromNow(stream->finishMs))) {
    case ESX_PIPE_DONE:
        return 0;
    case ESX_PIPE_CLOSED:
        if (awaitDone(stream, stream->finishMs, stream->finishMs) && stream->verdict)
            return reportVerdict(stream);
        esxReport(VIR_ERR_OPERATION_ABORTED, TEXT_MESSAGE " was aborted", stream->what);
        return -1;
    case ESX_PIPE_WAIT:
    case ESX_PIPE_END:
    case ESX_PIPE_HOLE:
    default:
        esxStreamAbandon(stream);
        esxReport(VIR_ERR_OPERATION_TIMEOUT, TEXT_MESSAGE " did not begin within %g seconds",
                  stream->what, stream->finishMs / 1000.0);
        return -1;
    }
}

gboolean
esxStreamAwaitEnd(EsxStream *stream)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&stream->lock);
    const gint64 deadline = fromNow(stream->nonblock ? 0 : LINGER_MS);
    EsxPipeResult next = ESX_PIPE_WAIT;
    guint64 length = 0;

    do {
        if (stream->done && stream->verdict)
            return TRUE;
        next = esxPipePeek(stream->pipe, FALSE /* block */, &length);
    } while (next == ESX_PIPE_WAIT &&
             g_cond_wait_until(&stream->changed, &stream->lock, deadline));
    return next == ESX_PIPE_END || next == ESX_PIPE_CLOSED;
}

/* ---- the worker ----------------------------------------------------------------------------- */

/*
 * No call returns the error any more, and it may name files left on the server. A cancellation was
 * requested, so it is not logged as a warning.
 */
static void
logUnreported(EsxStream *stream, const GError *error)
{
    if (esxErrorNumber(error) == VIR_ERR_OPERATION_ABORTED)
        esxLog(VIR_LOG_INFO, TEXT_MESSAGE " was abandoned: " TEXT_MESSAGE, stream->what,
               error->message);
    else
        esxLog(VIR_LOG_WARN, TEXT_MESSAGE " was abandoned: " TEXT_MESSAGE, stream->what,
               error->message);
}

/*
 * The data of a download can still be read, unless it failed. A failure that must not be reported
 * to the client yet becomes the end of the data, and Finish reports it: see esx_stream_reply.h.
 */
static void
endPipe(EsxStream *stream, const GError *error)
{
    /* Before it has begun, the call that opens it waits for it, and reports the failure. */
    const gboolean begun = esxPipeAwaitBegun(stream->pipe, 1 /* deadline */) == ESX_PIPE_DONE;

    if (stream->isUpload ||
        (error && (!begun || esxStreamReplyAwait(stream->reply, REPLY_MS, stream->cancel))))
        esxPipeClose(stream->pipe, error);
    else
        esxPipeEnd(stream->pipe);
}

/* Publishes the result of the transfer. @error: (transfer full) (nullable). */
static void
settleVerdict(EsxStream *stream, GError *error)
{
    gboolean abandoned = FALSE;

    if (error)
        g_atomic_int_set(&stream->failed, 1);
    g_mutex_lock(&stream->lock);
    stream->verdict = error;
    stream->done = TRUE;
    abandoned = stream->abandoned;
    g_cond_broadcast(&stream->changed);
    g_mutex_unlock(&stream->lock);

    endPipe(stream, error);
    if (error && abandoned)
        logUnreported(stream, error);
}

/* Returns: FALSE with @error: the process ends. */
static gboolean
enlistWorker(EsxStream *stream, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&streams.lock);

    if (streams.ending) {
        g_set_error_literal(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "the process is ending");
        return FALSE;
    }
    if (!streams.running)
        streams.running = g_ptr_array_new();
    g_ptr_array_add(streams.running, stream);
    return TRUE;
}

static void
strikeOff(EsxStream *stream)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&streams.lock);

    g_ptr_array_remove_fast(streams.running, stream);
    if (streams.running->len == 0)
        g_cond_broadcast(&streams.none);
}

void
esxStreamsCancel(void)
{
    g_autoptr(GPtrArray) running = g_ptr_array_new_with_free_func((GDestroyNotify)esxStreamUnref);
    guint i;

    g_mutex_lock(&streams.lock);
    streams.ending = TRUE;
    for (i = 0; streams.running && i < streams.running->len; i++)
        g_ptr_array_add(running, esxStreamRef(g_ptr_array_index(streams.running, i)));
    g_mutex_unlock(&streams.lock);

    /* Without the lock: closing a pipe calls the event loop. */
    for (i = 0; i < running->len; i++)
        esxStreamAbandon(g_ptr_array_index(running, i));
}

gboolean
esxStreamsAwait(guint ms)
{
    const gint64 deadline = fromNow(ms);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&streams.lock);
    gboolean inTime = TRUE;

    while (inTime && streams.running && streams.running->len > 0)
        inTime = g_cond_wait_until(&streams.none, &streams.lock, deadline);
    return inTime;
}

static gpointer
runTransfer(gpointer data)
{
    g_autoptr(EsxStream) stream = data;
    GError *error = NULL;

    if (!stream->transfer->run(stream->transfer, stream->pipe, stream->cancel, &error) && !error)
        g_set_error_literal(&error, ESX_ERROR, ESX_ERROR_INTERNAL,
                            "the transfer failed without a reason");
    esxAuditLog(stream->transfer->audit, !error, error);
    g_clear_pointer(&stream->transfer, esxTransferFree);
    esxConnectionLeave(g_steal_pointer(&stream->connection));
    settleVerdict(stream, error);
    strikeOff(stream);
    return NULL;
}

gboolean
esxStreamStart(EsxStream *stream, GError **error)
{
    GThread *thread = NULL;

    if (!enlistWorker(stream, error))
        return FALSE;
    esxConnectionHold(stream->connection);
    thread = threadStart("esx-stream", runTransfer, esxStreamRef(stream), error);
    if (!thread) {
        strikeOff(stream);
        esxConnectionLeave(stream->connection);
        esxStreamUnref(stream);
        return FALSE;
    }
    g_thread_unref(thread);
    return TRUE;
}
