/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_cached.h"
#include "thread_fixture.h"

#define CREW 8
#define PUSHED 1000
#define HOUR (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)

/* The one who is asked. A value is the number of the question it answers. */
typedef struct {
    GMutex lock;            /* guards what follows */
    GCond changed;
    guint questions;        /* begun */
    guint asking;           /* under way */
    gboolean held;          /* questions wait */
    gboolean failing;       /* the answer is an error */
    gboolean unchanged;     /* the answer is the last value */
    Cached *expireWithin;    /* expired while the question is under way */
    Cached *pushWithin;      /* a value is pushed to it while the question is under way */
    gulong slowness;        /* how long an answer takes, in microseconds */
    gpointer lastCurrent;

    Cached *fresh;
    gint64 ttl;             /* of every reader */
    gint failures;          /* readers that got an error; atomic */
    gint oldest;            /* smallest number a reader got; atomic */
} World;

typedef struct {
    gatomicrefcount refs;
    guint number;
} Value;

static gpointer
refValue(gpointer value)
{
    g_atomic_ref_count_inc(&((Value *)value)->refs);
    return value;
}

static void
unrefValue(gpointer value)
{
    if (g_atomic_ref_count_dec(&((Value *)value)->refs))
        g_free(value);
}

static gpointer
newValue(guint number)
{
    Value *value = g_new0(Value, 1);

    g_atomic_ref_count_init(&value->refs);
    value->number = number;
    return value;
}

static gpointer
answer(World *world, gpointer current, guint number, GError **error)
{
    if (world->failing) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "question %u", number);
        return NULL;
    }
    if (world->unchanged && current)
        return refValue(current);
    return newValue(number);
}

static gpointer
ask(gpointer opaque, gpointer current, gint64 deadline G_GNUC_UNUSED, GError **error)
{
    World *world = opaque;
    gpointer value = NULL;
    guint number = 0;

    g_mutex_lock(&world->lock);
    g_assert_cmpuint(world->asking, ==, 0);
    world->asking++;
    number = ++world->questions;
    world->lastCurrent = current;
    g_cond_broadcast(&world->changed);
    while (world->held)
        g_cond_wait(&world->changed, &world->lock);
    value = answer(world, current, number, error);
    world->asking--;
    g_mutex_unlock(&world->lock);

    if (world->slowness > 0)
        g_usleep(world->slowness);
    if (world->expireWithin)
        cachedExpire(g_steal_pointer(&world->expireWithin));
    if (world->pushWithin)
        cachedPush(g_steal_pointer(&world->pushWithin), newValue(PUSHED));
    return value;
}

static const CachedOps ops = { ask, refValue, unrefValue };

static void
worldInit(World *world, gint64 ttl)
{
    *world = (World){ .oldest = G_MAXINT };
    g_mutex_init(&world->lock);
    g_cond_init(&world->changed);
    world->fresh = cachedNew(&ops, world);
    world->ttl = ttl;
}

static void
worldClear(World *world)
{
    cachedFree(world->fresh);
    g_mutex_clear(&world->lock);
    g_cond_clear(&world->changed);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(World, worldClear)

static void
hold(World *world, gboolean held)
{
    g_mutex_lock(&world->lock);
    world->held = held;
    g_cond_broadcast(&world->changed);
    g_mutex_unlock(&world->lock);
}

static void
awaitQuestion(World *world, guint n)
{
    g_mutex_lock(&world->lock);
    while (world->questions < n)
        g_cond_wait(&world->changed, &world->lock);
    g_mutex_unlock(&world->lock);
}

/* Returns: the number of the question that was answered. */
static guint
acquire(World *world)
{
    g_autoptr(GError) error = NULL;
    Value *value = cachedAcquire(world->fresh, world->ttl, G_MAXINT64, &error);
    guint number = 0;

    g_assert_no_error(error);
    number = value->number;
    unrefValue(value);
    return number;
}

/* Who only peeks sees value @number. */
static void
assertPeeked(World *world, guint number)
{
    Value *value = cachedPeek(world->fresh);

    g_assert_cmpuint(value->number, ==, number);
    unrefValue(value);
}

static void
acquireFails(World *world, const char *message)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(cachedAcquire(world->fresh, world->ttl, G_MAXINT64, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_IO);
    g_assert_cmpstr(error->message, ==, message);
}

/* ---- one thread ----------------------------------------------------------------------------- */

static void
testWithinTtl(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, HOUR);
    g_assert_cmpuint(acquire(&world), ==, 1);
    g_assert_null(world.lastCurrent);
    g_assert_cmpuint(acquire(&world), ==, 1);
    g_assert_cmpuint(world.questions, ==, 1);
}

