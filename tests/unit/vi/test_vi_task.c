/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "look_fixture.h"

#include <string.h>

#include "vi_property.h"

#define THREE_LOOKS LOOK " " LOOK " " LOOK
#define POLL_BEGINS "CreatePropertyCollector CreateFilter WaitForUpdatesEx"
#define WAIT "WaitForUpdatesEx"
#define POLL_ENDS "DestroyPropertyCollector"

static ViTaskResult *
waitFor(ViSession *session, guint timeoutMs, const Cancel *cancel, GError **error)
{
    return viTaskWait(session, &task, "Copy_Task", timeoutMs, cancel, error);
}

/* ---- the script ----------------------------------------------------------------------------- */

/* Scripts the looks before the long poll; none finds the task at its end. */
static void
scriptLooks(Canned *canned)
{
    guint i;

    for (i = 0; i < VI_TASK_POLLS; i++)
        scriptLook(canned, STATE("running"));
}

static void
scriptCollector(Canned *canned, const char *name)
{
    g_autofree char *inner =
        g_strdup_printf("<returnval type=\"PropertyCollector\">%s</returnval>", name);

    cannedReply(canned, "CreatePropertyCollector", inner);
    cannedReply(canned, "CreateFilter", "<returnval type=\"PropertyFilter\">f</returnval>");
}

static char *
update(const char *version, const char *state)
{
    g_autofree char *inner = g_strdup_printf(
        "<returnval><version>%s</version><filterSet>"
        "<filter type=\"PropertyFilter\">f</filter><objectSet><kind>modify</kind>"
        "<obj type=\"Task\">%s</obj><changeSet><name>info.state</name><op>assign</op>"
        "<val xsi:type=\"TaskInfoState\">%s</val></changeSet></objectSet></filterSet></returnval>",
        version, task.value, state);

    return cannedEnvelope(WAIT, inner);
}

static void
scriptUpdate(Canned *canned, const char *version, const char *state)
{
    g_autofree char *bytes = update(version, state);

    cannedAdd(canned, WAIT, &(CannedExchange){ .bytes = bytes });
}

/* ---- looks ---------------------------------------------------------------------------------- */

