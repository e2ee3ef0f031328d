/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_guests.h"

#include "base_limits.h"

static GMutex lock;             /* guards opening */
static GCond left;
static guint opening;

gboolean
esxGuestsEnter(void)
{
    const gint64 deadline = g_get_monotonic_time() + LIMIT_GUEST_WAIT_MS * G_TIME_SPAN_MILLISECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);

    while (opening >= LIMIT_GUEST_OPENS) {
        if (!g_cond_wait_until(&left, &lock, deadline))
            return FALSE;
    }
    opening++;
    return TRUE;
}

void
esxGuestsLeave(void)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);

    opening--;
    g_cond_signal(&left);
}
