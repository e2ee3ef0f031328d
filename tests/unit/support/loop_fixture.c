/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "loop_fixture.h"

#include <libvirt/libvirt.h>

#define PATIENCE_MS (20 * 1000)

static void
expire(int timer G_GNUC_UNUSED, void *opaque)
{
    gint *over = opaque;

    *over = 1;
}

void
loopInit(void)
{
    g_assert_cmpint(virEventRegisterDefaultImpl(), ==, 0);
}

static gboolean
runUntil(const gint *flag, guint ms)
{
    gint over = 0;
    int timer = virEventAddTimeout((int)ms, expire, &over, NULL);

    while (!over && !(flag && g_atomic_int_get(flag)))
        g_assert_cmpint(virEventRunDefaultImpl(), ==, 0);
    virEventRemoveTimeout(timer);
    return !over;
}

void
loopUntil(const gint *flag)
{
    if (!runUntil(flag, PATIENCE_MS))
        g_error("the event loop has brought nothing within %u ms", PATIENCE_MS);
    /* What was removed is freed by the loop, a step later. */
    runUntil(NULL, 1);
}

void
loopFor(guint ms)
{
    runUntil(NULL, ms);
}
