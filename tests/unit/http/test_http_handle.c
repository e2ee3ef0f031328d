/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Requests that do not end well: silence, slowness, cancelling, breaking, and too much of
 * everything.
 */

#include "http_fixture.h"

#include "base_limits.h"

#include <signal.h>
#include <string.h>

/* How much later than promised a busy machine may notice. */
#define SLACK_MS 1000

static HttpTransport *
makeWithTimeouts(const char *listener, guint stallMs, guint totalMs)
{
    HttpCurlOptions options = httpServerOptions(listener);

    options.scheme = strcmp(listener, "good") == 0 ? "https" : "http";
    options.stallTimeoutMs = stallMs;
    options.totalTimeoutMs = totalMs;
    return httpTransportMake(&options);
}

static HttpTransport *
makePlain(void)
{
    return makeWithTimeouts("plain", 5000, 20000);
}

static gint64
elapsedMs(gint64 since)
{
    return (g_get_monotonic_time() - since) / 1000;
}

/* The next request on the same transport works. */
static void
assertWorks(HttpTransport *transport)
{
    g_autofree char *body = httpGet(transport, "/where");

    g_assert_nonnull(body);
}

static void
assertEndsAfter(HttpTransport *transport, const HttpRequest *request, gint64 ms, const char *part)
{
    gint64 start = g_get_monotonic_time();
    GError *error = NULL;
    g_autofree char *body = httpFetch(transport, request, NULL, &error);
    gint64 took = elapsedMs(start);

    g_assert_null(body);
    httpAssertError(error, HTTP_ERROR_TIMEOUT, part);
    g_assert_cmpint(took, >=, ms - 20);
    g_assert_cmpint(took, <, ms + SLACK_MS);
}

static void
testStall(void)
{
    g_autoptr(HttpTransport) transport = makeWithTimeouts("plain", 300, 20000);
    HttpRequest silence = { .method = "GET", .path = "/silence" };
    HttpRequest halfHead = { .method = "GET", .path = "/halfhead" };
    HttpRequest halfBody = { .method = "GET", .path = "/halfbody" };

    assertEndsAfter(transport, &silence, 300, "did not reply; nothing was received for 0.3 s");
    assertEndsAfter(transport, &halfHead, 300, "nothing was received for 0.3 s");
    assertEndsAfter(transport, &halfBody, 300,
                    "in the middle of its reply; nothing was received for 0.3 s");
    assertWorks(transport);
}

/*
 * A request with a time of its own may wait that long for its reply to begin, but not in mid-reply.
 */
