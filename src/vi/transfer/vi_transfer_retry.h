/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_transfer_request.h"

/*
 * How often an operation of the file API may fail before it is given up: VI_TRANSFER_TRIES times in
 * a row, LIMIT_BREAKS times for LIMIT_BREAKS_BYTES of contents, and not beyond a deadline.
 */
typedef struct {
    gint64 deadline;    /* monotonic; set by the caller: no retries after it */
    guint failures;     /* in a row */
    gboolean begun;     /* some contents have arrived */
    guint breaks;       /* since the last LIMIT_BREAKS_BYTES arrived */
    guint64 flowed;     /* bytes of contents since then */
} ViRetry;

/* @length bytes of contents (> 0) have arrived. @deadline: for the rest. */
void viRetryProgress(ViRetry *retry, gint64 deadline, guint64 length);

/* Contents have arrived, but fewer than requested. Returns: whether to request the rest. */
gboolean viRetryShort(ViRetry *retry);

/* Whether to retry after @error; if so, it has already paused. */
gboolean viRetryAllowed(ViRetry *retry, const ViTransferAsk *ask, const GError *error);

/* If there were too many breaks, extends @error (transfer full) to say so. Returns: @error. */
GError *viRetryExplain(const ViRetry *retry, GError *error);
