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
    gpointer value;         /* NULL: none yet */
    gint64 provenAt;        /* start of the proof of the value */
    gint64 expiredAt;       /* proofs started up to then do not count */
    GError *failure;        /* of the last proof, if it failed */
    gint64 failedAt;        /* when that one started */
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
    const gint64 start = g_get_monotonic_time();
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
        fresh->provenAt = start;
    } else {
        fresh->failure = g_steal_pointer(&error);
        fresh->failedAt = start;
    }
    g_cond_broadcast(&fresh->done);
}

gpointer
freshAcquire(Fresh *fresh, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&fresh->lock);
    const gint64 arrival = g_get_monotonic_time();

    while (TRUE) {
        if (fresh->value && fresh->provenAt >= arrival - fresh->ttl &&
            fresh->provenAt > fresh->expiredAt)
            return fresh->ops->ref(fresh->value);
        if (fresh->failure && fresh->failedAt >= arrival) {
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

    fresh->expiredAt = g_get_monotonic_time();
}
