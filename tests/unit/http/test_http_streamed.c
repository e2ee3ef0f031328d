/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Contents of files, which may take hours: what ends such a request, what does not, and what the
 * header of a reply tells of a file.
 */

#include "http_fixture.h"
#include "source_fixture.h"

#include <string.h>

#define MIB ((gint64)1 << 20)

/* The stall timeout of these tests. */
#define STALL_MS 400

/* How much later than promised a busy machine may notice. */
#define SLACK_MS 1000

static HttpTransport *
makeTransport(guint stallMs, guint totalMs)
{
    HttpCurlOptions options = httpServerOptions("good");

    options.stallTimeoutMs = stallMs;
    options.totalTimeoutMs = totalMs;
    return httpTransportMake(&options);
}

static gint64
elapsedMs(gint64 since)
{
    return (g_get_monotonic_time() - since) / 1000;
}

static void
assertStalls(HttpTransport *transport, const HttpRequest *request, const char *part)
{
    gint64 start = g_get_monotonic_time();
    GError *error = NULL;
    g_autofree char *body = httpFetch(transport, request, NULL, &error);

    g_assert_null(body);
    httpAssertError(error, HTTP_ERROR_TIMEOUT, part);
    g_assert_cmpint(elapsedMs(start), >=, STALL_MS - 20);
    g_assert_cmpint(elapsedMs(start), <, STALL_MS + SLACK_MS);
}

static void
assertAnswers(HttpTransport *transport, const HttpRequest *request, const char *answer)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *body = httpFetch(transport, request, NULL, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(body, ==, answer);
}

/* ---- silence -------------------------------------------------------------------------------- */

/* A server that takes no more is silent, whatever its own time a request was given. */
static void
testStallSending(void)
{
    g_autoptr(HttpTransport) transport = makeTransport(STALL_MS, 20000);
    TestSource source = { .length = 256 * MIB };
    HttpRequest request = testSourcePut("/putstall?n=100000&s=5", &source, FALSE);

    assertStalls(transport, &request, "nothing was received for 0.4 s");
    g_assert_cmpint(source.given, <, source.length);

    source = (TestSource){ .length = 256 * MIB };
    request.timeoutMs = 10000;
    assertStalls(transport, &request, "nothing was received for 0.4 s");
}

/* Everything was sent, and no reply comes. */
static void
testStallSent(void)
{
    g_autoptr(HttpTransport) transport = makeTransport(STALL_MS, 20000);
    TestSource source = { .length = 100 };
    HttpRequest request = testSourcePut("/putlate?s=5", &source, FALSE);

    assertStalls(transport, &request, "did not reply; nothing was received for 0.4 s");
}

static void
testStallReceiving(void)
{
    g_autoptr(HttpTransport) transport = makeTransport(STALL_MS, 20000);
    HttpRequest request = { .method = "GET", .path = "/halfbody", .streamed = TRUE,
                            .timeoutMs = 10000 };

    assertStalls(transport, &request, "in the middle of its reply; nothing was received for 0.4 s");
    request.path = "/silence";
    assertStalls(transport, &request, "did not reply; nothing was received for 0.4 s");
}

/* The time a source takes is not the server's. */
static void
testSourceBlocks(void)
{
    static const gint64 at[] = { 0, 300000, 1000000 };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(at); i++) {
        g_autoptr(HttpTransport) transport = makeTransport(STALL_MS, 20000);
        TestSource source = { .length = 1000001, .most = 100000, .at = at[i],
                              .pauseMs = 3 * STALL_MS };
        HttpRequest request = testSourcePut("/put", &source, i % 2 == 0);
        g_autofree char *receipt = testSourceReceipt(source.length, i % 2 == 0);

        assertAnswers(transport, &request, receipt);
    }
}

typedef struct {
    gsize taken;
    gsize at;           /* where it sleeps, once */
    guint pauseMs;
    Cancel *raise;      /* there, too: raised */
    guint calls;
} TestSink;

