/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Waits for an overloaded server. */

#include "vi_transfer_gate.h"

#include "base_text.h"
#include "http_transport.h"

/* How often a thread that waits for another checks its cancel flag. */
#define LOOK_MS 50

struct _ViGate {
    guint tries;
    guint timeoutMs;        /* for all pauses of a request, and for waiting for another thread */

    GMutex lock;            /* guards what follows */
    GCond changed;
    guint pauseMs;
    gboolean shut;
    guint64 opened;         /* how often the gate has reopened */
    guint64 failed;         /* the last reopening whose leader had given up; 0: none */
};

ViGate *
viGateNew(guint pauseMs, guint tries, guint timeoutMs)
{
    ViGate *gate = g_new0(ViGate, 1);

    gate->pauseMs = pauseMs;
    gate->tries = tries;
    gate->timeoutMs = timeoutMs;
    g_mutex_init(&gate->lock);
    g_cond_init(&gate->changed);
    return gate;
}

void
viGateSetPause(ViGate *gate, guint pauseMs)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&gate->lock);

    gate->pauseMs = pauseMs;
}

void
viGateFree(ViGate *gate)
{
    if (!gate)
        return;
    g_cond_clear(&gate->changed);
    g_mutex_clear(&gate->lock);
    g_free(gate);
}

/* Returns: FALSE with @error when @cancel is raised. */
static gboolean
mayWait(const Cancel *cancel, GError **error)
{
    if (!cancelIsRaised(cancel))
        return TRUE;
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "the operation was cancelled");
    return FALSE;
}

static void
setBusy(GError **error, guint tries)
{
    textToError(error, VI_ERROR, VI_ERROR_BUSY,
                "the server is out of sessions or overloaded (HTTP status 503), even after %u "
                "attempts; try again later, or close sessions that are not needed", tries);
}

static void
setWaited(const ViGate *gate, GError **error)
{
    g_set_error(error, VI_ERROR, VI_ERROR_BUSY,
                "the server is out of sessions or overloaded (HTTP status 503), and another "
                "request has been retrying for more than %g s; try again later, or close sessions "
                "that are not needed", gate->timeoutMs / 1000.0);
}

gboolean
viGatePause(guint ms, const Cancel *cancel, GError **error)
{
    cancelSleepUntil(cancel, g_get_monotonic_time() + (gint64)ms * 1000);
    return mayWait(cancel, error);
}

gboolean
viGateEnter(ViGate *gate, const ViGatePass *pass, const Cancel *cancel, GError **error)
{
    const gint64 end = g_get_monotonic_time() + (gint64)gate->timeoutMs * 1000;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&gate->lock);
    guint64 opened = gate->opened;

    if (!mayWait(cancel, error))
        return FALSE;
    if (pass->leads)
        return TRUE;

    while (gate->shut && gate->opened == opened) {
        const gint64 now = g_get_monotonic_time();

        if (!mayWait(cancel, error))
            return FALSE;
        if (now >= end) {
            setWaited(gate, error);
            return FALSE;
        }
        g_cond_wait_until(&gate->changed, &gate->lock, now + LOOK_MS * 1000);
    }
    if (gate->failed <= opened)
        return TRUE;
    setBusy(error, gate->tries);
    return FALSE;
}

/* Called with the lock held. */
static void
lockedOpen(ViGate *gate, ViGatePass *pass, gboolean failed)
{
    if (!pass->leads)
        return;
    pass->leads = FALSE;
    gate->shut = FALSE;
    gate->opened++;
    if (failed)
        gate->failed = gate->opened;
    g_cond_broadcast(&gate->changed);
}

gboolean
viGateRefused(ViGate *gate, ViGatePass *pass, const Cancel *cancel, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&gate->lock);
    guint pauseMs = MIN(gate->pauseMs, gate->timeoutMs / gate->tries);

    if (++pass->refusals > gate->tries) {
        lockedOpen(gate, pass, TRUE);
        setBusy(error, gate->tries);
        return FALSE;
    }
    if (!pass->leads && gate->shut)
        return TRUE;        /* viGateEnter() waits */

    gate->shut = TRUE;
    pass->leads = TRUE;
    g_clear_pointer(&locker, g_mutex_locker_free);
    return viGatePause(pauseMs, cancel, error);
}

void
viGateLeave(ViGate *gate, ViGatePass *pass)
{
    g_autoptr(GMutexLocker) locker = NULL;

    /* Called for each piece of a file, by many threads; only the owner changes its pass. */
    if (!pass->leads)
        return;
    locker = g_mutex_locker_new(&gate->lock);
    lockedOpen(gate, pass, FALSE);
}
