/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "task_fixture.h"

#include "vi_change.h"

#define DELETE "DeleteDatastoreFile_Task"
#define FROM "[ds] vm/a.iso"
#define TO "[ds2] b.iso"

/* Runs a call about FROM, or about FROM and TO. What it does is of no concern here. */
static gboolean
run(ViSession *session, gboolean both, ViChange *change, GError **error)
{
    const ViChanging changing = {
        .session = session, .change = change, .method = &vimMethodDeleteDatastoreFile_Task,
        .path = FROM, .toPath = both ? TO : NULL,
    };
    VimDeleteDatastoreFile_TaskRequest args = VIM_INIT(DeleteDatastoreFile_TaskRequest);

    args.self = viSessionServices(session)->fileManager;
    args.name = FROM;
    return viChangeRun(&changing, &args, error);
}

/* A task that has ended at once costs the call and one look. */
static void
testBudget(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    const CannedRequest *request;

    fixtureScriptTask(canned, DELETE);
    g_assert_true(run(session, FALSE, NULL, &error));
    g_assert_no_error(error);
    request = cannedLast(canned, DELETE);
    g_assert_true(request->noRetry);
    /* As long as any request may take, and no longer than the change. */
    g_assert_cmpuint(request->timeoutMs, ==, 0);
    g_assert_cmpint(request->deadline, >, g_get_monotonic_time());
    cannedAssertLog(canned, DELETE " " FIXTURE_LOOK);
}