static gboolean
testSinkTake(const HttpResponse *response, const char *data, size_t length, gpointer opaque,
             GError **error)
{
    TestSink *sink = opaque;

    (void)data;
    (void)error;
    g_assert_cmpuint(response->status, ==, 200);
    sink->calls++;
    sink->taken += length;
    if (sink->taken < sink->at)
        return TRUE;

    if (sink->raise)
        cancelRaise(sink->raise);
    g_usleep(sink->pauseMs * 1000ul);
    sink->pauseMs = 0;
    return TRUE;
}

/* Nor is the time of a sink. */
static void
testSinkBlocks(void)
{
    g_autoptr(HttpTransport) transport = makeTransport(STALL_MS, 20000);
    HttpRequest request = { .method = "GET", .path = "/big?mb=16", .streamed = TRUE };
    TestSink sink = { .at = 3 * MIB, .pauseMs = 3 * STALL_MS };
    g_auto(HttpResponse) response = { 0 };
    g_autoptr(GError) error = NULL;

    g_assert_true(httpTransportPerform(transport, &request, testSinkTake, &sink, &response,
                                       &error));
    g_assert_no_error(error);
    g_assert_cmpuint(sink.taken, ==, 16 * MIB);
    g_assert_cmpint(response.contentLength, ==, 16 * MIB);
}

/* ---- no limit in all ------------------------------------------------------------------------ */

/* Slow, but never silent: longer than the transport's limit, and than the request's own. */
static void
testNoTotal(void)
{
    g_autoptr(HttpTransport) transport = makeTransport(5000, 1500);
    TestSource source = { .length = 64 * MIB };
    HttpRequest put = testSourcePut("/put?pause=0.003", &source, FALSE);
    HttpRequest drip = { .method = "GET", .path = "/drip?n=20", .timeoutMs = 500 };
    g_autofree char *receipt = testSourceReceipt(source.length, FALSE);
    g_autofree char *dots = g_strnfill(20, '.');
    GError *error = NULL;

    put.timeoutMs = 200;
    assertAnswers(transport, &put, receipt);

    /* the limit is there for others */
    g_assert_null(httpFetch(transport, &drip, NULL, &error));
    httpAssertError(error, HTTP_ERROR_TIMEOUT, "was not complete within 0.5 s");
    drip.streamed = TRUE;
    assertAnswers(transport, &drip, dots);
}

/* ---- a limit to the rest -------------------------------------------------------------------- */

#define TOTAL_MS 1000

static void
assertLate(HttpRequest request, guint stallMs, const char *part)
{
    g_autoptr(HttpTransport) transport = makeTransport(stallMs, TOTAL_MS);
    gint64 start = g_get_monotonic_time();
    GError *error = NULL;
    g_autofree char *body = httpFetch(transport, &request, NULL, &error);

    g_assert_null(body);
    httpAssertError(error, HTTP_ERROR_TIMEOUT, part);
    g_test_message("%s: after %d ms", request.path, (int)elapsedMs(start));
    g_assert_cmpint(elapsedMs(start), <, 4 * TOTAL_MS);
}

/* A byte now and then of all that is no contents: the server is not silent, and never ready. */
static void
testDrips(void)
{
    static const char *const paths[] = {
        "/driphead", "/dripinterim", "/driprefusal",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(paths); i++) {
        HttpRequest request = { .method = "GET", .path = paths[i], .streamed = TRUE };

        assertLate(request, 5000, "was not complete within 1 s");
        request.streamed = FALSE;
        assertLate(request, 5000, "was not complete within 1 s");
    }
    assertLate((HttpRequest){ .method = "HEAD", .path = "/driphead" }, 5000,
               "was not complete within 1 s");
}

/* What libcurl takes out of a body on its own is none of the contents: that is silence. */
static void
testDripsBetween(void)
{
    static const char *const paths[] = { "/dripextension", "/driptrailer" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(paths); i++)
        assertLate((HttpRequest){ .method = "GET", .path = paths[i], .streamed = TRUE }, 500,
                   "nothing was received for 0.5 s");
}

