/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * A ring of bytes, and a queue of runs that says which bytes are between which holes.
 *
 * Neither side holds the lock while it copies. A writer's bytes are part of the pipe only after it
 * has copied them, and a reader's bytes until it has, so the two do not access the same bytes. A
 * second thread on the same side, which should not exist, waits for its turn.
 */

#include "esx_pipe.h"

#include <string.h>

#include "base_limits.h"

/*
 * Data and holes alternate, so a run has at least one byte. Without a limit, single bytes between
 * holes would make the queue of runs larger than the ring. Data waits for LIMIT_PIPE_RUNS; holes do
 * not wait, and may exceed it by two.
 */
#define RUNS (LIMIT_PIPE_RUNS + 2)

typedef struct {
    guint64 length;
    gboolean isHole;
} Run;

struct _EsxPipe {
    gatomicrefcount refs;
    size_t capacity;
    size_t step;                /* see esxPipeSetStep */
    guint readMs, writeMs;      /* see esxPipeSetTimeout; 0: no limit */
    char *ring;
    void (*notify)(gpointer opaque);
    gpointer opaque;

    GMutex lock;                /* guards what follows, except the bytes of the ring */
    GCond readable, writable;
    GCond beginning;            /* begun became TRUE, or closed */
    guint readers, writers;     /* threads that wait for them */
    gboolean reading, writing;  /* a thread is copying */
    size_t head;                /* where the first byte is */
    size_t used;
    Run runs[RUNS];             /* a ring as well */
    guint firstRun, nruns;
    guint64 written;            /* in total, including holes */
    gint64 taken;               /* monotonic: when something was last read */
    guint64 expected;           /* see esxPipeExpect; 0: nothing */
    gboolean settled;           /* the reader is in esxPipeAwaitEnd */
    gboolean begun, ended, closed;
    GError *error;
};

EsxPipe *
esxPipeNew(size_t capacity)
{
    EsxPipe *pipe = g_new0(EsxPipe, 1);

    g_atomic_ref_count_init(&pipe->refs);
    pipe->capacity = MAX(capacity, 1);
    pipe->step = 1;
    pipe->ring = g_malloc(pipe->capacity);
    g_mutex_init(&pipe->lock);
    g_cond_init(&pipe->readable);
    g_cond_init(&pipe->writable);
    g_cond_init(&pipe->beginning);
    return pipe;
}

EsxPipe *
esxPipeRef(EsxPipe *pipe)
{
    g_atomic_ref_count_inc(&pipe->refs);
    return pipe;
}

void
esxPipeUnref(EsxPipe *pipe)
{
    if (!pipe || !g_atomic_ref_count_dec(&pipe->refs))
        return;
    g_clear_error(&pipe->error);
    g_cond_clear(&pipe->beginning);
    g_cond_clear(&pipe->writable);
    g_cond_clear(&pipe->readable);
    g_mutex_clear(&pipe->lock);
    g_free(pipe->ring);
    g_free(pipe);
}

void
esxPipeSetStep(EsxPipe *pipe, size_t step)
{
    pipe->step = CLAMP(step, 1, MAX(pipe->capacity / 4, 1));
}

void
esxPipeSetTimeout(EsxPipe *pipe, gboolean ofReader, guint ms)
{
    *(ofReader ? &pipe->readMs : &pipe->writeMs) = ms;
}

guint
esxPipeTimeoutMs(const EsxPipe *pipe)
{
    return MAX(pipe->readMs, pipe->writeMs);
}

void
esxPipeSetNotify(EsxPipe *pipe, void (*notify)(gpointer opaque), gpointer opaque)
{
    pipe->notify = notify;
    pipe->opaque = opaque;
}

/* ---- runs; the lock is held ----------------------------------------------------------------- */

static Run *
firstRun(EsxPipe *pipe)
{
    return pipe->nruns ? &pipe->runs[pipe->firstRun] : NULL;
}

static Run *
lastRun(EsxPipe *pipe)
{
    return pipe->nruns ? &pipe->runs[(pipe->firstRun + pipe->nruns - 1) % RUNS] : NULL;
}

static void
extendPiece(EsxPipe *pipe, gboolean isHole, guint64 length)
{
    Run *last = lastRun(pipe);

    if (!last || last->isHole != isHole) {
        pipe->nruns++;
        last = lastRun(pipe);
        *last = (Run){ .isHole = isHole };
    }
    last->length += length;
}