/* A fault names the file where the server's own text does not. */
static void
testFault(void)
{
    static const struct {
        gboolean both;
        const char *text;
        const char *message;
    } rows[] = {
        { FALSE, "File " FROM " was not found", DELETE ": FileNotFound: File " FROM
                                                " was not found" },
        { FALSE, "A file was not found.", DELETE ": FileNotFound: A file was not found (for '" FROM
                                          "')" },
        { TRUE, "File " TO " was not found", DELETE ": FileNotFound: File " TO " was not found" },
        { TRUE, "", DELETE ": FileNotFound (from '" FROM "' to '" TO "')" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureLogin(canned);
        g_autoptr(GError) atOnce = NULL;
        g_autoptr(GError) later = NULL;

        cannedFault(canned, DELETE, "FileNotFound", rows[i].text);
        g_assert_false(run(session, rows[i].both, NULL, &atOnce));
        g_assert_error(atOnce, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);
        g_assert_cmpstr(atOnce->message, ==, rows[i].message);

        fixtureScriptTaskFault(canned, DELETE, "FileNotFound", rows[i].text);
        g_assert_false(run(session, rows[i].both, NULL, &later));
        g_assert_error(later, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);
        g_assert_cmpstr(later->message, ==, rows[i].message);
        cannedAssertLog(canned, DELETE " " DELETE " " FIXTURE_LOOK);
    }
}

static void
assertUnknown(const GError *error, const char *phrase)
{
    g_assert_error(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    fixtureAssertPhrase(error->message, DELETE ": ");
    fixtureAssertPhrase(error->message, "'" FROM "'");
    fixtureAssertPhrase(error->message, phrase);
}

/* Nobody knows what became of a call under which the connection broke: it is sent once. */
static void
testBroken(void)
{
    static const gint codes[] = {
        HTTP_ERROR_BROKEN, HTTP_ERROR_TIMEOUT, HTTP_ERROR_PROTOCOL, HTTP_ERROR_CANCELLED,
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(codes); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureLogin(canned);
        g_autoptr(GError) error = NULL;

        cannedFail(canned, DELETE, HTTP_ERROR, codes[i]);
        g_assert_false(run(session, TRUE, NULL, &error));
        assertUnknown(error, "'" TO "'");
        cannedAssertLog(canned, DELETE);
    }
}

/* What cannot be read may have been the good news. */
static void
testUnreadable(void)
{
    static const CannedExchange replies[] = {
        { .status = 502, .contentType = "text/html", .bytes = "<html>Bad gateway</html>" },
        { .bytes = "<soapenv:Envelope" },
        { .bytes = "no XML" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(replies); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureLogin(canned);
        g_autoptr(GError) error = NULL;

        cannedAdd(canned, DELETE, &replies[i]);
        g_assert_false(run(session, FALSE, NULL, &error));
        assertUnknown(error, "");
        cannedAssertLog(canned, DELETE);
    }
}

static void
testNoTask(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedReply(canned, DELETE, "");
    g_assert_false(run(session, FALSE, NULL, &error));
    assertUnknown(error, "does not say which task");
}

/* Never sent, or refused unread: that is known. */
static void
testNotBegun(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) unsent = NULL;
    g_autoptr(GError) busy = NULL;

    cannedFail(canned, DELETE, HTTP_ERROR, HTTP_ERROR_CONNECT);
    g_assert_false(run(session, FALSE, NULL, &unsent));
    g_assert_error(unsent, HTTP_ERROR, HTTP_ERROR_CONNECT);
    fixtureAssertPhrase(unsent->message, FROM);

    cannedAdd(canned, DELETE, &(CannedExchange){ .status = 503, .contentType = "text/plain" });
    g_assert_false(run(session, FALSE, NULL, &busy));
    g_assert_error(busy, VI_ERROR, VI_ERROR_BUSY);
}

/* The server is restarted while the task runs: it has forgotten it. */
static void
testRestarted(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptStart(canned, DELETE);
    cannedFault(canned, FIXTURE_LOOK, "ManagedObjectNotFound", "The object is gone.");
    g_assert_false(run(session, FALSE, NULL, &error));
    assertUnknown(error, "'" FIXTURE_TASK "'");
}

/* The session ends while the task runs: the task goes on, and so does the wait. */
static void
testSessionEnds(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptStart(canned, DELETE);
    fixtureScriptExpired(canned, FIXTURE_LOOK);
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    fixtureScriptSuccess(canned);
    g_assert_true(run(session, FALSE, NULL, &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, DELETE " " FIXTURE_LOOK " Login " FIXTURE_LOOK);
}

static void
testCancelledBefore(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    cancelRaise(cancel);
    g_assert_false(run(session, FALSE, &(ViChange){ .cancel = cancel }, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
    cannedAssertLog(canned, "");
}

static void
raiseFlag(gpointer flag)
{
    cancelRaise(flag);
}

/* The flag goes up while the task starts: it is told to stop, and the error says how it ended. */
static void
testCancelled(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autofree char *started =
        cannedEnvelope(DELETE, "<returnval type=\"Task\">" FIXTURE_TASK "</returnval>");
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    cannedAdd(canned, DELETE, &(CannedExchange){ .bytes = started, .hook = raiseFlag,
                                                 .hookData = cancel });
    cannedReply(canned, "CancelTask", "");
    cannedFault(canned, FIXTURE_LOOK, "ManagedObjectNotFound", "The object is gone.");
    g_assert_false(run(session, FALSE, &(ViChange){ .cancel = cancel }, &error));
    assertUnknown(error, "the task '" FIXTURE_TASK "', but its end was not seen");
    /* Called off while it is under way, the call is answered all the same: it names the task. */
    g_assert_true(cannedLast(canned, DELETE)->cancel == viSessionTidyCancel());
    cannedAssertLog(canned, DELETE " CancelTask " FIXTURE_LOOK);
}

static void
testTimeout(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptStart(canned, DELETE);
    cannedReplyAlways(canned, "CancelTask", "");
    cannedReplyAlways(canned, FIXTURE_LOOK,
                      "<returnval><objects><obj type=\"Task\">" FIXTURE_TASK "</obj></objects>"
                      "</returnval>");
    g_assert_false(run(session, FALSE, &(ViChange){ .timeoutMs = 20 }, &error));
    assertUnknown(error, "did not end in time");
    g_assert_cmpint(cannedLast(canned, DELETE)->deadline, <, g_get_monotonic_time());
    g_assert_cmpuint(cannedCount(canned, "CancelTask"), ==, 1);
}

/* Whether files may be other than they were, by how the change went. */
static void
testChanged(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Cancel) cancel = cancelNew(NULL);
    ViChange change = { .cancel = cancel };

    cannedFault(canned, DELETE, "FileNotFound", "Not there.");
    g_assert_false(run(session, FALSE, &change, NULL));
    fixtureScriptTaskFault(canned, DELETE, "FileLocked", "In use.");
    g_assert_false(run(session, FALSE, &change, NULL));
    cancelRaise(cancel);
    g_assert_false(run(session, FALSE, &change, NULL));
    g_assert_false(change.changed);
    cancelLower(cancel);

    fixtureScriptTask(canned, DELETE);
    g_assert_true(run(session, FALSE, &change, NULL));
    g_assert_true(change.changed);

    change.changed = FALSE;
    cannedFail(canned, DELETE, HTTP_ERROR, HTTP_ERROR_BROKEN);
    g_assert_false(run(session, FALSE, &change, NULL));
    g_assert_true(change.changed);

    change.changed = FALSE;
    cannedReply(canned, DELETE, "");
    g_assert_false(run(session, FALSE, &change, NULL));
    g_assert_true(change.changed);
}

static void
testManager(void)
{
    const ViChanging changing = { .method = &vimMethodDeleteDatastoreFile_Task, .path = FROM };
    SoapMoRef manager = { "FileManager", "fm" };
    g_autoptr(GError) error = NULL;

    g_assert_true(viChangeManager(&changing, &manager, "FileManager", &error) == &manager);
    g_assert_no_error(error);
    g_assert_null(viChangeManager(&changing, NULL, "FileManager", &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NOT_SUPPORTED);
    g_assert_cmpstr(error->message, ==, DELETE ": the server has no FileManager (for '" FROM "')");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/change/budget", testBudget);
    g_test_add_func("/vi/change/fault", testFault);
    g_test_add_func("/vi/change/broken", testBroken);
    g_test_add_func("/vi/change/unreadable", testUnreadable);
    g_test_add_func("/vi/change/no-task", testNoTask);
    g_test_add_func("/vi/change/not-begun", testNotBegun);
    g_test_add_func("/vi/change/restarted", testRestarted);
    g_test_add_func("/vi/change/session-ends", testSessionEnds);
    g_test_add_func("/vi/change/cancelled-before", testCancelledBefore);
    g_test_add_func("/vi/change/cancelled", testCancelled);
    g_test_add_func("/vi/change/timeout", testTimeout);
    g_test_add_func("/vi/change/changed", testChanged);
    g_test_add_func("/vi/change/manager", testManager);
    return g_test_run();
}
