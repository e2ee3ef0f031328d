/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* A flag that can be polled. See base_cancel.h. */

#include "base_cancel.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* How often a sleeping thread checks a flag without a descriptor. */
#define LOOK_US (50 * 1000)

struct _Cancel {
    gint raised;            /* atomic */
    int fd;                 /* readable while raised; -1: none */
    const Cancel *parent;   /* or NULL */
};

static const Cancel never = { .fd = -1 };

Cancel *
cancelNew(const Cancel *parent)
{
    Cancel *cancel = NULL;

    g_return_val_if_fail(!parent || !parent->parent, NULL);

    cancel = g_new0(Cancel, 1);
    cancel->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    cancel->parent = parent;
    return cancel;
}

void
cancelFree(Cancel *cancel)
{
    if (!cancel)
        return;

    if (cancel->fd >= 0)
        close(cancel->fd);
    g_free(cancel);
}

const Cancel *
cancelNever(void)
{
    return &never;
}

void
cancelRaise(Cancel *cancel)
{
    g_atomic_int_set(&cancel->raised, TRUE);
    /* It fails only if the counter is full, and then the descriptor is readable anyway. */
    if (cancel->fd >= 0)
        (void)eventfd_write(cancel->fd, 1);
}

void
cancelLower(Cancel *cancel)
{
    eventfd_t count = 0;

    g_atomic_int_set(&cancel->raised, FALSE);
    /* It fails if the flag was not raised. */
    if (cancel->fd >= 0)
        (void)eventfd_read(cancel->fd, &count);
}

gboolean
cancelIsRaised(const Cancel *cancel)
{
    for (; cancel; cancel = cancel->parent) {
        if (g_atomic_int_get(&cancel->raised))
            return TRUE;
    }
    return FALSE;
}

gboolean
cancelDescriptors(const Cancel *cancel, int ret_fds[CANCEL_DESCRIPTORS], guint *ret_n)
{
    gboolean complete = TRUE;

    for (*ret_n = 0; cancel; cancel = cancel->parent) {
        if (cancel->fd >= 0)
            ret_fds[(*ret_n)++] = cancel->fd;
        else if (cancel != &never)
            complete = FALSE;
    }
    return complete;
}

gboolean
cancelSleepUntil(const Cancel *cancel, gint64 end)
{
    int fds[CANCEL_DESCRIPTORS];
    struct pollfd polled[CANCEL_DESCRIPTORS];
    guint n = 0;
    guint i;
    const gboolean complete = cancelDescriptors(cancel, fds, &n);
    gint64 left;

    for (i = 0; i < n; i++)
        polled[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
    while (!cancelIsRaised(cancel) && (left = end - g_get_monotonic_time()) > 0) {
        if (!complete)
            left = MIN(left, LOOK_US);
        /*
         * Rounded up: a thread that wakes early would spin. An interruption by a signal does not
         * matter.
         */
        poll(polled, n, (int)MIN((left + 999) / 1000, G_MAXINT));
    }
    return cancelIsRaised(cancel);
}
