/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vi_transfer_request.h"
#include "../../../../src/vi/transfer/vi_transfer_priv.h"

#include "base_limits.h"
#include "transfer_client_fixture.h"
#include "thread_fixture.h"

#define TIME "<returnval>2026-11-22T12:00:00Z</returnval>"

/* ---- the session ---------------------------------------------------------------------------- */

static void
testRenew(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 401, .contentType = "text/html",
                                         .body = "<html>401</html>" });
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 0-4/5",
                                         .body = "abcde" });
    folderAssertRead(f, 0, 5, "abcde");
    playedAssertLog(f->played, "GET " URL " 0-4" OWN "\nGET " URL " 0-4" FRESH);
}

/* Each part may find the session ended. */
static void
testRenewInMidTransfer(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 401 });
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 0-4/5",
                                         .body = "abc", .domain = HTTP_ERROR,
                                         .code = HTTP_ERROR_BROKEN });
    playedAdd(f->played, &(PlayedReply){ .status = 401 });
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE);
    playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 3-4/5",
                                         .body = "de" });
    folderAssertRead(f, 0, 5, "abcde");
    playedAssertLog(f->played, "GET " URL " 0-4" OWN "\nGET " URL " 0-4" FRESH "\nGET " URL
                               " 3-4" FRESH "\nGET " URL " 3-4" OWN);
}

static void
testNoPermission(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 401 });
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    playedAdd(f->played, &(PlayedReply){ .status = 401 });
    cannedReply(f->canned, "CurrentTime", TIME);
    folderAssertReadFails(f, 0, 5, VI_ERROR, VI_ERROR_NO_PERMISSION, "Datastore.FileManagement");
    playedAssertLog(f->played, "GET " URL " 0-4" OWN "\nGET " URL " 0-4" FRESH);
}

/* The new session has ended as well before the request came: a call that needs it tells so. */
static void
testEndsAgain(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 401 });
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    playedAdd(f->played, &(PlayedReply){ .status = 401 });
    cannedFault(f->canned, "CurrentTime", "NotAuthenticated", "The session is not authenticated.");
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE);
    cannedReply(f->canned, "CurrentTime", TIME);
    playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 0-4/5",
                                         .body = "abcde" });
    folderAssertRead(f, 0, 5, "abcde");
    playedAssertLog(f->played, "GET " URL " 0-4" OWN "\nGET " URL " 0-4" FRESH "\nGET " URL
                               " 0-4" OWN);
}

static void
testRenewRefused(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 401 });
    cannedFault(f->canned, "Login", "InvalidLogin", "Wrong password.");
    folderAssertReadFails(f, 0, 5, VI_ERROR, VI_ERROR_INVALID_LOGIN, "could not be renewed");
    playedAssertLog(f->played, "GET " URL " 0-4" OWN);
}

/* ---- a busy server -------------------------------------------------------------------------- */

static void
testBusy(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 503, .body = "busy" });
    playedAdd(f->played, &(PlayedReply){ .status = 503 });
    playedAdd(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 0-4/5",
                                         .body = "abcde" });
    folderAssertRead(f, 0, 5, "abcde");
    playedAssertLog(f->played, "GET " URL " 0-4" OWN "\nGET " URL " 0-4" OWN "\nGET " URL
                               " 0-4" OWN);
}

static void
testBusyForGood(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    guint i;

    for (i = 0; i <= VI_TRANSFER_TRIES; i++)
        playedAdd(f->played, &(PlayedReply){ .status = 503 });
    folderAssertReadFails(f, 0, 5, VI_ERROR, VI_ERROR_BUSY, "HTTP status 503");
    g_assert_cmpuint(playedCount(f->played), ==, 1 + VI_TRANSFER_TRIES);
    playedAssertLog(f->played, "GET " URL " 0-4" OWN "\nGET " URL " 0-4" OWN "\nGET " URL
                               " 0-4" OWN "\nGET " URL " 0-4" OWN "\nGET " URL " 0-4" OWN
                               "\nGET " URL " 0-4" OWN);
}

