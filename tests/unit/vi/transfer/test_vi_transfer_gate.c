/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vi_transfer_gate.h"

#include "http_transport.h"
#include "thread_fixture.h"

#include <string.h>

#define CREW 6
#define TRIES 5

/* Of one request: an hour, where that is not what is tested. */
#define TIMEOUT_MS (3600 * 1000)

/* An open gate is no obstacle, and leaving it without having shut it does nothing. */
static void
testOpen(void)
{
    g_autoptr(ViGate) gate = viGateNew(1, TRIES, TIMEOUT_MS);
    g_autoptr(GError) error = NULL;
    ViGatePass pass = { 0 };

    g_assert_true(viGateEnter(gate, &pass, NULL, &error));
    g_assert_no_error(error);
    viGateLeave(gate, &pass);
    viGateLeave(gate, &pass);
    g_assert_true(viGateEnter(gate, &pass, NULL, &error));
    g_assert_no_error(error);
}

/* The one who is refused pauses, and gives up behind the last try. */
static void
testGivesUp(void)
{
    g_autoptr(ViGate) gate = viGateNew(5, TRIES, TIMEOUT_MS);
    gint64 begun = g_get_monotonic_time();
    ViGatePass other = { 0 };
    ViGatePass pass = { 0 };
    guint i;

    for (i = 0; i < TRIES; i++) {
        g_autoptr(GError) error = NULL;

        g_assert_true(viGateRefused(gate, &pass, NULL, &error));
        g_assert_no_error(error);
        g_assert_true(viGateEnter(gate, &pass, NULL, &error));
        g_assert_no_error(error);
        g_assert_true(pass.leads);
    }
    g_assert_cmpint(g_get_monotonic_time() - begun, >=, TRIES * 5000);
    {
        g_autoptr(GError) error = NULL;

        g_assert_false(viGateRefused(gate, &pass, NULL, &error));
        g_assert_error(error, VI_ERROR, VI_ERROR_BUSY);
        g_assert_false(pass.leads);
    }
    /* Who comes later may try for himself. */
    g_assert_true(viGateEnter(gate, &other, NULL, NULL));
}

typedef struct {
    ViGate *gate;
    Cancel *cancel;     /* or NULL */
    gint through;       /* atomic */
    gint busy;          /* atomic */
    gint cancelled;     /* atomic */
} Waiters;

static void
wait(gpointer data)
{
    Waiters *waiters = data;
    g_autoptr(GError) error = NULL;
    ViGatePass pass = { 0 };

    if (viGateEnter(waiters->gate, &pass, waiters->cancel, &error))
        g_atomic_int_inc(&waiters->through);
    else if (g_error_matches(error, VI_ERROR, VI_ERROR_BUSY))
        g_atomic_int_inc(&waiters->busy);
    else if (g_error_matches(error, HTTP_ERROR, HTTP_ERROR_CANCELLED))
        g_atomic_int_inc(&waiters->cancelled);
}

/* A gate that @leader has shut. */
static ViGate *
shutGate(ViGatePass *leader)
{
    g_autoptr(ViGate) gate = viGateNew(1, 1, TIMEOUT_MS);
    g_autoptr(GError) error = NULL;

    g_assert_true(viGateRefused(gate, leader, NULL, &error));
    g_assert_no_error(error);
    return g_steal_pointer(&gate);
}

/* Nobody passes a shut gate; all do when it opens. */
static void
testOthersWait(void)
{
    ViGatePass leader = { 0 };
    g_autoptr(ViGate) gate = shutGate(&leader);
    Waiters waiters = { .gate = gate };
    Crew *crew = crewStart(CREW, wait, &waiters);

    crewAwaitAsleep(crew, CREW);
    g_assert_cmpint(g_atomic_int_get(&waiters.through), ==, 0);
    viGateLeave(gate, &leader);
    crewJoin(crew);
    g_assert_cmpint(waiters.through, ==, CREW);
}

