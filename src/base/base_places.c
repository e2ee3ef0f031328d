/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* How many threads wait for servers at a time. See base_places.h. */

#include "base_places.h"

#include "base_limits.h"

struct _PlacesVisit {
    Places *places;
    gboolean inside;            /* has a place */
};

static GPrivate current;        /* the thread's PlacesVisit, or NULL */

GQuark
placesErrorQuark(void)
{
    return g_quark_from_static_string("places-error-quark");
}

/* Waits for a place, unless others have just waited without success. Returns: whether it got it. */
static gboolean
lockedAwaitPlace(Places *places)
{
    const gint64 now = g_get_monotonic_time();
    const gint64 deadline = now + LIMIT_GUEST_WAIT_MS * G_TIME_SPAN_MILLISECOND;
    gboolean inTime = now >= places->refusingUntil;

    while (inTime && places->taken >= places->n)
        inTime = g_cond_wait_until(&places->left, &places->lock, deadline);
    if (places->taken < places->n)
        return TRUE;
    /* Only a wait without success starts refusing: a steady stream of calls must not prolong it. */
    if (now >= places->refusingUntil)
        places->refusingUntil =
            g_get_monotonic_time() + LIMIT_GUEST_REFUSING_MS * G_TIME_SPAN_MILLISECOND;
    return FALSE;
}

gboolean
placesEnter(Places *places, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&places->lock);

    if (!lockedAwaitPlace(places)) {
        g_set_error_literal(error, PLACES_ERROR, PLACES_ERROR_NONE_FREE, places->refusal);
        return FALSE;
    }
    places->taken++;
    return TRUE;
}

void
placesLeave(Places *places)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&places->lock);

    places->taken--;
    g_cond_signal(&places->left);
}

PlacesVisit *
placesVisit(Places *places)
{
    PlacesVisit *visit = NULL;

    if (g_private_get(&current))
        return NULL;
    visit = g_new0(PlacesVisit, 1);
    visit->places = places;
    g_private_set(&current, visit);
    return visit;
}

void
placesVisitFree(PlacesVisit *visit)
{
    if (!visit)
        return;
    g_private_set(&current, NULL);
    if (visit->inside)
        placesLeave(visit->places);
    g_free(visit);
}

gboolean
placesAwait(GError **error)
{
    PlacesVisit *visit = g_private_get(&current);

    if (!visit || visit->inside)
        return TRUE;
    visit->inside = placesEnter(visit->places, error);
    return visit->inside;
}
