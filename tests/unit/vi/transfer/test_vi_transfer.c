/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_limits.h"
#include "transfer_client_fixture.h"

/* ---- size ----------------------------------------------------------------------------------- */

static void
testSize(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    guint64 size = 0;

    playedAdd(f->played, &(PlayedReply){ .contentLength = 5368709120 });
    g_assert_true(viTransferSize(f->transfer, &folderFile, NULL, &size, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(size, ==, 5368709120);
    playedAssertLog(f->played, "HEAD " URL OWN);
}

static void
assertSizeFails(Fixture *f, GQuark domain, gint code, const char *phrase)
{
    g_autoptr(GError) error = NULL;
    guint64 size = 7;

    g_assert_false(viTransferSize(f->transfer, &folderFile, NULL, &size, &error));
    g_assert_error(error, domain, code);
    fixtureAssertPhrase(error->message, phrase);
    fixtureAssertPhrase(error->message, NAME);
    g_assert_cmpuint(size, ==, 7);
    playedAssertLog(f->played, "HEAD " URL OWN);
}

static void
testSizeFails(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 404 });
    assertSizeFails(f, VI_ERROR, VI_ERROR_FILE_NOT_FOUND, "no file");
    playedAdd(f->played, &(PlayedReply){ .contentType = "text/html" });
    assertSizeFails(f, VI_ERROR, VI_ERROR_PROTOCOL, "web page");
    playedAdd(f->played, &(PlayedReply){ .contentLength = -1 });
    assertSizeFails(f, VI_ERROR, VI_ERROR_PROTOCOL, "the size of");
    playedAdd(f->played, &(PlayedReply){ .domain = HTTP_ERROR, .code = HTTP_ERROR_CONNECT });
    assertSizeFails(f, HTTP_ERROR, HTTP_ERROR_CONNECT, "reading the size of");
}

/* ---- reading -------------------------------------------------------------------------------- */

static void
testRead(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 2-8/10",
                                         .body = "cdefghi" });
    folderAssertRead(f, 2, 7, "cdefghi");
    playedAssertLog(f->played, "GET " URL " 2-8" OWN);
    folderAssertRead(f, 2, 0, "");
}

/* The rest is asked for again, and the sink sees each byte once. */
static void
testResume(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 0-9/10",
                                         .body = "abcd", .domain = HTTP_ERROR,
                                         .code = HTTP_ERROR_PROTOCOL });
    playedAdd(f->played, &(PlayedReply){ .domain = HTTP_ERROR, .code = HTTP_ERROR_CONNECT });
    playedAdd(f->played, &(PlayedReply){ .domain = HTTP_ERROR, .code = HTTP_ERROR_BROKEN });
    playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 4-9/10",
                                         .body = "efg", .domain = HTTP_ERROR,
                                         .code = HTTP_ERROR_TIMEOUT });
    playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 7-9/*",
                                         .body = "hij" });
    folderAssertRead(f, 0, 10, "abcdefghij");
    playedAssertLog(f->played, "GET " URL " 0-9" OWN "\nGET " URL " 4-9" OWN "\nGET " URL
                               " 4-9" OWN "\nGET " URL " 4-9" OWN "\nGET " URL " 7-9" OWN);
}

/* Five failures in a row end it; a silent server is waited for twice only. */
static void
testGivesUp(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    static const struct {
        gint code;
        guint requests;
    } rows[] = {
        { HTTP_ERROR_BROKEN, 5 },
        { HTTP_ERROR_PROTOCOL, 5 },
        { HTTP_ERROR_TIMEOUT, 2 },
        { HTTP_ERROR_CONNECT, 1 },
        { HTTP_ERROR_RESOLVE, 1 },
        { HTTP_ERROR_TRUST, 1 },
        { HTTP_ERROR_CANCELLED, 1 },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint before = playedCount(f->played);
        g_autoptr(GString) log = g_string_new(NULL);
        guint j;

        for (j = 0; j < rows[i].requests; j++) {
            playedAdd(f->played, &(PlayedReply){ .domain = HTTP_ERROR, .code = rows[i].code });
            g_string_append_printf(log, "%sGET " URL " 0-9" OWN, j > 0 ? "\n" : "");
        }
        folderAssertReadFails(f, 0, 10, HTTP_ERROR, rows[i].code, "reading");
        g_assert_cmpuint(playedCount(f->played) - before, ==, rows[i].requests);
        playedAssertLog(f->played, log->str);
    }
}

