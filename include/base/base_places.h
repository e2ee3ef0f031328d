/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Places: a bound on the threads that wait for servers at a time, on behalf of clients that share
 * the bound. A thread that finds no place waits LIMIT_GUEST_WAIT_MS for one. If that fails, further
 * threads that find none are refused at once for LIMIT_GUEST_REFUSING_MS, so that many refusals do
 * not hold up the process either.
 */
typedef struct {
    const guint n;              /* the number of places */
    const char *const refusal;  /* why there is none, and what to do */

    GMutex lock;                /* guards what follows */
    GCond left;                 /* one less is taken */
    guint taken;
    gint64 refusingUntil;       /* monotonic; 0: not refusing */
} Places;

#define PLACES_ERROR (placesErrorQuark())
GQuark placesErrorQuark(void);

typedef enum {
    PLACES_ERROR_NONE_FREE,
} PlacesErrorCode;

/* For a static Places. */
#define PLACES_INIT(n_, refusal_) { .n = (n_), .refusal = (refusal_) }

/* Takes a place, to be returned with placesLeave(). FALSE with @error if there is none. */
gboolean placesEnter(Places *places, GError **error);
void placesLeave(Places *places);

/*
 * A visit: a call of a bounded client, on the thread that runs it. The first placesAwait() of the
 * visit takes the place, and the end of the visit returns it. A call that is answered from memory
 * needs none, and a call that has a place is not refused in the middle.
 */
typedef struct _PlacesVisit PlacesVisit;

/*
 * Begins a visit of the calling thread. Returns: (transfer full) to be ended on the same thread;
 * NULL if the thread is already on a visit, which continues.
 */
PlacesVisit *placesVisit(Places *places);

/* Accepts NULL. */
void placesVisitFree(PlacesVisit *visit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PlacesVisit, placesVisitFree)

/*
 * The calling thread is about to wait for a server, or for a thread that does. Returns: TRUE if it
 * is on no visit or has a place; FALSE with @error if it may not wait. Takes up to
 * LIMIT_GUEST_WAIT_MS: do not call it with a lock that others need.
 */
gboolean placesAwait(GError **error);
