/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_error.h"

/*
 * Where requests wait while the server says "too much at once" (503). The first that hears so shuts
 * the gate, pauses, and tries again, a few times; whoever comes to the gate meanwhile waits. When
 * the server takes that one's request the gate opens; when it gives up, all that waited fail with
 * it. (It is how Proxmox's importer gets along with real servers.) All its pauses together take no
 * longer than one request may, and so long do the others wait.
 *
 * Any number of threads. All waits end soon when @cancel, an atomic flag or NULL, is raised.
 */
typedef struct _ViGate ViGate;

/* @timeoutMs: what one request may take. */
ViGate *viGateNew(guint pauseMs, guint tries, guint timeoutMs);
void viGateSetPause(ViGate *gate, guint pauseMs);
void viGateFree(ViGate *gate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViGate, viGateFree)

/* One request on its way, all its repetitions included. Begins as { 0 }. */
typedef struct {
    guint refusals;     /* how often it heard 503 */
    gboolean leads;     /* it shut the gate */
} ViGatePass;

/*
 * Before a request is sent: waits while the gate is shut by somebody else.
 *
 * Returns: FALSE with @error: HTTP_ERROR_CANCELLED, or VI_ERROR_BUSY when the one that shut it gave
 * up, or has tried for too long.
 */
gboolean viGateEnter(ViGate *gate, const ViGatePass *pass, gint *cancel, GError **error);

/*
 * The server said 503. Returns: TRUE when the request may go to the gate and out again; FALSE with
 * @error: VI_ERROR_BUSY after the last try, or HTTP_ERROR_CANCELLED.
 */
gboolean viGateRefused(ViGate *gate, ViGatePass *pass, gint *cancel, GError **error);

/* The request is through, or has ended: opens the gate if @pass shut it. May be called again. */
void viGateLeave(ViGate *gate, ViGatePass *pass);

/* Sleeps @ms. Returns: FALSE with HTTP_ERROR_CANCELLED when @cancel was raised. */
gboolean viGatePause(guint ms, gint *cancel, GError **error);
