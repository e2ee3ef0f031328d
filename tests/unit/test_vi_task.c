/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vi_fixture.h"

#include <string.h>

#include "vi_property.h"
#include "vi_task.h"

#define LOOK "RetrievePropertiesEx"
#define THREE_LOOKS LOOK " " LOOK " " LOOK
#define POLL_BEGINS "CreatePropertyCollector CreateFilter WaitForUpdatesEx"
#define WAIT "WaitForUpdatesEx"
#define POLL_ENDS "DestroyPropertyCollector"

/* Long enough for every test, far too short for the server's own idea of time. */
#define MINUTE 60000

static SoapMoRef task = { "Task", "haTask-ha-host-vim.HostDatastoreBrowser.search-17" };

static ViTaskResult *
waitFor(ViSession *session, guint timeoutMs, gint *cancel, GError **error)
{
    return viTaskWait(session, &task, "Copy_Task", timeoutMs, cancel, error);
}

/* ---- the script ----------------------------------------------------------------------------- */

#define STATE(state) \
    "<propSet><name>info.state</name><val xsi:type=\"TaskInfoState\">" state "</val></propSet>"
#define RESULT \
    "<propSet><name>info.result</name><val xsi:type=\"xsd:string\">[ds] x.vmdk</val></propSet>"
#define ERROR(fault, text) \
    "<propSet><name>info.error</name><val xsi:type=\"LocalizedMethodFault\">" \
    "<fault xsi:type=\"" fault "\"></fault>" \
    "<localizedMessage>" text "</localizedMessage></val></propSet>"

/* Scripts one look at the task that finds these properties. */
static void
scriptLook(Canned *canned, const char *properties)
{
    g_autofree char *inner =
        g_strdup_printf("<returnval><objects><obj type=\"Task\">%s</obj>%s</objects></returnval>",
                        task.value, properties);

    cannedReply(canned, LOOK, inner);
}

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
    g_assert_cmpuint(wait->timeoutMs, >, 10000);
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

