/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Files in the session, and the flag that ends what is under way in it. */

#include "vi_fixture.h"

#include <string.h>

#include "vi_call.h"
#include "vi_task.h"

/*
 * A transport that looks at cancel flags, as the real one does. Requests to /sdk go to the canned
 * one; others, for files, are written down and answered with 206.
 */
typedef struct {
    HttpTransport base;
    HttpTransport *sdk;
    guint files;            /* how many requests for files have come */
    HttpRequest last;       /* of them */
    char *lastHeaders;      /* its header lines, joined */
} Watching;

static gboolean
answerFile(Watching *self, const HttpRequest *request, HttpSink sink, gpointer opaque,
           HttpResponse *ret_response, GError **error)
{
    g_auto(HttpResponse) response = {
        .status = 206, .contentLength = 5, .contentRange = g_strdup("bytes 0-4/9"),
    };

    self->files++;
    self->last = *request;
    g_free(self->lastHeaders);
    self->lastHeaders = request->headers ? g_strjoinv("\n", (char **)request->headers) : NULL;

    if (sink && !sink(&response, "bytes", 5, opaque, error))
        return FALSE;
    *ret_response = response;
    response = (HttpResponse){ 0 };
    return TRUE;
}

static gboolean
watchingPerform(HttpTransport *transport, const HttpRequest *request, HttpSink sink,
                gpointer opaque, HttpResponse *ret_response, GError **error)
{
    Watching *self = (Watching *)transport;

    if (cancelIsRaised(request->cancel)) {
        g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "The flag was up.");
        return FALSE;
    }
    if (g_str_equal(request->path, "/sdk"))
        return httpTransportPerform(self->sdk, request, sink, opaque, ret_response, error);
    return answerFile(self, request, sink, opaque, ret_response, error);
}

static void
watchingFree(HttpTransport *transport)
{
    Watching *self = (Watching *)transport;

    httpTransportFree(self->sdk);
    g_free(self->lastHeaders);
}

static const HttpTransportOps watchingOps = { .perform = watchingPerform, .free = watchingFree };

typedef struct {
    Canned *canned;
    Watching transport;
    ViSession *session;     /* not logged in */
} Fixture;

static void
setUp(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    f->canned = cannedNew();
    f->transport = (Watching){ .base.ops = &watchingOps, .sdk = cannedTransport(f->canned) };
    fixtureScriptContent(f->canned, "service-content-8.0.xml");
    f->session = viSessionNew(&f->transport.base, &error);
    g_assert_no_error(error);
    cannedAssertLog(f->canned, "RetrieveServiceContent");
}

static void
tearDown(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    /* A test's flag ends with the test, and the logout would look at it. */
    if (f->session)
        viSessionSetCancel(f->session, NULL);
    viSessionFree(f->session);
    cannedFree(f->canned);
}

static void
logIn(Fixture *f)
{
    g_autoptr(GError) error = NULL;

    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE);
    cannedReplyAlways(f->canned, "Logout", "");
    g_assert_true(viSessionLogin(f->session, "root", secretNew(FIXTURE_PASSWORD), &error));
    g_assert_no_error(error);
    cannedAssertLog(f->canned, "Login");
}

static gboolean
append(const HttpResponse *response, const char *data, size_t length, gpointer opaque,
       GError **error G_GNUC_UNUSED)
{
    g_assert_cmpuint(response->status, ==, 206);
    g_string_append_len(opaque, data, (gssize)length);
    return TRUE;
}

/* Fetches with @request, which must work. */
static void
fetch(Fixture *f, const HttpRequest *request, guint64 *ret_generation)
{
    g_autoptr(GString) got = g_string_new(NULL);
    g_auto(HttpResponse) response = { 0 };
    g_autoptr(GError) error = NULL;

    g_assert_true(viSessionFetch(f->session, request, append, got, &response, ret_generation,
                                 &error));
    g_assert_no_error(error);
    g_assert_cmpstr(got->str, ==, "bytes");
    g_assert_cmpuint(response.status, ==, 206);
    g_assert_cmpstr(response.contentRange, ==, "bytes 0-4/9");
}

