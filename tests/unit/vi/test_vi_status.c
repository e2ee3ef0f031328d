/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Statuses in words. */

#include "vi_status.h"

#include <string.h>

#include "base_limits.h"

static void
testMeanings(void)
{
    static const struct {
        guint status;
        const char *text;
        gint code;              /* -1: none */
        const char *phrase;
    } rows[] = {
        { 200, "", -1, NULL },
        { 404, "", -1, NULL },
        { 500, "Failed to connect to endpoint", -1, NULL },
        { 401, "", VI_ERROR_REFUSED, "login by HTTP" },
        { 403, "", VI_ERROR_REFUSED, "forbids" },
        { 407, "", VI_ERROR_REFUSED, "a proxy demands a login" },
        { 502, "", VI_ERROR_PROTOCOL, "no valid reply" },
        { 503, "", VI_ERROR_BUSY, "out of sessions" },
        { 503, "503 Service Unavailable", VI_ERROR_BUSY, "out of sessions" },
        { 503, "503 Service Unavailable (Failed to connect to endpoint: [N7Vmacore])",
          VI_ERROR_SERVICE_DOWN, "the service behind it does not" },
        { 503, "failed to connect to ENDPOINT", VI_ERROR_SERVICE_DOWN, "does not" },
        { 504, "", VI_ERROR_PROTOCOL, "in time" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        const ViStatus *meaning = viStatusMeaning(rows[i].status, rows[i].text);

        if (rows[i].code < 0) {
            g_assert_null(meaning);
            continue;
        }
        g_assert_cmpint((gint)meaning->code, ==, rows[i].code);
        g_assert_nonnull(strstr(meaning->reason, rows[i].phrase));
        g_assert_nonnull(meaning->advice);
    }
}

static void
testText(void)
{
    static const struct {
        const char *body;
        const char *text;
    } rows[] = {
        { NULL, "" },
        { "", "" },
        { "plain.", "plain" },
        { "<head><title>503</title></head><body><p>Out  of\nsessions</p></body>",
          "Out of sessions" },
        { "\x1b[1mred \xff", "[1mred \xef\xbf\xbd" },
    };
    g_autofree char *body = g_strnfill(100000, 'x');
    g_autofree char *text = viStatusText(body);
    size_t i;

    g_assert_cmpuint(strlen(text), <=, LIMIT_QUOTED_BYTES);
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = viStatusText(rows[i].body);

        g_assert_cmpstr(got, ==, rows[i].text);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/status/meanings", testMeanings);
    g_test_add_func("/status/text", testText);
    return g_test_run();
}