/* The last @method goes out whatever became of @cancel, or of the session: it has another flag. */
static void
assertGoesOut(Canned *canned, const char *method, const gint *cancel)
{
    const CannedRequest *request = cannedLast(canned, method);

    g_assert_true(request->cancel == viSessionNeverCancel());
    g_assert_true(request->cancel != cancel);
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
    gint cancel = 1;

    cannedReply(canned, "CancelTask", "");
    g_assert_null(waitFor(session, MINUTE, &cancel, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
    cannedAssertLog(canned, "CancelTask");
}

static void
raise1(gpointer flag)
{
    g_atomic_int_set((gint *)flag, 1);
}

/* The flag goes up in the middle of a poll: the transport gives up, the task is told to stop. */
static void
testCancelInPoll(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    gint cancel = 0;

    scriptLooks(canned);
    scriptCollector(canned, "own");
    cannedAdd(canned, WAIT, &(CannedExchange){ .domain = HTTP_ERROR, .code = HTTP_ERROR_CANCELLED,
                                               .hook = raise1, .hookData = &cancel });
    cannedReply(canned, "CancelTask", "");
    cannedReply(canned, "DestroyPropertyCollector", "");
    g_assert_null(waitFor(session, MINUTE, &cancel, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
    cannedAssertLog(canned, THREE_LOOKS " " POLL_BEGINS " CancelTask " POLL_ENDS);
    g_assert_true(cannedLast(canned, WAIT)->cancel == &cancel);
    assertGoesOut(canned, "CancelTask", &cancel);
    assertGoesOut(canned, POLL_ENDS, &cancel);
}

/* The server cannot even be told to stop: the error stays that of the caller's wish. */
static void
testCancelFails(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    gint cancel = 1;

    cannedFault(canned, "CancelTask", "NotSupported", "No.");
    g_assert_null(waitFor(session, MINUTE, &cancel, &error));
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

/* ---- tasks that change something ------------------------------------------------------------ */

static gboolean
finish(ViSession *session, guint timeoutMs, gint *cancel, GError **error)
{
    return viTaskFinish(session, &task, "Copy_Task", timeoutMs, cancel, error);
}

static void
testFinish(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    scriptLook(canned, STATE("success") RESULT);
    g_assert_true(finish(session, MINUTE, NULL, &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, LOOK);
}

/* The task's own fault is its outcome, whatever it is. */
static void
testFinishFault(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    scriptLook(canned, STATE("error") ERROR("ManagedObjectNotFound", "Gone."));
    g_assert_false(finish(session, MINUTE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_OBJECT_GONE);
    cannedAssertLog(canned, LOOK);
}

/* A server that was restarted has forgotten the task; one that is gone says nothing. */
static void
testFinishForgotten(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) forgotten = NULL;
    g_autoptr(GError) gone = NULL;

    cannedFault(canned, LOOK, "ManagedObjectNotFound", "The object has already been deleted.");
    g_assert_false(finish(session, MINUTE, NULL, &forgotten));
    g_assert_error(forgotten, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    fixtureAssertPhrase(forgotten->message, "Copy_Task: what became of the task 'haTask-ha-host-");
    fixtureAssertPhrase(forgotten->message, "already been deleted");

    cannedFail(canned, LOOK, HTTP_ERROR, HTTP_ERROR_CONNECT);
    g_assert_false(finish(session, MINUTE, NULL, &gone));
    g_assert_error(gone, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    cannedAssertLog(canned, LOOK " " LOOK);
}

/* Told to stop, and it did. */
static void
testFinishCancelled(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    gint cancel = 1;

    cannedReply(canned, "CancelTask", "");
    scriptLook(canned, STATE("running"));
    scriptLook(canned, STATE("error") ERROR("RequestCanceled", "The task was canceled by a user."));
    g_assert_false(finish(session, MINUTE, &cancel, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
    fixtureAssertPhrase(error->message, "cancelled; the task");
    fixtureAssertPhrase(error->message, task.value);
    cannedAssertLog(canned, "CancelTask " LOOK " " LOOK);
    assertGoesOut(canned, "CancelTask", &cancel);
    assertGoesOut(canned, LOOK, &cancel);
}

/* It was faster than whoever told it to stop: done, or failed by itself. */
static void
testFinishTooFast(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedReplyAlways(canned, "CancelTask", "");
    scriptLook(canned, STATE("success"));
    g_assert_true(finish(session, 0, NULL, &error));
    g_assert_no_error(error);

    scriptLook(canned, STATE("error") ERROR("NoDiskSpace", "Full."));
    g_assert_false(finish(session, 0, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_DISK_SPACE);
    cannedAssertLog(canned, "CancelTask " LOOK " CancelTask " LOOK);
}

static void
testFinishTimeout(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedReply(canned, "CancelTask", "");
    scriptLook(canned, STATE("error") ERROR("RequestCanceled", ""));
    g_assert_false(finish(session, 0, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_TIMEOUT);
}

/* Told to stop, and it goes on: nobody knows how it will end. */
static void
testFinishStubborn(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    scriptLook(canned, STATE("running")
               "<propSet><name>info.progress</name><val xsi:type=\"xsd:int\">43</val></propSet>");
    cannedFault(canned, "CancelTask", "NotSupported", "No.");
    cannedReplyAlways(canned, LOOK,
                      "<returnval><objects><obj type=\"Task\">"
                      "haTask-ha-host-vim.HostDatastoreBrowser.search-17</obj>"
                      STATE("running") "</objects></returnval>");
    g_assert_false(finish(session, 30, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    fixtureAssertPhrase(error->message, task.value);
    fixtureAssertPhrase(error->message, "(it was running, 43% done)");
    fixtureAssertPhrase(error->message, "told to stop, but was not seen to");
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
    g_test_add_func("/vi/task/finish", testFinish);
    g_test_add_func("/vi/task/finish-fault", testFinishFault);
    g_test_add_func("/vi/task/finish-forgotten", testFinishForgotten);
    g_test_add_func("/vi/task/finish-cancelled", testFinishCancelled);
    g_test_add_func("/vi/task/finish-too-fast", testFinishTooFast);
    g_test_add_func("/vi/task/finish-timeout", testFinishTimeout);
    g_test_add_func("/vi/task/finish-stubborn", testFinishStubborn);
    return g_test_run();
}