static void
testDripsAfterSource(void)
{
    static const char *const paths[] = { "/putdrip?what=head", "/putdrip?what=body" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(paths); i++) {
        TestSource source = { .length = 100 };

        assertLate(testSourcePut(paths[i], &source, i > 0), 5000,
                   "its reply was not complete within 1 s");
    }
}

/* It takes nothing of the contents, and sends interim replies to show that it lives. */
static void
testDripsInsteadOfTaking(void)
{
    TestSource source = { .length = 256 * MIB };

    assertLate(testSourcePut("/putdrip?what=interim", &source, FALSE), 500,
               "nothing was received for 0.5 s");
}

/* All that a request belongs to has a limit of its own. */
static void
testDeadline(void)
{
    HttpRequest request = { .method = "GET", .path = "/driphead", .timeoutMs = 60000 };

    request.deadline = g_get_monotonic_time() + 300 * 1000;
    assertLate(request, 5000, "when the time limit of the whole operation expired");
    assertLate(request, 5000, "when the time limit of the whole operation expired");
    request.streamed = TRUE;
    assertLate(request, 5000, "when the time limit of the whole operation expired");
}

/* ---- cancelling ----------------------------------------------------------------------------- */

typedef struct {
    Cancel *cancel;
    gint64 raised;
} Raiser;

static gpointer
raiseLater(gpointer opaque)
{
    Raiser *raiser = opaque;

    g_usleep(300 * 1000);
    raiser->raised = g_get_monotonic_time();
    cancelRaise(raiser->cancel);
    return NULL;
}

static void
assertCancelled(HttpTransport *transport, HttpRequest request)
{
    g_autoptr(Cancel) cancel = cancelNew(NULL);
    Raiser raiser = { .cancel = cancel };
    GThread *thread = g_thread_new("cancel", raiseLater, &raiser);
    g_auto(HttpResponse) response = { 0 };
    GError *error = NULL;
    gint64 ended = 0;

    request.cancel = cancel;
    g_assert_false(httpTransportPerform(transport, &request, NULL, NULL, &response, &error));
    ended = g_get_monotonic_time();
    g_thread_join(thread);
    httpAssertError(error, HTTP_ERROR_CANCELLED, "was cancelled");
    g_test_message("%s: noticed after %d ms", request.path, (int)((ended - raiser.raised) / 1000));
    g_assert_cmpint((ended - raiser.raised) / 1000, <, 200 + SLACK_MS);
}

/* The server takes slowly, or nothing, or gives as fast as it can. */
static void
testCancel(void)
{
    static const char *const paths[] = { "/put?size=16384&pause=0.02", "/putstall?n=10&s=3" };
    g_autoptr(HttpTransport) transport = makeTransport(15000, 20000);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(paths); i++) {
        TestSource source = { .length = 256 * MIB };

        assertCancelled(transport, testSourcePut(paths[i], &source, FALSE));
        g_assert_cmpint(source.given, <, source.length);
    }
    assertCancelled(transport, (HttpRequest){ .method = "GET", .path = "/big?mb=4000",
                                              .streamed = TRUE });
}

/* Neither is asked again once the flag is up: it may sleep for as long as it likes each time. */
static void
testCancelledWithin(void)
{
    g_autoptr(HttpTransport) transport = makeTransport(15000, 20000);
    g_autoptr(Cancel) flag = cancelNew(NULL);
    TestSource source = { .length = 64 * MIB, .most = 65536, .at = 2 * MIB, .raise = flag };
    TestSink sink = { .at = 1, .raise = flag };
    HttpRequest put = testSourcePut("/put", &source, FALSE);
    HttpRequest get = { .method = "GET", .path = "/big?mb=64", .streamed = TRUE, .cancel = flag };
    g_auto(HttpResponse) response = { 0 };
    GError *error = NULL;

    put.cancel = flag;
    g_assert_false(httpTransportPerform(transport, &put, NULL, NULL, &response, &error));
    httpAssertError(error, HTTP_ERROR_CANCELLED, "was cancelled");
    g_assert_cmpint(source.given, ==, source.at + (gint64)source.most);

    cancelLower(flag);
    error = NULL;
    g_assert_false(httpTransportPerform(transport, &get, testSinkTake, &sink, &response, &error));
    httpAssertError(error, HTTP_ERROR_CANCELLED, "was cancelled");
    g_assert_cmpuint(sink.calls, ==, 1);
}

