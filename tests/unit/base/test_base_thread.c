/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_thread.h"

#include <signal.h>

/* Returns: whether the calling thread keeps @number off. */
static gboolean
isBlocked(int number)
{
    sigset_t now;

    g_assert_cmpint(pthread_sigmask(SIG_SETMASK, NULL, &now), ==, 0);
    return sigismember(&now, number) == 1;
}

/* Returns: @data, so that it is known to have run. */
static gpointer
look(gpointer data)
{
    g_assert_true(isBlocked(SIGTERM));
    g_assert_true(isBlocked(SIGINT));
    g_assert_true(isBlocked(SIGPIPE));
    g_assert_true(isBlocked(SIGCHLD));
    g_assert_false(isBlocked(SIGSEGV));
    g_assert_false(isBlocked(SIGBUS));
    return data;
}

static void
testSignals(void)
{
    g_autoptr(GError) error = NULL;
    int mark = 0;
    GThread *thread = threadStart("esx-test", look, &mark, &error);

    g_assert_no_error(error);
    g_assert_true(g_thread_join(thread) == &mark);
    /* Who has started it takes what it took before. */
    g_assert_false(isBlocked(SIGTERM));
    g_assert_false(isBlocked(SIGPIPE));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/base/thread/signals", testSignals);
    return g_test_run();
}
