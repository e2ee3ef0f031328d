/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* When an interrupted transfer is given up. The pauses are those of the product. */

#include "vi_transfer_retry.h"

#include <string.h>

#include "base_limits.h"
#include "vi_transfer.h"

static gint64
later(void)
{
    return g_get_monotonic_time() + G_TIME_SPAN_HOUR;
}

static gboolean
tryAgain(ViRetry *retry, gint code)
{
    const ViTransferAsk ask = { .method = "GET" };
    g_autoptr(GError) error = g_error_new_literal(HTTP_ERROR, code, "it broke");

    return viRetryAllowed(retry, &ask, error);
}

/* However much has come in all, so many breaks may fall on LIMIT_BREAKS_BYTES. */
static void
testShort(void)
{
    ViRetry retry = { .deadline = later() };
    guint i;

    for (i = 0; i < 3 * LIMIT_BREAKS; i++) {
        viRetryProgress(&retry, later(), LIMIT_BREAKS_BYTES / (LIMIT_BREAKS / 2));
        g_assert_true(viRetryShort(&retry));
    }
    retry = (ViRetry) { .deadline = later() };
    for (i = 1; i < LIMIT_BREAKS; i++) {
        viRetryProgress(&retry, later(), 1);
        g_assert_true(viRetryShort(&retry));
    }
    viRetryProgress(&retry, later(), 1);
    g_assert_false(viRetryShort(&retry));
    viRetryProgress(&retry, later(), LIMIT_BREAKS_BYTES - LIMIT_BREAKS);
    g_assert_true(viRetryShort(&retry));
}

/* A byte between two breaks makes them no failures in a row, and breaks all the same. */
static void
testBreaks(void)
{
    ViRetry retry = { .deadline = later(), .breaks = LIMIT_BREAKS - 3 };
    GError *error = NULL;

    viRetryProgress(&retry, later(), 1);
    g_assert_true(tryAgain(&retry, HTTP_ERROR_BROKEN));
    viRetryProgress(&retry, later(), 1);
    g_assert_true(tryAgain(&retry, HTTP_ERROR_PROTOCOL));
    error = viRetryExplain(&retry, g_error_new_literal(HTTP_ERROR, 0, "it broke"));
    g_assert_cmpstr(error->message, ==, "it broke");
    viRetryProgress(&retry, later(), 1);
    g_assert_false(tryAgain(&retry, HTTP_ERROR_BROKEN));
    error = viRetryExplain(&retry, error);
    g_assert_nonnull(strstr(error->message, "only 3 bytes were received in the meantime: it "
                                            "broke"));
    g_error_free(error);
}

static void
testSilences(void)
{
    ViRetry retry = { .deadline = later(), .breaks = LIMIT_BREAKS - 4 };

    viRetryProgress(&retry, later(), 1);
    g_assert_true(tryAgain(&retry, HTTP_ERROR_TIMEOUT));
    viRetryProgress(&retry, later(), 1);
    g_assert_false(tryAgain(&retry, HTTP_ERROR_TIMEOUT));
}

/* What brings nothing may fail VI_TRANSFER_TRIES times in a row, and not beyond the deadline. */
static void
testInARow(void)
{
    ViRetry retry = { .deadline = later(), .failures = VI_TRANSFER_TRIES - 2 };
    ViRetry late = { .deadline = g_get_monotonic_time() - 1 };

    g_assert_false(tryAgain(&retry, HTTP_ERROR_CONNECT));
    g_assert_true(tryAgain(&retry, HTTP_ERROR_BROKEN));
    g_assert_false(tryAgain(&retry, HTTP_ERROR_BROKEN));
    g_assert_false(tryAgain(&late, HTTP_ERROR_BROKEN));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/folder-retry/short", testShort);
    g_test_add_func("/vi/folder-retry/breaks", testBreaks);
    g_test_add_func("/vi/folder-retry/silences", testSilences);
    g_test_add_func("/vi/folder-retry/in-a-row", testInARow);
    return g_test_run();
}
