/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_text.h"

#include <string.h>

#include "base_limits.h"

#define ELLIPSIS "\xe2\x80\xa6"
#define ELLIPSIS_BYTES 3

#define REPLACEMENT 0xfffd

/* Of a name that is cut, one part of so many is its beginning. */
#define HEAD_SHARE 4

static gboolean
isPlain(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);

    /* Not "printable": GLib counts the two separators in, which break lines as a line feed does. */
    return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR &&
           type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* The character at @at, of which there are @left bytes. Returns: how many bytes it takes. */
static size_t
takeCharacter(const char *at, size_t left, gunichar *ret_character)
{
    gunichar c = *at ? g_utf8_get_char_validated(at, (gssize)left) : 0;

    if (c == (gunichar)-1 || c == (gunichar)-2) {
        *ret_character = REPLACEMENT;
        return 1;
    }
    *ret_character = c;
    return (size_t)g_utf8_skip[(guchar)*at];
}

/*
 * Returns: (transfer full): the @length bytes at @text as one plain line; not read further than
 * it takes to know that it is longer than @ceiling bytes.
 */
static GString *
makePlain(const char *text, size_t length, size_t ceiling)
{
    GString *plain = g_string_sized_new(MIN(length, ceiling) + 1);
    gboolean gap = FALSE;
    size_t at = 0;

    while (at < length && plain->len <= ceiling) {
        gunichar c;

        at += takeCharacter(text + at, length - at, &c);
        if (isPlain(c)) {
            g_string_append_unichar(plain, c);
            gap = c == ' ';
        } else if (!gap) {
            g_string_append_c(plain, ' ');
            gap = TRUE;
        }
    }
    return plain;
}

/* The last place at or before @at where a character of @text begins. */
static size_t
boundaryBefore(const GString *text, size_t at)
{
    while (at > 0 && ((guchar)text->str[at] & 0xc0) == 0x80)
        at--;
    return at;
}

/* The first place at or behind @at where a character of @text begins. */
static size_t
boundaryBehind(const GString *text, size_t at)
{
    while (at < text->len && ((guchar)text->str[at] & 0xc0) == 0x80)
        at++;
    return at;
}

static void
cutEnd(GString *text, size_t ceiling)
{
    if (text->len <= ceiling)
        return;
    g_string_truncate(text, boundaryBefore(text, ceiling - ELLIPSIS_BYTES));
    g_string_append(text, ELLIPSIS);
}

char *
textFit(const char *text, size_t ceiling)
{
    GString *plain = makePlain(text ? text : "", text ? strlen(text) : 0, ceiling);

    cutEnd(plain, ceiling);
    return g_string_free(plain, FALSE);
}

char *
textQuote(const char *text, gssize length)
{
    size_t left = !text ? 0 : length < 0 ? strlen(text) : (size_t)length;
    GString *plain = NULL;

    while (left > 0 && g_ascii_isspace(*text)) {
        text++;
        left--;
    }
    plain = makePlain(text, left, LIMIT_QUOTED_BYTES);
    cutEnd(plain, LIMIT_QUOTED_BYTES);
    return g_strstrip(g_string_free(plain, FALSE));
}

char *
textFitName(const char *name, size_t ceiling)
{
    size_t length = name ? strlen(name) : 0;
    g_autoptr(GString) plain = makePlain(name ? name : "", length, G_MAXSIZE - 1);
    size_t head;
    size_t tail;

    if (plain->len <= ceiling)
        return g_strdup(plain->str);
    head = boundaryBefore(plain, (ceiling - ELLIPSIS_BYTES) / HEAD_SHARE);
    tail = boundaryBehind(plain, plain->len - (ceiling - ELLIPSIS_BYTES - head));
    return g_strdup_printf("%.*s" ELLIPSIS "%s", (int)head, plain->str, plain->str + tail);
}

char *
textQuoteName(const char *name)
{
    return textFitName(name, LIMIT_QUOTED_BYTES);
}
