/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_limits.h"
#include "soap_decode.h"
#include "vi_session.h"

/*
 * Budget: what one retrieval may take in all, however many replies the server cuts it into. A
 * ceiling on one reply and a timeout of one request say nothing of a server that has one page more,
 * and one more after that.
 */
typedef struct {
    const char *what;       /* the method, for errors */
    gint64 started;         /* monotonic, microseconds; likewise the next */
    gint64 deadline;        /* goes into ViCallOptions.deadline of each request */
    guint parts;            /* replies so far; of all of them: */
    size_t bytes;           /* as they came in */
    size_t memory;          /* of their arenas */
    size_t objects;
} ViBudget;

/*
 * When what takes several requests and begins now has to be over: monotonic, microseconds. See
 * LIMIT_WHOLE_TIMEOUTS.
 */
gint64 viBudgetDeadline(const ViSession *session);

/*
 * @quietMs: how long the server was asked to wait on top of the time for the whole.
 * @deadline: monotonic; ends it earlier than else it would; 0: does not.
 */
void viBudgetInit(ViBudget *budget, ViSession *session, const char *what, guint quietMs,
                  gint64 deadline);

/*
 * Takes @reply with its @objects into account. To be called before a further part is asked for.
 *
 * Returns: FALSE with VI_ERROR_PROTOCOL when there were too many parts, bytes or objects, and with
 * VI_ERROR_TIMEOUT when the time is over and @more says that there is another part.
 */
gboolean viBudgetTake(ViBudget *budget, const SoapReply *reply, size_t objects, gboolean more,
                      GError **error);

/*
 * Says of @error, of a request that had the budget's deadline, that it was the whole that took too
 * long, where it was. Other errors stay as they are.
 */
void viBudgetExplain(const ViBudget *budget, GError **error);