static void
testPatience(void)
{
    g_autoptr(HttpTransport) transport = makeWithTimeouts("good", 300, 20000);
    HttpRequest late = { .method = "GET", .path = "/late?s=0.8", .timeoutMs = 5000 };
    HttpRequest halfBody = { .method = "GET", .path = "/halfbody", .timeoutMs = 5000 };
    g_autoptr(GError) error = NULL;
    g_autofree char *body = httpFetch(transport, &late, NULL, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(body, ==, "late");
    assertEndsAfter(transport, &halfBody, 300, "in the middle of its reply");
}

/*
 * A long poll: the server may be silent that much longer than it might otherwise, and the request
 * take that much longer; once the reply has begun, neither counts.
 */
static void
testQuiet(void)
{
    g_autoptr(HttpTransport) transport = makeWithTimeouts("good", 300, 500);
    HttpRequest late = { .method = "GET", .path = "/late?s=0.8", .quietMs = 3000 };
    HttpRequest silence = { .method = "GET", .path = "/silence", .quietMs = 300 };
    HttpRequest halfBody = { .method = "GET", .path = "/halfbody", .quietMs = 3000 };
    HttpRequest drip = { .method = "GET", .path = "/drip", .quietMs = 200 };
    g_autoptr(GError) error = NULL;
    g_autofree char *body = httpFetch(transport, &late, NULL, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(body, ==, "late");
    assertEndsAfter(transport, &silence, 600, "did not reply; nothing was received for 0.6 s");
    assertEndsAfter(transport, &halfBody, 300, "in the middle of its reply");
    assertEndsAfter(transport, &drip, 700, "was not complete within 0.7 s");
}

/* A connection that breaks in mid-poll is made again; the server may then be as quiet as before. */
static void
testQuietAgain(void)
{
    g_autoptr(HttpTransport) transport = makeWithTimeouts("good", 700, 300);
    HttpRequest fickle = { .method = "GET", .path = "/fickle?id=quiet&s=0.7", .quietMs = 700 };
    g_autoptr(GError) error = NULL;
    g_autofree char *body = NULL;

    assertWorks(transport);
    body = httpFetch(transport, &fickle, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(body, ==, "at last");
}

static void
testTotal(void)
{
    g_autoptr(HttpTransport) transport = makeWithTimeouts("good", 5000, 400);
    HttpRequest drip = { .method = "GET", .path = "/drip" };
    HttpRequest ownTime = { .method = "GET", .path = "/drip", .timeoutMs = 700 };

    assertEndsAfter(transport, &drip, 400, "was not complete within 0.4 s");
    assertEndsAfter(transport, &ownTime, 700, "was not complete within 0.7 s");
    assertWorks(transport);
}

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
testCancel(void)
{
    static const char *const paths[] = { "/silence", "/halfbody", "/drip" };
    g_autoptr(HttpTransport) transport = makeWithTimeouts("good", 15000, 20000);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(Cancel) cancel = cancelNew(NULL);
        Raiser raiser = { .cancel = cancel };
        HttpRequest request = { .method = "GET", .path = paths[i], .cancel = cancel };
        GThread *thread = g_thread_new("cancel", raiseLater, &raiser);
        GError *error = NULL;
        g_autofree char *body = httpFetch(transport, &request, NULL, &error);
        gint64 ended = g_get_monotonic_time();

        g_thread_join(thread);
        g_assert_null(body);
        httpAssertError(error, HTTP_ERROR_CANCELLED, "was cancelled");
        g_test_message("noticed after %d ms", (int)((ended - raiser.raised) / 1000));
        g_assert_cmpint((ended - raiser.raised) / 1000, <, 200 + SLACK_MS);
    }

    /* raised before it began: nothing is sent */
    g_autoptr(Cancel) raised = cancelNew(NULL);
    HttpRequest request = { .method = "GET", .path = "/drop?id=cancel", .cancel = raised };
    GError *error = NULL;

    cancelRaise(raised);
    g_assert_null(httpFetch(transport, &request, NULL, &error));
    httpAssertError(error, HTTP_ERROR_CANCELLED, "was cancelled");
    g_autofree char *count = httpGet(transport, "/count?id=cancel");
    g_assert_cmpstr(count, ==, "0");
}

/* A flag ends a request at once, as its parent does, and many of them cost no time in all. */
static void
testCancelAtOnce(void)
{
    g_autoptr(HttpTransport) transport = makeWithTimeouts("good", 15000, 20000);
    g_autoptr(Cancel) parent = cancelNew(NULL);
    g_autoptr(Cancel) child = cancelNew(parent);
    HttpRequest request = { .method = "GET", .path = "/silence", .cancel = child };
    gint64 total = 0;
    guint i;

    for (i = 0; i < 6; i++) {
        Raiser raiser = { .cancel = i % 2 ? parent : child };
        GThread *thread = g_thread_new("cancel", raiseLater, &raiser);
        GError *error = NULL;
        g_autofree char *body = httpFetch(transport, &request, NULL, &error);
        gint64 ended = g_get_monotonic_time();

        g_thread_join(thread);
        g_assert_null(body);
        httpAssertError(error, HTTP_ERROR_CANCELLED, "was cancelled");
        total += ended - raiser.raised;
        cancelLower(raiser.cancel);
    }
    g_test_message("noticed after %d us on average", (int)total / 6);
    g_assert_cmpint(total / 1000, <, SLACK_MS);
    assertWorks(transport);
}

/* One at a time: a connection that has served, then dies as the request arrives. */
static void
testRetry(void)
{
    g_autoptr(HttpTransport) transport = makePlain();
    HttpRequest request = { .method = "POST", .path = "/drop?id=retry", .body = "x",
                            .bodyLength = 1 };
    g_auto(HttpResponse) response = { 0 };
    g_autoptr(GError) error = NULL;

    assertWorks(transport);
    g_autofree char *body = httpFetch(transport, &request, &response, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(body, ==, "served");
    g_assert_false(response.reused);

    g_autofree char *count = httpGet(transport, "/count?id=retry");
    g_assert_cmpstr(count, ==, "2");
}

static void
assertNoRetry(const char *listener, const char *id, const char *content)
{
    g_autoptr(HttpTransport) transport = makeWithTimeouts(listener, 5000, 20000);
    g_autofree char *path = g_strdup_printf("/drop?id=%s", id);
    g_autofree char *countPath = g_strdup_printf("/count?id=%s", id);
    HttpRequest request = {
        .method = "POST", .path = path, .body = content, .bodyLength = strlen(content),
        .noRetry = TRUE,
    };
    GError *error = NULL;

    assertWorks(transport);
    g_assert_null(httpFetch(transport, &request, NULL, &error));
    g_assert_false(httpErrorIsUnsent(error));
    httpAssertError(error, HTTP_ERROR_BROKEN, "closed the connection without a reply");

    g_autofree char *count = httpGet(transport, countPath);
    g_assert_cmpstr(count, ==, "1");

    g_autofree char *body = httpFetch(transport, &request, NULL, NULL);
    g_assert_cmpstr(body, ==, "served");
}

static void
testNoRetry(void)
{
    assertNoRetry("plain", "once", "x");
    assertNoRetry("plain", "empty", "");
    assertNoRetry("good", "tls", "x");
}

/* A connection that died while it was idle is noticed before anything is sent on it. */
static void
testDeadIdle(void)
{
    static const char *const listeners[] = { "plain", "good" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(listeners); i++) {
        g_autoptr(HttpTransport) transport = makeWithTimeouts(listeners[i], 5000, 20000);
        HttpRequest request = {
            .method = "POST", .path = "/echo", .body = "x", .bodyLength = 1, .noRetry = TRUE,
        };
        g_auto(HttpResponse) response = { 0 };
        g_autoptr(GError) error = NULL;
        g_autofree char *bye = httpGet(transport, "/bye");

        g_usleep(200 * 1000);
        g_autofree char *body = httpFetch(transport, &request, &response, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(body, ==, "x");
        g_assert_false(response.reused);
    }
}

/* A fresh connection that dies is not tried again in either case. */
static void
testBroken(void)
{
    static const char *const listeners[] = { "plain", "good" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(listeners); i++) {
        g_autoptr(HttpTransport) transport = makeWithTimeouts(listeners[i], 5000, 20000);
        g_autofree char *path = g_strdup_printf("/drop?id=fresh-%s&n=9", listeners[i]);

        httpGetFails(transport, path, HTTP_ERROR_BROKEN, "closed the connection without a reply");
    }

    g_autoptr(HttpTransport) transport = makePlain();
    httpGetFails(transport, "/reset", HTTP_ERROR_BROKEN, "closed the connection without a reply");
    httpGetFails(transport, "/drop?id=drops&n=9", HTTP_ERROR_BROKEN, "without a reply");
    assertWorks(transport);
}

/*
 * The server goes away while a large body is on its way: no signal ends the process, which has not
 * asked for SIGPIPE to be ignored.
 */
static void
testBrokenWhileSending(void)
{
    static const char *const listeners[] = { "plain", "good" };
    g_autofree char *body = g_strnfill(20000000, 'b');
    size_t i;

    signal(SIGPIPE, SIG_DFL);
    for (i = 0; i < G_N_ELEMENTS(listeners); i++) {
        g_autoptr(HttpTransport) transport = makeWithTimeouts(listeners[i], 5000, 20000);
        HttpRequest request = {
            .method = "POST", .path = "/nobody", .body = body, .bodyLength = 20000000,
            .noRetry = TRUE,
        };
        GError *error = NULL;

        g_assert_null(httpFetch(transport, &request, NULL, &error));
        httpAssertError(error, HTTP_ERROR_BROKEN, "without a reply");
        assertWorks(transport);
    }
}

static void
testCutOff(void)
{
    g_autoptr(HttpTransport) transport = makePlain();
    g_autoptr(HttpTransport) tls = makeWithTimeouts("good", 5000, 20000);

    httpGetFails(transport, "/short", HTTP_ERROR_PROTOCOL, "cut off after 5 bytes");
    httpGetFails(transport, "/cut", HTTP_ERROR_PROTOCOL, "cut off after");
    httpGetFails(tls, "/short", HTTP_ERROR_PROTOCOL, "cut off after 5 bytes");
    httpGetFails(tls, "/cut", HTTP_ERROR_PROTOCOL, "cut off after");
    httpGetFails(transport, "/badchunk", HTTP_ERROR_PROTOCOL, "is not valid HTTP");
    httpGetFails(transport, "/nothttp", HTTP_ERROR_PROTOCOL, "is not valid HTTP");
    assertWorks(transport);
    assertWorks(tls);
}

/* Plain HTTP at a TLS port. */
static void
testPlainAtTls(void)
{
    HttpCurlOptions options = httpServerOptions("good");
    g_autoptr(HttpTransport) transport = NULL;
    HttpRequest request = { .method = "GET", .path = "/where" };
    g_autoptr(GError) error = NULL;

    options.scheme = "http";
    transport = httpTransportMake(&options);
    g_assert_null(httpFetch(transport, &request, NULL, &error));
    g_test_message("%s", error->message);
    g_assert_true(g_error_matches(error, HTTP_ERROR, HTTP_ERROR_BROKEN) ||
                  g_error_matches(error, HTTP_ERROR, HTTP_ERROR_PROTOCOL));
    g_assert_nonnull(strstr(error->message, "whether it expects https"));
}

static void
testUnconnected(void)
{
    HttpCurlOptions refused = httpServerOptions("refused");
    HttpCurlOptions unknown = httpServerOptions("good");
    g_autoptr(HttpTransport) first = httpTransportMake(&refused);
    g_autoptr(HttpTransport) second = NULL;

    httpGetFails(first, "/", HTTP_ERROR_CONNECT, "refused the connection");

    /* RFC 6761: .invalid never has an address */
    unknown.host = "nowhere.invalid";
    second = httpTransportMake(&unknown);
    httpGetFails(second, "/", HTTP_ERROR_RESOLVE, "'nowhere.invalid' has no address");
}

typedef struct {
    size_t limit;
    size_t seen;
} Budget;

static gboolean
spend(const HttpResponse *response, const char *data, size_t length, gpointer opaque,
      GError **error)
{
    Budget *budget = opaque;

    (void)data;
    g_assert_cmpuint(response->status, ==, 200);
    budget->seen += length;
    if (budget->seen <= budget->limit)
        return TRUE;

    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "enough");
    return FALSE;
}

/* 100 MB are sent; what is not wanted is not read, and the sink's own error comes back. */
static void
testSink(void)
{
    g_autoptr(HttpTransport) transport = makePlain();
    HttpRequest request = { .method = "GET", .path = "/big?mb=100" };
    Budget small = { .limit = 1 << 20 };
    Budget large = { .limit = 200 << 20 };
    g_auto(HttpResponse) response = { 0 };
    g_autoptr(GError) error = NULL;

    g_assert_false(httpTransportPerform(transport, &request, spend, &small, &response, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
    g_assert_cmpuint(small.seen, <, 2 << 20);
    g_assert_cmpuint(response.status, ==, 0);
    g_clear_error(&error);

    g_assert_true(httpTransportPerform(transport, &request, spend, &large, &response, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(large.seen, ==, 100 << 20);
    httpResponseClear(&response);

    g_assert_true(httpTransportPerform(transport, &request, NULL, NULL, &response, &error));
    g_assert_cmpuint(response.status, ==, 200);
    assertWorks(transport);
}

static void
testHeaderBombs(void)
{
    g_autoptr(HttpTransport) transport = makePlain();
    g_autofree char *fits = g_strdup_printf("/line?n=%d", LIMIT_HEADER_BYTES - 100);
    g_autofree char *tooLong = g_strdup_printf("/line?n=%d", LIMIT_HEADER_BYTES);
    g_autofree char *manyFit = g_strdup_printf("/lines?n=%d", LIMIT_HEADER_LINES - 10);
    g_autofree char *tooMany = g_strdup_printf("/lines?n=%d", LIMIT_HEADER_LINES);
    g_autofree char *line = httpGet(transport, fits);
    g_autofree char *lines = httpGet(transport, manyFit);

    g_assert_cmpstr(line, ==, "long");
    g_assert_cmpstr(lines, ==, "many");
    httpGetFails(transport, tooLong, HTTP_ERROR_PROTOCOL, "too large");
    httpGetFails(transport, tooMany, HTTP_ERROR_PROTOCOL, "too large");
    httpGetFails(transport, "/interims", HTTP_ERROR_PROTOCOL, "too large");
    /* beyond what libcurl itself takes */
    httpGetFails(transport, "/line?n=5000000", HTTP_ERROR_PROTOCOL, "is not valid HTTP");
    assertWorks(transport);
}

int
main(int argc, char **argv)
{
    int result = 0;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/handle/stall", testStall);
    g_test_add_func("/http/handle/patience", testPatience);
    g_test_add_func("/http/handle/quiet", testQuiet);
    g_test_add_func("/http/handle/quiet-again", testQuietAgain);
    g_test_add_func("/http/handle/total", testTotal);
    g_test_add_func("/http/handle/cancel", testCancel);
    g_test_add_func("/http/handle/cancel-at-once", testCancelAtOnce);
    g_test_add_func("/http/handle/retry", testRetry);
    g_test_add_func("/http/handle/no-retry", testNoRetry);
    g_test_add_func("/http/handle/dead-idle", testDeadIdle);
    g_test_add_func("/http/handle/broken", testBroken);
    g_test_add_func("/http/handle/broken-while-sending", testBrokenWhileSending);
    g_test_add_func("/http/handle/cut-off", testCutOff);
    g_test_add_func("/http/handle/plain-at-tls", testPlainAtTls);
    g_test_add_func("/http/handle/unconnected", testUnconnected);
    g_test_add_func("/http/handle/sink", testSink);
    g_test_add_func("/http/handle/header-bombs", testHeaderBombs);

    httpServerStart();
    result = g_test_run();
    httpServerStop();
    return result;
}
