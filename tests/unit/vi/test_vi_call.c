/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The table of vi_call.h, cell by cell. */

#include "vi_fixture.h"

#include <string.h>

#include "vi_call.h"
#include "vim_types.h"

/* The ways a connection breaks under a call. */
static const gint breaks[] = { HTTP_ERROR_BROKEN, HTTP_ERROR_PROTOCOL };

/* ---- the methods the rows are tried with are of their row ------------------------------------ */

static void
testRules(void)
{
    g_assert_cmpint(vimMethodCurrentTime.replay, ==, SOAP_REPLAY_SAFE);
    g_assert_cmpint(vimMethodMakeDirectory.replay, ==, SOAP_REPLAY_ONCE);
    g_assert_cmpint(vimMethodDestroyPropertyFilter.replay, ==, SOAP_REPLAY_SESSION);
    g_assert_cmpint(vimMethodLogin.replay, ==, SOAP_REPLAY_ONCE);
}

/* ---- SAFE ----------------------------------------------------------------------------------- */

static void
testSafeSessionEnded(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptExpired(canned, "CurrentTime");
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    cannedReply(canned, "CurrentTime", FIXTURE_TIME);
    g_assert_true(fixtureCallSafe(session, &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, "CurrentTime Login CurrentTime");
}

static void
testSafeBroken(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(breaks); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureLogin(canned);
        g_autoptr(GError) error = NULL;

        cannedFail(canned, "CurrentTime", HTTP_ERROR, breaks[i]);
        cannedReply(canned, "CurrentTime", FIXTURE_TIME);
        g_assert_true(fixtureCallSafe(session, &error));
        g_assert_no_error(error);
        cannedAssertLog(canned, "CurrentTime CurrentTime");
        g_assert_false(cannedLast(canned, "CurrentTime")->noRetry);
    }
}

