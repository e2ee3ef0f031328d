/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vi_cookie.h"

#include <string.h>

#include "base_limits.h"
#include "base_text.h"
#include "vi_error.h"

/* No text of the cookie enters @error: it is a secret. */
static gboolean
isSendable(const char *cookie, GError **error)
{
    const char *p;

    for (p = cookie; *p; p++) {
        if (!g_ascii_iscntrl(*p))
            continue;
        g_set_error_literal(error, VI_ERROR, VI_ERROR_PROTOCOL,
                            "the server sent a session cookie that contains a control character");
        return FALSE;
    }
    if ((size_t)(p - cookie) <= LIMIT_TICKET_BYTES)
        return TRUE;
    textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "the server sent a session cookie of %zu bytes; the limit is %d",
                (size_t)(p - cookie), LIMIT_TICKET_BYTES);
    return FALSE;
}

gboolean
viCookieTake(const char *setCookie, Secret **ret_cookie, GError **error)
{
    const char *line = setCookie;
    gboolean sendable;
    char *pair;

    while (line && !g_str_has_prefix(line, "vmware_soap_session=")) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    if (!line) {
        *ret_cookie = NULL;
        return TRUE;
    }
    pair = g_strndup(line, strcspn(line, ";\n"));
    sendable = isSendable(pair, error);
    if (sendable)
        *ret_cookie = secretNew(pair);
    secretEraseFree(pair);
    return sendable;
}

char *
viCookieLine(const Secret *cookie)
{
    return cookie ? g_strdup_printf("Cookie: %s", secretText(cookie)) : NULL;
}

const char **
viCookieBehind(const char *const *lines, const char *line)
{
    g_autoptr(GPtrArray) headers = g_ptr_array_new();

    for (; lines && *lines; lines++)
        g_ptr_array_add(headers, (gpointer)*lines);
    if (line)
        g_ptr_array_add(headers, (gpointer)line);
    g_ptr_array_add(headers, NULL);
    return (const char **)g_ptr_array_free(g_steal_pointer(&headers), FALSE);
}
