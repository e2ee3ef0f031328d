/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* A shared value with proofs that age. See base_fresh.h. */

#include "base_fresh.h"

struct _Fresh {
    const FreshOps *ops;
    gpointer opaque;
    gint64 ttl;

    GMutex lock;            /* guards what follows */
    GCond done;             /* proving became FALSE */
    gboolean proving;
    guint64 events;         /* arrivals, proofs and expiries so far: what came first, which a clock
                               of microseconds cannot always tell */
    gpointer value;         /* NULL: none yet */
    guint64 proven;         /* event at which the proof of the value started */
    gint64 provenAt;        /* when its answer came, monotonic */
    guint64 expired;        /* proofs started before that event do not count */
    GError *failure;        /* of the last proof, if it failed */
    guint64 failed;         /* event at which that one started */
};

Fresh *
freshNew(const FreshOps *ops, gpointer opaque, gint64 ttl)
{
    Fresh *fresh = g_new0(Fresh, 1);

    fresh->ops = ops;
    fresh->opaque = opaque;
    fresh->ttl = ttl;
    g_mutex_init(&fresh->lock);
    g_cond_init(&fresh->done);
    return fresh;
}

void
freshFree(Fresh *fresh)
{
    if (!fresh)
        return;

    g_clear_pointer(&fresh->value, fresh->ops->unref);
    g_clear_error(&fresh->failure);
    g_cond_clear(&fresh->done);
    g_mutex_clear(&fresh->lock);
    g_free(fresh);
}

/* Asks with the lock released in between; @proving keeps others out. */
static void
lockedProve(Fresh *fresh)
{
    const guint64 start = ++fresh->events;
    g_autoptr(GError) error = NULL;
    gpointer value;

    fresh->proving = TRUE;
    g_mutex_unlock(&fresh->lock);
    /* Only this thread replaces the value, so that it can be looked at without the lock. */
    value = fresh->ops->prove(fresh->opaque, fresh->value, &error);
    g_mutex_lock(&fresh->lock);
    fresh->proving = FALSE;

    g_clear_error(&fresh->failure);
    if (value) {
        g_clear_pointer(&fresh->value, fresh->ops->unref);
        fresh->value = value;
        fresh->proven = start;
        fresh->provenAt = g_get_monotonic_time();
    } else {
        fresh->failure = g_steal_pointer(&error);
        fresh->failed = start;
    }
    g_cond_broadcast(&fresh->done);
}

/* Whether the value will do for somebody who came at event @arrival, which was at @arrivalAt. */
static gboolean
lockedIsRecent(const Fresh *fresh, guint64 arrival, gint64 arrivalAt)
{
    if (!fresh->value || fresh->proven < fresh->expired)
        return FALSE;
    if (fresh->proven > arrival)
        return TRUE;
    return fresh->ttl > 0 && fresh->provenAt >= arrivalAt - fresh->ttl;
}

gpointer
freshAcquire(Fresh *fresh, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&fresh->lock);
    const guint64 arrival = ++fresh->events;
    const gint64 arrivalAt = g_get_monotonic_time();

    while (TRUE) {
        if (lockedIsRecent(fresh, arrival, arrivalAt))
            return fresh->ops->ref(fresh->value);
        if (fresh->failure && fresh->failed > arrival) {
            g_propagate_error(error, g_error_copy(fresh->failure));
            return NULL;
        }
        if (fresh->proving)
            g_cond_wait(&fresh->done, &fresh->lock);
        else
            lockedProve(fresh);
    }
}

gpointer
freshPeek(Fresh *fresh)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&fresh->lock);

    return fresh->value ? fresh->ops->ref(fresh->value) : NULL;
}

void
freshExpire(Fresh *fresh)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&fresh->lock);

    fresh->expired = ++fresh->events;
}
