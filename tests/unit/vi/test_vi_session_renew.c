/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Sessions that end: who logs in again, how often, and what the others get. */

#include "thread_fixture.h"
#include "vi_call.h"
#include "vi_fixture.h"
#include "vim_types.h"

#include <string.h>

#define CREW 8

typedef struct {
    ViSession *session;
    gint failures;          /* atomic */
    gint connectErrors;     /* atomic */
    gint loginErrors;       /* atomic */
    gint timeouts;          /* atomic */
} Readers;

/* One thread's read, which meets the end of the session. */
static void
readOnce(gpointer data)
{
    Readers *readers = data;
    g_autoptr(GError) error = NULL;

    if (fixtureCallSafe(readers->session, &error))
        return;
    g_atomic_int_inc(&readers->failures);
    if (g_error_matches(error, HTTP_ERROR, HTTP_ERROR_CONNECT))
        g_atomic_int_inc(&readers->connectErrors);
    if (g_error_matches(error, VI_ERROR, VI_ERROR_INVALID_LOGIN))
        g_atomic_int_inc(&readers->loginErrors);
    if (g_error_matches(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT))
        g_atomic_int_inc(&readers->timeouts);
}

/*
 * Scripts CREW reads that all find the session ended, and are all under way before the first hears
 * so.
 */
static void
scriptExpiredReads(Canned *canned)
{
    g_autofree char *fault = cannedFaultEnvelope("NotAuthenticated", "", NULL);
    guint i;

    for (i = 0; i < CREW; i++)
        cannedAdd(canned, "CurrentTime",
                  &(CannedExchange){ .status = 500, .bytes = fault, .held = TRUE });
}

/* Starts the crew and brings all of it but one to wait for that one's Login, which is held. */
static Crew *
startReaders(Canned *canned, Readers *readers)
{
    Crew *crew = crewStart(CREW, readOnce, readers);

    cannedAwait(canned, "CurrentTime", CREW);
    cannedOpen(canned, "CurrentTime");
    cannedAwait(canned, "Login", 2);
    crewAwaitAsleep(crew, CREW);
    return crew;
}

static void
testOne(void)
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
    g_assert_cmpuint(viSessionGeneration(session), ==, 2);
    /* The dead cookie does not go to the login, the new one to what follows. */
    g_assert_null(cannedHeader(cannedLast(canned, "Login"), "Cookie"));
    g_assert_cmpstr(cannedHeader(cannedLast(canned, "CurrentTime"), "Cookie"), ==,
                    FIXTURE_COOKIE_2);
}

