/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_wake.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

static gboolean
isReadable(const Wake *wake, int timeoutMs)
{
    struct pollfd fd = { .fd = wakeDescriptor(wake), .events = POLLIN };

    return poll(&fd, 1, timeoutMs) == 1;
}

static void
testRaise(void)
{
    g_autoptr(Wake) wake = wakeNew();

    g_assert_false(wakeIsRaised(wake));
    g_assert_false(isReadable(wake, 0));
    wakeRaise(wake);
    wakeRaise(wake);
    g_assert_true(wakeIsRaised(wake));
    g_assert_true(isReadable(wake, 0));
    wakeLower(wake);
    g_assert_false(wakeIsRaised(wake));
    g_assert_false(isReadable(wake, 0));
    wakeLower(wake);
    wakeRaise(wake);
    g_assert_true(isReadable(wake, 0));
}

/* Programs that this process starts do not inherit it. */
static void
testCloseOnExec(void)
{
    g_autoptr(Wake) wake = wakeNew();

    g_assert_true(fcntl(wakeDescriptor(wake), F_GETFD) & FD_CLOEXEC);
}

static gpointer
raiseWake(gpointer data)
{
    wakeRaise(data);
    return NULL;
}

static void
testOtherThread(void)
{
    g_autoptr(Wake) wake = wakeNew();
    GThread *thread = g_thread_new("raise", raiseWake, wake);

    g_assert_true(isReadable(wake, 50000));
    g_assert_true(wakeIsRaised(wake));
    g_thread_join(thread);
}

/* No descriptor is left: it is a flag all the same. */
static void
testNoDescriptor(void)
{
    struct rlimit old = { 0 };
    struct rlimit none = { 0 };
    g_autoptr(Wake) wake = NULL;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
    none = (struct rlimit){ 0, old.rlim_max };
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    wake = wakeNew();
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);

    g_assert_cmpint(wakeDescriptor(wake), ==, -1);
    wakeRaise(wake);
    g_assert_true(wakeIsRaised(wake));
    wakeLower(wake);
    g_assert_false(wakeIsRaised(wake));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/wake/raise", testRaise);
    g_test_add_func("/base/wake/close-on-exec", testCloseOnExec);
    g_test_add_func("/base/wake/other-thread", testOtherThread);
    g_test_add_func("/base/wake/no-descriptor", testNoDescriptor);
    return g_test_run();
}
