/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* A bound on waiting threads: how many get in, how soon the others are refused, and visits. */

#include "base_places.h"

#include "base_cached.h"
#include "base_limits.h"
#include "thread_fixture.h"

#define N 3
#define CROWD 100

static const gint64 waitUs = LIMIT_GUEST_WAIT_MS * G_TIME_SPAN_MILLISECOND;
static const gint64 refusingUs = LIMIT_GUEST_REFUSING_MS * G_TIME_SPAN_MILLISECOND;

static void
fill(Places *places)
{
    guint i;

    for (i = 0; i < N; i++)
        g_assert_true(placesEnter(places, NULL));
}

static void
empty(Places *places)
{
    guint i;

    for (i = 0; i < N; i++)
        placesLeave(places);
    g_assert_cmpuint(places->taken, ==, 0);
}

static void
isRefused(Places *places)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(placesEnter(places, &error));
    g_assert_error(error, PLACES_ERROR, PLACES_ERROR_NONE_FREE);
    g_assert_cmpstr(error->message, ==, "No place.");
}

static void
testFull(void)
{
    static Places places = PLACES_INIT(N, "No place.");
    gint64 before = 0;

    fill(&places);
    before = g_get_monotonic_time();
    isRefused(&places);
    g_assert_cmpint(g_get_monotonic_time() - before, >=, waitUs);
    g_assert_cmpuint(places.taken, ==, N);

    /* A place that is free is given also while others are refused. */
    placesLeave(&places);
    g_assert_true(placesEnter(&places, NULL));
    empty(&places);
}

/* A hundred calls one after the other would wait 20 s if each waited; only one in a while does. */
static void
testRefusedAtOnce(void)
{
    static Places places = PLACES_INIT(N, "No place.");
    gint64 before = 0;
    guint i;

    fill(&places);
    before = g_get_monotonic_time();
    for (i = 0; i < CROWD; i++)
        isRefused(&places);
    g_assert_cmpint(g_get_monotonic_time() - before, <, CROWD * waitUs / 2);

    /* When it is over, one more waits again. */
    g_usleep((gulong)refusingUs);
    before = g_get_monotonic_time();
    isRefused(&places);
    g_assert_cmpint(g_get_monotonic_time() - before, >=, waitUs);
    empty(&places);
}

static Places shared = PLACES_INIT(N, "No place.");
static gint inside;
static gint most;
static gint visited;

static void
noteMost(gint now)
{
    gint before = g_atomic_int_get(&most);

    while (now > before && !g_atomic_int_compare_and_exchange(&most, before, now))
        before = g_atomic_int_get(&most);
}

static void
visit(gpointer data G_GNUC_UNUSED)
{
    g_autoptr(PlacesVisit) ours = placesVisit(&shared);

    g_assert_nonnull(ours);
    if (!placesAwait(NULL))
        return;
    /* One place, however often a visit waits. */
    g_assert_true(placesAwait(NULL));
    noteMost(g_atomic_int_add(&inside, 1) + 1);
    g_usleep(1000);
    g_atomic_int_add(&inside, -1);
    g_atomic_int_inc(&visited);
}

static void
testVisits(void)
{
    Crew *crew = crewStart(4 * N, visit, NULL);

    crewJoin(crew);
    g_assert_cmpint(visited, >=, N);
    g_assert_cmpint(most, <=, N);
    g_assert_cmpuint(shared.taken, ==, 0);
}

static void
testNoVisit(void)
{
    fill(&shared);
    g_assert_true(placesAwait(NULL));
    empty(&shared);
}

/* Answered without waiting: no place is taken. */
static void
testNothingWaitedFor(void)
{
    g_autoptr(PlacesVisit) outer = placesVisit(&shared);
    PlacesVisit *inner = placesVisit(&shared);

    g_assert_null(inner);
    placesVisitFree(inner);
    g_assert_cmpuint(shared.taken, ==, 0);
    g_assert_true(placesAwait(NULL));
    g_assert_cmpuint(shared.taken, ==, 1);
    placesVisitFree(g_steal_pointer(&outer));
    g_assert_cmpuint(shared.taken, ==, 0);
    g_assert_true(placesAwait(NULL));
}

/* ---- a value that is shared ---------------------------------------------------------------- */

static guint questions;

static gpointer
ask(gpointer opaque G_GNUC_UNUSED, gpointer current G_GNUC_UNUSED, gint64 deadline G_GNUC_UNUSED,
    GError **error G_GNUC_UNUSED)
{
    questions++;
    return g_ref_string_new("answer");
}

static gpointer
refText(gpointer value)
{
    return g_ref_string_acquire(value);
}

static void
unrefText(gpointer value)
{
    g_ref_string_release(value);
}

static void
isAnswered(Cached *fresh, gint64 ttl)
{
    g_autoptr(GError) error = NULL;
    gpointer value = cachedAcquire(fresh, ttl, G_MAXINT64, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(value, ==, "answer");
    unrefText(value);
}

/*
 * Without a place a visit asks nothing, and its refusal is nobody else's; what is known it is told
 * all the same.
 */
static void
testMemory(void)
{
    static const CachedOps ops = { ask, refText, unrefText };
    g_autoptr(Cached) fresh = cachedNew(&ops, NULL);
    g_autoptr(PlacesVisit) ours = placesVisit(&shared);
    g_autoptr(GError) error = NULL;

    fill(&shared);
    g_assert_null(cachedAcquire(fresh, G_MAXINT64 / 2, G_MAXINT64, &error));
    g_assert_error(error, PLACES_ERROR, PLACES_ERROR_NONE_FREE);
    g_assert_cmpuint(questions, ==, 0);

    placesVisitFree(g_steal_pointer(&ours));
    isAnswered(fresh, G_MAXINT64 / 2);
    g_assert_cmpuint(questions, ==, 1);

    ours = placesVisit(&shared);
    isAnswered(fresh, G_MAXINT64 / 2);
    g_assert_null(cachedAcquire(fresh, 0, G_MAXINT64, NULL));
    g_assert_cmpuint(questions, ==, 1);
    empty(&shared);
    isAnswered(fresh, 0);
    g_assert_cmpuint(questions, ==, 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/base/places/full", testFull);
    g_test_add_func("/base/places/refused-at-once", testRefusedAtOnce);
    g_test_add_func("/base/places/visits", testVisits);
    g_test_add_func("/base/places/no-visit", testNoVisit);
    g_test_add_func("/base/places/nothing-waited-for", testNothingWaitedFor);
    g_test_add_func("/base/places/memory", testMemory);
    return g_test_run();
}
