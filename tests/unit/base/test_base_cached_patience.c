/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Readers that do not wait for another's proof for longer than they may. */

#include "base_cached.h"

#include <string.h>

typedef struct {
    GMutex lock;            /* guards what follows */
    GCond changed;
    guint questions;
    gboolean held;          /* questions wait */
    gint64 deadline;        /* of the last one */

    Cached *fresh;
} World;

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

static gpointer
ask(gpointer opaque, gpointer current G_GNUC_UNUSED, gint64 deadline, GError **error G_GNUC_UNUSED)
{
    World *world = opaque;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&world->lock);

    world->questions++;
    world->deadline = deadline;
    g_cond_broadcast(&world->changed);
    while (world->held)
        g_cond_wait(&world->changed, &world->lock);
    return g_ref_string_new("answer");
}

static const CachedOps ops = { ask, refText, unrefText };

static void
worldInit(World *world)
{
    g_mutex_init(&world->lock);
    g_cond_init(&world->changed);
    world->held = TRUE;
    world->fresh = cachedNew(&ops, world);
}

static void
worldClear(World *world)
{
    cachedFree(world->fresh);
    g_mutex_clear(&world->lock);
    g_cond_clear(&world->changed);
}

/* The thread that asks: its timeout is 0, which does not interrupt its own proof. */
static gpointer
lead(gpointer opaque)
{
    World *world = opaque;
    g_autoptr(GError) error = NULL;
    gpointer value = cachedAcquire(world->fresh, 0, 0, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(value, ==, "answer");
    unrefText(value);
    return NULL;
}

static GThread *
startLeader(World *world)
{
    GThread *leader = g_thread_new("leader", lead, world);

    g_mutex_lock(&world->lock);
    while (world->questions == 0)
        g_cond_wait(&world->changed, &world->lock);
    g_mutex_unlock(&world->lock);
    return leader;
}

static void
release(World *world)
{
    g_mutex_lock(&world->lock);
    world->held = FALSE;
    g_cond_broadcast(&world->changed);
    g_mutex_unlock(&world->lock);
}

static void
testGivesUp(void)
{
    World world = { 0 };
    g_autoptr(GError) error = NULL;
    GThread *leader = NULL;
    gpointer value = NULL;

    worldInit(&world);
    leader = startLeader(&world);
    g_assert_null(cachedAcquire(world.fresh, 0, G_USEC_PER_SEC / 10, &error));
    g_assert_error(error, CACHED_ERROR, CACHED_ERROR_TIMEOUT);
    g_assert_nonnull(strstr(error->message, "another request for the same data has been in "
                                            "progress for"));

    /* The question goes on, and its answer is good for those who come later. */
    release(&world);
    g_thread_join(leader);
    value = cachedAcquire(world.fresh, G_MAXINT64 / 2, 0, NULL);
    g_assert_cmpstr(value, ==, "answer");
    g_assert_cmpuint(world.questions, ==, 1);
    unrefText(value);
    worldClear(&world);
}

typedef struct {
    World *world;
    gint64 timeout;
} Waiter;

static gpointer
await(gpointer opaque)
{
    Waiter *waiter = opaque;
    gpointer value = cachedAcquire(waiter->world->fresh, G_MAXINT64 / 2, waiter->timeout, NULL);

    g_assert_cmpstr(value, ==, "answer");
    unrefText(value);
    return NULL;
}

/* Readers with a longer timeout get the answer, also with the longest. */
static void
testWaits(void)
{
    static const gint64 timeout[] = { G_GINT64_CONSTANT(600) * G_USEC_PER_SEC, G_MAXINT64 };
    World world = { 0 };
    Waiter waiters[G_N_ELEMENTS(timeout)];
    GThread *threads[G_N_ELEMENTS(timeout)];
    GThread *leader = NULL;
    size_t i;

    worldInit(&world);
    leader = startLeader(&world);
    for (i = 0; i < G_N_ELEMENTS(timeout); i++) {
        waiters[i] = (Waiter){ &world, timeout[i] };
        threads[i] = g_thread_new("waiter", await, &waiters[i]);
    }
    g_usleep(50 * 1000);
    release(&world);
    for (i = 0; i < G_N_ELEMENTS(timeout); i++)
        g_thread_join(threads[i]);
    g_thread_join(leader);
    g_assert_cmpuint(world.questions, ==, 1);
    worldClear(&world);
}

/* A question gets the end of the timeout of the call that asks it. */
static void
testDeadline(void)
{
    const gint64 hour = G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC;
    const gint64 begun = g_get_monotonic_time();
    World world = { 0 };

    worldInit(&world);
    release(&world);
    unrefText(cachedAcquire(world.fresh, 0, hour, NULL));
    g_assert_cmpint(world.deadline, >=, begun + hour);
    g_assert_cmpint(world.deadline, <=, g_get_monotonic_time() + hour);
    unrefText(cachedAcquire(world.fresh, 0, G_MAXINT64, NULL));
    g_assert_cmpint(world.deadline, ==, G_MAXINT64);
    worldClear(&world);
}

/* A reader that does not ask does not wait either. */
static void
testRecent(void)
{
    static const gint64 hour = G_TIME_SPAN_HOUR;
    World world = { 0 };
    GThread *leader = NULL;
    gpointer value = NULL;

    worldInit(&world);
    g_assert_null(cachedRecent(world.fresh, hour));
    leader = startLeader(&world);
    g_assert_null(cachedRecent(world.fresh, hour));
    release(&world);
    g_thread_join(leader);
    value = cachedRecent(world.fresh, hour);
    g_assert_cmpstr(value, ==, "answer");
    unrefText(value);
    g_assert_null(cachedRecent(world.fresh, 0));
    cachedExpire(world.fresh);
    g_assert_null(cachedRecent(world.fresh, hour));
    g_assert_cmpuint(world.questions, ==, 1);
    worldClear(&world);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/fresh/patience/gives-up", testGivesUp);
    g_test_add_func("/base/fresh/patience/waits", testWaits);
    g_test_add_func("/base/fresh/patience/deadline", testDeadline);
    g_test_add_func("/base/fresh/patience/recent", testRecent);
    return g_test_run();
}
