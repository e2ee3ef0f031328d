/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Reads over several connections at once. */

#include "esx_vmfs_fetch.h"

#include <string.h>

#include "base_thread.h"
#include "esx_error.h"

/* With longer segments, the round trips between them cost less; beyond this there is no gain. */
#define SEGMENT_MAX ((size_t)4 * 1024 * 1024)

/* Slots beyond one per worker: this many segments may be complete before their turn. */
#define SPARE_SLOTS 2

/* How much is delivered at a time: with smaller pieces, waking up would cost more than copying. */
#define STEP ((size_t)256 * 1024)

/* How often a waiting thread checks the cancel flag. */
#define LOOK_US (50 * 1000)

typedef struct {
    char *data;             /* of one segment */
    size_t length;          /* of the segment in it */
    size_t filled;          /* guarded: how much of it can be delivered */
} Slot;

typedef struct {
    const EsxVmfsFetch *fetch;
    size_t segment;
    guint64 first;          /* number of the first segment, counted from byte 0 on */
    guint64 end;            /* number after the last */
    guint nslots;
    Slot *slots;
    Cancel *stop;           /* ends all requests */

    GMutex lock;            /* guards what follows */
    GCond came;             /* bytes of the next segment, or an error */
    GCond freed;            /* a slot, or an error */
    guint64 next;           /* the first segment that was not taken */
    guint64 head;           /* the first segment that was not delivered */
    gboolean waiting;       /* the sink's thread, for bytes of head */
    GError *error;          /* the first */
} Run;

/*
 * Where a worker stores what it reads. After its last byte, another worker may use the slot before
 * this worker's request has ended.
 */
typedef struct {
    Run *run;
    guint64 number;
    Slot *slot;
    size_t length;
    size_t filled;
} Filling;

size_t
esxVmfsFetchSegment(guint workers)
{
    size_t segment = MIN(ESX_VMFS_FETCH_WINDOW / (workers + SPARE_SLOTS), SEGMENT_MAX);

    return segment - segment % ESX_VMFS_FETCH_GRAIN;
}

static Slot *
slotOf(Run *run, guint64 number)
{
    return &run->slots[number % run->nslots];
}

/* ---- the workers ----------------------------------------------------------------------------- */

/* The lock is held. @error: (transfer full). */
static void
lockedFail(Run *run, GError *error)
{
    if (run->error)
        g_error_free(error);
    else
        run->error = error;
    cancelRaise(run->stop);
    g_cond_broadcast(&run->came);
    g_cond_broadcast(&run->freed);
}

/* ViTransferSink */
static gboolean
fillSegment(const char *data, size_t length, gpointer opaque, GError **error)
{
    Filling *filling = opaque;
    Run *run = filling->run;
    const size_t before = filling->filled;

    if (length == 0)
        return TRUE;
    if (length > filling->length - before) {
        g_set_error(error, ESX_ERROR, ESX_ERROR_INTERNAL,
                    "the server sent more of a part of the file than requested");
        return FALSE;
    }
    memcpy(filling->slot->data + before, data, length);
    filling->filled += length;
    if (filling->filled / STEP == before / STEP && filling->filled < filling->length)
        return TRUE;

    g_mutex_lock(&run->lock);
    filling->slot->filled = filling->filled;
    if (run->waiting && run->head == filling->number)
        g_cond_signal(&run->came);
    g_mutex_unlock(&run->lock);
    return TRUE;
}

/* Takes the next segment, when a slot is free. Returns: FALSE if there is no more to do. */
static gboolean
takeSegment(Run *run, Filling *filling, guint64 *ret_offset)
{
    const EsxVmfsFetch *fetch = run->fetch;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->lock);
    guint64 from, to;

    while (!run->error && run->next < run->end && run->next >= run->head + run->nslots)
        g_cond_wait(&run->freed, &run->lock);
    if (run->error || run->next >= run->end)
        return FALSE;

    filling->number = run->next++;
    filling->slot = slotOf(run, filling->number);
    from = MAX(filling->number * run->segment, fetch->offset);
    to = MIN((filling->number + 1) * run->segment, fetch->offset + fetch->length);
    filling->length = (size_t)(to - from);
    filling->filled = 0;
    filling->slot->length = filling->length;
    filling->slot->filled = 0;
    *ret_offset = from;
    return TRUE;
}

static gboolean
fillSlot(Filling *filling, guint64 offset, GError **error)
{
    const EsxVmfsFetch *fetch = filling->run->fetch;

    if (!fetch->read(fetch->opaque, offset, filling->length, fillSegment, filling,
                     filling->run->stop, error))
        return FALSE;
    if (filling->filled == filling->length)
        return TRUE;
    g_set_error(error, ESX_ERROR, ESX_ERROR_INTERNAL,
                "the server sent less of a part of the file than requested");
    return FALSE;
}