/* A server that sends a part, but none of it, is not asked for ever. */
static void
testNothingComes(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    guint i;

    for (i = 0; i < VI_TRANSFER_TRIES; i++)
        playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 0-9/10" });
    folderAssertReadFails(f, 0, 10, HTTP_ERROR, HTTP_ERROR_PROTOCOL, "none of the requested");
    playedAssertLog(f->played, "GET " URL " 0-9" OWN "\nGET " URL " 0-9" OWN "\nGET " URL
                               " 0-9" OWN "\nGET " URL " 0-9" OWN "\nGET " URL " 0-9" OWN);
}

/* A part may be shorter than the one asked for. */
static void
testShortParts(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 0-3/10",
                                         .body = "abcd" });
    playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 4-9/10",
                                         .body = "efghij" });
    folderAssertRead(f, 0, 10, "abcdefghij");
    playedAssertLog(f->played, "GET " URL " 0-9" OWN "\nGET " URL " 4-9" OWN);
}

/* Parts of one byte would be as many requests as the file has bytes. */
static void
testTinyParts(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GPtrArray) ranges = g_ptr_array_new_with_free_func(g_free);
    guint before = playedCount(f->played);
    guint i;

    for (i = 0; i < LIMIT_BREAKS; i++) {
        g_ptr_array_add(ranges, g_strdup_printf("bytes %u-%u/100", i, i));
        playedAdd(f->played, &(PlayedReply){ .status = 206, .body = "x",
                                             .contentRange = g_ptr_array_index(ranges, i) });
    }
    folderAssertReadFails(f, 0, 100, HTTP_ERROR, HTTP_ERROR_PROTOCOL,
                          "only 16 bytes were received in the meantime");
    g_assert_cmpuint(playedCount(f->played) - before, ==, LIMIT_BREAKS);
    playedForgetLog(f->played);
}

/* Nothing of a part that is not the one asked for reaches the sink. */
static void
testWrongPart(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    static const char *const ranges[] = {
        NULL, "bytes 0-4/10", "bytes 3-5/10", "bytes 2-9/10", "pages 2-5/10", "bytes */10",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(ranges); i++) {
        playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = ranges[i],
                                             .body = "xxxx" });
        folderAssertReadFails(f, 2, 4, VI_ERROR, VI_ERROR_PROTOCOL, "another part");
        playedAssertLog(f->played, "GET " URL " 2-5" OWN);
    }
}

/* The file ends before what is wanted does. */
static void
testShortFile(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 0-3/4",
                                         .body = "abcd" });
    folderAssertReadFails(f, 0, 10, VI_ERROR, VI_ERROR_PROTOCOL, "only 4 bytes");
    playedAssertLog(f->played, "GET " URL " 0-9" OWN);

    playedAdd(f->played, &(PlayedReply){ .status = 416, .contentRange = "bytes */4" });
    folderAssertReadFails(f, 8, 2, VI_ERROR, VI_ERROR_PROTOCOL, "ends before byte 8");
    playedAssertLog(f->played, "GET " URL " 8-9" OWN);

    playedAdd(f->played, &(PlayedReply){ .body = "abcd" });
    folderAssertReadFails(f, 0, 10, VI_ERROR, VI_ERROR_PROTOCOL, "only 4 bytes");
    playedAssertLog(f->played, "GET " URL " 0-9" OWN);
}

/* A server that knows no ranges sends all of it. */
static void
testWithoutRanges(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .body = "abcdefghij" });
    folderAssertRead(f, 0, 10, "abcdefghij");
    playedAdd(f->played, &(PlayedReply){ .body = "abcdefghij" });
    folderAssertRead(f, 4, 3, "efg");
    playedAdd(f->played, &(PlayedReply){ .body = "abcdefghij", .contentLength = -1 });
    folderAssertRead(f, 7, 3, "hij");
    playedAdd(f->played, &(PlayedReply){ .body = "abcdef", .domain = HTTP_ERROR,
                                         .code = HTTP_ERROR_PROTOCOL });
    playedAdd(f->played, &(PlayedReply){ .body = "abcdefghij" });
    folderAssertRead(f, 4, 5, "efghi");
    playedAssertLog(f->played, "GET " URL " 0-9" OWN "\nGET " URL " 4-6" OWN "\nGET " URL
                               " 7-9" OWN "\nGET " URL " 4-8" OWN "\nGET " URL " 6-8" OWN);

    playedAdd(f->played, &(PlayedReply){ .body = "abcdefghij" });
    folderAssertReadFails(f, G_GUINT64_CONSTANT(1) << 40, 1, VI_ERROR, VI_ERROR_PROTOCOL,
                    "only as a whole");
    playedAssertLog(f->played, "GET " URL " 1099511627776-1099511627776" OWN);
}