static void
testFirstLook(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;

    scriptLook(canned, STATE("success") RESULT);
    result = waitFor(session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(viAnyString(result->result), ==, "[ds] x.vmdk");
    cannedAssertLog(canned, LOOK);
    g_assert_nonnull(strstr(cannedLast(canned, LOOK)->body, task.value));
}

/* The task is told of on the second page; what is told there must live as long as the result. */
static void
testEmptyFirstPage(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;

    cannedReply(canned, LOOK, "<returnval><token>t1</token></returnval>");
    cannedReply(canned, "ContinueRetrievePropertiesEx",
                "<returnval><objects>"
                "<obj type=\"Task\">haTask-ha-host-vim.HostDatastoreBrowser.search-17</obj>"
                STATE("success") RESULT "</objects></returnval>");
    result = waitFor(session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(viAnyString(result->result), ==, "[ds] x.vmdk");
}

static void
testThirdLook(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;

    scriptLook(canned, STATE("queued"));
    scriptLook(canned, STATE("running"));
    scriptLook(canned, STATE("success"));
    result = waitFor(session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_null(result->result);
    cannedAssertLog(canned, THREE_LOOKS);
}

static void
testFault(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    scriptLook(canned, STATE("error") ERROR("FileAlreadyExists", "It is there."));
    g_assert_null(waitFor(session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_EXISTS);
    g_assert_cmpstr(error->message, ==, "Copy_Task: FileAlreadyExists: It is there");
    cannedAssertLog(canned, LOOK);
}

/* Failed, and nothing says why. */
static void
testFaultWithoutReason(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    scriptLook(canned, STATE("error"));
    g_assert_null(waitFor(session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_FAULT);
    g_assert_cmpstr(error->message, ==, "Copy_Task: unknown fault");
}

static void
testLookFails(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedFault(canned, LOOK, "ManagedObjectNotFound", "Gone.");
    g_assert_null(waitFor(session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_OBJECT_GONE);
    cannedAssertLog(canned, LOOK);
}

/* A session that ended between starting the task and looking at it. */
static void
testSessionEndsBeforeLook(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;

    cannedReply(canned, LOOK, "");
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    scriptLook(canned, STATE("success"));
    result = waitFor(session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(result);
    cannedAssertLog(canned, LOOK " Login " LOOK);
}

/* ---- long poll ------------------------------------------------------------------------------ */

static void
testLongPoll(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;
    const CannedRequest *wait = NULL;

    scriptLooks(canned);
    scriptCollector(canned, "session[9]own");
    scriptUpdate(canned, "1", "running");
    cannedReply(canned, WAIT, "");
    scriptUpdate(canned, "2", "success");
    cannedReply(canned, "DestroyPropertyCollector", "");
    scriptLook(canned, STATE("success") RESULT);
    result = waitFor(session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(viAnyString(result->result), ==, "[ds] x.vmdk");
    cannedAssertLog(canned, THREE_LOOKS " " POLL_BEGINS " " WAIT " " WAIT " " POLL_ENDS " " LOOK);

    /* Its own collector, from where the last update left off, and as silent as it was told. */
    wait = cannedLast(canned, WAIT);
    g_assert_nonnull(strstr(wait->body, "<_this type=\"PropertyCollector\">session[9]own</_this>"));
    g_assert_nonnull(strstr(wait->body, "<version>1</version>"));
    g_assert_nonnull(strstr(wait->body, "<maxWaitSeconds>10</maxWaitSeconds>"));
    g_assert_cmpuint(wait->timeoutMs, ==, 0);
    g_assert_cmpint(wait->deadline, >, 0);
    g_assert_cmpuint(wait->quietMs, ==, 10000);
    g_assert_nonnull(strstr(cannedLast(canned, "DestroyPropertyCollector")->body, "session[9]own"));
}

static void
testLongPollFault(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    scriptLooks(canned);
    scriptCollector(canned, "own");
    scriptUpdate(canned, "1", "error");
    cannedReply(canned, "DestroyPropertyCollector", "");
    scriptLook(canned, STATE("error") ERROR("NoDiskSpace", "Full."));
    g_assert_null(waitFor(session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_DISK_SPACE);
    cannedAssertLog(canned, THREE_LOOKS " " POLL_BEGINS " " POLL_ENDS " " LOOK);
}

/* The connection breaks in the hours a task takes: the collector goes, and a look tells more. */
static void
testLongPollBroken(void)
{
    static const gint codes[] = { HTTP_ERROR_TIMEOUT, HTTP_ERROR_BROKEN, HTTP_ERROR_PROTOCOL };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(codes); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureLogin(canned);
        g_autoptr(GError) error = NULL;
        g_autoptr(ViTaskResult) result = NULL;

        scriptLooks(canned);
        scriptCollector(canned, "own");
        cannedFail(canned, WAIT, HTTP_ERROR, codes[i]);
        cannedReply(canned, "DestroyPropertyCollector", "");
        scriptLook(canned, STATE("success"));
        result = waitFor(session, MINUTE, NULL, &error);
        g_assert_no_error(error);
        g_assert_nonnull(result);
        cannedAssertLog(canned, THREE_LOOKS " " POLL_BEGINS " " POLL_ENDS " " LOOK);
    }
}

/* The server is gone for good: the look after the poll says so. */
static void
testLongPollGone(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    scriptLooks(canned);
    scriptCollector(canned, "own");
    cannedFail(canned, WAIT, HTTP_ERROR, HTTP_ERROR_BROKEN);
    cannedFail(canned, "DestroyPropertyCollector", HTTP_ERROR, HTTP_ERROR_CONNECT);
    cannedFail(canned, LOOK, HTTP_ERROR, HTTP_ERROR_CONNECT);
    g_assert_null(waitFor(session, MINUTE, NULL, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CONNECT);
}

/* What is no trouble of the connection ends the wait; the collector goes all the same. */
static void
testLongPollRefused(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    scriptLooks(canned);
    scriptCollector(canned, "own");
    cannedFault(canned, WAIT, "NoPermission", "No.");
    cannedReply(canned, "DestroyPropertyCollector", "");
    g_assert_null(waitFor(session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_PERMISSION);
    cannedAssertLog(canned, THREE_LOOKS " " POLL_BEGINS " " POLL_ENDS);
}

/* The session ends under the poll: the collector is gone with it, the task is not. */
static void
testSessionEndsUnderPoll(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;

    scriptLooks(canned);
    scriptCollector(canned, "own");
    fixtureScriptExpired(canned, WAIT);
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    scriptLook(canned, STATE("running"));
    scriptCollector(canned, "second");
    scriptUpdate(canned, "1", "success");
    cannedReply(canned, "DestroyPropertyCollector", "");
    scriptLook(canned, STATE("success"));
    result = waitFor(session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(result);
    cannedAssertLog(canned, THREE_LOOKS " " POLL_BEGINS " Login " LOOK " " POLL_BEGINS " " POLL_ENDS
                                        " " LOOK);
    g_assert_nonnull(strstr(cannedLast(canned, "DestroyPropertyCollector")->body, "second"));
}

/* Somebody else ended the session: the request comes back cancelled, and the wait goes on. */
static void
testPollCancelledByServer(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;

    scriptLooks(canned);
    scriptCollector(canned, "own");
    cannedFault(canned, WAIT, "RequestCanceled", "The request was canceled.");
    cannedReply(canned, "DestroyPropertyCollector", "");
    scriptLook(canned, STATE("success"));
    result = waitFor(session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(result);
}

static void
testNoCollector(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    scriptLooks(canned);
    cannedReply(canned, "CreatePropertyCollector", "");
    g_assert_null(waitFor(session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    cannedAssertLog(canned, THREE_LOOKS " CreatePropertyCollector");
}


/* ---- enough ---------------------------------------------------------------------------------- */

static void
testTimeoutAtOnce(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedReply(canned, "CancelTask", "");
    g_assert_null(waitFor(session, 0, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_TIMEOUT);
    cannedAssertLog(canned, "CancelTask");
}

/* The error says where the task stood; the poll is never longer than what is left. */
static void
testTimeoutInPoll(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    const CannedRequest *cancel = NULL;

    scriptLooks(canned);
    scriptCollector(canned, "own");
    cannedReplyAlways(canned, WAIT, "");
    cannedReply(canned, "CancelTask", "");
    cannedReply(canned, "DestroyPropertyCollector", "");
    g_assert_null(waitFor(session, 700, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_TIMEOUT);
    fixtureAssertPhrase(error->message, "did not end in time (it was running)");
    fixtureAssertPhrase(error->message, task.value);
    g_assert_nonnull(strstr(cannedLast(canned, WAIT)->body, "<maxWaitSeconds>1</maxWaitSeconds>"));
    /* A server that answers at once is not asked without a pause. */
    g_assert_cmpuint(cannedCount(canned, WAIT), <=, 3);
    cancel = cannedLast(canned, "CancelTask");
    g_assert_nonnull(strstr(cancel->body, task.value));
    g_assert_cmpuint(cancel->timeoutMs, >, 0);
}

static void
testCancelBefore(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    cancelRaise(cancel);
    cannedReply(canned, "CancelTask", "");
    g_assert_null(waitFor(session, MINUTE, cancel, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
    cannedAssertLog(canned, "CancelTask");
}

static void
raise1(gpointer flag)
{
    cancelRaise(flag);
}

/* The flag goes up in the middle of a poll: the transport gives up, the task is told to stop. */
static void
testCancelInPoll(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    scriptLooks(canned);
    scriptCollector(canned, "own");
    cannedAdd(canned, WAIT, &(CannedExchange){ .domain = HTTP_ERROR, .code = HTTP_ERROR_CANCELLED,
                                               .hook = raise1, .hookData = cancel });
    cannedReply(canned, "CancelTask", "");
    cannedReply(canned, "DestroyPropertyCollector", "");
    g_assert_null(waitFor(session, MINUTE, cancel, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
    cannedAssertLog(canned, THREE_LOOKS " " POLL_BEGINS " CancelTask " POLL_ENDS);
    g_assert_true(cannedLast(canned, WAIT)->cancel == cancel);
    assertGoesOut(canned, "CancelTask", cancel);
    assertGoesOut(canned, POLL_ENDS, cancel);
}

/* The server cannot even be told to stop: the error stays that of the caller's wish. */
static void
testCancelFails(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    cancelRaise(cancel);
    cannedFault(canned, "CancelTask", "NotSupported", "No.");
    g_assert_null(waitFor(session, MINUTE, cancel, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
}

/* The flag of the whole session goes up: the caller leaves as well. */
static void
testSessionCancelled(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedFail(canned, LOOK, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    cannedReply(canned, "CancelTask", "");
    g_assert_null(waitFor(session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
    cannedAssertLog(canned, LOOK " CancelTask");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/task/first-look", testFirstLook);
    g_test_add_func("/vi/task/empty-first-page", testEmptyFirstPage);
    g_test_add_func("/vi/task/third-look", testThirdLook);
    g_test_add_func("/vi/task/fault", testFault);
    g_test_add_func("/vi/task/fault-without-reason", testFaultWithoutReason);
    g_test_add_func("/vi/task/look-fails", testLookFails);
    g_test_add_func("/vi/task/session-ends-before-look", testSessionEndsBeforeLook);
    g_test_add_func("/vi/task/long-poll", testLongPoll);
    g_test_add_func("/vi/task/long-poll-fault", testLongPollFault);
    g_test_add_func("/vi/task/long-poll-broken", testLongPollBroken);
    g_test_add_func("/vi/task/long-poll-gone", testLongPollGone);
    g_test_add_func("/vi/task/long-poll-refused", testLongPollRefused);
    g_test_add_func("/vi/task/session-ends-under-poll", testSessionEndsUnderPoll);
    g_test_add_func("/vi/task/poll-cancelled-by-server", testPollCancelledByServer);
    g_test_add_func("/vi/task/no-collector", testNoCollector);
    g_test_add_func("/vi/task/timeout-at-once", testTimeoutAtOnce);
    g_test_add_func("/vi/task/timeout-in-poll", testTimeoutInPoll);
    g_test_add_func("/vi/task/cancel-before", testCancelBefore);
    g_test_add_func("/vi/task/cancel-in-poll", testCancelInPoll);
    g_test_add_func("/vi/task/cancel-fails", testCancelFails);
    g_test_add_func("/vi/task/session-cancelled", testSessionCancelled);
    return g_test_run();
}
