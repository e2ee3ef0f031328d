/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* A shared value with proofs that age. See base_cached.h. */

#include "base_cached.h"

#include "base_places.h"
#include "base_text.h"

struct _Cached {
    const CachedOps *ops;
    gpointer opaque;

    GMutex lock;            /* guards what follows */
    GCond done;             /* proving became FALSE */
    gboolean proving;
    gint64 provingSince;    /* monotonic */
    guint64 events;         /* arrivals, proofs and expiries so far: their order, which a clock
                               of microseconds does not always show */
    gpointer value;         /* NULL: none yet */
    guint64 pushes;         /* values that were pushed so far */
    gboolean standing;
    guint64 proven;         /* event at which the value's proof started; 0: none yet */
    gint64 provenAt;        /* when its answer came, monotonic */
    guint64 expired;        /* proofs started before that event do not count */
    GError *failure;        /* of the last proof, if that failed */
    guint64 failed;         /* event at which that proof started */
};

GQuark
cachedErrorQuark(void)
{
    return g_quark_from_static_string("fresh-error-quark");
}

Cached *
cachedNew(const CachedOps *ops, gpointer opaque)
{
    Cached *fresh = g_new0(Cached, 1);

    fresh->ops = ops;
    fresh->opaque = opaque;
    g_mutex_init(&fresh->lock);
    g_cond_init(&fresh->done);
    return fresh;
}

void
cachedFree(Cached *fresh)
{
    if (!fresh)
        return;

    g_clear_pointer(&fresh->value, fresh->ops->unref);
    g_clear_error(&fresh->failure);
    g_cond_clear(&fresh->done);
    g_mutex_clear(&fresh->lock);
    g_free(fresh);
}

/*
 * Stores @value (transfer full), the result of a proof, unless a newer value was pushed since
 * @pushes.
 */
static void
lockedTake(Cached *fresh, gpointer value, guint64 pushes)
{
    if (fresh->pushes != pushes) {
        fresh->ops->unref(value);
        return;
    }
    g_clear_pointer(&fresh->value, fresh->ops->unref);
    fresh->value = value;
}

/* Releases the lock while it asks; @proving keeps others out. */
static void
lockedProve(Cached *fresh, gint64 deadline)
{
    const guint64 start = ++fresh->events;
    const guint64 pushes = fresh->pushes;
    /* A reference of its own: a push may replace the value meanwhile. */
    gpointer current = fresh->value ? fresh->ops->ref(fresh->value) : NULL;
    g_autoptr(GError) error = NULL;
    gpointer value;

    fresh->proving = TRUE;
    fresh->provingSince = g_get_monotonic_time();
    g_mutex_unlock(&fresh->lock);
    value = fresh->ops->prove(fresh->opaque, current, deadline, &error);
    g_clear_pointer(&current, fresh->ops->unref);
    g_mutex_lock(&fresh->lock);
    fresh->proving = FALSE;

    g_clear_error(&fresh->failure);
    if (value) {
        lockedTake(fresh, value, pushes);
        fresh->proven = start;
        fresh->provenAt = g_get_monotonic_time();
    } else {
        fresh->failure = g_steal_pointer(&error);
        fresh->failed = start;
    }
    g_cond_broadcast(&fresh->done);
}

/* A reader: when it arrived, and what it asks for. */
typedef struct {
    guint64 arrival;        /* an event */
    gint64 arrivalAt;
    gint64 ttl;
} Reader;

/* Whether the value will do for @reader. */
static gboolean
lockedIsRecent(const Cached *fresh, const Reader *reader)
{
    if (!fresh->value || fresh->proven == 0 || fresh->proven < fresh->expired)
        return FALSE;
    if (fresh->standing || fresh->proven > reader->arrival)
        return TRUE;
    return reader->ttl > 0 && fresh->provenAt >= reader->arrivalAt - reader->ttl;
}

/* Waits for the thread that asks. Returns: FALSE with @error after @deadline. */
static gboolean
lockedAwaitProof(Cached *fresh, gint64 deadline, GError **error)
{
    const gint64 now = g_get_monotonic_time();

    if (now < deadline) {
        /* The caller's loop checks whether that was in time. */
        g_cond_wait_until(&fresh->done, &fresh->lock, deadline);
        return TRUE;
    }
    textToError(error, CACHED_ERROR, CACHED_ERROR_TIMEOUT,
                "another request for the same data has been in progress for %.1f s without a "
                "result",
                (double)(now - fresh->provingSince) / G_USEC_PER_SEC);
    return FALSE;
}

/* Whether the calling thread may wait. Releases the lock meanwhile. */
static gboolean
lockedMayWait(Cached *fresh, GError **error)
{
    gboolean may = FALSE;

    g_mutex_unlock(&fresh->lock);
    may = placesAwait(error);
    g_mutex_lock(&fresh->lock);
    return may;
}

/* @time and @span, without an overflow. */
static gint64
addTime(gint64 time, gint64 span)
{
    return span < G_MAXINT64 - time ? time + span : G_MAXINT64;
}

gpointer
cachedAcquire(Cached *fresh, gint64 ttl, gint64 timeout, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&fresh->lock);
    const Reader reader = { ++fresh->events, g_get_monotonic_time(), ttl };
    const gint64 deadline = addTime(reader.arrivalAt, timeout);
    g_autoptr(GError) refusal = NULL;
    gboolean mayWait = FALSE;

    while (TRUE) {
        if (lockedIsRecent(fresh, &reader))
            return fresh->ops->ref(fresh->value);
        if (fresh->failure && fresh->failed > reader.arrival) {
            g_propagate_error(error, g_error_copy(fresh->failure));
            return NULL;
        }
        if (refusal) {
            g_propagate_error(error, g_steal_pointer(&refusal));
            return NULL;
        }
        /* Another proof may have arrived meanwhile, so look again in any case. */
        if (!mayWait)
            mayWait = lockedMayWait(fresh, &refusal);
        else if (!fresh->proving)
            lockedProve(fresh, deadline);
        else if (!lockedAwaitProof(fresh, deadline, error))
            return NULL;
    }
}

gpointer
cachedRecent(Cached *fresh, gint64 ttl)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&fresh->lock);
    const Reader reader = { ++fresh->events, g_get_monotonic_time(), ttl };

    return lockedIsRecent(fresh, &reader) ? fresh->ops->ref(fresh->value) : NULL;
}

gpointer
cachedPeek(Cached *fresh)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&fresh->lock);

    return fresh->value ? fresh->ops->ref(fresh->value) : NULL;
}

void
cachedExpire(Cached *fresh)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&fresh->lock);

    fresh->expired = ++fresh->events;
}

/* Returns: (transfer full) the value that @value replaces, or NULL. */
static gpointer
swapValue(Cached *fresh, gpointer value)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&fresh->lock);
    gpointer old = fresh->value;

    fresh->value = value;
    fresh->pushes++;
    return old;
}

void
cachedPush(Cached *fresh, gpointer value)
{
    gpointer old = swapValue(fresh, value);

    /* Without the lock: it may take some time. */
    g_clear_pointer(&old, fresh->ops->unref);
}

void
cachedSetStanding(Cached *fresh, gboolean standing)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&fresh->lock);

    fresh->standing = standing;
}
