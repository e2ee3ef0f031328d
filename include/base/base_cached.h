/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Cached: a shared value that has to be proven current now and then, by asking a server.
 * What was proven within the reader's time-to-live answers as it is. One thread asks at a time,
 * others that come meanwhile wait for its outcome; no lock is held while it asks.
 *
 * With a time-to-live of 0 a proof will do for a reader only if its question was sent after he
 * came: no caller gets an older value, and still eight threads that come together cost
 * two questions, not eight. With a longer one a proof ages from its answer: else one that takes
 * longer than the time-to-live would be good for a single reader, and listing N things of a slow
 * server would ask it N times.
 *
 * If a thread keeps the value current (it receives each change), it is standing: then a
 * proven value does not age, and readers get what was pushed last.
 */
typedef struct _Cached Cached;

#define CACHED_ERROR (cachedErrorQuark())
GQuark cachedErrorQuark(void);

typedef enum {
    CACHED_ERROR_TIMEOUT,    /* the thread that asks has had no outcome for too long */
} CachedErrorCode;

typedef struct {
    /*
     * Asks. @current: the last value, or NULL.
     * Returns: (transfer full) a new value, or a new reference to @current when it is still right;
     * NULL with @error. Never called by two threads at once.
     */
    gpointer (*prove)(gpointer opaque, gpointer current, GError **error);
    gpointer (*ref)(gpointer value);
    void (*unref)(gpointer value);
} CachedOps;

/* @ops: const; @opaque: passed to prove. */
Cached *cachedNew(const CachedOps *ops, gpointer opaque);

/* Nobody may be using it. Accepts NULL. */
void cachedFree(Cached *fresh);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cached, cachedFree)

/*
 * @ttl: microseconds; 0: only a proof that was asked for after this call will do, or a value that
 * stands.
 * @patience: microseconds; how long to wait in all for proofs of other threads. One that this call
 * makes itself takes as long as it takes.
 * Returns: (transfer full) a value proven within the time-to-live, or NULL with @error: that of the
 * proof, or CACHED_ERROR_TIMEOUT.
 */
gpointer cachedAcquire(Cached *fresh, gint64 ttl, gint64 patience, GError **error);

/*
 * Returns: (transfer full) the last value, however old, or NULL where there is none. Asks
 * nobody.
 */
gpointer cachedPeek(Cached *fresh);

/* Proofs begun before now do not count any more, not even while the value stands. */
void cachedExpire(Cached *fresh);

/*
 * Publishes a newer value, of whoever keeps it current. It is no proof: what readers want proven
 * they wait for, as before. It is newer than what a proof under way will bring, which proves it
 * then.
 *
 * @value: (transfer full).
 */
void cachedPush(Cached *fresh, gpointer value);

/*
 * While the value stands, one that was proven, and not expired since, does not age, whatever the
 * reader's time-to-live. Once it no longer stands, the last proof counts as before: standing adds
 * nothing to it.
 */
void cachedSetStanding(Cached *fresh, gboolean standing);
