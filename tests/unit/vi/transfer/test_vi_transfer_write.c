/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Writing files. */

#include "base_limits.h"
#include "transfer_client_fixture.h"

#include <string.h>

#define PROBE "PUT " URL OWN " ="

/* What a source gives: its text, then its end or an error. */
typedef struct {
    const char *text;
    gboolean fails;
    guint calls;
} Script;

/* HttpSource */
static gssize
give(char *buffer, size_t size, gpointer opaque, GError **error)
{
    Script *script = opaque;
    size_t length = strnlen(script->text, size);

    script->calls++;
    if (length == 0 && script->fails) {
        g_set_error(error, HTTP_ERROR, HTTP_ERROR_BROKEN, "The user hung up.");
        return -1;
    }
    memcpy(buffer, script->text, length);
    script->text += length;
    return (gssize)length;
}

static gboolean
writeFile(Fixture *f, Script *script, gint64 length, guint64 *ret_written, GError **error)
{
    return viTransferWrite(f->transfer, &folderFile, length, give, script, NULL /* cancel */,
                           ret_written, error);
}

static void
testWrite(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    Script known = { .text = "abcdefg" };
    Script unknown = { .text = "hij" };
    g_autoptr(GError) error = NULL;
    guint64 written = 0;

    playedAdd(f->played, &(PlayedReply){ .status = 201 });
    playedAdd(f->played, &(PlayedReply){ .status = 200 });
    g_assert_true(writeFile(f, &known, 7, &written, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(written, ==, 7);
    playedAssertLog(f->played, PROBE "\n" PROBE "abcdefg");

    playedAlways(f->played, &(PlayedReply){ .status = 201 });
    g_assert_true(writeFile(f, &unknown, HTTP_LENGTH_UNKNOWN, &written, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(written, ==, 3);
    playedAssertLog(f->played, PROBE "\n" PROBE "hij");
}

/* An empty file is written by the first request already, but the source has to agree. */
static void
testEmpty(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    Script nothing = { .text = "" };
    Script something = { .text = "x" };
    g_autoptr(GError) error = NULL;
    guint64 written = 7;

    playedAlways(f->played, &(PlayedReply){ .status = 201 });
    g_assert_true(writeFile(f, &nothing, 0, &written, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(written, ==, 0);
    playedAssertLog(f->played, PROBE);

    g_assert_false(writeFile(f, &something, 0, NULL, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_INVALID);
    fixtureAssertPhrase(error->message, NAME);
    playedAssertLog(f->played, PROBE);
}

/* Whoever is refused is so before the source has given anything. */
static void
testRefusedAtOnce(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    static const struct {
        PlayedReply reply;
        gint code;
        const char *phrase;
    } rows[] = {
        { { .status = 403 }, VI_ERROR_NO_PERMISSION, "may not write" },
        { { .status = 404 }, VI_ERROR_FILE_NOT_FOUND, "no folder" },
        { { .status = 405 }, VI_ERROR_NOT_SUPPORTED, "405" },
        { { .status = 500, .body = "No space left" }, VI_ERROR_NO_DISK_SPACE, "is full" },
        { { .status = 500, .body = "in use" }, VI_ERROR_FILE_LOCKED, "is locked" },
        { { .status = 302, .location = "/login" }, VI_ERROR_PROTOCOL, "'/login'" },
        { { .status = 416 }, VI_ERROR_PROTOCOL, "416" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        Script script = { .text = "abc" };
        g_autoptr(GError) error = NULL;

        playedAdd(f->played, &rows[i].reply);
        g_assert_false(writeFile(f, &script, 3, NULL, &error));
        g_assert_error(error, VI_ERROR, rows[i].code);
        fixtureAssertPhrase(error->message, rows[i].phrase);
        fixtureAssertPhrase(error->message, NAME);
        g_assert_cmpuint(script.calls, ==, 0);
        playedAssertLog(f->played, PROBE);
    }
}

/* The session, a busy server and a broken connection are dealt with before the contents go out. */
static void
testPrepares(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    Script script = { .text = "abc" };
    g_autoptr(GError) error = NULL;

    playedAdd(f->played, &(PlayedReply){ .status = 401 });
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    playedAdd(f->played, &(PlayedReply){ .status = 503 });
    playedAdd(f->played, &(PlayedReply){ .domain = HTTP_ERROR, .code = HTTP_ERROR_BROKEN });
    playedAdd(f->played, &(PlayedReply){ .status = 201 });
    playedAdd(f->played, &(PlayedReply){ .status = 200 });
    g_assert_true(writeFile(f, &script, 3, NULL, &error));
    g_assert_no_error(error);
    playedAssertLog(f->played, PROBE "\nPUT " URL FRESH " =\nPUT " URL FRESH " =\nPUT " URL FRESH
                               " =\nPUT " URL FRESH " =abc");
}

/* The contents are sent once, whatever becomes of them. */
static void
testRefusedLater(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    static const struct {
        guint status;
        gint code;
    } rows[] = {
        { 403, VI_ERROR_NO_PERMISSION },
        { 404, VI_ERROR_FILE_NOT_FOUND },
        { 500, VI_ERROR_FILE_FAULT },
        { 503, VI_ERROR_BUSY },
        { 507, VI_ERROR_NO_DISK_SPACE },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        Script script = { .text = "abcdefghi" };
        g_autoptr(GError) error = NULL;

        playedAdd(f->played, &(PlayedReply){ .status = 201 });
        playedAdd(f->played, &(PlayedReply){ .status = rows[i].status, .takes = 3 });
        g_assert_false(writeFile(f, &script, 9, NULL, &error));
        g_assert_error(error, VI_ERROR, rows[i].code);
        fixtureAssertPhrase(error->message, NAME);
        playedAssertLog(f->played, PROBE "\n" PROBE "abc");
    }
}

/* A session that ended after the empty file: the contents begin anew. */
static void
testSessionEnds(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    Script script = { .text = "abcdefghi" };
    g_autoptr(GError) error = NULL;
    guint64 written = 0;

    playedAdd(f->played, &(PlayedReply){ .status = 201 });
    playedAdd(f->played, &(PlayedReply){ .status = 401, .takes = 3 });
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    playedAdd(f->played, &(PlayedReply){ .status = 200 });
    g_assert_true(writeFile(f, &script, 9, &written, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(written, ==, 9);
    playedAssertLog(f->played, PROBE "\n" PROBE "abc\nPUT " URL FRESH " =abcdefghi");
}

/* What was given and not kept cannot be given again. */
static void
testSessionEndsTooLate(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autofree char *text = g_strnfill(LIMIT_REPLAYED_BYTES + 1, 'x');
    Script script = { .text = text };
    g_autoptr(GError) error = NULL;

    playedAdd(f->played, &(PlayedReply){ .status = 201 });
    playedAdd(f->played, &(PlayedReply){ .status = 401 });
    g_assert_false(writeFile(f, &script, (gint64)strlen(text), NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_PERMISSION);
    playedForgetLog(f->played);
}

/* Nobody knows what the server has made of what it got. */
static void
testBreaks(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    static const gint codes[] = { HTTP_ERROR_BROKEN, HTTP_ERROR_PROTOCOL, HTTP_ERROR_TIMEOUT };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(codes); i++) {
        Script script = { .text = "abcdefghi" };
        g_autoptr(GError) error = NULL;

        playedAdd(f->played, &(PlayedReply){ .status = 201 });
        playedAdd(f->played, &(PlayedReply){ .takes = 6, .domain = HTTP_ERROR, .code = codes[i] });
        g_assert_false(writeFile(f, &script, 9, NULL, &error));
        g_assert_error(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
        fixtureAssertPhrase(error->message, NAME);
        fixtureAssertPhrase(error->message, "6 bytes");
        fixtureAssertPhrase(error->message, "Scripted trouble.");
        playedAssertLog(f->played, PROBE "\n" PROBE "abcdef");
    }
}

/* What never went out has no unknown outcome, and what was called off is not broken. */
static void
testNotSent(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    static const gint codes[] = {
        HTTP_ERROR_CONNECT, HTTP_ERROR_TRUST, HTTP_ERROR_INVALID, HTTP_ERROR_CANCELLED,
        HTTP_ERROR_SINK,
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(codes); i++) {
        Script script = { .text = "abc" };
        g_autoptr(GError) error = NULL;

        playedAdd(f->played, &(PlayedReply){ .status = 201 });
        playedAdd(f->played, &(PlayedReply){ .domain = HTTP_ERROR, .code = codes[i] });
        g_assert_false(writeFile(f, &script, 3, NULL, &error));
        g_assert_error(error, HTTP_ERROR, codes[i]);
        fixtureAssertPhrase(error->message, "writing " NAME " failed: ");
        playedAssertLog(f->played, PROBE "\n" PROBE "abc");
    }
}

/* A source that gives more than was announced is stopped. */
static void
testTooMuch(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    Script script = { .text = "abcdefghi" };
    g_autoptr(GError) error = NULL;

    playedAlways(f->played, &(PlayedReply){ .status = 201 });
    g_assert_false(writeFile(f, &script, 7, NULL, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_INVALID);
    fixtureAssertPhrase(error->message, NAME);
    fixtureAssertPhrase(error->message, "more data than the 7 bytes");
    playedAssertLog(f->played, PROBE "\n" PROBE "abcdef");
}

/* What the source says is the error, as it is. */
static void
testSourceFails(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    Script script = { .text = "abc", .fails = TRUE };
    Script nothing = { .text = "", .fails = TRUE };
    g_autoptr(GError) error = NULL;

    playedAlways(f->played, &(PlayedReply){ .status = 201 });
    g_assert_false(writeFile(f, &script, 9, NULL, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_BROKEN);
    g_assert_cmpstr(error->message, ==, "The user hung up.");
    playedAssertLog(f->played, PROBE "\n" PROBE "abc");

    g_clear_error(&error);
    g_assert_false(writeFile(f, &nothing, 0, NULL, &error));
    g_assert_cmpstr(error->message, ==, "The user hung up.");
    playedAssertLog(f->played, PROBE);
}

/* A server that has enough before it got everything has not got the file. */
static void
testTakenTooEarly(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    static const gint64 lengths[] = { 9, HTTP_LENGTH_UNKNOWN };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        Script script = { .text = "abcdefghi" };
        g_autoptr(GError) error = NULL;
        guint64 written = 7;

        playedAdd(f->played, &(PlayedReply){ .status = 201 });
        playedAdd(f->played, &(PlayedReply){ .status = 200, .takes = 6 });
        g_assert_false(writeFile(f, &script, lengths[i], &written, &error));
        g_assert_error(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
        fixtureAssertPhrase(error->message, "only 6 bytes");
        g_assert_cmpuint(written, ==, 7);
        playedAssertLog(f->played, PROBE "\n" PROBE "abcdef");
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("folder-write/write", testWrite);
    ADD("folder-write/empty", testEmpty);
    ADD("folder-write/refused-at-once", testRefusedAtOnce);
    ADD("folder-write/prepares", testPrepares);
    ADD("folder-write/refused-later", testRefusedLater);
    ADD("folder-write/session-ends", testSessionEnds);
    ADD("folder-write/session-ends-too-late", testSessionEndsTooLate);
    ADD("folder-write/breaks", testBreaks);
    ADD("folder-write/not-sent", testNotSent);
    ADD("folder-write/too-much", testTooMuch);
    ADD("folder-write/source-fails", testSourceFails);
    ADD("folder-write/taken-too-early", testTakenTooEarly);
    return g_test_run();
}