/* Fetches in vain. */
static void
assertFetchFails(Fixture *f, const Cancel *cancel, GQuark domain, int code)
{
    HttpRequest request = { .method = "GET", .path = "/folder/a", .cancel = cancel };
    g_auto(HttpResponse) response = { 0 };
    g_autoptr(GError) error = NULL;
    guint files = f->transport.files;

    g_assert_false(viSessionFetch(f->session, &request, NULL, NULL, &response, NULL, &error));
    g_assert_error(error, domain, code);
    g_assert_cmpuint(f->transport.files, ==, files);
}

/* ---- one request for a file ----------------------------------------------------------------- */

static gssize
giveNothing(char *buffer G_GNUC_UNUSED, size_t size G_GNUC_UNUSED, gpointer opaque G_GNUC_UNUSED,
            GError **error G_GNUC_UNUSED)
{
    return 0;
}

/* The cookie comes behind the caller's own headers, and all else is as it was. */
static void
testFetch(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    static const char *const headers[] = { "Range: bytes=0-4", "X-Own: 1", NULL };
    g_autoptr(Cancel) cancel = cancelNew(NULL);
    const HttpRequest request = {
        .method = "PUT", .path = "/folder/a?dsName=b", .headers = headers, .timeoutMs = 7,
        .cancel = cancel, .noRetry = TRUE, .source = giveNothing, .sourceOpaque = f,
        .sourceLength = 11, .streamed = TRUE,
    };
    const HttpRequest *sent = &f->transport.last;
    guint64 generation = 0;

    logIn(f);
    fetch(f, &request, &generation);
    g_assert_cmpuint(generation, ==, 1);
    g_assert_cmpstr(f->transport.lastHeaders, ==,
                    "Range: bytes=0-4\nX-Own: 1\nCookie: " FIXTURE_COOKIE);
    g_assert_cmpstr(sent->method, ==, "PUT");
    g_assert_cmpstr(sent->path, ==, "/folder/a?dsName=b");
    g_assert_cmpuint(sent->timeoutMs, ==, 7);
    g_assert_true(sent->cancel == cancel);
    g_assert_true(sent->noRetry);
    g_assert_true(sent->source == giveNothing);
    g_assert_true(sent->sourceOpaque == f);
    g_assert_cmpint(sent->sourceLength, ==, 11);
    g_assert_true(sent->streamed);
    /* the caller's request is untouched */
    g_assert_true(request.headers == headers);
}

static void
testFetchPlain(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    HttpRequest request = { .method = "GET", .path = "/folder/a" };

    logIn(f);
    fetch(f, &request, NULL);
    g_assert_cmpstr(f->transport.lastHeaders, ==, "Cookie: " FIXTURE_COOKIE);
    g_assert_null(f->transport.last.cancel);
    g_assert_false(f->transport.last.streamed);
}

/* Before the server has handed out a cookie there is none. */
static void
testFetchWithoutCookie(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    static const char *const headers[] = { "X-Own: 1", NULL };
    HttpRequest request = { .method = "GET", .path = "/folder/a", .headers = headers };
    guint64 generation = 99;

    fetch(f, &request, &generation);
    g_assert_cmpstr(f->transport.lastHeaders, ==, "X-Own: 1");
    g_assert_cmpuint(generation, ==, 0);
}

static void
testFetchRenewed(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    HttpRequest request = { .method = "GET", .path = "/folder/a" };
    g_autoptr(GError) error = NULL;
    guint64 generation = 0;

    logIn(f);
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    g_assert_true(viSessionRenew(f->session, 1, &error));
    fetch(f, &request, &generation);
    g_assert_cmpuint(generation, ==, 2);
    g_assert_cmpstr(f->transport.lastHeaders, ==, "Cookie: " FIXTURE_COOKIE_2);
    cannedAssertLog(f->canned, "Login");
}

/* Whoever was not let in asks for no files either. */
static void
testFetchRefused(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    cannedFault(f->canned, "Login", "InvalidLogin", "Cannot complete login.");
    g_assert_false(viSessionLogin(f->session, "root", secretNew("x"), &error));
    assertFetchFails(f, NULL, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    cannedAssertLog(f->canned, "Login");
}

static gboolean
refuse(const HttpResponse *response G_GNUC_UNUSED, const char *data G_GNUC_UNUSED,
       size_t length G_GNUC_UNUSED, gpointer opaque G_GNUC_UNUSED, GError **error)
{
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "The disk is full.");
    return FALSE;
}

