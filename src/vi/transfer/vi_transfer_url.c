/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Addresses of files. Pure. */

#include "vi_transfer_url.h"

#include <string.h>

#include "base_limits.h"

#define HTTPS_PORT 443

/* Appends the bytes of @text; those that are neither unreserved nor in @also as "%XX". */
static void
appendEncoded(GString *to, const char *text, const char *also)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *p;

    for (p = text; *p; p++) {
        if (g_ascii_isalnum(*p) || strchr("-._~", *p) || strchr(also, *p)) {
            g_string_append_c(to, *p);
        } else {
            g_string_append_c(to, '%');
            g_string_append_c(to, digits[(guchar)*p >> 4]);
            g_string_append_c(to, digits[(guchar)*p & 0xf]);
        }
    }
}

/* A part of the query. Characters in @also are not encoded in either round. */
static void
appendQuery(GString *to, const char *key, const char *value, const char *also, ViSpelling spelling)
{
    g_autoptr(GString) once = g_string_new(NULL);

    appendEncoded(once, value, also);
    g_string_append(to, key);
    if (spelling == VI_SPELLING_ONCE)
        g_string_append_len(to, once->str, (gssize)once->len);
    else
        appendEncoded(to, once->str, also);
}

static char *
spellPath(const ViFile *file, const char *path, ViSpelling spelling)
{
    GString *url = g_string_new("/folder/");

    appendEncoded(url, path, "/");
    g_string_append_c(url, '?');
    if (file->datacenterPath) {
        appendQuery(url, "dcPath=", file->datacenterPath, "/", spelling);
        g_string_append_c(url, '&');
    }
    appendQuery(url, "dsName=", file->datastore, "", spelling);
    return g_string_free(url, FALSE);
}

char *
viTransferUrl(const ViFile *file, ViSpelling spelling)
{
    return spellPath(file, file->path, spelling);
}

char *
viTransferUrlOfRoot(const ViFile *file, ViSpelling spelling)
{
    return spellPath(file, "", spelling);
}

gboolean
viTransferUrlDiffers(const ViFile *file)
{
    g_autofree char *twice = viTransferUrlOfRoot(file, VI_SPELLING_TWICE);
    g_autofree char *once = viTransferUrlOfRoot(file, VI_SPELLING_ONCE);

    return !g_str_equal(twice, once);
}

char *
viTransferUrlAuthority(const char *host, guint port)
{
    const gboolean bare = strchr(host, ':') && *host != '[';
    const char *open = bare ? "[" : "";
    const char *close = bare ? "]" : "";

    if (port == HTTPS_PORT)
        return g_strdup_printf("%s%s%s", open, host, close);
    return g_strdup_printf("%s%s%s:%u", open, host, close, port);
}

/* ":443" or "". */
static gboolean
parsePort(const char *text, guint *ret_port)
{
    guint64 port;

    if (*text == '\0') {
        *ret_port = HTTPS_PORT;
        return TRUE;
    }
    if (*text != ':' ||
        !g_ascii_string_to_unsigned(text + 1, 10, 1, G_MAXUINT16, &port, NULL))
        return FALSE;
    *ret_port = (guint)port;
    return TRUE;
}

/* Printable ASCII without the characters that end a host in an address. */
static gboolean
isAuthority(const char *text)
{
    const char *p;

    for (p = text; *p; p++) {
        if (!g_ascii_isgraph(*p) || strchr("/?#@\\\"<>", *p))
            return FALSE;
    }
    return (size_t)(p - text) <= LIMIT_NAME_BYTES;
}

gboolean
viTransferUrlSplitHost(const char *text, char **ret_host, guint *ret_port)
{
    const char *start = text;
    const char *end;
    const char *rest;

    if (!isAuthority(text))
        return FALSE;
    if (*text == '[') {
        start++;
        end = strchr(start, ']');
        rest = end ? end + 1 : NULL;
    } else {
        end = strchr(start, ':');
        /* Two colons: an IPv6 address without brackets, so there is no port. */
        if (!end || strchr(end + 1, ':'))
            end = start + strlen(start);
        rest = end;
    }
    if (!rest || end == start || !parsePort(rest, ret_port))
        return FALSE;

    *ret_host = g_strndup(start, (gsize)(end - start));
    return TRUE;
}