/* ---- what a header tells -------------------------------------------------------------------- */

static void
testSize(void)
{
    g_autoptr(HttpTransport) transport = makeTransport(5000, 20000);
    HttpRequest request = { .method = "HEAD", .path = "/file?n=123456", .streamed = TRUE };
    guint i;

    for (i = 0; i < 2; i++) {
        g_auto(HttpResponse) response = { 0 };
        g_autoptr(GError) error = NULL;
        g_autofree char *body = httpFetch(transport, &request, &response, &error);

        g_assert_no_error(error);
        g_assert_cmpstr(body, ==, "");
        g_assert_cmpuint(response.status, ==, 200);
        g_assert_cmpint(response.contentLength, ==, 123456);
        g_assert_null(response.contentRange);
        g_assert_cmpint(response.reused, ==, i > 0);
    }
}

static void
testRange(void)
{
    static const char *const headers[] = { "Range: bytes=17-24", NULL };
    g_autoptr(HttpTransport) transport = makeTransport(5000, 20000);
    HttpRequest request = { .method = "GET", .path = "/file?n=123456", .streamed = TRUE,
                            .headers = headers };
    g_auto(HttpResponse) response = { 0 };
    g_autoptr(GError) error = NULL;
    g_autofree char *body = httpFetch(transport, &request, &response, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(body, ==, "78901234");
    g_assert_cmpuint(response.status, ==, 206);
    g_assert_cmpint(response.contentLength, ==, 8);
    g_assert_cmpstr(response.contentRange, ==, "bytes 17-24/123456");
}

/* In chunks, with no length. */
static void
testNoSize(void)
{
    g_autoptr(HttpTransport) transport = makeTransport(5000, 20000);
    HttpRequest request = { .method = "GET", .path = "/trailers", .streamed = TRUE };
    g_auto(HttpResponse) response = { 0 };
    g_autofree char *body = httpFetch(transport, &request, &response, NULL);

    g_assert_cmpstr(body, ==, "first");
    g_assert_cmpint(response.contentLength, ==, -1);
}

int
main(int argc, char **argv)
{
    int status = 0;

    g_test_init(&argc, &argv, NULL);
    httpServerStart();
    g_test_add_func("/http/streamed/stall-sending", testStallSending);
    g_test_add_func("/http/streamed/stall-sent", testStallSent);
    g_test_add_func("/http/streamed/stall-receiving", testStallReceiving);
    g_test_add_func("/http/streamed/source-blocks", testSourceBlocks);
    g_test_add_func("/http/streamed/sink-blocks", testSinkBlocks);
    g_test_add_func("/http/streamed/no-total", testNoTotal);
    g_test_add_func("/http/streamed/drips", testDrips);
    g_test_add_func("/http/streamed/drips-between", testDripsBetween);
    g_test_add_func("/http/streamed/drips-after-source", testDripsAfterSource);
    g_test_add_func("/http/streamed/drips-instead-of-taking", testDripsInsteadOfTaking);
    g_test_add_func("/http/streamed/deadline", testDeadline);
    g_test_add_func("/http/streamed/cancel", testCancel);
    g_test_add_func("/http/streamed/cancelled-within", testCancelledWithin);
    g_test_add_func("/http/streamed/size", testSize);
    g_test_add_func("/http/streamed/range", testRange);
    g_test_add_func("/http/streamed/no-size", testNoSize);
    status = g_test_run();
    httpServerStop();
    return status;
}
