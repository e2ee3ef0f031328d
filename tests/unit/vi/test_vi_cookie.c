/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vi_cookie.h"

#include <string.h>

#include "base_limits.h"
#include "vi_error.h"

#define NAME "vmware_soap_session="

static void
testTake(void)
{
    static const struct {
        const char *setCookie;
        const char *cookie;
    } rows[] = {
        { NULL, NULL },
        { "", NULL },
        { "lb=1; Path=/", NULL },
        { "x" NAME "1", NULL },
        { NAME "\"52aa\"; Path=/; HttpOnly", NAME "\"52aa\"" },
        { "lb=1; Path=/\n" NAME "2\nroute=2", NAME "2" },
        { NAME, NAME },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Secret) cookie = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_true(viCookieTake(rows[i].setCookie, &cookie, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(cookie ? secretText(cookie) : NULL, ==, rows[i].cookie);
    }
}

static void
assertRefused(const char *setCookie, const char *phrase)
{
    g_autoptr(Secret) cookie = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_false(viCookieTake(setCookie, &cookie, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_nonnull(strstr(error->message, phrase));
    g_assert_null(strstr(error->message, NAME));
    g_assert_null(cookie);
}

/* The longest that is taken has LIMIT_TICKET_BYTES, its attributes not counted. */
static void
testLength(void)
{
    g_autofree char *value = g_strnfill(LIMIT_TICKET_BYTES - strlen(NAME), 'c');
    g_autofree char *longest = g_strdup_printf(NAME "%s; Path=/", value);
    g_autofree char *tooLong = g_strdup_printf(NAME "%sc", value);
    g_autoptr(Secret) cookie = NULL;

    g_assert_true(viCookieTake(longest, &cookie, NULL));
    g_assert_cmpuint(strlen(secretText(cookie)), ==, LIMIT_TICKET_BYTES);
    assertRefused(tooLong, "a session cookie of 4097 bytes; the limit is 4096");
}

/* It is put into a header line. */
static void
testControls(void)
{
    assertRefused(NAME "a\tb", "a control character");
    assertRefused(NAME "a\rX-Evil: 1", "a control character");
    assertRefused("lb=1\n" NAME "a\x7f", "a control character");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/cookie/take", testTake);
    g_test_add_func("/vi/cookie/length", testLength);
    g_test_add_func("/vi/cookie/controls", testControls);
    return g_test_run();
}
