/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Decides when to give up. */

#include "vi_transfer_retry.h"

#include "base_limits.h"
#include "base_text.h"

/* The pause before an interrupted transfer continues; doubled with each failure in a row. */
#define RETRY_PAUSE_MS 100

/* A silence of the server costs the stall timeout each time, so it counts as three. */
#define SILENCE_WEIGHT 3

void
viRetryProgress(ViRetry *retry, gint64 deadline, guint64 length)
{
    retry->deadline = deadline;
    retry->failures = 0;
    retry->begun = TRUE;
    retry->flowed += length;
    if (retry->flowed < LIMIT_BREAKS_BYTES)
        return;
    retry->breaks = 0;
    retry->flowed = 0;
}

/* Returns: FALSE if there are too many for the bytes that arrived meanwhile. */
static gboolean
noteBreaks(ViRetry *retry, guint weight)
{
    retry->breaks += weight;
    return retry->breaks < LIMIT_BREAKS;
}

gboolean
viRetryShort(ViRetry *retry)
{
    return noteBreaks(retry, 1);
}

/* How much a failure with @error counts; 0: do not retry. */
static guint
weighFailure(const ViRetry *retry, const GError *error)
{
    switch ((HttpErrorCode)error->code) {
    case HTTP_ERROR_CONNECT:
        /* A server that has already replied may soon be reachable again. */
        return retry->begun ? 1 : 0;
    case HTTP_ERROR_BROKEN:
    case HTTP_ERROR_PROTOCOL:
        return 1;
    case HTTP_ERROR_TIMEOUT:
        return SILENCE_WEIGHT;
    case HTTP_ERROR_RESOLVE:
    case HTTP_ERROR_TLS:
    case HTTP_ERROR_TRUST:
    case HTTP_ERROR_CANCELLED:
    case HTTP_ERROR_SINK:
    case HTTP_ERROR_INVALID:
        return 0;
    }
    return 0;
}

gboolean
viRetryAllowed(ViRetry *retry, const ViTransferAsk *ask, const GError *error)
{
    guint weight = 0;

    if (ask->ownFailed || error->domain != HTTP_ERROR ||
        g_get_monotonic_time() >= retry->deadline)
        return FALSE;

    weight = weighFailure(retry, error);
    retry->failures += weight;
    return weight > 0 && noteBreaks(retry, weight) && retry->failures < VI_TRANSFER_TRIES &&
           viGatePause(RETRY_PAUSE_MS << retry->failures, ask->cancel, NULL);
}

GError *
viRetryExplain(const ViRetry *retry, GError *error)
{
    if (retry->breaks >= LIMIT_BREAKS)
        textAddToError(&error, "it was interrupted repeatedly, and only %" G_GUINT64_FORMAT " "
                               "bytes were received in the meantime: ", retry->flowed);
    return error;
}
