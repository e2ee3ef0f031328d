/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Waiting for a task that changes something: its outcome has to be known, or said to be unknown. */

#include "look_fixture.h"

static gboolean
finish(ViSession *session, guint timeoutMs, const Cancel *cancel, GError **error)
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
    fixtureAssertPhrase(forgotten->message, "Copy_Task: the outcome of the task 'haTask-ha-host-");
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
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    cancelRaise(cancel);
    cannedReply(canned, "CancelTask", "");
    scriptLook(canned, STATE("running"));
    scriptLook(canned, STATE("error") ERROR("RequestCanceled", "The task was canceled by a user."));
    g_assert_false(finish(session, MINUTE, cancel, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
    fixtureAssertPhrase(error->message, "cancelled; the server was asked to cancel the task");
    fixtureAssertPhrase(error->message, task.value);
    cannedAssertLog(canned, "CancelTask " LOOK " " LOOK);
    assertGoesOut(canned, "CancelTask", cancel);
    assertGoesOut(canned, LOOK, cancel);
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
    fixtureAssertPhrase(error->message, "asked to cancel it, but its end was not seen");
}

/* No pause outlasts the end of cleaning up. This is the last test: that end is final. */
static void
testFinishTidyingEnds(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedReply(canned, "CancelTask", "");
    scriptLook(canned, STATE("running"));
    viSessionEndTidying();
    g_assert_false(finish(session, 0, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    cannedAssertLog(canned, "CancelTask " LOOK);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/vi/task/finish", testFinish);
    g_test_add_func("/vi/task/finish-fault", testFinishFault);
    g_test_add_func("/vi/task/finish-forgotten", testFinishForgotten);
    g_test_add_func("/vi/task/finish-cancelled", testFinishCancelled);
    g_test_add_func("/vi/task/finish-too-fast", testFinishTooFast);
    g_test_add_func("/vi/task/finish-timeout", testFinishTimeout);
    g_test_add_func("/vi/task/finish-stubborn", testFinishStubborn);
    g_test_add_func("/vi/task/finish-tidying-ends", testFinishTidyingEnds);
    return g_test_run();
}
