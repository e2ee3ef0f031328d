/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_transfer_request.h"

/*
 * How often what is asked of the file API may fail before it is given up: VI_TRANSFER_TRIES times
 * in a row, LIMIT_BREAKS times on LIMIT_BREAKS_BYTES of contents, and not beyond a deadline.
 */
typedef struct {
    gint64 deadline;    /* monotonic; set by the caller: when it has failed for too long */
    guint failures;     /* in a row */
    gboolean begun;     /* something has come before */
    guint breaks;       /* since LIMIT_BREAKS_BYTES came the last time */
    guint64 flowed;     /* bytes of contents since then */
} ViPatience;

/* @length bytes of contents (> 0) have come. @deadline: of what follows. */
void viPatienceProgress(ViPatience *patience, gint64 deadline, guint64 length);

/* Contents have come, but fewer than asked for. Returns: whether the rest may be asked for. */
gboolean viPatienceShort(ViPatience *patience);

/* Whether what has failed with @error may be tried again; then a pause has been made. */
gboolean viPatienceRetry(ViPatience *patience, const ViTransferAsk *ask, const GError *error);

/* Makes @error (transfer full) say so when there were too many breaks. Returns: @error. */
GError *viPatienceExplain(const ViPatience *patience, GError *error);