static gpointer
fetchSegments(gpointer opaque)
{
    Run *run = opaque;
    Filling filling = { .run = run };
    guint64 offset = 0;

    while (takeSegment(run, &filling, &offset)) {
        GError *error = NULL;

        if (fillSlot(&filling, offset, &error))
            continue;
        g_mutex_lock(&run->lock);
        lockedFail(run, error);
        g_mutex_unlock(&run->lock);
    }
    return NULL;
}

/* ---- delivery -------------------------------------------------------------------------------- */

/*
 * Waits for more of the head's segment than the @given bytes.
 *
 * Returns: how much of it is available; 0: the run has failed.
 */
static size_t
awaitSegment(Run *run, size_t given, const Cancel *cancel)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->lock);

    while (!run->error && (run->next == run->head || slotOf(run, run->head)->filled <= given)) {
        if (cancelIsRaised(cancel)) {
            lockedFail(run, g_error_new(HTTP_ERROR, HTTP_ERROR_CANCELLED,
                                        "the operation was cancelled"));
            break;
        }
        run->waiting = TRUE;
        g_cond_wait_until(&run->came, &run->lock, g_get_monotonic_time() + LOOK_US);
        run->waiting = FALSE;
    }
    return run->error ? 0 : slotOf(run, run->head)->filled;
}

/* Delivers the head's segment. Returns: FALSE if the run has failed. */
static gboolean
giveSegment(Run *run, ViTransferSink sink, gpointer opaque, const Cancel *cancel)
{
    const Slot *slot = slotOf(run, run->head);      /* only this thread writes head */
    size_t given = 0;
    size_t length = 0;

    do {
        size_t there = awaitSegment(run, given, cancel);
        GError *error = NULL;

        if (there == 0)
            return FALSE;
        if (!sink(slot->data + given, there - given, opaque, &error)) {
            g_mutex_lock(&run->lock);
            lockedFail(run, error);
            g_mutex_unlock(&run->lock);
            return FALSE;
        }
        given = there;
        length = slot->length;      /* it was taken, since bytes are available */
    } while (given < length);

    g_mutex_lock(&run->lock);
    run->head++;
    g_cond_broadcast(&run->freed);
    g_mutex_unlock(&run->lock);
    return TRUE;
}

/* ---- the run --------------------------------------------------------------------------------- */

static void
runInit(Run *run, const EsxVmfsFetch *fetch)
{
    guint i;

    *run = (Run) { .fetch = fetch, .segment = esxVmfsFetchSegment(fetch->workers) };
    run->first = fetch->offset / run->segment;
    run->end = (fetch->offset + fetch->length + run->segment - 1) / run->segment;
    run->next = run->head = run->first;
    run->nslots = (guint)MIN(ESX_VMFS_FETCH_WINDOW / run->segment, run->end - run->first);
    run->slots = g_new0(Slot, run->nslots);
    run->stop = cancelNew(NULL);
    for (i = 0; i < run->nslots; i++)
        run->slots[i].data = g_malloc(run->segment);
    g_mutex_init(&run->lock);
    g_cond_init(&run->came);
    g_cond_init(&run->freed);
}

static void
runClear(Run *run)
{
    guint i;

    for (i = 0; i < run->nslots; i++)
        g_free(run->slots[i].data);
    g_free(run->slots);
    cancelFree(run->stop);
    g_clear_error(&run->error);
    g_cond_clear(&run->freed);
    g_cond_clear(&run->came);
    g_mutex_clear(&run->lock);
}

/* Fewer threads than requested are enough. Returns: how many there are; 0 with @error. */
static guint
startWorkers(Run *run, GThread **threads, GError **error)
{
    const guint wanted = (guint)MIN(run->fetch->workers, run->end - run->first);
    g_autoptr(GError) local = NULL;
    guint n = 0;

    while (n < wanted && (threads[n] = threadStart("esx-fetch", fetchSegments, run, &local)))
        n++;
    if (n == 0)
        g_propagate_error(error, g_steal_pointer(&local));
    return n;
}

gboolean
esxVmfsFetchRun(const EsxVmfsFetch *fetch, ViTransferSink sink, gpointer opaque,
                const Cancel *cancel, GError **error)
{
    g_autofree GThread **threads = NULL;
    Run run;
    guint n;
    gboolean ok;

    if (fetch->length == 0)
        return TRUE;
    runInit(&run, fetch);
    threads = g_new0(GThread *, fetch->workers);
    n = startWorkers(&run, threads, error);
    ok = n > 0;
    while (ok && run.head < run.end)
        ok = giveSegment(&run, sink, opaque, cancel);

    while (n > 0)
        g_thread_join(threads[--n]);
    if (run.error)
        g_propagate_error(error, g_steal_pointer(&run.error));
    runClear(&run);
    return ok;
}
