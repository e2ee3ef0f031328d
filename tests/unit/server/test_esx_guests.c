/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* How many guests wait at a time, and that others are refused soon, with the reason. */

#include "esx_guests.h"

#include <string.h>

#include "base_limits.h"
#include "thread_fixture.h"

/* Threads on visits, each of which keeps its place until it is let go. */
typedef struct {
    gint inside;
    gint letGo;
} Guests;

static gint answered;

static void
stayInside(gpointer data)
{
    Guests *guests = data;
    g_autoptr(PlacesVisit) visit = esxGuestsVisit();
    g_autoptr(GError) error = NULL;

    g_assert_true(placesAwait(&error));
    g_assert_no_error(error);
    g_atomic_int_inc(&guests->inside);
    while (!g_atomic_int_get(&guests->letGo))
        g_usleep(1000);
}

static void
testTooMany(void)
{
    Guests guests = { 0 };
    Crew *crew = crewStart(LIMIT_GUEST_PLACES, stayInside, &guests);
    g_autoptr(GError) error = NULL;
    g_autoptr(PlacesVisit) visit = NULL;

    while (g_atomic_int_get(&guests.inside) < LIMIT_GUEST_PLACES)
        g_usleep(1000);
    /* Who is no guest waits as long as it takes. */
    g_assert_true(placesAwait(NULL));

    visit = esxGuestsVisit();
    g_assert_false(placesAwait(&error));
    g_assert_error(error, PLACES_ERROR, PLACES_ERROR_NONE_FREE);
    g_assert_nonnull(strstr(error->message, "try again later, or connect as root"));

    g_atomic_int_set(&guests.letGo, 1);
    crewJoin(crew);
    g_assert_true(placesAwait(NULL));
}

static void
visitShortly(gpointer data G_GNUC_UNUSED)
{
    g_autoptr(PlacesVisit) visit = esxGuestsVisit();

    if (placesAwait(NULL))
        g_atomic_int_inc(&answered);
}

/* All that come at once have their turn while those before them do not stay. */
static void
testTurns(void)
{
    Crew *crew = crewStart(4 * LIMIT_GUEST_PLACES, visitShortly, NULL);

    crewJoin(crew);
    g_assert_cmpint(answered, ==, 4 * LIMIT_GUEST_PLACES);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/guests/too-many", testTooMany);
    g_test_add_func("/guests/turns", testTurns);
    return g_test_run();
}
