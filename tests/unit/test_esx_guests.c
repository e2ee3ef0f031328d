/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* How many come in, and that who is too many does not wait long. */

#include "esx_guests.h"

#include "base_limits.h"
#include "thread_fixture.h"

static gint entered;

static void
enterAll(void)
{
    guint i;

    for (i = 0; i < LIMIT_GUEST_OPENS; i++)
        g_assert_true(esxGuestsEnter());
}

static void
leaveAll(void)
{
    guint i;

    for (i = 0; i < LIMIT_GUEST_OPENS; i++)
        esxGuestsLeave();
}

static void
testTooMany(void)
{
    gint64 before = 0;

    enterAll();
    before = g_get_monotonic_time();
    g_assert_false(esxGuestsEnter());
    g_assert_cmpint(g_get_monotonic_time() - before, >=,
                    LIMIT_GUEST_WAIT_MS * G_TIME_SPAN_MILLISECOND);

    esxGuestsLeave();
    g_assert_true(esxGuestsEnter());
    leaveAll();
    enterAll();
    leaveAll();
}

static void
enter(gpointer data G_GNUC_UNUSED)
{
    if (!esxGuestsEnter())
        return;
    g_atomic_int_inc(&entered);
    esxGuestsLeave();
}

/* All that come at once have their turn while those before them do not stay. */
static void
testTurns(void)
{
    Crew *crew = crewStart(4 * LIMIT_GUEST_OPENS, enter, NULL);

    crewJoin(crew);
    g_assert_cmpint(entered, ==, 4 * LIMIT_GUEST_OPENS);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/guests/too-many", testTooMany);
    g_test_add_func("/guests/turns", testTurns);
    return g_test_run();
}