/* An error of the sink comes back as it is; the generation is told all the same. */
static void
testFetchFails(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    HttpRequest request = { .method = "GET", .path = "/folder/a" };
    g_auto(HttpResponse) response = { 0 };
    g_autoptr(GError) error = NULL;
    guint64 generation = 0;

    logIn(f);
    g_assert_false(viSessionFetch(f->session, &request, refuse, NULL, &response, &generation,
                                  &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
    g_assert_cmpstr(error->message, ==, "The disk is full.");
    g_assert_cmpuint(generation, ==, 1);
}

/* ---- the session's flag --------------------------------------------------------------------- */

/* A call with @cancel, which is SAFE. */
static gboolean
call(Fixture *f, const Cancel *cancel, GError **error)
{
    SoapMoRef instance = { "ServiceInstance", "ServiceInstance" };
    VimCurrentTimeRequest args = VIM_INIT(CurrentTimeRequest);
    ViCallOptions options = { .cancel = cancel };
    g_autoptr(SoapReply) reply = NULL;

    args.self = &instance;
    reply = viCall(f->session, &vimMethodCurrentTime, &args, &options, error);
    return reply != NULL;
}

/* Up: all calls end that have no flag of their own. */
static void
testFlag(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    HttpRequest request = { .method = "GET", .path = "/folder/a" };
    g_autoptr(GError) error = NULL;
    g_autoptr(Cancel) flag = cancelNew(NULL);
    g_autoptr(Cancel) own = cancelNew(NULL);

    logIn(f);
    viSessionSetCancel(f->session, flag);
    cannedReplyAlways(f->canned, "CurrentTime", FIXTURE_TIME);
    g_assert_true(call(f, NULL, &error));
    fetch(f, &request, NULL);

    cancelRaise(flag);
    g_assert_false(call(f, NULL, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    assertFetchFails(f, NULL, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    cannedAssertLog(f->canned, "CurrentTime");

    g_clear_error(&error);
    g_assert_true(call(f, own, &error));
    request.cancel = own;
    fetch(f, &request, NULL);

    cancelRaise(own);
    g_assert_false(call(f, own, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    assertFetchFails(f, own, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    cannedAssertLog(f->canned, "CurrentTime");
}

/* Down again: the session goes on. */
static void
testFlagTakenBack(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    HttpRequest request = { .method = "GET", .path = "/folder/a" };
    g_autoptr(Cancel) flag = cancelNew(NULL);

    cancelRaise(flag);
    logIn(f);
    viSessionSetCancel(f->session, flag);
    assertFetchFails(f, NULL, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    cancelLower(flag);
    fetch(f, &request, NULL);

    cancelRaise(flag);
    viSessionSetCancel(f->session, NULL);
    fetch(f, &request, NULL);
}

/* A flag that is up does not keep anybody from leaving. */
static void
testFlagAndLogout(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Cancel) flag = cancelNew(NULL);

    cancelRaise(flag);
    logIn(f);
    viSessionSetCancel(f->session, flag);
    viSessionFree(g_steal_pointer(&f->session));
    cannedAssertLog(f->canned, "Logout");
}

/* Nor from telling a task to stop, whether the waiting one has a flag of its own or not. */
static void
testFlagAndCancelTask(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    static const SoapMoRef task = { "Task", "haTask-1" };
    g_autoptr(Cancel) flag = cancelNew(NULL);
    const Cancel *const flags[] = { flag, NULL };
    guint i;

    cancelRaise(flag);
    logIn(f);
    viSessionSetCancel(f->session, flag);
    cannedReplyAlways(f->canned, "CancelTask", "");
    for (i = 0; i < G_N_ELEMENTS(flags); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(viTaskWait(f->session, &task, "A_Task", 60000, flags[i], &error));
        g_assert_error(error, VI_ERROR, VI_ERROR_CANCELLED);
        cannedAssertLog(f->canned, "CancelTask");
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
    g_test_add("/vi/session/" name, Fixture, NULL, setUp, function, tearDown)
    ADD("fetch", testFetch);
    ADD("fetch-plain", testFetchPlain);
    ADD("fetch-without-cookie", testFetchWithoutCookie);
    ADD("fetch-renewed", testFetchRenewed);
    ADD("fetch-refused", testFetchRefused);
    ADD("fetch-fails", testFetchFails);
    ADD("flag", testFlag);
    ADD("flag-taken-back", testFlagTakenBack);
    ADD("flag-and-logout", testFlagAndLogout);
    ADD("flag-and-cancel-task", testFlagAndCancelTask);
    return g_test_run();
}
