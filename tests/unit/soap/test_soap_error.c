/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The domain is one, and its codes are those the upper floors compare with. */

#include "soap_error.h"

static void
testDomain(void)
{
    g_autoptr(GError) error = g_error_new_literal(SOAP_ERROR, SOAP_ERROR_LIMIT, "x");

    g_assert_cmpstr(g_quark_to_string(SOAP_ERROR), ==, "soap-error-quark");
    g_assert_error(error, soapErrorQuark(), SOAP_ERROR_LIMIT);
    g_assert_false(g_error_matches(error, SOAP_ERROR, SOAP_ERROR_XML));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/soap-error/domain", testDomain);
    return g_test_run();
}
