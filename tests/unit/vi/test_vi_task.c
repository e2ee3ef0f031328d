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
testFirstLook(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;

    scriptLook(f->canned, STATE("success") RESULT);
    result = waitFor(f->session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(viAnyString(result->result), ==, "[ds] x.vmdk");
    cannedAssertLog(f->canned, LOOK);
    g_assert_nonnull(strstr(cannedLast(f->canned, LOOK)->body, task.value));
}

/* The task is told of on the second page; what is told there must live as long as the result. */
static void
testEmptyFirstPage(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;

    cannedReply(f->canned, LOOK, "<returnval><token>t1</token></returnval>");
    cannedReply(f->canned, "ContinueRetrievePropertiesEx",
                "<returnval><objects>"
                "<obj type=\"Task\">haTask-ha-host-vim.HostDatastoreBrowser.search-17</obj>"
                STATE("success") RESULT "</objects></returnval>");
    result = waitFor(f->session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(viAnyString(result->result), ==, "[ds] x.vmdk");
}

static void
testThirdLook(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;

    scriptLook(f->canned, STATE("queued"));
    scriptLook(f->canned, STATE("running"));
    scriptLook(f->canned, STATE("success"));
    result = waitFor(f->session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_null(result->result);
    cannedAssertLog(f->canned, THREE_LOOKS);
}

static void
testFault(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    scriptLook(f->canned, STATE("error") ERROR("FileAlreadyExists", "It is there."));
    g_assert_null(waitFor(f->session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_EXISTS);
    g_assert_cmpstr(error->message, ==, "Copy_Task: FileAlreadyExists: It is there");
    cannedAssertLog(f->canned, LOOK);
}

/* Failed, and nothing says why. */
static void
testFaultWithoutReason(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    scriptLook(f->canned, STATE("error"));
    g_assert_null(waitFor(f->session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_FAULT);
    g_assert_cmpstr(error->message, ==, "Copy_Task: unknown fault");
}

static void
testLookFails(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    cannedFault(f->canned, LOOK, "ManagedObjectNotFound", "Gone.");
    g_assert_null(waitFor(f->session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_OBJECT_GONE);
    cannedAssertLog(f->canned, LOOK);
}

/* A session that ended between starting the task and looking at it. */
static void
testSessionEndsBeforeLook(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;

    cannedReply(f->canned, LOOK, "");
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    scriptLook(f->canned, STATE("success"));
    result = waitFor(f->session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(result);
    cannedAssertLog(f->canned, LOOK " Login " LOOK);
}

/* ---- long poll ------------------------------------------------------------------------------ */

static void
testLongPoll(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;
    const CannedRequest *wait = NULL;

    scriptLooks(f->canned);
    scriptCollector(f->canned, "session[9]own");
    scriptUpdate(f->canned, "1", "running");
    cannedReply(f->canned, WAIT, "");
    scriptUpdate(f->canned, "2", "success");
    cannedReply(f->canned, "DestroyPropertyCollector", "");
    scriptLook(f->canned, STATE("success") RESULT);
    result = waitFor(f->session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(viAnyString(result->result), ==, "[ds] x.vmdk");
    cannedAssertLog(f->canned,
                    THREE_LOOKS " " POLL_BEGINS " " WAIT " " WAIT " " POLL_ENDS " " LOOK);

    /* Its own collector, from where the last update left off, and as silent as it was told. */
    wait = cannedLast(f->canned, WAIT);
    g_assert_nonnull(strstr(wait->body, "<_this type=\"PropertyCollector\">session[9]own</_this>"));
    g_assert_nonnull(strstr(wait->body, "<version>1</version>"));
    g_assert_nonnull(strstr(wait->body, "<maxWaitSeconds>10</maxWaitSeconds>"));
    g_assert_cmpuint(wait->timeoutMs, ==, 0);
    g_assert_cmpint(wait->deadline, >, 0);
    g_assert_cmpuint(wait->quietMs, ==, 10000);
    g_assert_nonnull(
        strstr(cannedLast(f->canned, "DestroyPropertyCollector")->body, "session[9]own"));
}

static void
testLongPollFault(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    scriptLooks(f->canned);
    scriptCollector(f->canned, "own");
    scriptUpdate(f->canned, "1", "error");
    cannedReply(f->canned, "DestroyPropertyCollector", "");
    scriptLook(f->canned, STATE("error") ERROR("NoDiskSpace", "Full."));
    g_assert_null(waitFor(f->session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_DISK_SPACE);
    cannedAssertLog(f->canned, THREE_LOOKS " " POLL_BEGINS " " POLL_ENDS " " LOOK);
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
testLongPollGone(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    scriptLooks(f->canned);
    scriptCollector(f->canned, "own");
    cannedFail(f->canned, WAIT, HTTP_ERROR, HTTP_ERROR_BROKEN);
    cannedFail(f->canned, "DestroyPropertyCollector", HTTP_ERROR, HTTP_ERROR_CONNECT);
    cannedFail(f->canned, LOOK, HTTP_ERROR, HTTP_ERROR_CONNECT);
    g_assert_null(waitFor(f->session, MINUTE, NULL, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CONNECT);
}

/* What is no trouble of the connection ends the wait; the collector goes all the same. */
static void
testLongPollRefused(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    scriptLooks(f->canned);
    scriptCollector(f->canned, "own");
    cannedFault(f->canned, WAIT, "NoPermission", "No.");
    cannedReply(f->canned, "DestroyPropertyCollector", "");
    g_assert_null(waitFor(f->session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_PERMISSION);
    cannedAssertLog(f->canned, THREE_LOOKS " " POLL_BEGINS " " POLL_ENDS);
}

/* The session ends under the poll: the collector is gone with it, the task is not. */
static void
testSessionEndsUnderPoll(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;

    scriptLooks(f->canned);
    scriptCollector(f->canned, "own");
    fixtureScriptExpired(f->canned, WAIT);
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    scriptLook(f->canned, STATE("running"));
    scriptCollector(f->canned, "second");
    scriptUpdate(f->canned, "1", "success");
    cannedReply(f->canned, "DestroyPropertyCollector", "");
    scriptLook(f->canned, STATE("success"));
    result = waitFor(f->session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(result);
    cannedAssertLog(f->canned,
                    THREE_LOOKS " " POLL_BEGINS " Login " LOOK " " POLL_BEGINS " " POLL_ENDS
                    " " LOOK);
    g_assert_nonnull(strstr(cannedLast(f->canned, "DestroyPropertyCollector")->body, "second"));
}

/* Somebody else ended the session: the request comes back cancelled, and the wait goes on. */
static void
testPollCancelledByServer(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;

    scriptLooks(f->canned);
    scriptCollector(f->canned, "own");
    cannedFault(f->canned, WAIT, "RequestCanceled", "The request was canceled.");
    cannedReply(f->canned, "DestroyPropertyCollector", "");
    scriptLook(f->canned, STATE("success"));
    result = waitFor(f->session, MINUTE, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(result);
}

static void
testNoCollector(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    scriptLooks(f->canned);
    cannedReply(f->canned, "CreatePropertyCollector", "");
    g_assert_null(waitFor(f->session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    cannedAssertLog(f->canned, THREE_LOOKS " CreatePropertyCollector");
}


/* ---- enough ---------------------------------------------------------------------------------- */

static void
testTimeoutAtOnce(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    cannedReply(f->canned, "CancelTask", "");
    g_assert_null(waitFor(f->session, 0, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_TIMEOUT);
    cannedAssertLog(f->canned, "CancelTask");
}

/* The error says where the task stood; the poll is never longer than what is left. */
static void
testTimeoutInPoll(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    const CannedRequest *cancel = NULL;

    scriptLooks(f->canned);
    scriptCollector(f->canned, "own");
    cannedReplyAlways(f->canned, WAIT, "");
    cannedReply(f->canned, "CancelTask", "");
    cannedReply(f->canned, "DestroyPropertyCollector", "");
    g_assert_null(waitFor(f->session, 700, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_TIMEOUT);
    fixtureAssertPhrase(error->message, "did not end in time (it was running)");
    fixtureAssertPhrase(error->message, task.value);
    g_assert_nonnull(
        strstr(cannedLast(f->canned, WAIT)->body, "<maxWaitSeconds>1</maxWaitSeconds>"));
    /* A server that answers at once is not asked without a pause. */
    g_assert_cmpuint(cannedCount(f->canned, WAIT), <=, 3);
    cancel = cannedLast(f->canned, "CancelTask");
    g_assert_nonnull(strstr(cancel->body, task.value));
    g_assert_cmpuint(cancel->timeoutMs, >, 0);
}

static void
testCancelBefore(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    cancelRaise(cancel);
    cannedReply(f->canned, "CancelTask", "");
    g_assert_null(waitFor(f->session, MINUTE, cancel, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
    cannedAssertLog(f->canned, "CancelTask");
}

static void
raise1(gpointer flag)
{
    cancelRaise(flag);
}

/* The flag goes up in the middle of a poll: the transport gives up, the task is told to stop. */
static void
testCancelInPoll(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    scriptLooks(f->canned);
    scriptCollector(f->canned, "own");
    cannedAdd(f->canned, WAIT,
              &(CannedExchange){ .domain = HTTP_ERROR, .code = HTTP_ERROR_CANCELLED,
                                 .hook = raise1, .hookData = cancel });
    cannedReply(f->canned, "CancelTask", "");
    cannedReply(f->canned, "DestroyPropertyCollector", "");
    g_assert_null(waitFor(f->session, MINUTE, cancel, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
    cannedAssertLog(f->canned, THREE_LOOKS " " POLL_BEGINS " CancelTask " POLL_ENDS);
    g_assert_true(cannedLast(f->canned, WAIT)->cancel == cancel);
    assertGoesOut(f->canned, "CancelTask", cancel);
    assertGoesOut(f->canned, POLL_ENDS, cancel);
}

/* The server cannot even be told to stop: the error stays that of the caller's wish. */
static void
testCancelFails(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    cancelRaise(cancel);
    cannedFault(f->canned, "CancelTask", "NotSupported", "No.");
    g_assert_null(waitFor(f->session, MINUTE, cancel, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
}

/* The flag of the whole session goes up: the caller leaves as well. */
static void
testSessionCancelled(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    cannedFail(f->canned, LOOK, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    cannedReply(f->canned, "CancelTask", "");
    g_assert_null(waitFor(f->session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
    cannedAssertLog(f->canned, LOOK " CancelTask");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixtureAdd("/vi/task/first-look", testFirstLook);
    fixtureAdd("/vi/task/empty-first-page", testEmptyFirstPage);
    fixtureAdd("/vi/task/third-look", testThirdLook);
    fixtureAdd("/vi/task/fault", testFault);
    fixtureAdd("/vi/task/fault-without-reason", testFaultWithoutReason);
    fixtureAdd("/vi/task/look-fails", testLookFails);
    fixtureAdd("/vi/task/session-ends-before-look", testSessionEndsBeforeLook);
    fixtureAdd("/vi/task/long-poll", testLongPoll);
    fixtureAdd("/vi/task/long-poll-fault", testLongPollFault);
    g_test_add_func("/vi/task/long-poll-broken", testLongPollBroken);
    fixtureAdd("/vi/task/long-poll-gone", testLongPollGone);
    fixtureAdd("/vi/task/long-poll-refused", testLongPollRefused);
    fixtureAdd("/vi/task/session-ends-under-poll", testSessionEndsUnderPoll);
    fixtureAdd("/vi/task/poll-cancelled-by-server", testPollCancelledByServer);
    fixtureAdd("/vi/task/no-collector", testNoCollector);
    fixtureAdd("/vi/task/timeout-at-once", testTimeoutAtOnce);
    fixtureAdd("/vi/task/timeout-in-poll", testTimeoutInPoll);
    fixtureAdd("/vi/task/cancel-before", testCancelBefore);
    fixtureAdd("/vi/task/cancel-in-poll", testCancelInPoll);
    fixtureAdd("/vi/task/cancel-fails", testCancelFails);
    fixtureAdd("/vi/task/session-cancelled", testSessionCancelled);
    return g_test_run();
}