static void
testTtlZero(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, 0);
    g_assert_cmpuint(acquire(&world), ==, 1);
    g_assert_cmpuint(acquire(&world), ==, 2);
    g_assert_nonnull(world.lastCurrent);
    g_assert_cmpuint(acquire(&world), ==, 3);
}

/* A proof ages from its answer. */
static void
testTtlOver(void)
{
    g_auto(World) world = { 0 };
    gint64 end = 0;

    worldInit(&world, 2000);
    g_assert_cmpuint(acquire(&world), ==, 1);
    end = g_get_monotonic_time() + 2001;
    while (g_get_monotonic_time() < end)
        g_thread_yield();
    g_assert_cmpuint(acquire(&world), ==, 2);
}

/* An answer that took longer than the time-to-live is as good as any. */
static void
testSlowAnswer(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, 1500000);
    world.slowness = 1550000;
    g_assert_cmpuint(acquire(&world), ==, 1);
    g_assert_cmpuint(acquire(&world), ==, 1);
}

static void
testUnchanged(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, 0);
    world.unchanged = TRUE;
    g_assert_cmpuint(acquire(&world), ==, 1);
    g_assert_cmpuint(acquire(&world), ==, 1);
    g_assert_cmpuint(world.questions, ==, 2);
}

static void
testExpire(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, HOUR);
    g_assert_cmpuint(acquire(&world), ==, 1);
    cachedExpire(world.fresh);
    g_assert_cmpuint(acquire(&world), ==, 2);
    g_assert_cmpuint(acquire(&world), ==, 2);
}

/* What was asked before something changed does not count, even if the answer comes after. */
static void
testExpireDuringProof(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, HOUR);
    world.expireWithin = world.fresh;
    g_assert_cmpuint(acquire(&world), ==, 2);
    g_assert_cmpuint(acquire(&world), ==, 2);
}

static void
testPeek(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, 0);
    g_assert_null(cachedPeek(world.fresh));
    g_assert_cmpuint(acquire(&world), ==, 1);
    cachedExpire(world.fresh);
    assertPeeked(&world, 1);
    g_assert_cmpuint(world.questions, ==, 1);
}

/* A failure is nobody's answer later, and takes nothing away from those who only peek. */
static void
testFailure(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, 0);
    world.failing = TRUE;
    acquireFails(&world, "question 1");
    acquireFails(&world, "question 2");
    world.failing = FALSE;
    g_assert_cmpuint(acquire(&world), ==, 3);
    world.failing = TRUE;
    acquireFails(&world, "question 4");
    assertPeeked(&world, 3);
}

/* A value that is still young enough outlives a failure. */
static void
testFailureWithinTtl(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, HOUR);
    g_assert_cmpuint(acquire(&world), ==, 1);
    cachedExpire(world.fresh);
    world.failing = TRUE;
    acquireFails(&world, "question 2");
    acquireFails(&world, "question 3");
    world.failing = FALSE;
    g_assert_cmpuint(acquire(&world), ==, 4);
}

/* Every reader says how old an answer may be. */
static void
testTtlOfReader(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, 0);
    g_assert_cmpuint(acquire(&world), ==, 1);
    g_assert_cmpuint(acquire(&world), ==, 2);
    world.ttl = HOUR;
    g_assert_cmpuint(acquire(&world), ==, 2);
    world.ttl = 0;
    g_assert_cmpuint(acquire(&world), ==, 3);
}

/* ---- a value that somebody keeps current ----------------------------------------------------- */