/* Whoever heard of the end of a session that was renewed meanwhile has nothing to do. */
static void
testStale(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    g_assert_true(viSessionRenew(session, 1, &error));
    g_assert_true(viSessionRenew(session, 1, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(viSessionGeneration(session), ==, 2);
    cannedAssertLog(canned, "Login");
}

static void
testSingleFlight(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autofree char *login = cannedEnvelope("Login", "");
    Readers readers = { .session = session };
    Crew *crew = NULL;

    scriptExpiredReads(canned);
    cannedAdd(canned, "Login", &(CannedExchange){ .bytes = login, .held = TRUE,
                                                 .setCookie = FIXTURE_SET_COOKIE_2 });
    cannedReplyAlways(canned, "CurrentTime", FIXTURE_TIME);
    crew = startReaders(canned, &readers);
    cannedOpen(canned, "Login");
    crewJoin(crew);

    g_assert_cmpint(readers.failures, ==, 0);
    g_assert_cmpuint(cannedCount(canned, "Login"), ==, 2);
    g_assert_cmpuint(cannedCount(canned, "CurrentTime"), ==, 2 * CREW);
    g_assert_cmpuint(viSessionGeneration(session), ==, 2);
}

/*
 * The network fails the one Login: all who waited for it share its error, and nobody tries again at
 * once.
 */
static void
testFailureIsShared(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    Readers readers = { .session = session };
    Crew *crew = NULL;

    scriptExpiredReads(canned);
    cannedAdd(canned, "Login", &(CannedExchange){ .domain = HTTP_ERROR, .code = HTTP_ERROR_CONNECT,
                                                 .held = TRUE });
    crew = startReaders(canned, &readers);
    cannedOpen(canned, "Login");
    crewJoin(crew);

    g_assert_cmpint(readers.connectErrors, ==, CREW);
    g_assert_cmpuint(cannedCount(canned, "Login"), ==, 2);
    g_assert_true(viSessionIsUsable(session));

    /* The server is back: the next call that needs it logs in. */
    fixtureScriptExpired(canned, "CurrentTime");
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    cannedReply(canned, "CurrentTime", FIXTURE_TIME);
    g_assert_true(fixtureCallSafe(session, &error));
    g_assert_cmpuint(viSessionGeneration(session), ==, 2);
}

/* A login that hangs is not waited for by others longer than one request of theirs may take. */
static void
testImpatience(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = NULL;
    g_autofree char *login = cannedEnvelope("Login", "");
    Readers readers = { 0 };
    Crew *crew = NULL;

    cannedSetTimeout(canned, 100);
    readers.session = session = fixtureLogin(canned);
    scriptExpiredReads(canned);
    cannedAdd(canned, "Login", &(CannedExchange){ .bytes = login, .held = TRUE,
                                                 .setCookie = FIXTURE_SET_COOKIE_2 });
    cannedReplyAlways(canned, "CurrentTime", FIXTURE_TIME);
    crew = crewStart(CREW, readOnce, &readers);
    cannedAwait(canned, "CurrentTime", CREW);
    cannedOpen(canned, "CurrentTime");
    while (g_atomic_int_get(&readers.timeouts) < CREW - 1)
        g_usleep(10 * 1000);
    cannedOpen(canned, "Login");
    crewJoin(crew);

    g_assert_cmpint(readers.failures, ==, CREW - 1);
    g_assert_cmpuint(cannedCount(canned, "Login"), ==, 2);
    g_assert_cmpuint(viSessionGeneration(session), ==, 2);
}

/* The password was changed: one try for all threads together, and then never again. */
static void
testRefused(void)
{
    g_autoptr(Canned) canned = cannedNew();
    ViSession *session = fixtureLogin(canned);
    g_autofree char *fault = cannedFaultEnvelope("InvalidLogin", "Wrong.", NULL);
    g_autoptr(GError) error = NULL;
    Readers readers = { .session = session };
    Crew *crew = NULL;
    guint before = 0;

    scriptExpiredReads(canned);
    cannedAdd(canned, "Login", &(CannedExchange){ .status = 500, .bytes = fault, .held = TRUE,
                                                 .setCookie = FIXTURE_SET_COOKIE_2 });
    crew = startReaders(canned, &readers);
    cannedOpen(canned, "Login");
    crewJoin(crew);

    g_assert_cmpint(readers.loginErrors, ==, CREW);
    g_assert_false(viSessionIsUsable(session));
    before = cannedCount(canned, "CurrentTime");
    g_assert_false(fixtureCallSafe(session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    fixtureAssertPhrase(error->message,
                        "the session ended and could not be renewed: Login: InvalidLogin");
    g_assert_null(strstr(error->message, FIXTURE_PASSWORD));
    g_clear_error(&error);
    g_assert_false(fixtureCallOnce(session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    g_assert_cmpuint(cannedCount(canned, "CurrentTime"), ==, before);
    g_assert_cmpuint(cannedCount(canned, "MakeDirectory"), ==, 0);
    g_assert_cmpuint(cannedCount(canned, "Login"), ==, 2);

    viSessionFree(session);
    g_assert_cmpuint(cannedCount(canned, "Logout"), ==, 0);
}

/* The new session is over at once as well: an error, not a loop. */
static void
testEndsAgain(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptExpired(canned, "CurrentTime");
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    fixtureScriptExpired(canned, "CurrentTime");
    g_assert_false(fixtureCallSafe(session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NOT_AUTHENTICATED);
    cannedAssertLog(canned, "CurrentTime Login CurrentTime");
}

static void
renewOnly(gpointer data)
{
    Readers *readers = data;
    g_autoptr(GError) error = NULL;

    if (!viSessionRenew(readers->session, 1, &error))
        g_atomic_int_inc(&readers->failures);
}

/* Calls go on while a renewal is under way: its lock is not held across the network. */
static void
testCallDuringRenewal(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autofree char *login = cannedEnvelope("Login", "");
    g_autoptr(GError) error = NULL;
    Readers readers = { .session = session };
    Crew *crew = NULL;

    cannedAdd(canned, "Login", &(CannedExchange){ .bytes = login, .held = TRUE,
                                                 .setCookie = FIXTURE_SET_COOKIE_2 });
    crew = crewStart(1, renewOnly, &readers);
    cannedAwait(canned, "Login", 2);

    cannedReply(canned, "CurrentTime", FIXTURE_TIME);
    g_assert_true(fixtureCallSafe(session, &error));
    g_assert_cmpstr(cannedHeader(cannedLast(canned, "CurrentTime"), "Cookie"), ==, FIXTURE_COOKIE);
    cannedOpen(canned, "Login");
    crewJoin(crew);
    g_assert_cmpint(readers.failures, ==, 0);
}

static void
readMany(gpointer data)
{
    guint i;

    for (i = 0; i < 200; i++)
        readOnce(data);
}

/*
 * No order is set here: the session ends now and then under eight busy threads. For TSan most of
 * all.
 */
static void
testManyRenewals(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autofree char *fault = cannedFaultEnvelope("NotAuthenticated", "", NULL);
    g_autofree char *time = cannedEnvelope("CurrentTime", FIXTURE_TIME);
    g_autofree char *login = cannedEnvelope("Login", "");
    Readers readers = { .session = session };
    guint i;

    for (i = 0; i < 50 * 16; i++)
        cannedAdd(canned, "CurrentTime",
                  i % 16 == 0 ? &(CannedExchange){ .status = 500, .bytes = fault }
                              : &(CannedExchange){ .bytes = time });
    cannedReplyAlways(canned, "CurrentTime", FIXTURE_TIME);
    cannedAdd(canned, "Login", &(CannedExchange){ .bytes = login, .always = TRUE,
                                                 .setCookie = FIXTURE_SET_COOKIE_2 });
    crewJoin(crewStart(CREW, readMany, &readers));

    g_assert_cmpuint(cannedCount(canned, "Login"), <=, 51);
    g_assert_cmpuint(viSessionGeneration(session), ==, cannedCount(canned, "Login"));
    /* Each fault cost one more request, but where it met a call that went out again already. */
    g_assert_cmpuint(cannedCount(canned, "CurrentTime") + (guint)readers.failures, ==,
                     200 * CREW + 50);
    g_assert_cmpint(readers.connectErrors + readers.loginErrors, ==, 0);
}

static void
countRenewal(gpointer opaque)
{
    g_atomic_int_inc((gint *)opaque);
}

/* Whoever waits for objects of the old session is told: of each renewal that worked, once. */
static void
testTold(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    gint renewals = 0;

    viSessionSetRenewed(session, countRenewal, &renewals);
    cannedFail(canned, "Login", HTTP_ERROR, HTTP_ERROR_CONNECT);
    g_assert_false(viSessionRenew(session, 1, NULL));
    g_assert_cmpint(renewals, ==, 0);
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    g_assert_true(viSessionRenew(session, 1, &error));
    g_assert_true(viSessionRenew(session, 1, &error));
    g_assert_cmpint(renewals, ==, 1);

    viSessionSetRenewed(session, NULL, NULL);
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE);
    g_assert_true(viSessionRenew(session, 2, &error));
    g_assert_cmpint(renewals, ==, 1);
}

static gpointer
raiseWhenAsked(gpointer opaque)
{
    gpointer *parts = opaque;

    cannedAwait(parts[0], "Login", 2);
    cancelRaise(parts[1]);
    return NULL;
}

/* A login that does not come back does not hold up who has to end. */
static void
testCancel(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Cancel) cancel = cancelNew(NULL);
    gpointer parts[] = { canned, cancel };
    GThread *thread = g_thread_new("cancel", raiseWhenAsked, parts);
    g_autoptr(GError) error = NULL;

    cannedAdd(canned, "Login", &(CannedExchange){ .bytes = "", .held = TRUE });
    g_assert_false(viSessionRenewUntil(session, 1, cancel, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    g_thread_join(thread);
    g_assert_true(viSessionIsUsable(session));
}

/* A call that ends does not end a login that others wait for, unless it says so. */
static void
testCancelOfCall(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(Cancel) cancel = cancelNew(NULL);
    g_autoptr(ViSession) session = fixtureLogin(canned);
    SoapMoRef instance = { "ServiceInstance", "ServiceInstance" };
    VimCurrentTimeRequest args = VIM_INIT(CurrentTimeRequest);
    guint i;

    args.self = &instance;
    for (i = 0; i < 2; i++) {
        const ViCallOptions options = { .cancel = cancel, .cancelsLogin = i == 1 };
        g_autoptr(SoapReply) reply = NULL;
        g_autoptr(GError) error = NULL;

        cannedFault(canned, "CurrentTime", "NotAuthenticated", "The session is not authenticated.");
        fixtureScriptLogin(canned, FIXTURE_SET_COOKIE);
        cannedReply(canned, "CurrentTime", FIXTURE_TIME);
        reply = viCall(session, &vimMethodCurrentTime, &args, &options, &error);
        g_assert_no_error(error);
        g_assert_nonnull(reply);
        g_assert_true(cannedLast(canned, "CurrentTime")->cancel == cancel);
        g_assert_true(cannedLast(canned, "Login")->cancel == (i == 1 ? cancel : NULL));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/session/renew/one", testOne);
    g_test_add_func("/vi/session/renew/stale", testStale);
    g_test_add_func("/vi/session/renew/single-flight", testSingleFlight);
    g_test_add_func("/vi/session/renew/impatience", testImpatience);
    g_test_add_func("/vi/session/renew/failure-is-shared", testFailureIsShared);
    g_test_add_func("/vi/session/renew/refused", testRefused);
    g_test_add_func("/vi/session/renew/ends-again", testEndsAgain);
    g_test_add_func("/vi/session/renew/call-during-renewal", testCallDuringRenewal);
    g_test_add_func("/vi/session/renew/many-renewals", testManyRenewals);
    g_test_add_func("/vi/session/renew/told", testTold);
    g_test_add_func("/vi/session/renew/cancel", testCancel);
    g_test_add_func("/vi/session/renew/cancel-of-call", testCancelOfCall);
    return g_test_run();
}
