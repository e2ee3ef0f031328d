/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Cached: a shared value that is proven current from time to time by asking a server. A value that
 * was proven within the reader's time-to-live is returned without asking. One thread asks at a
 * time; threads that arrive meanwhile wait for its outcome. No lock is held while it asks.
 *
 * With a time-to-live of 0, a proof serves a reader only if its question was sent after the reader
 * arrived. No caller gets an older value, and eight threads that arrive together still cause two
 * questions, not eight. With a longer time-to-live, a proof ages from its answer. Otherwise a proof
 * that takes longer than the time-to-live would serve a single reader, and listing N objects of a
 * slow server would ask it N times.
 *
 * While a thread keeps the value current (it receives each change), the value is standing: once
 * proven, it does not age, and readers get what was pushed last.
 */
typedef struct _Cached Cached;

#define CACHED_ERROR (cachedErrorQuark())
GQuark cachedErrorQuark(void);

typedef enum {
    CACHED_ERROR_TIMEOUT,    /* the asking thread has had no outcome for too long */
} CachedErrorCode;

typedef struct {
    /*
     * Asks the server. @current: the last value, or NULL. @deadline: monotonic, the end of the
     * timeout of the call that makes the proof.
     * Returns: (transfer full): a new value, or a new reference to @current if it is still right;
     * NULL with @error. Not called by two threads at once.
     */
    gpointer (*prove)(gpointer opaque, gpointer current, gint64 deadline, GError **error);
    gpointer (*ref)(gpointer value);
    void (*unref)(gpointer value);
} CachedOps;

/* @ops: const; @opaque: passed to prove. */
Cached *cachedNew(const CachedOps *ops, gpointer opaque);

/* It must not be in use. Accepts NULL. */
void cachedFree(Cached *fresh);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cached, cachedFree)

/*
 * @ttl: microseconds; 0: only a proof that was asked for after this call, or a standing value, will
 * do.
 * @timeout: microseconds; how long to wait in total for proofs of other threads. A proof that this
 * call makes itself gets its end, but is not interrupted.
 * Returns: (transfer full) a value proven within the time-to-live, or NULL with @error: that of the
 * proof, or CACHED_ERROR_TIMEOUT.
 */
gpointer cachedAcquire(Cached *fresh, gint64 ttl, gint64 timeout, GError **error);

/* Returns: (transfer full) a value that cachedAcquire() would return at once, or NULL. Sends
 * nothing. */
gpointer cachedRecent(Cached *fresh, gint64 ttl);

/*
 * Returns: (transfer full): the last value, however old, or NULL if there is none. Does not ask the
 * server.
 */
gpointer cachedPeek(Cached *fresh);

/* Proofs that began before this call no longer count, even while the value stands. */
void cachedExpire(Cached *fresh);

/*
 * Publishes a newer value, for the thread that keeps it current. It is not a proof: readers that
 * want one still wait for it. The value is newer than the result of a proof under way, which then
 * proves this value.
 *
 * @value: (transfer full).
 */
void cachedPush(Cached *fresh, gpointer value);

/*
 * While the value stands, it does not age if it was proven and has not expired since, whatever the
 * reader's time-to-live. When it no longer stands, the age of the last proof counts again.
 */
void cachedSetStanding(Cached *fresh, gboolean standing);