static void
testStanding(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, 0);
    cachedSetStanding(world.fresh, TRUE);
    g_assert_cmpuint(acquire(&world), ==, 1);
    g_assert_cmpuint(acquire(&world), ==, 1);
    cachedPush(world.fresh, newValue(PUSHED));
    g_assert_cmpuint(acquire(&world), ==, PUSHED);
    g_assert_cmpuint(world.questions, ==, 1);

    cachedExpire(world.fresh);
    g_assert_cmpuint(acquire(&world), ==, 2);
    g_assert_cmpuint(acquire(&world), ==, 2);

    /* Standing adds nothing to the last proof. */
    cachedSetStanding(world.fresh, FALSE);
    g_assert_cmpuint(acquire(&world), ==, 3);
}

/* A pushed value is no proof: not at first, not for an expiry, and not for a time-to-live of 0. */
static void
testPushIsNoProof(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, HOUR);
    cachedSetStanding(world.fresh, TRUE);
    cachedPush(world.fresh, newValue(PUSHED));
    assertPeeked(&world, PUSHED);
    g_assert_cmpuint(acquire(&world), ==, 1);
    g_assert_nonnull(world.lastCurrent);

    cachedExpire(world.fresh);
    cachedPush(world.fresh, newValue(PUSHED));
    g_assert_cmpuint(acquire(&world), ==, 2);

    cachedSetStanding(world.fresh, FALSE);
    world.ttl = 0;
    cachedPush(world.fresh, newValue(PUSHED));
    g_assert_cmpuint(acquire(&world), ==, 3);
}

/* What is pushed during a proof is newer than what the proof brings, which proves it. */
static void
testPushDuringProof(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, HOUR);
    world.pushWithin = world.fresh;
    g_assert_cmpuint(acquire(&world), ==, PUSHED);
    g_assert_cmpuint(acquire(&world), ==, PUSHED);
    g_assert_cmpuint(world.questions, ==, 1);

    /* The value that the proof was shown may go meanwhile. */
    cachedExpire(world.fresh);
    world.unchanged = TRUE;
    world.pushWithin = world.fresh;
    g_assert_cmpuint(acquire(&world), ==, PUSHED);
    g_assert_cmpuint(world.questions, ==, 2);
}

/* A proof that fails leaves what was pushed, for who peeks and for the next proof. */
static void
testPushThenFailure(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, HOUR);
    world.failing = TRUE;
    world.pushWithin = world.fresh;
    acquireFails(&world, "question 1");
    assertPeeked(&world, PUSHED);
}

/* ---- many threads --------------------------------------------------------------------------- */

static void
read1(gpointer data)
{
    World *world = data;
    Value *value = cachedAcquire(world->fresh, world->ttl, G_MAXINT64, NULL);
    gint oldest = 0;

    if (!value) {
        g_atomic_int_inc(&world->failures);
        return;
    }
    do {
        oldest = g_atomic_int_get(&world->oldest);
    } while ((gint)value->number < oldest &&
             !g_atomic_int_compare_and_exchange(&world->oldest, oldest, (gint)value->number));
    unrefValue(value);
}

/* A crew that came while question 1 was under way, and sleeps until hold(world, FALSE). */
static Crew *
startCrew(World *world, Crew **ret_first)
{
    Crew *crew = NULL;

    hold(world, TRUE);
    *ret_first = crewStart(1, read1, world);
    awaitQuestion(world, 1);
    crew = crewStart(CREW, read1, world);
    crewAwaitAsleep(crew, CREW);
    return crew;
}

/* Eight that come while a question is under way take its answer, where it is young enough. */
static void
testShared(void)
{
    g_auto(World) world = { 0 };
    Crew *first = NULL;
    Crew *crew = NULL;

    worldInit(&world, HOUR);
    crew = startCrew(&world, &first);
    hold(&world, FALSE);
    crewJoin(first);
    crewJoin(crew);
    g_assert_cmpuint(world.questions, ==, 1);
    g_assert_cmpint(world.failures, ==, 0);
}

/* With a time-to-live of 0 they want one that was asked after they came: one for all of them. */
static void
testSharedTtlZero(void)
{
    g_auto(World) world = { 0 };
    Crew *first = NULL;
    Crew *crew = NULL;

    worldInit(&world, 0);
    crew = startCrew(&world, &first);
    hold(&world, FALSE);
    crewJoin(first);
    crewJoin(crew);
    g_assert_cmpuint(world.questions, ==, 2);
    g_assert_cmpint(world.failures, ==, 0);
}