/* A server that ends each session that it makes is asked only so often. */
static void
testEndsEachTime(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    guint i;

    for (i = 0; i < LIMIT_SESSION_ENDS; i++) {
        playedAdd(f->played, &(PlayedReply){ .status = 401 });
        if (i > 0)
            cannedFault(f->canned, "CurrentTime", "NotAuthenticated", "It has ended.");
        fixtureScriptLogin(f->canned, i % 2 ? FIXTURE_SET_COOKIE : FIXTURE_SET_COOKIE_2);
        if (i > 0)
            cannedReply(f->canned, "CurrentTime", TIME);
    }
    playedAdd(f->played, &(PlayedReply){ .status = 401 });
    folderAssertReadFails(f, 0, 5, VI_ERROR, VI_ERROR_NO_PERMISSION, "Datastore.FileManagement");
    g_assert_cmpuint(playedCount(f->played), ==, LIMIT_SESSION_ENDS + 1);
    playedForgetLog(f->played);
}

/* ---- other refusals ------------------------------------------------------------------------- */

static void
testRefusals(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 500, .body = "The file is locked" });
    folderAssertReadFails(f, 0, 5, VI_ERROR, VI_ERROR_FILE_LOCKED, "'The file is locked'");
    playedAdd(f->played, &(PlayedReply){ .status = 403 });
    folderAssertReadFails(f, 0, 5, VI_ERROR, VI_ERROR_NO_PERMISSION, "403");
    playedAdd(f->played, &(PlayedReply){ .status = 301, .location = "https://other/folder" });
    folderAssertReadFails(f, 0, 5, VI_ERROR, VI_ERROR_PROTOCOL, "https://other/folder");
    playedAssertLog(f->played, "GET " URL " 0-4" OWN "\nGET " URL " 0-4" OWN "\nGET " URL
                               " 0-4" OWN);
}

/* A refusal that never ends is not read to its end. */
static void
testEndlessRefusal(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autofree char *page = g_strnfill(16 * LIMIT_REFUSAL_BYTES, 'x');

    playedAdd(f->played, &(PlayedReply){ .status = 500, .body = page });
    folderAssertReadFails(f, 0, 5, VI_ERROR, VI_ERROR_FILE_FAULT, "HTTP status 500");
    playedAssertLog(f->played, "GET " URL " 0-4" OWN);
}

/* ---- spellings ------------------------------------------------------------------------------ */

#define TWICE "/folder/a.iso?dcPath=D%2520C&dsName=ds1"
#define ONCE "/folder/a.iso?dcPath=D%20C&dsName=ds1"
#define ROOT_TWICE "/folder/?dcPath=D%2520C&dsName=ds1"
#define ROOT_ONCE "/folder/?dcPath=D%20C&dsName=ds1"

static const ViFile odd = { .datacenterPath = "D C", .datastore = "ds1", .path = "a.iso" };

/* The size of a file with an odd name; G_MAXUINT64: it is not found. */
static guint64
sizeOfOdd(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    guint64 size = G_MAXUINT64;

    if (!viTransferSize(f->transfer, &odd, NULL, &size, &error))
        g_assert_error(error, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);
    return size;
}

static void
testDecodesOnce(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 404 });
    playedAdd(f->played, &(PlayedReply){ .status = 404 });
    playedAdd(f->played, &(PlayedReply){ .contentType = "text/html" });
    playedAdd(f->played, &(PlayedReply){ .contentLength = 5 });
    g_assert_cmpuint(sizeOfOdd(f), ==, 5);
    playedAssertLog(f->played, "HEAD " TWICE OWN "\nHEAD " ROOT_TWICE OWN "\nHEAD " ROOT_ONCE OWN
                               "\nHEAD " ONCE OWN);

    /* That is remembered, also where nothing is found. */
    playedAdd(f->played, &(PlayedReply){ .status = 404 });
    g_assert_cmpuint(sizeOfOdd(f), ==, G_MAXUINT64);
    playedAssertLog(f->played, "HEAD " ONCE OWN);
}

static void
testDecodesTwice(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 404 });
    playedAdd(f->played, &(PlayedReply){ .contentType = "text/html" });
    g_assert_cmpuint(sizeOfOdd(f), ==, G_MAXUINT64);
    playedAssertLog(f->played, "HEAD " TWICE OWN "\nHEAD " ROOT_TWICE OWN);

    playedAdd(f->played, &(PlayedReply){ .status = 404 });
    g_assert_cmpuint(sizeOfOdd(f), ==, G_MAXUINT64);
    playedAssertLog(f->played, "HEAD " TWICE OWN);
}

