/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_limits.h"
#include "soap_decode.h"
#include "vi_session.h"

/*
 * Budget: what one retrieval may take in total, however many replies the server splits it into. The
 * limit for one reply and the timeout of one request do not bound a server that always has one more
 * page.
 */
typedef struct {
    const char *what;       /* the method, for errors */
    gint64 started;         /* monotonic, microseconds; so is the next */
    gint64 deadline;        /* for ViCallOptions.deadline of each request */
    guint parts;            /* replies so far; and of all of them: */
    size_t bytes;           /* as received */
    size_t memory;          /* of their arenas */
    size_t objects;
} ViBudget;

/*
 * The deadline of an operation of several requests that begins now: monotonic, microseconds. See
 * LIMIT_WHOLE_TIMEOUTS.
 */
gint64 viBudgetDeadline(const ViSession *session);

/*
 * @quietMs: how long the server was asked to wait, in addition to the time for the whole.
 * @deadline: monotonic; may end it earlier; 0: does not.
 */
void viBudgetInit(ViBudget *budget, ViSession *session, const char *what, guint quietMs,
                  gint64 deadline);

/*
 * Accounts for @reply with its @objects. Call it before another part is requested.
 *
 * Returns: FALSE with VI_ERROR_PROTOCOL if there were too many parts, bytes or objects, and with
 * VI_ERROR_TIMEOUT if the time is over and @more says that there is another part.
 */
gboolean viBudgetTake(ViBudget *budget, const SoapReply *reply, size_t objects, gboolean more,
                      GError **error);

/*
 * If the request of @error ended because of the budget's deadline, changes @error to say that the
 * whole took too long. Other errors are unchanged.
 */
void viBudgetExplain(const ViBudget *budget, GError **error);