/* A reply that ends in the middle is a broken connection too. */
static void
testSafeCutReply(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autofree char *bytes = cannedEnvelope("CurrentTime", FIXTURE_TIME);
    g_autoptr(GError) error = NULL;

    bytes[strlen(bytes) - 40] = '\0';
    cannedAdd(canned, "CurrentTime", &(CannedExchange){ .bytes = bytes });
    cannedReply(canned, "CurrentTime", FIXTURE_TIME);
    g_assert_true(fixtureCallSafe(session, &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, "CurrentTime CurrentTime");
}

static void
testSafeBrokenTwice(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedFail(canned, "CurrentTime", HTTP_ERROR, HTTP_ERROR_BROKEN);
    cannedFail(canned, "CurrentTime", HTTP_ERROR, HTTP_ERROR_BROKEN);
    g_assert_false(fixtureCallSafe(session, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_BROKEN);
    g_assert_cmpstr(error->message, ==, "scripted trouble");
    cannedAssertLog(canned, "CurrentTime CurrentTime");
}

static void
testSafeEndedThenBroken(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptExpired(canned, "CurrentTime");
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    cannedFail(canned, "CurrentTime", HTTP_ERROR, HTTP_ERROR_BROKEN);
    g_assert_false(fixtureCallSafe(session, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_BROKEN);
    cannedAssertLog(canned, "CurrentTime Login CurrentTime");
}

/* The renewal itself fails: that is the error, not the end of the session. */
static void
testSafeRenewalFails(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptExpired(canned, "CurrentTime");
    cannedFail(canned, "Login", HTTP_ERROR, HTTP_ERROR_TIMEOUT);
    g_assert_false(fixtureCallSafe(session, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT);
    fixtureAssertPhrase(error->message, "the session ended and could not be renewed: ");
    cannedAssertLog(canned, "CurrentTime Login");
}

/* ---- SESSION -------------------------------------------------------------------------------- */

static void
testSessionEnded(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptExpired(canned, "DestroyPropertyFilter");
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    g_assert_false(fixtureCallSession(session, 1, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_SESSION_RENEWED);
    cannedAssertLog(canned, "DestroyPropertyFilter Login");
    g_assert_cmpuint(viSessionGeneration(session), ==, 2);
}

/* Another thread renewed the session meanwhile: nothing is sent. */
static void
testSessionOfOldGeneration(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    g_assert_true(viSessionRenew(session, 1, &error));
    cannedAssertLog(canned, "Login");

    g_assert_false(fixtureCallSession(session, 1, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_SESSION_RENEWED);
    cannedAssertLog(canned, "");

    g_clear_error(&error);
    cannedReply(canned, "DestroyPropertyFilter", "");
    g_assert_true(fixtureCallSession(session, 2, &error));
    g_assert_no_error(error);
}

static void
testSessionBroken(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(breaks); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureLogin(canned);
        g_autoptr(GError) error = NULL;

        cannedFail(canned, "DestroyPropertyFilter", HTTP_ERROR, breaks[i]);
        g_assert_false(fixtureCallSession(session, 1, &error));
        g_assert_error(error, HTTP_ERROR, breaks[i]);
        cannedAssertLog(canned, "DestroyPropertyFilter");
    }
}

/* ---- ONCE ----------------------------------------------------------------------------------- */

/* NotAuthenticated means that nothing was done, so even this may go out again. */
static void
testOnceSessionEnded(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptExpired(canned, "MakeDirectory");
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    cannedReply(canned, "MakeDirectory", "");
    g_assert_true(fixtureCallOnce(session, &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, "MakeDirectory Login MakeDirectory");
    g_assert_true(cannedLast(canned, "MakeDirectory")->noRetry);
}

static void
testOnceBroken(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(breaks); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureLogin(canned);
        g_autoptr(GError) error = NULL;

        cannedFail(canned, "MakeDirectory", HTTP_ERROR, breaks[i]);
        g_assert_false(fixtureCallOnce(session, &error));
        g_assert_error(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
        g_assert_cmpstr(error->message, ==, "MakeDirectory: scripted trouble");
        cannedAssertLog(canned, "MakeDirectory");
    }
}

static void
testOnceCutReply(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autofree char *bytes = cannedEnvelope("MakeDirectory", "");
    g_autoptr(GError) error = NULL;

    bytes[strlen(bytes) - 40] = '\0';
    cannedAdd(canned, "MakeDirectory", &(CannedExchange){ .bytes = bytes });
    g_assert_false(fixtureCallOnce(session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    cannedAssertLog(canned, "MakeDirectory");
}

/* The server went silent: it may have done it all the same. */
static void
testOnceSilent(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedFail(canned, "MakeDirectory", HTTP_ERROR, HTTP_ERROR_TIMEOUT);
    g_assert_false(fixtureCallOnce(session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    cannedAssertLog(canned, "MakeDirectory");
}

/* What provably was not sent has a known outcome. */
static void
testOnceUnsent(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedFail(canned, "MakeDirectory", HTTP_ERROR, HTTP_ERROR_CONNECT);
    g_assert_false(fixtureCallOnce(session, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CONNECT);
}

/* Renewed, sent again, and then it breaks. */
static void
testOnceEndedThenBroken(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptExpired(canned, "MakeDirectory");
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    cannedFail(canned, "MakeDirectory", HTTP_ERROR, HTTP_ERROR_BROKEN);
    g_assert_false(fixtureCallOnce(session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    cannedAssertLog(canned, "MakeDirectory Login MakeDirectory");
}

/* ---- what is neither ------------------------------------------------------------------------- */

/* Nothing of this is repeated: it would fail again, or take as long again. */
static void
testOtherTrouble(void)
{
    static const gint codes[] = {
        HTTP_ERROR_RESOLVE, HTTP_ERROR_CONNECT, HTTP_ERROR_TIMEOUT,
        HTTP_ERROR_TLS,     HTTP_ERROR_TRUST,   HTTP_ERROR_CANCELLED,
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(codes); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureLogin(canned);
        g_autoptr(GError) error = NULL;

        cannedFail(canned, "CurrentTime", HTTP_ERROR, codes[i]);
        g_assert_false(fixtureCallSafe(session, &error));
        g_assert_error(error, HTTP_ERROR, codes[i]);
        cannedAssertLog(canned, "CurrentTime");
    }
}

static void
testFault(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedFault(canned, "MakeDirectory", "FileAlreadyExists", "It is there.");
    g_assert_false(fixtureCallOnce(session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_EXISTS);
    g_assert_cmpstr(error->message, ==, "MakeDirectory: FileAlreadyExists: It is there");
    cannedAssertLog(canned, "MakeDirectory");
}

/* A fault that says nothing of the session, but comes with status 200. */
static void
testFaultWithStatus200(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autofree char *bytes = cannedFaultEnvelope("NotSupported", "No.", NULL);
    g_autoptr(GError) error = NULL;

    cannedAdd(canned, "CurrentTime", &(CannedExchange){ .status = 200, .bytes = bytes });
    g_assert_false(fixtureCallSafe(session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NOT_SUPPORTED);
}

/* What cannot be sent is an error of ours, without a request. */
static void
testBadArguments(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    VimMakeDirectoryRequest args = VIM_INIT(MakeDirectoryRequest);
    g_autoptr(GError) error = NULL;

    args.self = viSessionServices(session)->fileManager;
    g_assert_null(viCall(session, &vimMethodMakeDirectory, &args, NULL, &error));
    g_assert_error(error, SOAP_ERROR, SOAP_ERROR_VALUE);
    cannedAssertLog(canned, "");
}

static void
testOptions(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    SoapMoRef instance = { "ServiceInstance", "ServiceInstance" };
    VimCurrentTimeRequest args = VIM_INIT(CurrentTimeRequest);
    g_autoptr(Cancel) cancel = cancelNew(NULL);
    ViCallOptions options = { .timeoutMs = 1234, .cancel = cancel };
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(GError) error = NULL;

    args.self = &instance;
    cannedReply(canned, "CurrentTime", FIXTURE_TIME);
    reply = viCall(session, &vimMethodCurrentTime, &args, &options, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(cannedLast(canned, "CurrentTime")->timeoutMs, ==, 1234);
    g_assert_true(cannedLast(canned, "CurrentTime")->cancellable);
    g_assert_cmpstr(((VimCurrentTimeResponse *)reply->body)->returnval, ==, "2026-01-02T03:04:05Z");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/call/rules", testRules);
    g_test_add_func("/vi/call/safe/session-ended", testSafeSessionEnded);
    g_test_add_func("/vi/call/safe/broken", testSafeBroken);
    g_test_add_func("/vi/call/safe/cut-reply", testSafeCutReply);
    g_test_add_func("/vi/call/safe/broken-twice", testSafeBrokenTwice);
    g_test_add_func("/vi/call/safe/ended-then-broken", testSafeEndedThenBroken);
    g_test_add_func("/vi/call/safe/renewal-fails", testSafeRenewalFails);
    g_test_add_func("/vi/call/session/ended", testSessionEnded);
    g_test_add_func("/vi/call/session/old-generation", testSessionOfOldGeneration);
    g_test_add_func("/vi/call/session/broken", testSessionBroken);
    g_test_add_func("/vi/call/once/session-ended", testOnceSessionEnded);
    g_test_add_func("/vi/call/once/broken", testOnceBroken);
    g_test_add_func("/vi/call/once/cut-reply", testOnceCutReply);
    g_test_add_func("/vi/call/once/silent", testOnceSilent);
    g_test_add_func("/vi/call/once/unsent", testOnceUnsent);
    g_test_add_func("/vi/call/once/ended-then-broken", testOnceEndedThenBroken);
    g_test_add_func("/vi/call/other-trouble", testOtherTrouble);
    g_test_add_func("/vi/call/fault", testFault);
    g_test_add_func("/vi/call/fault-with-status-200", testFaultWithStatus200);
    g_test_add_func("/vi/call/bad-arguments", testBadArguments);
    g_test_add_func("/vi/call/options", testOptions);
    return g_test_run();
}
