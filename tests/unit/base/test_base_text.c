/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What others wrote comes out as one plain line of a known length, whatever it is. */

#include "base_text.h"

#include <string.h>

#include "base_limits.h"

#define ELLIPSIS "\xe2\x80\xa6"
#define REPLACEMENT "\xef\xbf\xbd"

#define SMALL 16

static void
assertQuoted(const char *text, gssize length, const char *wanted)
{
    g_autofree char *quoted = textQuote(text, length);

    g_assert_cmpstr(quoted, ==, wanted);
}

static void
testPlainStays(void)
{
    g_autofree char *name = textQuoteName(" [ds 1] a  b/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 ");
    g_autofree char *nothing = textQuoteName(NULL);
    g_autofree char *nothingFits = textFit(NULL, SMALL);

    assertQuoted("The file is locked.", -1, "The file is locked.");
    assertQuoted("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", -1,
                 "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
    assertQuoted("only the first", 4, "only");
    assertQuoted("  a  b\t\n ", -1, "a  b");
    assertQuoted("", -1, "");
    assertQuoted("", 0, "");
    assertQuoted(NULL, -1, "");
    assertQuoted(NULL, 7, "");
    g_assert_cmpstr(name, ==, " [ds 1] a  b/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 ");
    g_assert_cmpstr(nothing, ==, "");
    g_assert_cmpstr(nothingFits, ==, "");
}

/* Each character of the kinds that must not get out, by itself between two others. */
static void
testEveryUnplain(void)
{
    static const struct {
        gunichar first;
        gunichar last;
    } ranges[] = {
        { 0x01, 0x1f },         /* C0 */
        { 0x7f, 0x9f },         /* DEL and C1 */
        { 0xad, 0xad },         /* soft hyphen */
        { 0x034f, 0x034f },     /* grapheme joiner */
        { 0x061c, 0x061c },     /* Arabic letter mark */
        { 0x115f, 0x1160 },     /* Hangul fillers */
        { 0x180b, 0x180f },     /* Mongolian variation selectors */
        { 0x200b, 0x200f },     /* zero width, marks of direction */
        { 0x2028, 0x202e },     /* separators, embeddings, overrides */
        { 0x2060, 0x2064 },     /* word joiner, invisible operators */
        { 0x2066, 0x206f },     /* isolates, deprecated marks */
        { 0x2800, 0x2800 },     /* blank Braille */
        { 0x3164, 0x3164 },
        { 0xfe00, 0xfe0f },     /* variation selectors */
        { 0xfeff, 0xfeff },     /* byte order mark */
        { 0xffa0, 0xffa0 },
        { 0xfff9, 0xfffb },     /* annotations */
        { 0xfffe, 0xffff },     /* no characters */
        { 0xe0001, 0xe0001 },   /* tags */
        { 0xe0020, 0xe007f },
        { 0xe0100, 0xe01ef },
    };
    size_t i;
    gunichar c;

    for (i = 0; i < G_N_ELEMENTS(ranges); i++) {
        for (c = ranges[i].first; c <= ranges[i].last; c++) {
            g_autoptr(GString) text = g_string_new("a");
            g_autofree char *name = NULL;

            g_string_append_unichar(text, c);
            g_string_append_c(text, 'b');
            g_test_message("U+%04X", c);
            assertQuoted(text->str, (gssize)text->len, "a b");
            name = textQuoteName(text->str);
            g_assert_cmpstr(name, ==, "a b");
        }
    }
}

static void
testRuns(void)
{
    assertQuoted("a\r\n\t\x1b\xc2\x9b" "b", -1, "a b");
    assertQuoted("a \n b", -1, "a  b");
    assertQuoted("a\0b\0\0c", 6, "a b c");
    assertQuoted("\033[31mred\033[0m\a", -1, "[31mred [0m");
    assertQuoted("\xe2\x80\xae\xe2\x80\xa8", -1, "");
}

static void
testInvalid(void)
{
    assertQuoted("a\xff\xfe" "b", -1, "a" REPLACEMENT REPLACEMENT "b");
    assertQuoted("\xc3\xa4", 1, REPLACEMENT);                           /* cut */
    assertQuoted("a\xe2\x82", -1, "a" REPLACEMENT REPLACEMENT);         /* cut */
    assertQuoted("\xc0\x80", -1, REPLACEMENT REPLACEMENT);              /* longer than needed */
    assertQuoted("\xed\xa0\x80", -1, REPLACEMENT REPLACEMENT REPLACEMENT);  /* surrogate */
    assertQuoted("\xf4\x90\x80\x80x", -1,                               /* above U+10FFFF */
                 REPLACEMENT REPLACEMENT REPLACEMENT REPLACEMENT "x");
    assertQuoted("\x9b" "31m", -1, REPLACEMENT "31m");                  /* C1 as one byte */
}

/* Texts of one character again and again, of each width: cut between two, and never too long. */
static void
testCut(void)
{
    static const char *const characters[] = {
        "x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xff"
    };
    size_t i;
    size_t n;

    for (i = 0; i < G_N_ELEMENTS(characters); i++) {
        for (n = 1; n < LIMIT_QUOTED_BYTES + 10; n++) {
            g_autofree char *text = g_strnfill(n * strlen(characters[i]) + 1, '.');
            g_autofree char *quoted = NULL;
            g_autofree char *name = NULL;
            const char *shown = characters[i][0] == '\xff' ? REPLACEMENT : characters[i];
            size_t at;

            for (at = 0; at < n; at++)
                memcpy(text + 1 + at * strlen(characters[i]), characters[i],
                       strlen(characters[i]));
            quoted = textQuote(text, -1);
            name = textQuoteName(text);
            g_assert_true(g_utf8_validate(quoted, -1, NULL));
            g_assert_true(g_utf8_validate(name, -1, NULL));
            if (1 + n * strlen(shown) <= LIMIT_QUOTED_BYTES) {
                g_assert_cmpuint(strlen(quoted), ==, 1 + n * strlen(shown));
                g_assert_cmpstr(name, ==, quoted);
                continue;
            }
            g_assert_cmpuint(strlen(quoted), <=, LIMIT_QUOTED_BYTES);
            g_assert_cmpuint(strlen(quoted), >, LIMIT_QUOTED_BYTES - 4);
            g_assert_cmpuint(strlen(name), <=, LIMIT_QUOTED_BYTES);
            g_assert_cmpuint(strlen(name), >, LIMIT_QUOTED_BYTES - 8);
            g_assert_true(g_str_has_suffix(quoted, ELLIPSIS));
            g_assert_nonnull(strstr(name, ELLIPSIS));
            g_assert_true(g_str_has_suffix(name, shown));
        }
    }
}

static void
testExactly(void)
{
    g_autofree char *fits = g_strnfill(LIMIT_QUOTED_BYTES, 'x');
    g_autofree char *over = g_strnfill(LIMIT_QUOTED_BYTES + 1, 'x');
    g_autofree char *huge = g_strnfill(1024 * 1024, 'x');
    g_autofree char *controls = g_strnfill(1024 * 1024, '\a');
    g_autofree char *cut = g_strndup(fits, LIMIT_QUOTED_BYTES - strlen(ELLIPSIS));
    g_autofree char *wanted = g_strconcat(cut, ELLIPSIS, NULL);

    assertQuoted(fits, -1, fits);
    assertQuoted(over, -1, wanted);
    assertQuoted(over, LIMIT_QUOTED_BYTES, fits);
    assertQuoted(huge, -1, wanted);
    assertQuoted(controls, -1, "");
}

static void
testNames(void)
{
    g_autofree char *folders = g_strnfill(4096, 'f');
    g_autofree char *path = g_strdup_printf("[ds1] %s/disk.vmdk", folders);
    g_autofree char *name = textQuoteName(path);
    g_autofree char *small = textFitName("[ds1] folder/disk.vmdk", SMALL);
    g_autofree char *fits = textFitName("[ds1] disk.vmdk", SMALL);

    g_assert_cmpuint(strlen(name), ==, LIMIT_QUOTED_BYTES);
    g_assert_true(g_str_has_prefix(name, "[ds1] fff"));
    g_assert_nonnull(strstr(name, "f" ELLIPSIS "f"));
    g_assert_true(g_str_has_suffix(name, "f/disk.vmdk"));
    g_assert_cmpstr(small, ==, "[ds" ELLIPSIS "/disk.vmdk");
    g_assert_cmpstr(fits, ==, "[ds1] disk.vmdk");
}

static void
testFit(void)
{
    g_autofree char *fits = textFit(" sixteen bytes. ", SMALL);
    g_autofree char *over = textFit("seventeen\nbytes..", SMALL);
    g_autofree char *within = textFit("twelve bytes\xe2\x82\xac\xe2\x82\xac", SMALL);

    g_assert_cmpstr(fits, ==, " sixteen bytes. ");
    g_assert_cmpstr(over, ==, "seventeen byt" ELLIPSIS);
    g_assert_cmpstr(within, ==, "twelve bytes" ELLIPSIS);
}

static void
assertFormatted(char *text, const char *wanted)
{
    g_assert_cmpstr(text, ==, wanted);
    g_free(text);
}

/* As printf where nothing foreign comes in. */
static void
testFormat(void)
{
    assertFormatted(textFormat("plain"), "plain");
    assertFormatted(textFormat("100 %% of '%s'", "ds1"), "100 % of 'ds1'");
    assertFormatted(textFormat("%d %i %u %x %c|%g", -1, -2, 3U, 255U, 'x', 0.5),
                    "-1 -2 3 ff x|0.5");
    assertFormatted(textFormat("%ld %lu %lld %llu %zu %s", -1L, G_MAXULONG, -2LL,
                               18446744073709551615ULL, (size_t)7, "end"),
                    "-1 18446744073709551615 -2 18446744073709551615 7 end");
    assertFormatted(textFormat("%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GSIZE_FORMAT,
                               G_MAXUINT64, G_MININT64, (gsize)1),
                    "18446744073709551615 -9223372036854775808 1");
    assertFormatted(textFormat("%02X-%03u: %p %s", 10U, 7U, NULL, "x"), "0A-007: %p %s");
    assertFormatted(textFormat("%03u %.*s %.20s", 7U, 16, "sixteen", " as it is "),
                    "007 sixteen  as it is ");
}

/* What stands for %s is quoted, whatever the format looks like. */
static void
testFormatQuotes(void)
{
    g_autofree char *huge = g_strnfill(1024 * 1024, 'x');
    g_autofree char *cut = textQuote(huge, -1);
    g_autofree char *name = textQuoteName(huge);
    g_autofree char *wanted = g_strdup_printf("a '%s' b \"%s\" c %s", name, name, cut);
    g_autofree char *message = g_strndup(huge, 5000);

    assertFormatted(textFormat("a '%s' b \"%s\" c %s", huge, huge, huge), wanted);
    assertFormatted(textFormat("%s: '%s'", "a\033[31m\nb", "\xe2\x80\xae" "c"), "a [31m b: ' c'");
    assertFormatted(textFormat("%.16s|%.*s", huge, 16, huge),
                    "xxxxxxxxxxxxx" ELLIPSIS "|xxxxxxxxxxxxx" ELLIPSIS);
    assertFormatted(textFormat(TEXT_MESSAGE, message), message);
    assertFormatted(textFormat("%s", (const char *)NULL), "");
}

static void
testErrors(void)
{
    g_autoptr(GError) set = NULL;
    g_autoptr(GError) made = textAsError(G_FILE_ERROR, G_FILE_ERROR_NOENT, "no '%s'", "a\nb");
    g_autoptr(GError) none = NULL;

    textToError(NULL, G_FILE_ERROR, G_FILE_ERROR_IO, "nobody asks");
    textToError(&set, G_FILE_ERROR, G_FILE_ERROR_IO, "cannot read '%s'", "a\033" "b");
    g_assert_error(set, G_FILE_ERROR, G_FILE_ERROR_IO);
    g_assert_cmpstr(set->message, ==, "cannot read 'a b'");
    textAddToError(&set, "file '%s': ", "c\td");
    g_assert_error(set, G_FILE_ERROR, G_FILE_ERROR_IO);
    g_assert_cmpstr(set->message, ==, "file 'c d': cannot read 'a b'");
    g_assert_error(made, G_FILE_ERROR, G_FILE_ERROR_NOENT);
    g_assert_cmpstr(made->message, ==, "no 'a b'");
    textAddToError(&none, "file: ");
    textAddToError(NULL, "file: ");
    g_assert_no_error(none);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text/plain-stays", testPlainStays);
    g_test_add_func("/text/every-unplain", testEveryUnplain);
    g_test_add_func("/text/runs", testRuns);
    g_test_add_func("/text/invalid", testInvalid);
    g_test_add_func("/text/cut", testCut);
    g_test_add_func("/text/exactly", testExactly);
    g_test_add_func("/text/names", testNames);
    g_test_add_func("/text/fit", testFit);
    g_test_add_func("/text/format", testFormat);
    g_test_add_func("/text/format-quotes", testFormatQuotes);
    g_test_add_func("/text/errors", testErrors);
    return g_test_run();
}
