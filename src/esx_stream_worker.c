/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* A transfer under way: the thread that runs it, and how it tells what it came to. */

#include "esx_stream_worker.h"

#include "base_thread.h"
#include "esx_error.h"

VIR_LOG_INIT("esx.stream");

#define LINGER_MS 1000

void
esxTransferFree(EsxTransfer *transfer)
{
    if (!transfer)
        return;
    /* While the struct is still there. */
    g_clear_pointer(&transfer->what, g_free);
    if (transfer->free)
        transfer->free(transfer);
    else
        g_free(transfer);
}

/* ---- what is true now ------------------------------------------------------------------------ */

/* ERROR only with the closed pipe, which is what says why: libvirtd asks for the reason at once. */
static int
ready(gpointer opaque)
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

/* The pipe has news; also who waits for the end of a download wants to know. */
static void
notify(gpointer opaque)
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
    stream->transfer = transfer;
    stream->connection = connection;
    stream->isUpload = transfer->isUpload;
    stream->sparse = transfer->sparse;
    stream->nonblock = nonblock;
    stream->what = g_strdup(transfer->what);
    stream->finishMs = transfer->finishMs ? transfer->finishMs : ESX_STREAM_FINISH_MS;
    stream->events = esxStreamEventsNew(ready, stream,
                                        transfer->isUpload ? 0 : VIR_STREAM_EVENT_ERROR);
    stream->pipe = esxPipeNew(transfer->pipeBytes);
    esxPipeSetNotify(stream->pipe, notify, stream);
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
    g_clear_error(&stream->verdict);
    g_cond_clear(&stream->changed);
    g_mutex_clear(&stream->lock);
    g_free(stream->what);
    g_free(stream);
}

/* ---- waiting for it, or not ------------------------------------------------------------------ */

void
esxStreamAbandon(EsxStream *stream)
{
    g_mutex_lock(&stream->lock);
    stream->abandoned = TRUE;
    g_mutex_unlock(&stream->lock);
    g_atomic_int_set(&stream->cancel, 1);
    esxPipeClose(stream->pipe, NULL);
}

int
esxStreamAwaitVerdict(EsxStream *stream)
{
    const gint64 deadline = g_get_monotonic_time() + stream->finishMs * G_TIME_SPAN_MILLISECOND;
    gboolean done = FALSE;

    g_mutex_lock(&stream->lock);
    while (!stream->done && g_cond_wait_until(&stream->changed, &stream->lock, deadline))
        continue;
    done = stream->done;
    g_mutex_unlock(&stream->lock);

    if (!done) {
        esxStreamAbandon(stream);
        virReportError(VIR_ERR_OPERATION_TIMEOUT,
                       "%s has not come to its end within %u seconds and was told to stop; whether "
                       "the server has it all is unknown", stream->what, stream->finishMs / 1000);
        return -1;
    }
    /* Written once, before done. */
    if (!stream->verdict)
        return 0;
    esxErrorReport(stream->verdict, "%s", stream->what);
    return -1;
}

EsxPipeResult
esxStreamAwaitEnd(EsxStream *stream)
{
    const gint64 deadline = g_get_monotonic_time() + LINGER_MS * G_TIME_SPAN_MILLISECOND;
    EsxPipeResult next = ESX_PIPE_WAIT;
    guint64 length = 0;

    g_mutex_lock(&stream->lock);
    do {
        next = esxPipePeek(stream->pipe, FALSE /* block */, &length);
    } while (next == ESX_PIPE_WAIT &&
             g_cond_wait_until(&stream->changed, &stream->lock, deadline));
    g_mutex_unlock(&stream->lock);
    return next;
}

/* ---- the worker ----------------------------------------------------------------------------- */

/*
 * Nobody asks any more, and the error may name what had to be left on the server. That a transfer
 * was cancelled is no news: it was told to.
 */
static void
logForNobody(EsxStream *stream, const GError *error)
{
    if (esxErrorNumber(error) == VIR_ERR_OPERATION_ABORTED)
        VIR_INFO("%s was given up: %s", stream->what, error->message);
    else
        VIR_WARN("%s was given up: %s", stream->what, error->message);
}

/* Tells everybody what the transfer came to. @error: (transfer full) (nullable). */
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

    /* What a download has sent is still to be read, unless it failed. */
    if (error || stream->isUpload)
        esxPipeClose(stream->pipe, error);
    else
        esxPipeEnd(stream->pipe);

    if (error && abandoned)
        logForNobody(stream, error);
}

static gpointer
work(gpointer data)
{
    g_autoptr(EsxStream) stream = data;
    GError *error = NULL;

    if (!stream->transfer->run(stream->transfer, stream->pipe, &stream->cancel, &error) && !error)
        g_set_error_literal(&error, ESX_ERROR, ESX_ERROR_INTERNAL,
                            "the transfer has failed and does not say why");
    g_clear_pointer(&stream->transfer, esxTransferFree);
    esxConnectionRelease(g_steal_pointer(&stream->connection));
    settleVerdict(stream, error);
    return NULL;
}

gboolean
esxStreamStart(EsxStream *stream, GError **error)
{
    GThread *thread = NULL;

    esxConnectionHold(stream->connection);
    thread = threadStart("esx-stream", work, esxStreamRef(stream), error);
    if (!thread) {
        esxConnectionRelease(stream->connection);
        esxStreamUnref(stream);
        return FALSE;
    }
    g_thread_unref(thread);
    return TRUE;
}