static void
consumePiece(EsxPipe *pipe, guint64 length)
{
    Run *first = firstRun(pipe);

    first->length -= length;
    if (first->length > 0)
        return;
    pipe->firstRun = (pipe->firstRun + 1) % RUNS;
    pipe->nruns--;
}

/* ---- what can be done; the lock is held ----------------------------------------------------- */

/* Whether the first item is a hole that may still grow. */
static gboolean
isOpenHole(EsxPipe *pipe)
{
    return pipe->nruns == 1 && firstRun(pipe)->isHole && !pipe->ended;
}

/* ESX_PIPE_DONE: data, or a hole to be expanded. */
static EsxPipeResult
lookAhead(EsxPipe *pipe, gboolean expand)
{
    if (pipe->closed)
        return ESX_PIPE_CLOSED;
    if (pipe->nruns == 0)
        return pipe->ended ? ESX_PIPE_END : ESX_PIPE_WAIT;
    if (expand || !firstRun(pipe)->isHole)
        return ESX_PIPE_DONE;
    return isOpenHole(pipe) ? ESX_PIPE_WAIT : ESX_PIPE_HOLE;
}

/* Whether the writer has written the expected length, and the reader has not finished with it. */
static gboolean
isHeld(const EsxPipe *pipe)
{
    return pipe->expected > 0 && pipe->written >= pipe->expected && !pipe->settled;
}

static size_t
roomForData(EsxPipe *pipe)
{
    Run *last = lastRun(pipe);

    if (isHeld(pipe))
        return 0;
    if (pipe->nruns >= LIMIT_PIPE_RUNS && last->isHole)
        return 0;
    return pipe->capacity - pipe->used;
}

/* With small steps, waking up would cost more than copying. */
static gboolean
hasRoom(EsxPipe *pipe)
{
    return roomForData(pipe) >= MAX(pipe->capacity / 4, 1);
}

/* ---- waiting and waking; the lock is held --------------------------------------------------- */

/* @deadline: monotonic; 0: none. Returns: FALSE after it. */
static gboolean
sleepOn(EsxPipe *pipe, GCond *cond, guint *waiters, gint64 deadline)
{
    gboolean inTime = TRUE;

    ++*waiters;
    if (deadline == 0)
        g_cond_wait(cond, &pipe->lock);
    else
        inTime = g_cond_wait_until(cond, &pipe->lock, deadline);
    --*waiters;
    return inTime;
}

/* The deadline for a timeout of @ms from @from; 0: none. */
static gint64
overAt(gint64 from, guint ms)
{
    return ms > 0 ? from + ms * (gint64)G_TIME_SPAN_MILLISECOND : 0;
}

/* Signalling is a system call, even if no thread waits. */
static void
wakeWaiters(GCond *cond, guint waiters)
{
    if (waiters > 0)
        g_cond_broadcast(cond);
}

static void
beginPipe(EsxPipe *pipe)
{
    if (pipe->begun)
        return;
    pipe->begun = TRUE;
    g_cond_broadcast(&pipe->beginning);
}

static void
wakeAll(EsxPipe *pipe)
{
    g_cond_broadcast(&pipe->beginning);
    wakeWaiters(&pipe->readable, pipe->readers);
    wakeWaiters(&pipe->writable, pipe->writers);
}

/* Releases the lock and notifies the owner, if something has changed. */
static void
unlockAndNotify(EsxPipe *pipe, gboolean news)
{
    g_mutex_unlock(&pipe->lock);
    if (news && pipe->notify)
        pipe->notify(pipe->opaque);
}

/* ---- writing -------------------------------------------------------------------------------- */

static void
copyIn(EsxPipe *pipe, size_t at, const char *data, size_t length)
{
    size_t first = MIN(length, pipe->capacity - at);

    memcpy(pipe->ring + at, data, first);
    memcpy(pipe->ring, data + first, length - first);
}

/* ESX_PIPE_DONE: the caller has the turn to write, and must return it. */
static EsxPipeResult
takeWriteTurn(EsxPipe *pipe, gboolean block)
{
    const gint64 begun = g_get_monotonic_time();
    /* After a wait, it waits for more than a few bytes. */
    gboolean waited = FALSE;
    gint64 deadline;

    for (;;) {
        if (pipe->closed || pipe->ended)
            return ESX_PIPE_CLOSED;
        if (!pipe->writing && (waited ? hasRoom(pipe) : roomForData(pipe) > 0))
            break;
        deadline = overAt(MAX(begun, pipe->taken), pipe->writeMs);
        if (!block || (deadline != 0 && g_get_monotonic_time() >= deadline))
            return ESX_PIPE_WAIT;
        waited = TRUE;
        sleepOn(pipe, &pipe->writable, &pipe->writers, deadline);
    }
    pipe->writing = TRUE;
    return ESX_PIPE_DONE;
}

