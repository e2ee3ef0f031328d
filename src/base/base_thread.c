/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Threads in the process of an application. See base_thread.h. */

#include "base_thread.h"

#include <signal.h>

static void
fillWithOthers(sigset_t *ret_signals)
{
    static const int ownFaults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS };
    size_t i;

    sigfillset(ret_signals);
    for (i = 0; i < G_N_ELEMENTS(ownFaults); i++)
        sigdelset(ret_signals, ownFaults[i]);
}

GThread *
threadStart(const char *name, GThreadFunc work, gpointer data, GError **error)
{
    GThread *thread = NULL;
    sigset_t others;
    sigset_t old;

    /* A thread inherits the mask of the thread that starts it. */
    fillWithOthers(&others);
    pthread_sigmask(SIG_SETMASK, &others, &old);
    thread = g_thread_try_new(name, work, data, error);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!thread)
        g_prefix_error(error, "cannot start a thread: ");
    return thread;
}
