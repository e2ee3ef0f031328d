/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* A flag that can be polled. See base_wake.h. */

#include "base_wake.h"

#include <sys/eventfd.h>
#include <unistd.h>

struct _Wake {
    gint raised;        /* atomic */
    int fd;             /* readable while raised; -1: none */
};

Wake *
wakeNew(void)
{
    Wake *wake = g_new0(Wake, 1);

    wake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wake;
}

void
wakeFree(Wake *wake)
{
    if (!wake)
        return;

    if (wake->fd >= 0)
        close(wake->fd);
    g_free(wake);
}

void
wakeRaise(Wake *wake)
{
    g_atomic_int_set(&wake->raised, TRUE);
    /* It fails only if the counter is full, and then the descriptor is readable anyway. */
    if (wake->fd >= 0)
        (void)eventfd_write(wake->fd, 1);
}

void
wakeLower(Wake *wake)
{
    eventfd_t count = 0;

    g_atomic_int_set(&wake->raised, FALSE);
    /* It fails if the flag was not raised. */
    if (wake->fd >= 0)
        (void)eventfd_read(wake->fd, &count);
}

gboolean
wakeIsRaised(const Wake *wake)
{
    return g_atomic_int_get(&wake->raised);
}

int
wakeDescriptor(const Wake *wake)
{
    return wake->fd;
}
