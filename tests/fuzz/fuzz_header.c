/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Any lines as the header of a reply, and what is made of its values. */

#include <string.h>

#include "base_limits.h"
#include "fuzz_check.h"
#include "fuzz_target.h"
#include "http_reply.h"

/* Any value is one line, and has nothing around it. */
static void
checkValue(const char *value)
{
    size_t length = value ? strlen(value) : 0;

    if (length == 0)
        return;
    g_assert_cmpuint(length, <=, LIMIT_HEADER_BYTES);
    g_assert_false(g_ascii_isspace(value[0]) || g_ascii_isspace(value[length - 1]));
    g_assert_null(strchr(value, '\n'));
}

static void
checkResponse(const HttpResponse *response)
{
    g_auto(GStrv) cookies = g_strsplit(response->setCookie ? response->setCookie : "", "\n", -1);
    char **cookie;

    g_assert_cmpint(response->contentLength, >=, -1);
    checkValue(response->contentRange);
    checkValue(response->contentType);
    checkValue(response->location);
    for (cookie = cookies; *cookie; cookie++)
        checkValue(*cookie);
    g_assert_cmpuint(g_strv_length(cookies), <=, LIMIT_HEADER_LINES);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_auto(HttpReply) reply = { .name = "server", .response = { .contentLength = -1 } };
    const char *at = (const char *)bytes;
    const char *const end = at + size;
    gboolean goesOn = TRUE;

    fuzzMemoryBegin();
    while (goesOn && at < end) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        const char *stop = feed ? feed + 1 : end;
        /* A buffer of just this size, so that reading past it is noticed. */
        g_autofree char *line = g_memdup2(at, (size_t)(stop - at));

        goesOn = httpReplyTakeLine(&reply, line, (size_t)(stop - at));
        g_assert_true(goesOn == !reply.error);
        at = stop;
    }
    if (reply.error)
        fuzzCheckMessage(reply.error->message, 1);
    g_assert_cmpuint(reply.lines, <=, LIMIT_HEADER_LINES + 1);
    checkResponse(&reply.response);
    fuzzMemoryCheck(size, LIMIT_AMPLIFICATION, 1);
    return 0;
}
