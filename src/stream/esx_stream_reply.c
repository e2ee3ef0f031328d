/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Whether a client has the reply that opened its stream. See esx_stream_reply.h. */

#include "esx_stream_reply.h"

/* Between two checks. */
#define PAUSE_US 1000

/* References of the client itself, and of the check. */
#define REFERENCES_AT_REST 2

struct _EsxStreamReply {
    GWeakRef identity;          /* of the client; weak, so that it is not counted */
};

/* One check at a time: each holds a reference while it counts. */
static GMutex looking;

EsxStreamReply *
esxStreamReplyNew(void)
{
    g_autoptr(virIdentity) identity = virIdentityGetCurrent();
    EsxStreamReply *reply = NULL;

    if (!identity)
        return NULL;
    reply = g_new0(EsxStreamReply, 1);
    g_weak_ref_init(&reply->identity, identity);
    return reply;
}

void
esxStreamReplyFree(EsxStreamReply *reply)
{
    if (!reply)
        return;
    g_weak_ref_clear(&reply->identity);
    g_free(reply);
}

static gboolean
isKnown(EsxStreamReply *reply)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&looking);
    GObject *identity = g_weak_ref_get(&reply->identity);
    gboolean known = TRUE;

    /* The identity is freed with its client, which outlives its calls. */
    if (identity) {
        known = g_atomic_int_get((gint *)&identity->ref_count) <= REFERENCES_AT_REST;
        g_object_unref(identity);
    }
    return known;
}

gboolean
esxStreamReplyAwait(EsxStreamReply *reply, guint ms, const Cancel *cancel)
{
    const gint64 deadline = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;

    if (!reply)
        return TRUE;
    while (!isKnown(reply)) {
        if (g_get_monotonic_time() >= deadline || cancelIsRaised(cancel))
            return FALSE;
        g_usleep(PAUSE_US);
    }
    return TRUE;
}