/*
 * The failure of a question asked after they came is everybody's; the one before is its asker's
 * alone.
 */
static void
testSharedFailure(void)
{
    g_auto(World) world = { 0 };
    Crew *first = NULL;
    Crew *crew = NULL;

    worldInit(&world, HOUR);
    world.failing = TRUE;
    crew = startCrew(&world, &first);
    hold(&world, FALSE);
    crewJoin(first);
    crewJoin(crew);
    g_assert_cmpuint(world.questions, ==, 2);
    g_assert_cmpint(world.failures, ==, CREW + 1);
}

/* Peeking and expiring need no answer: no lock is held while the world is asked. */
static void
testNoLockWhileAsking(void)
{
    g_auto(World) world = { 0 };
    Crew *first = NULL;

    worldInit(&world, HOUR);
    hold(&world, TRUE);
    first = crewStart(1, read1, &world);
    awaitQuestion(&world, 1);
    g_assert_null(cachedPeek(world.fresh));
    cachedExpire(world.fresh);
    hold(&world, FALSE);
    crewJoin(first);
    g_assert_cmpuint(world.questions, ==, 2);
    g_assert_cmpint(world.oldest, ==, 2);
}

static void
readMany(gpointer data)
{
    World *world = data;
    guint last = 0;
    guint i;

    for (i = 0; i < 500; i++) {
        guint before = 0;
        guint number = 0;

        g_mutex_lock(&world->lock);
        before = world->questions;
        g_mutex_unlock(&world->lock);
        number = acquire(world);
        /* Never what was true before I came, and never older than what I had. */
        g_assert_cmpuint(number, >, before);
        g_assert_cmpuint(number, >, last);
        last = number;
        if (i % 50 == 0)
            cachedExpire(world->fresh);
    }
}

static void
pushMany(gpointer data)
{
    World *world = data;
    guint i;

    for (i = 0; i < 500; i++) {
        cachedSetStanding(world->fresh, i % 2 == 0);
        cachedPush(world->fresh, newValue(PUSHED + i));
        unrefValue(cachedPeek(world->fresh));
        if (i % 50 == 0)
            cachedExpire(world->fresh);
        read1(world);
    }
}

/* Values come and go under readers, proofs and expiries. For TSan most of all. */
static void
testPushStorm(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, 0);
    crewJoin(crewStart(CREW, pushMany, &world));
    g_assert_cmpint(world.failures, ==, 0);
}

static void
testStorm(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world, 0);
    crewJoin(crewStart(CREW, readMany, &world));
    g_assert_cmpuint(world.questions, <=, CREW * 500 + CREW * 10);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/fresh/within-ttl", testWithinTtl);
    g_test_add_func("/base/fresh/ttl-zero", testTtlZero);
    g_test_add_func("/base/fresh/ttl-over", testTtlOver);
    g_test_add_func("/base/fresh/slow-answer", testSlowAnswer);
    g_test_add_func("/base/fresh/unchanged", testUnchanged);
    g_test_add_func("/base/fresh/expire", testExpire);
    g_test_add_func("/base/fresh/expire-during-proof", testExpireDuringProof);
    g_test_add_func("/base/fresh/peek", testPeek);
    g_test_add_func("/base/fresh/failure", testFailure);
    g_test_add_func("/base/fresh/failure-within-ttl", testFailureWithinTtl);
    g_test_add_func("/base/fresh/ttl-of-reader", testTtlOfReader);
    g_test_add_func("/base/fresh/standing", testStanding);
    g_test_add_func("/base/fresh/push-is-no-proof", testPushIsNoProof);
    g_test_add_func("/base/fresh/push-during-proof", testPushDuringProof);
    g_test_add_func("/base/fresh/push-then-failure", testPushThenFailure);
    g_test_add_func("/base/fresh/push-storm", testPushStorm);
    g_test_add_func("/base/fresh/shared", testShared);
    g_test_add_func("/base/fresh/shared-ttl-zero", testSharedTtlZero);
    g_test_add_func("/base/fresh/shared-failure", testSharedFailure);
    g_test_add_func("/base/fresh/no-lock-while-asking", testNoLockWhileAsking);
    g_test_add_func("/base/fresh/storm", testStorm);
    return g_test_run();
}
