/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Thumbprints as users write them. http_verify.c compares them. */

#include "http_trust.h"

#include <string.h>

guint
httpThumbprintParse(const char *text, guint8 ret_digest[HTTP_SHA256_BYTES])
{
    guint8 digest[HTTP_SHA256_BYTES] = { 0 };
    guint count = 0;

    if (!text)
        return 0;

    while (*text) {
        int high = g_ascii_xdigit_value(text[0]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);

        if (low < 0 || count == HTTP_SHA256_BYTES)
            return 0;
        digest[count++] = high << 4 | low;
        text += 2;

        /* a colon is between two bytes, not at the end */
        if (text[0] == ':' && text[1] != '\0')
            text++;
    }

    if (count != HTTP_SHA256_BYTES && count != HTTP_SHA1_BYTES)
        return 0;
    if (ret_digest)
        memcpy(ret_digest, digest, count);
    return count;
}
