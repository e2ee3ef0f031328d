/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Thumbprints: every form people write, and none that they do not. */

#include "http_trust.h"

#define SHA1 "00112233445566778899aabbccddeeff01234567"
#define SHA256 "00112233445566778899aabbccddeeff0123456789abcdef0123456789ABCDEF"

static void
testParse(void)
{
    static const struct {
        const char *text;
        guint length;
    } cases[] = {
        { SHA256, 32 },
        { SHA1, 20 },
        { "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:01:23:45:67", 20 },
        { "0011:2233445566778899aabbccddeeff01234567", 20 },
        { NULL, 0 },
        { "", 0 },
        { ":", 0 },
        { "0", 0 },
        { SHA1 ":", 0 },
        { ":" SHA1, 0 },
        { "00::112233445566778899aabbccddeeff01234567", 0 },
        { "0:0112233445566778899aabbccddeeff01234567", 0 },
        { "0g112233445566778899aabbccddeeff01234567", 0 },
        { "g0112233445566778899aabbccddeeff01234567", 0 },
        { SHA1 "8", 0 },
        { SHA1 "89", 0 },
        { SHA256 "0", 0 },
        { SHA256 "00", 0 },
        { " " SHA1, 0 },
        { SHA1 " ", 0 },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint8 digest[HTTP_SHA256_BYTES] = { 0xEE };

        g_test_message("'%s'", cases[i].text ? cases[i].text : "NULL");
        g_assert_cmpuint(httpThumbprintParse(cases[i].text, digest), ==, cases[i].length);
        g_assert_cmpuint(httpThumbprintParse(cases[i].text, NULL), ==, cases[i].length);
        /* written on success only */
        g_assert_cmpuint(digest[0], ==, cases[i].length > 0 ? 0x00 : 0xEE);
        g_assert_cmpuint(digest[19], ==, cases[i].length > 0 ? 0x67 : 0x00);
        g_assert_cmpuint(digest[31], ==, cases[i].length == 32 ? 0xEF : 0x00);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/trust/parse", testParse);
    return g_test_run();
}