EsxPipeResult
esxPipeWrite(EsxPipe *pipe, const char *data, size_t length, gboolean block, size_t *ret_written)
{
    EsxPipeResult result = ESX_PIPE_DONE;
    gboolean news = FALSE;
    size_t tail = 0;

    *ret_written = 0;
    g_mutex_lock(&pipe->lock);
    result = takeWriteTurn(pipe, block);
    if (result != ESX_PIPE_DONE) {
        g_mutex_unlock(&pipe->lock);
        return result;
    }
    length = MIN(length, roomForData(pipe));
    tail = (pipe->head + pipe->used) % pipe->capacity;
    g_mutex_unlock(&pipe->lock);

    copyIn(pipe, tail, data, length);

    g_mutex_lock(&pipe->lock);
    pipe->writing = FALSE;
    news = length > 0 && (isOpenHole(pipe) ||
                          (pipe->used < pipe->step && pipe->used + length >= pipe->step));
    if (length > 0) {
        extendPiece(pipe, FALSE, length);
        beginPipe(pipe);
    }
    pipe->used += length;
    pipe->written += length;
    if (news)
        wakeWaiters(&pipe->readable, pipe->readers);
    wakeWaiters(&pipe->writable, pipe->writers);
    unlockAndNotify(pipe, news);
    *ret_written = length;
    return ESX_PIPE_DONE;
}

EsxPipeResult
esxPipeWriteHole(EsxPipe *pipe, guint64 length)
{
    gboolean news = FALSE;

    g_mutex_lock(&pipe->lock);
    if (pipe->closed || pipe->ended) {
        g_mutex_unlock(&pipe->lock);
        return ESX_PIPE_CLOSED;
    }
    news = pipe->nruns == 0;
    if (length > 0) {
        extendPiece(pipe, TRUE, length);
        beginPipe(pipe);
    }
    pipe->written += length;
    wakeWaiters(&pipe->readable, pipe->readers);
    unlockAndNotify(pipe, news);
    return ESX_PIPE_DONE;
}

void
esxPipeEnd(EsxPipe *pipe)
{
    g_mutex_lock(&pipe->lock);
    pipe->ended = TRUE;
    beginPipe(pipe);
    wakeAll(pipe);
    unlockAndNotify(pipe, TRUE);
}

void
esxPipeExpect(EsxPipe *pipe, guint64 length)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipe->lock);

    pipe->expected = length;
}

gboolean
esxPipeIsWritable(EsxPipe *pipe)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipe->lock);

    return pipe->closed || pipe->ended || hasRoom(pipe);
}

/* ---- reading -------------------------------------------------------------------------------- */

static void
copyOut(const EsxPipe *pipe, size_t at, char *buffer, size_t length)
{
    size_t first = MIN(length, pipe->capacity - at);

    memcpy(buffer, pipe->ring + at, first);
    memcpy(buffer + first, pipe->ring, length - first);
}

/* Waits for a next item, if @block, and for another thread that is reading. */
static EsxPipeResult
awaitNews(EsxPipe *pipe, gboolean expand, gboolean block)
{
    const gint64 deadline = overAt(g_get_monotonic_time(), pipe->readMs);
    gboolean inTime = block;

    for (;;) {
        EsxPipeResult result = lookAhead(pipe, expand);

        if (pipe->reading && result != ESX_PIPE_CLOSED)
            result = ESX_PIPE_WAIT;
        if (result != ESX_PIPE_WAIT || !inTime)
            return result;
        inTime = sleepOn(pipe, &pipe->readable, &pipe->readers, deadline);
    }
}

EsxPipeResult
esxPipeRead(EsxPipe *pipe, char *buffer, size_t size, gboolean expand, gboolean block,
            size_t *ret_read)
{
    EsxPipeResult result = ESX_PIPE_DONE;
    gboolean wasFull = FALSE;
    gboolean isHole = FALSE;
    gboolean news = FALSE;
    size_t head = 0;

    *ret_read = 0;
    g_mutex_lock(&pipe->lock);
    result = awaitNews(pipe, expand, block);
    if (result != ESX_PIPE_DONE) {
        g_mutex_unlock(&pipe->lock);
        return result;
    }
    size = MIN(size, firstRun(pipe)->length);
    isHole = firstRun(pipe)->isHole;
    head = pipe->head;
    pipe->reading = TRUE;
    g_mutex_unlock(&pipe->lock);

    if (isHole)
        memset(buffer, 0, size);
    else
        copyOut(pipe, head, buffer, size);

    g_mutex_lock(&pipe->lock);
    pipe->reading = FALSE;
    pipe->taken = g_get_monotonic_time();
    wasFull = !hasRoom(pipe);
    consumePiece(pipe, size);
    if (!isHole) {
        pipe->head = (pipe->head + size) % pipe->capacity;
        pipe->used -= size;
    }
    news = wasFull && hasRoom(pipe);
    if (news)
        wakeWaiters(&pipe->writable, pipe->writers);
    wakeWaiters(&pipe->readable, pipe->readers);
    unlockAndNotify(pipe, news);
    *ret_read = size;
    return ESX_PIPE_DONE;
}