/* One gives up for all that wait. */
static void
testOthersFail(void)
{
    ViGatePass leader = { 0 };
    g_autoptr(ViGate) gate = shutGate(&leader);
    g_autoptr(GError) error = NULL;
    Waiters waiters = { .gate = gate };
    Crew *crew = crewStart(CREW, wait, &waiters);

    crewAwaitAsleep(crew, CREW);
    g_assert_false(viGateRefused(gate, &leader, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_BUSY);
    crewJoin(crew);
    g_assert_cmpint(waiters.busy, ==, CREW);
}

static void
testCancelWaiters(void)
{
    ViGatePass leader = { 0 };
    g_autoptr(ViGate) gate = shutGate(&leader);
    g_autoptr(Cancel) cancel = cancelNew(NULL);
    Waiters waiters = { .gate = gate, .cancel = cancel };
    Crew *crew = crewStart(CREW, wait, &waiters);

    crewAwaitAsleep(crew, CREW);
    cancelRaise(cancel);
    crewJoin(crew);
    g_assert_cmpint(waiters.cancelled, ==, CREW);
    viGateLeave(gate, &leader);
}

/* A leader who is called off opens the gate; nobody fails for that. */
static void
testCancelLeader(void)
{
    g_autoptr(ViGate) gate = viGateNew(600000, TRIES, TIMEOUT_MS);
    g_autoptr(GError) error = NULL;
    ViGatePass other = { 0 };
    ViGatePass leader = { 0 };
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    cancelRaise(cancel);
    g_assert_false(viGateRefused(gate, &leader, cancel, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    viGateLeave(gate, &leader);
    g_assert_true(viGateEnter(gate, &other, NULL, NULL));
}

/* A request that is refused while somebody else has shut the gate does not pause: it waits. */
static void
testSecondRefused(void)
{
    ViGatePass leader = { 0 };
    g_autoptr(ViGate) gate = shutGate(&leader);
    g_autoptr(GError) error = NULL;
    ViGatePass second = { 0 };

    viGateSetPause(gate, 600000);
    g_assert_true(viGateRefused(gate, &second, NULL, &error));
    g_assert_no_error(error);
    g_assert_false(second.leads);
    viGateLeave(gate, &second);
    /* Still shut: only its leader opens it. */
    {
        Waiters waiters = { .gate = gate };
        Crew *crew = crewStart(1, wait, &waiters);

        crewAwaitAsleep(crew, 1);
        g_assert_cmpint(g_atomic_int_get(&waiters.through), ==, 0);
        viGateLeave(gate, &leader);
        crewJoin(crew);
        g_assert_cmpint(waiters.through, ==, 1);
    }
    /* Refused too often by itself. */
    g_assert_false(viGateRefused(gate, &second, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_BUSY);
}

/* The pauses of all tries take no longer than one request may. */
static void
testPausesWithinTimeout(void)
{
    g_autoptr(ViGate) gate = viGateNew(600000, TRIES, 200);
    gint64 begun = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;
    ViGatePass pass = { 0 };
    guint i;

    for (i = 0; i < TRIES; i++)
        g_assert_true(viGateRefused(gate, &pass, NULL, NULL));
    g_assert_cmpint(g_get_monotonic_time() - begun, >=, 200 * 1000);
    g_assert_cmpint(g_get_monotonic_time() - begun, <, 60 * G_USEC_PER_SEC);
    g_assert_false(viGateRefused(gate, &pass, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_BUSY);
}

/* Whoever waits for the one that tries does not do so for longer either. */
static void
testWaitsWithinTimeout(void)
{
    g_autoptr(ViGate) gate = viGateNew(1, TRIES, 200);
    g_autoptr(GError) error = NULL;
    ViGatePass leader = { 0 };
    ViGatePass other = { 0 };

    g_assert_true(viGateRefused(gate, &leader, NULL, NULL));
    g_assert_false(viGateEnter(gate, &other, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_BUSY);
    g_assert_nonnull(strstr(error->message, "retrying for more than 0.2 s"));
    viGateLeave(gate, &leader);
    g_assert_true(viGateEnter(gate, &other, NULL, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/folder-gate/open", testOpen);
    g_test_add_func("/vi/folder-gate/gives-up", testGivesUp);
    g_test_add_func("/vi/folder-gate/others-wait", testOthersWait);
    g_test_add_func("/vi/folder-gate/others-fail", testOthersFail);
    g_test_add_func("/vi/folder-gate/cancel-waiters", testCancelWaiters);
    g_test_add_func("/vi/folder-gate/cancel-leader", testCancelLeader);
    g_test_add_func("/vi/folder-gate/second-refused", testSecondRefused);
    g_test_add_func("/vi/folder/gate/pauses-within-timeout", testPausesWithinTimeout);
    g_test_add_func("/vi/folder/gate/waits-within-timeout", testWaitsWithinTimeout);
    return g_test_run();
}