/* Where the datastore is not found at all nothing is learned. */
static void
testDecodesSomehow(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAdd(f->played, &(PlayedReply){ .status = 404 });
    playedAdd(f->played, &(PlayedReply){ .status = 404 });
    playedAdd(f->played, &(PlayedReply){ .status = 404 });
    g_assert_cmpuint(sizeOfOdd(f), ==, G_MAXUINT64);
    playedAdd(f->played, &(PlayedReply){ .status = 404 });
    playedAdd(f->played, &(PlayedReply){ .domain = HTTP_ERROR, .code = HTTP_ERROR_BROKEN });
    g_assert_cmpuint(sizeOfOdd(f), ==, G_MAXUINT64);
    playedAssertLog(f->played, "HEAD " TWICE OWN "\nHEAD " ROOT_TWICE OWN "\nHEAD " ROOT_ONCE OWN
                               "\nHEAD " TWICE OWN "\nHEAD " ROOT_TWICE OWN);
}

/* ---- cancelling ----------------------------------------------------------------------------- */

static void
raiseFlag(gpointer flag)
{
    cancelRaise(flag);
}

static void
testCancel(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GString) got = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    viTransferSetPause(f->transfer, 600000);
    playedAdd(f->played, &(PlayedReply){ .status = 503, .hook = raiseFlag, .hookData = cancel });
    g_assert_false(viTransferRead(f->transfer, &folderFile, 0, 5, folderAppend, got, cancel,
                                  &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    fixtureAssertPhrase(error->message, NAME);
    playedAssertLog(f->played, "GET " URL " 0-4" OWN);

    /* Whoever cancels before it begins gets nothing sent. */
    g_clear_error(&error);
    g_assert_false(viTransferRead(f->transfer, &folderFile, 0, 5, folderAppend, got, cancel,
                                  &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
}

/* ---- many at once --------------------------------------------------------------------------- */

#define CREW 6

/* One thread's read. */
static void
readFive(gpointer data)
{
    folderAssertRead(data, 0, 5, "abcde");
}

/* Holds a reply back until all have asked. */
static void
awaitCrew(gpointer played)
{
    playedAwait(played, CREW);
}

/* CREW reads that all get @status, and then what they want. */
static void
runCrew(Fixture *f, guint status)
{
    guint i;

    for (i = 0; i < CREW; i++)
        playedAdd(f->played, &(PlayedReply){ .status = status, .hook = awaitCrew,
                                             .hookData = f->played });
    playedAlways(f->played, &(PlayedReply){ .status = 206, .contentRange = "bytes 0-4/5",
                                            .body = "abcde" });
    crewJoin(crewStart(CREW, readFive, f));
    g_assert_cmpuint(playedCount(f->played), ==, 2 * CREW);
    playedForgetLog(f->played);
}

static void
testCrewRenews(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    runCrew(f, 401);
    g_assert_cmpuint(viSessionGeneration(f->session), ==, 2);
}

static void
testCrewIsTooMuch(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    runCrew(f, 503);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("folder-ask/renew", testRenew);
    ADD("folder-ask/renew-in-mid-transfer", testRenewInMidTransfer);
    ADD("folder-ask/no-permission", testNoPermission);
    ADD("folder-ask/ends-again", testEndsAgain);
    ADD("folder-ask/renew-refused", testRenewRefused);
    ADD("folder-ask/busy", testBusy);
    ADD("folder-ask/busy-for-good", testBusyForGood);
    ADD("folder-ask/refusals", testRefusals);
    ADD("folder-ask/endless-refusal", testEndlessRefusal);
    ADD("folder-ask/ends-each-time", testEndsEachTime);
    ADD("folder-ask/decodes-once", testDecodesOnce);
    ADD("folder-ask/decodes-twice", testDecodesTwice);
    ADD("folder-ask/decodes-somehow", testDecodesSomehow);
    ADD("folder-ask/cancel", testCancel);
    ADD("folder-ask/crew-renews", testCrewRenews);
    ADD("folder-ask/crew-is-too-much", testCrewIsTooMuch);
    return g_test_run();
}
