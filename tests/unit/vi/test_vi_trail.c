/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The tasks of a thread. */

#include "vi_trail.h"

#include <string.h>

#include "base_limits.h"

static void
testTasks(void)
{
    const SoapMoRef first = { "Task", "haTask-1" };
    const SoapMoRef second = { "Task", "haTask-2" };
    const SoapMoRef nameless = { "Task", NULL };

    viTrailBegin();
    g_assert_null(viTrailTasks());
    viTrailAdd(&nameless);
    g_assert_null(viTrailTasks());
    viTrailAdd(&first);
    viTrailAdd(&second);
    g_assert_cmpstr(viTrailTasks(), ==, "haTask-1,haTask-2");
    viTrailBegin();
    g_assert_null(viTrailTasks());
}

/* No more than LIMIT_TRAIL_BYTES, and no task in part. */
static void
testMany(void)
{
    const SoapMoRef task = { "Task", "haTask-123" };
    int i;

    viTrailBegin();
    for (i = 0; i < LIMIT_TRAIL_BYTES; i++)
        viTrailAdd(&task);
    g_assert_cmpuint(strlen(viTrailTasks()), <=, LIMIT_TRAIL_BYTES);
    g_assert_cmpuint(strlen(viTrailTasks()), >, LIMIT_TRAIL_BYTES - 2 * strlen("haTask-123"));
    g_assert_true(g_str_has_suffix(viTrailTasks(), ",haTask-123"));
}

static gpointer
addElsewhere(gpointer task)
{
    g_assert_null(viTrailTasks());
    viTrailAdd(task);
    return GINT_TO_POINTER(viTrailTasks() != NULL);
}

static void
testThreads(void)
{
    SoapMoRef task = { "Task", "haTask-1" };

    viTrailBegin();
    g_assert_nonnull(g_thread_join(g_thread_new("adds", addElsewhere, &task)));
    g_assert_null(viTrailTasks());
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trail/tasks", testTasks);
    g_test_add_func("/trail/many", testMany);
    g_test_add_func("/trail/threads", testThreads);
    return g_test_run();
}
