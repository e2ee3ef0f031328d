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

/* One part in this many of a cut name is its beginning. */
#define HEAD_SHARE 4

/* Letters, marks and symbols that are invisible: fillers, variation selectors, blank Braille. */
static gboolean
isUnseen(gunichar c)
{
    static const struct {
        gunichar first;
        gunichar last;
    } ranges[] = {
        { 0x034f, 0x034f }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },
        { 0x2800, 0x2800 }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },   { 0xffa0, 0xffa0 },
        { 0xe0100, 0xe01ef },
    };
    guint i;

    for (i = 0; i < G_N_ELEMENTS(ranges); i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return TRUE;
    }
    return FALSE;
}

gboolean
textIsPlain(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);

    /*
     * Not g_unichar_isprint(): it accepts the two separators, which break lines like a line feed.
     */
    return g_unichar_isprint(c) && !isUnseen(c) && type != G_UNICODE_LINE_SEPARATOR &&
           type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* The character at @at, with @left bytes remaining. Returns: how many bytes it takes. */
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
 * Returns: (transfer full): the @length bytes at @text as one plain line; reading stops when it is
 * longer than @ceiling bytes.
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
        if (textIsPlain(c)) {
            g_string_append_unichar(plain, c);
            gap = c == ' ';
        } else if (!gap) {
            g_string_append_c(plain, ' ');
            gap = TRUE;
        }
    }
    return plain;
}

/* The last position at or before @at where a character of @text begins. */
static size_t
boundaryBefore(const GString *text, size_t at)
{
    while (at > 0 && ((guchar)text->str[at] & 0xc0) == 0x80)
        at--;
    return at;
}

/* The first position at or after @at where a character of @text begins. */
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
    g_string_truncate(text, boundaryBefore(text, MAX(ceiling, ELLIPSIS_BYTES) - ELLIPSIS_BYTES));
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

/* ---- messages ------------------------------------------------------------------------------- */

/* What a conversion may end with, what may precede that, and its maximum length. */
#define CONVERSIONS "diuxXcgs%"
#define MODIFIERS "0123456789.*lz"
#define CONVERSION_BYTES 16

/* One conversion of a format. */
typedef struct {
    char spec[CONVERSION_BYTES];
    char kind;              /* 's', … */
    char before;            /* the character before it */
    guint longs;
    gboolean isSize;
} Conversion;

/*
 * Parses the conversion that begins at @at, after @before.
 *
 * Returns: where the format continues, or NULL if there is no known conversion.
 */
static const char *
takeConversion(const char *at, char before, Conversion *ret_conversion)
{
    size_t length = 1 + strspn(at + 1, MODIFIERS) + 1;
    Conversion conversion = { .before = before };
    const char *p;

    if (length >= sizeof(conversion.spec) || at[length - 1] == '\0' ||
        !strchr(CONVERSIONS, at[length - 1]))
        return NULL;
    memcpy(conversion.spec, at, length);
    conversion.kind = at[length - 1];
    for (p = conversion.spec; *p; p++) {
        conversion.longs += *p == 'l';
        conversion.isSize = conversion.isSize || *p == 'z';
    }
    *ret_conversion = conversion;
    return at + length;
}

static void
appendText(GString *text, const Conversion *conversion, va_list *args)
{
    const char *point = strchr(conversion->spec, '.');
    const gboolean isQuoted = conversion->before == '\'' || conversion->before == '"';
    size_t ceiling = LIMIT_QUOTED_BYTES;
    g_autofree char *part = NULL;

    if (point && point[1] == '*') {
        const int given = va_arg(*args, int);

        ceiling = (size_t)MAX(given, 0);
    } else if (point) {
        ceiling = (size_t)g_ascii_strtoull(point + 1, NULL, 10);
    }
    part = isQuoted && !point ? textQuoteName(va_arg(*args, const char *))
                              : textFit(va_arg(*args, const char *), ceiling);
    g_string_append(text, part);
}

/* The formats are parts of one that the compiler has checked. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void
appendNumber(GString *text, const Conversion *conversion, va_list *args)
{
    const char *spec = conversion->spec;

    if (conversion->kind == 'g')
        g_string_append_printf(text, spec, va_arg(*args, double));
    else if (conversion->isSize)
        g_string_append_printf(text, spec, va_arg(*args, size_t));
    else if (conversion->longs == 0)
        g_string_append_printf(text, spec, va_arg(*args, int));
    else if (conversion->longs == 1)
        g_string_append_printf(text, spec, va_arg(*args, long));
    else
        g_string_append_printf(text, spec, va_arg(*args, long long));
}

#pragma GCC diagnostic pop

char *
textFormatV(const char *format, va_list args)
{
    GString *text = g_string_new(NULL);
    const char *at = format;
    va_list left;

    va_copy(left, args);
    while (*at) {
        size_t plain = strcspn(at, "%");
        Conversion conversion;
        const char *next;

        g_string_append_len(text, at, (gssize)plain);
        at += plain;
        if (*at == '\0')
            break;
        next = takeConversion(at, at > format ? at[-1] : '\0', &conversion);
        if (!next) {
            g_string_append(text, at);      /* which arguments it would take is unknown */
            break;
        }
        at = next;
        if (conversion.kind == '%')
            g_string_append_c(text, '%');
        else if (conversion.kind == 's')
            appendText(text, &conversion, &left);
        else
            appendNumber(text, &conversion, &left);
    }
    va_end(left);
    return g_string_free(text, FALSE);
}

char *
textFormatLineV(const char *format, va_list args)
{
    g_autofree char *whole = textFormatV(format, args);

    return textFit(whole, LIMIT_MESSAGE_BYTES);
}

char *
textFormat(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = textFormatV(format, args);
    va_end(args);
    return text;
}

void
textToErrorV(GError **error, GQuark domain, int code, const char *format, va_list args)
{
    g_autofree char *text = textFormatV(format, args);

    g_set_error_literal(error, domain, code, text);
}

void
textToError(GError **error, GQuark domain, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    textToErrorV(error, domain, code, format, args);
    va_end(args);
}

GError *
textAsError(GQuark domain, int code, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = textFormatV(format, args);
    va_end(args);
    return g_error_new_literal(domain, code, text);
}

void
textAddToError(GError **error, const char *format, ...)
{
    g_autofree char *prefix = NULL;
    char *message;
    va_list args;

    if (!error || !*error)
        return;
    va_start(args, format);
    prefix = textFormatV(format, args);
    va_end(args);
    message = g_strconcat(prefix, (*error)->message, NULL);
    g_free((*error)->message);
    (*error)->message = message;
}
