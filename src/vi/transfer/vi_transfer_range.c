/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Headers of ranged requests. */

#include "vi_transfer_range.h"

#include <string.h>

char *
viRangeHeader(guint64 first, guint64 last)
{
    return g_strdup_printf("Range: bytes=%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, first, last);
}

/* Parses digits up to and including @end. Returns: what follows; NULL if there are none. */
static const char *
parseNumber(const char *text, char end, guint64 *ret_number)
{
    char *rest = NULL;
    guint64 number;

    if (!g_ascii_isdigit(*text))
        return NULL;
    number = g_ascii_strtoull(text, &rest, 10);
    if (number == G_MAXUINT64 || *rest != end)
        return NULL;
    *ret_number = number;
    return end ? rest + 1 : rest;
}

gboolean
viRangeParse(const char *text, ViRange *ret_range)
{
    static const char unit[] = "bytes ";
    ViRange range = { .total = G_MAXUINT64 };
    const char *p;

    if (!text || g_ascii_strncasecmp(text, unit, strlen(unit)) != 0)
        return FALSE;

    p = parseNumber(text + strlen(unit), '-', &range.first);
    p = p ? parseNumber(p, '/', &range.last) : NULL;
    if (!p || range.last < range.first)
        return FALSE;
    if (!g_str_equal(p, "*") &&
        (!parseNumber(p, '\0', &range.total) || range.last >= range.total))
        return FALSE;

    *ret_range = range;
    return TRUE;
}

gboolean
viRangeIsMultipart(const char *contentType)
{
    static const char kind[] = "multipart/";

    return contentType && g_ascii_strncasecmp(contentType, kind, strlen(kind)) == 0;
}
