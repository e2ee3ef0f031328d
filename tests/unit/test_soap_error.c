/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The domain is one, and its codes are those the upper floors compare with. */

#include "soap_error.h"

#include <string.h>

#include "base_limits.h"

static void
testDomain(void)
{
    g_autoptr(GError) error = g_error_new_literal(SOAP_ERROR, SOAP_ERROR_LIMIT, "x");

    g_assert_cmpstr(g_quark_to_string(SOAP_ERROR), ==, "soap-error-quark");
    g_assert_error(error, soapErrorQuark(), SOAP_ERROR_LIMIT);
    g_assert_false(g_error_matches(error, SOAP_ERROR, SOAP_ERROR_XML));
}

static void
testPrintable(void)
{
    static const struct {
        const char *text;
        size_t length;
        const char *printable;
    } cases[] = {
        { "plain", 5, "plain" },
        { "cut", 2, "cu" },
        { "a\n\tb\x01" "c\n", 7, "a  b c" },
        { "\xc3\xa4\xff", 3, "\xc3\xa4\xef\xbf\xbd" },
        { "\xc3\xa4", 1, "\xef\xbf\xbd" },
        { "", 0, "" },
    };
    g_autofree char *endless = g_strnfill(100000, 'x');
    g_autofree char *shown = soapErrorPrintable(endless, 100000);
    size_t i;

    g_assert_cmpuint(strlen(shown), ==, LIMIT_QUOTED_BYTES);
    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *printable = soapErrorPrintable(cases[i].text, cases[i].length);

        g_assert_cmpstr(printable, ==, cases[i].printable);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/soap-error/domain", testDomain);
    g_test_add_func("/soap-error/printable", testPrintable);
    return g_test_run();
}