/* Pages for people are no contents. */
static void
testPage(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .contentType = "text/html; charset=utf-8",
                                         .body = "<html>Please log in</html>" });
    folderAssertReadFails(f, 0, 5, VI_ERROR, VI_ERROR_PROTOCOL, "web page");
    playedAdd(f->played, &(PlayedReply){ .status = 204 });
    folderAssertReadFails(f, 0, 5, VI_ERROR, VI_ERROR_PROTOCOL, "HTTP status 204");
    playedAssertLog(f->played, "GET " URL " 0-4" OWN "\nGET " URL " 0-4" OWN);
}

static gboolean
refuse(const char *data G_GNUC_UNUSED, size_t length G_GNUC_UNUSED, gpointer opaque,
       GError **error)
{
    (*(guint *)opaque)++;
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT, "The disk is full.");
    return FALSE;
}

/* What the sink says is the end of it, as it is, whatever it looks like. */
static void
testSinkRefuses(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    guint calls = 0;

    playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 0-9/10",
                                         .body = "abcdefghij" });
    g_assert_false(viTransferRead(f->transfer, &folderFile, 0, 10, refuse, &calls, NULL, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT);
    g_assert_cmpstr(error->message, ==, "The disk is full.");
    g_assert_cmpuint(calls, ==, 1);
    playedAssertLog(f->played, "GET " URL " 0-9" OWN);
}

/* Without ranges the beginning of the file has to be thrown away, up to a limit. */
static void
testSkipsNoFurther(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 200, .body = "abc" });
    folderAssertReadFails(f, LIMIT_SKIPPED_BYTES + 1, 1, VI_ERROR, VI_ERROR_PROTOCOL,
                          "too much data would have to be skipped");
    playedForgetLog(f->played);
}

/* ---- small files ---------------------------------------------------------------------------- */

static void
testText(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autofree char *text = NULL;
    g_autofree char *empty = NULL;
    g_autoptr(GError) error = NULL;
    size_t length = 0;

    playedAdd(f->played, &(PlayedReply){ .body = "# Disk Descr", .domain = HTTP_ERROR,
                                         .code = HTTP_ERROR_PROTOCOL });
    playedAdd(f->played, &(PlayedReply){ .body = "# Disk DescriptorFile" });
    text = viTransferReadText(f->transfer, &folderFile, 21, NULL, &length, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, "# Disk DescriptorFile");
    g_assert_cmpuint(length, ==, 21);

    playedAdd(f->played, &(PlayedReply){ 0 });
    empty = viTransferReadText(f->transfer, &folderFile, 20, NULL, &length, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(empty, ==, "");
    g_assert_cmpuint(length, ==, 0);
    playedAssertLog(f->played, "GET " URL OWN "\nGET " URL OWN "\nGET " URL OWN);
}

static void
testTextFails(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    static const struct {
        PlayedReply reply;
        gint code;
        const char *phrase;
    } rows[] = {
        { { .body = "123456" }, VI_ERROR_PROTOCOL, "exceeds the limit of 5 bytes" },
        { { .body = "1234", .contentLength = 5 }, VI_ERROR_PROTOCOL, "announced another" },
        { { .body = "<a>", .contentType = "text/html" }, VI_ERROR_PROTOCOL, "web page" },
        { { .contentType = "text/html" }, VI_ERROR_PROTOCOL, "web page" },
        { { .status = 206, .body = "1" }, VI_ERROR_PROTOCOL, "HTTP status 206" },
        { { .status = 404 }, VI_ERROR_FILE_NOT_FOUND, "no file" },
        { { .status = 416 }, VI_ERROR_PROTOCOL, "HTTP status 416" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        size_t length = 7;

        playedAdd(f->played, &rows[i].reply);
        g_assert_null(viTransferReadText(f->transfer, &folderFile, 5, NULL, &length, &error));
        g_assert_error(error, VI_ERROR, rows[i].code);
        fixtureAssertPhrase(error->message, rows[i].phrase);
        fixtureAssertPhrase(error->message, NAME);
        g_assert_cmpuint(length, ==, 7);
        playedAssertLog(f->played, "GET " URL OWN);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("folder/size", testSize);
    ADD("folder/size-fails", testSizeFails);
    ADD("folder/read", testRead);
    ADD("folder/resume", testResume);
    ADD("folder/gives-up", testGivesUp);
    ADD("folder/nothing-comes", testNothingComes);
    ADD("folder/short-parts", testShortParts);
    ADD("folder/tiny-parts", testTinyParts);
    ADD("folder/wrong-part", testWrongPart);
    ADD("folder/short-file", testShortFile);
    ADD("folder/without-ranges", testWithoutRanges);
    ADD("folder/skips-no-further", testSkipsNoFurther);
    ADD("folder/page", testPage);
    ADD("folder/sink-refuses", testSinkRefuses);
    ADD("folder/text", testText);
    ADD("folder/text-fails", testTextFails);
    return g_test_run();
}