EsxPipeResult
esxPipePeek(EsxPipe *pipe, gboolean block, guint64 *ret_length)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipe->lock);
    EsxPipeResult result = awaitNews(pipe, FALSE /* expand */, block);

    *ret_length = result == ESX_PIPE_DONE || result == ESX_PIPE_HOLE ? firstRun(pipe)->length : 0;
    return result;
}

EsxPipeResult
esxPipeReadHole(EsxPipe *pipe, gboolean block, guint64 *ret_length)
{
    EsxPipeResult result = ESX_PIPE_DONE;
    gboolean wasFull = FALSE;
    gboolean news = FALSE;

    *ret_length = 0;
    g_mutex_lock(&pipe->lock);
    result = awaitNews(pipe, FALSE /* expand */, block);
    if (result == ESX_PIPE_HOLE) {
        pipe->taken = g_get_monotonic_time();
        /* If the queue of runs was full, there is room for data again. */
        wasFull = !hasRoom(pipe);
        *ret_length = firstRun(pipe)->length;
        consumePiece(pipe, *ret_length);
        news = wasFull && hasRoom(pipe);
    }
    if (news)
        wakeWaiters(&pipe->writable, pipe->writers);
    unlockAndNotify(pipe, news);
    return result;
}

gboolean
esxPipeIsHeld(EsxPipe *pipe)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipe->lock);

    return isHeld(pipe) && !pipe->closed;
}

EsxPipeResult
esxPipeAwaitEnd(EsxPipe *pipe)
{
    EsxPipeResult result = ESX_PIPE_WAIT;

    g_mutex_lock(&pipe->lock);
    pipe->settled = TRUE;
    wakeWaiters(&pipe->writable, pipe->writers);
    unlockAndNotify(pipe, TRUE);

    g_mutex_lock(&pipe->lock);
    result = awaitNews(pipe, TRUE /* expand */, TRUE /* block */);
    g_mutex_unlock(&pipe->lock);
    return result;
}

gboolean
esxPipeIsDrained(EsxPipe *pipe)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipe->lock);

    return pipe->closed || (pipe->nruns == 0 && !isHeld(pipe));
}

guint64
esxPipeLeft(EsxPipe *pipe)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipe->lock);
    guint64 left = 0;
    guint i;

    for (i = 0; i < pipe->nruns; i++)
        left += pipe->runs[(pipe->firstRun + i) % RUNS].length;
    return left;
}

EsxPipeResult
esxPipeAwaitBegun(EsxPipe *pipe, gint64 deadline)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipe->lock);
    gboolean inTime = TRUE;

    while (!pipe->begun && !pipe->closed && inTime) {
        if (deadline == 0)
            g_cond_wait(&pipe->beginning, &pipe->lock);
        else
            inTime = g_cond_wait_until(&pipe->beginning, &pipe->lock, deadline);
    }
    if (pipe->begun)
        return ESX_PIPE_DONE;
    return pipe->closed ? ESX_PIPE_CLOSED : ESX_PIPE_WAIT;
}

gboolean
esxPipeIsReadable(EsxPipe *pipe, gboolean expand)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipe->lock);

    return lookAhead(pipe, expand) != ESX_PIPE_WAIT;
}

/* ---- closing -------------------------------------------------------------------------------- */

void
esxPipeClose(EsxPipe *pipe, const GError *error)
{
    g_mutex_lock(&pipe->lock);
    if (!pipe->closed && error)
        pipe->error = g_error_copy(error);
    pipe->closed = TRUE;
    wakeAll(pipe);
    unlockAndNotify(pipe, TRUE);
}

GError *
esxPipeError(EsxPipe *pipe)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipe->lock);

    return pipe->error ? g_error_copy(pipe->error) : NULL;
}
