/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_cancel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

static gboolean
isReadable(const Cancel *cancel, int timeoutMs)
{
    int fds[CANCEL_DESCRIPTORS];
    struct pollfd polled[CANCEL_DESCRIPTORS] = { 0 };
    guint n = 0;
    guint i;

    g_assert_true(cancelDescriptors(cancel, fds, &n));
    g_assert_cmpuint(n, >, 0);
    for (i = 0; i < n; i++)
        polled[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
    return poll(polled, n, timeoutMs) > 0;
}

static void
testRaise(void)
{
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    g_assert_false(cancelIsRaised(cancel));
    g_assert_false(isReadable(cancel, 0));
    cancelRaise(cancel);
    cancelRaise(cancel);
    g_assert_true(cancelIsRaised(cancel));
    g_assert_true(isReadable(cancel, 0));
    cancelLower(cancel);
    g_assert_false(cancelIsRaised(cancel));
    g_assert_false(isReadable(cancel, 0));
    cancelLower(cancel);
    cancelRaise(cancel);
    g_assert_true(isReadable(cancel, 0));
}

/* NULL is a flag that nobody raises, and so is the one that is called so. */
static void
testNever(void)
{
    const Cancel *none[] = { NULL, cancelNever() };
    int fds[CANCEL_DESCRIPTORS];
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(none); i++) {
        const gint64 end = g_get_monotonic_time() + 20 * 1000;
        guint n = 1;

        g_assert_false(cancelIsRaised(none[i]));
        g_assert_true(cancelDescriptors(none[i], fds, &n));
        g_assert_cmpuint(n, ==, 0);
        g_assert_false(cancelSleepUntil(none[i], end));
        g_assert_cmpint(g_get_monotonic_time(), >=, end);
    }
}

/* A parent raises its child, and not the other way round. */
static void
testParent(void)
{
    g_autoptr(Cancel) parent = cancelNew(NULL);
    g_autoptr(Cancel) child = cancelNew(parent);

    g_assert_false(isReadable(child, 0));
    cancelRaise(parent);
    g_assert_true(cancelIsRaised(child));
    g_assert_true(isReadable(child, 0));
    cancelLower(child);
    g_assert_true(cancelIsRaised(child));
    cancelLower(parent);
    g_assert_false(cancelIsRaised(child));
    g_assert_false(isReadable(child, 0));

    cancelRaise(child);
    g_assert_true(cancelIsRaised(child));
    g_assert_false(cancelIsRaised(parent));
    g_assert_false(isReadable(parent, 0));
}

/* Programs that this process starts do not inherit it. */
static void
testCloseOnExec(void)
{
    g_autoptr(Cancel) cancel = cancelNew(NULL);
    int fds[CANCEL_DESCRIPTORS];
    guint n = 0;

    g_assert_true(cancelDescriptors(cancel, fds, &n));
    g_assert_cmpuint(n, ==, 1);
    g_assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
}

static gpointer
raiseFlag(gpointer data)
{
    cancelRaise(data);
    return NULL;
}

static void
testOtherThread(void)
{
    g_autoptr(Cancel) cancel = cancelNew(NULL);
    GThread *thread = g_thread_new("raise", raiseFlag, cancel);

    g_assert_true(isReadable(cancel, 50000));
    g_assert_true(cancelIsRaised(cancel));
    g_thread_join(thread);
}

/* Returns: one that was made while no descriptor was left. */
static Cancel *
newWithoutDescriptor(const Cancel *parent)
{
    struct rlimit old = { 0 };
    struct rlimit none = { 0 };
    Cancel *cancel = NULL;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
    none = (struct rlimit){ 0, old.rlim_max };
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    cancel = cancelNew(parent);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);
    return cancel;
}

/* No descriptor is left: it is a flag all the same. */
static void
testNoDescriptor(void)
{
    g_autoptr(Cancel) parent = cancelNew(NULL);
    g_autoptr(Cancel) cancel = newWithoutDescriptor(parent);
    int fds[CANCEL_DESCRIPTORS];
    guint n = 0;

    g_assert_false(cancelDescriptors(cancel, fds, &n));
    g_assert_cmpuint(n, ==, 1);
    cancelRaise(cancel);
    g_assert_true(cancelIsRaised(cancel));
    cancelLower(cancel);
    g_assert_false(cancelIsRaised(cancel));
    cancelRaise(parent);
    g_assert_true(cancelIsRaised(cancel));
}

/* A sleeper wakes up when the flag is raised, long before its time, with or without descriptors. */
static void
testSleep(void)
{
    g_autoptr(Cancel) parent = cancelNew(NULL);
    g_autoptr(Cancel) whole = cancelNew(parent);
    g_autoptr(Cancel) bare = newWithoutDescriptor(NULL);
    Cancel *slept[] = { whole, bare, whole };
    Cancel *raised[] = { whole, bare, parent };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(slept); i++) {
        const gint64 end = g_get_monotonic_time() + 50 * G_USEC_PER_SEC;
        GThread *thread = g_thread_new("raise", raiseFlag, raised[i]);

        g_assert_true(cancelSleepUntil(slept[i], end));
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_thread_join(thread);
        /* Raised before: it does not fall asleep. */
        g_assert_true(cancelSleepUntil(slept[i], end));
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        cancelLower(raised[i]);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/cancel/raise", testRaise);
    g_test_add_func("/base/cancel/never", testNever);
    g_test_add_func("/base/cancel/parent", testParent);
    g_test_add_func("/base/cancel/close-on-exec", testCloseOnExec);
    g_test_add_func("/base/cancel/other-thread", testOtherThread);
    g_test_add_func("/base/cancel/no-descriptor", testNoDescriptor);
    g_test_add_func("/base/cancel/sleep", testSleep);
    return g_test_run();
}
