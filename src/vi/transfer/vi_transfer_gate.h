/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_cancel.h"
#include "vi_error.h"

/*
 * Where requests wait while the server says "too many requests" (503). The first request that gets
 * this reply shuts the gate, pauses, and tries again, a few times; requests that arrive meanwhile
 * wait. When the server accepts that request, the gate opens. When it gives up, all waiting
 * requests fail with it. (Proxmox's importer handles real servers in this way.) All its pauses
 * together take no longer than one request may take, and the others wait no longer than that.
 *
 * Any number of threads. All waits end soon when @cancel (nullable) is raised.
 */
typedef struct _ViGate ViGate;

/* @timeoutMs: how long one request may take. */
ViGate *viGateNew(guint pauseMs, guint tries, guint timeoutMs);
void viGateSetPause(ViGate *gate, guint pauseMs);
void viGateFree(ViGate *gate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViGate, viGateFree)

/* One request with all its repetitions. Initially { 0 }. */
typedef struct {
    guint refusals;     /* how often it got 503 */
    gboolean leads;     /* it shut the gate */
} ViGatePass;

/*
 * Call it before a request is sent: waits while another request has shut the gate.
 *
 * Returns: FALSE with @error: HTTP_ERROR_CANCELLED, or VI_ERROR_BUSY if the request that shut it
 * gave up, or has tried for too long.
 */
gboolean viGateEnter(ViGate *gate, const ViGatePass *pass, const Cancel *cancel, GError **error);

/*
 * The server replied 503. Returns: TRUE if the request may enter the gate again; FALSE with @error:
 * VI_ERROR_BUSY after the last try, or HTTP_ERROR_CANCELLED.
 */
gboolean viGateRefused(ViGate *gate, ViGatePass *pass, const Cancel *cancel, GError **error);

/* The request was accepted, or has ended: opens the gate if @pass shut it. May be called again. */
void viGateLeave(ViGate *gate, ViGatePass *pass);

/* Sleeps @ms. Returns: FALSE with HTTP_ERROR_CANCELLED when @cancel was raised. */
gboolean viGatePause(guint ms, const Cancel *cancel, GError **error);
