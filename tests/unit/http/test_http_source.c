/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Bodies from a source: every byte arrives, and what goes wrong is told apart. */

#include "http_fixture.h"
#include "source_fixture.h"

#include <string.h>

#define MIB ((gint64)1 << 20)

static HttpTransport *
makeTransport(const char *listener)
{
    HttpCurlOptions options = httpServerOptions(listener);

    if (g_str_equal(listener, "plain"))
        options.scheme = "http";
    return httpTransportMake(&options);
}

/* Performs @request, which must fail with @code. */
static void
assertFails(HttpTransport *transport, const HttpRequest *request, HttpErrorCode code,
            const char *part)
{
    GError *error = NULL;
    g_autofree char *body = httpFetch(transport, request, NULL, &error);

    g_assert_null(body);
    httpAssertError(error, code, part);
}

static void
assertHits(HttpTransport *transport, const char *id, const char *count)
{
    g_autofree char *path = g_strdup_printf("/count?id=%s", id);
    g_autofree char *hits = httpGet(transport, path);

    g_assert_cmpstr(hits, ==, count);
}

/* ---- all goes well -------------------------------------------------------------------------- */

static void
assertArrives(HttpTransport *transport, gint64 length, size_t most, gboolean unknown)
{
    TestSource source = { .length = length, .most = most };
    HttpRequest request = testSourcePut("/put", &source, unknown);
    g_autofree char *receipt = testSourceReceipt(length, unknown);
    g_autoptr(GError) error = NULL;
    g_auto(HttpResponse) response = { 0 };
    g_autofree char *body = httpFetch(transport, &request, &response, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(body, ==, receipt);
    g_assert_cmpuint(response.status, ==, 201);
    g_assert_cmpint(source.given, ==, length);
    /* whoever told the length is not asked whether there is more */
    g_assert_cmpuint(source.calledAfterEnd, ==, unknown ? 1 : 0);
}

static void
testWhole(void)
{
    static const char *const listeners[] = { "good", "plain" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(listeners); i++) {
        g_autoptr(HttpTransport) transport = makeTransport(listeners[i]);
        gboolean unknown;

        for (unknown = FALSE; unknown <= TRUE; unknown++) {
            assertArrives(transport, 5 * MIB + 4711, 0, unknown);
            assertArrives(transport, 1 * MIB, 1000, unknown);
            assertArrives(transport, 1, 0, unknown);
            assertArrives(transport, 0, 0, unknown);
            assertArrives(transport, 512 * 1024, 0, unknown);
        }
    }
}

/* What does not belong to a file's contents is not sent, and the caller's own headers are. */
static void
testHeader(void)
{
    static const char *const headers[] = { "Cookie: a=b", "Content-Type: application/x", NULL };
    g_autoptr(HttpTransport) transport = makeTransport("good");
    TestSource source = { .length = 0 };
    HttpRequest request = testSourcePut("/head", &source, FALSE);
    g_autoptr(GError) error = NULL;
    g_autofree char *plain = httpFetch(transport, &request, NULL, &error);
    g_autofree char *own = NULL;
    g_autofree char *lower = NULL;

    g_assert_no_error(error);
    lower = g_ascii_strdown(plain, -1);
    g_assert_true(g_str_has_prefix(plain, "PUT /head HTTP/1.1\r\n"));
    g_assert_nonnull(strstr(lower, "\r\ncontent-length: 0"));
    g_assert_null(strstr(lower, "expect:"));
    g_assert_null(strstr(lower, "accept-encoding:"));
    g_assert_null(strstr(lower, "content-type:"));
    g_assert_null(strstr(lower, "transfer-encoding:"));

    request.headers = headers;
    own = httpFetch(transport, &request, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(own, "\r\nCookie: a=b"));
    g_assert_nonnull(strstr(own, "\r\nContent-Type: application/x"));
}

/* A large body, too, goes out without asking whether it may. */
static void
testHeaderOfMany(void)
{
    g_autoptr(HttpTransport) transport = makeTransport("good");
    g_autofree char *zeros = g_malloc0(2 * MIB);
    HttpRequest request = { .method = "PUT", .path = "/head", .body = zeros,
                            .bodyLength = 2 * MIB };
    g_autoptr(GError) error = NULL;
    g_autofree char *head = httpFetch(transport, &request, NULL, &error);
    g_autofree char *lower = NULL;

    g_assert_no_error(error);
    lower = g_ascii_strdown(head, -1);
    g_assert_nonnull(strstr(lower, "\r\ncontent-length: 2097152"));
    g_assert_null(strstr(lower, "expect:"));
}

static void
testEmptyBody(void)
{
    g_autoptr(HttpTransport) transport = makeTransport("good");
    HttpRequest request = { .method = "PUT", .path = "/head", .body = "", .streamed = TRUE };
    g_autoptr(GError) error = NULL;
    g_autofree char *head = httpFetch(transport, &request, NULL, &error);

    g_assert_no_error(error);
    g_assert_true(g_str_has_prefix(head, "PUT /head HTTP/1.1\r\n"));
    g_assert_nonnull(strstr(head, "\r\nContent-Length: 0"));
    g_assert_null(strstr(head, "Accept-Encoding"));
}

/* The connection serves on, and nothing of one request shows in the next. */
static void
testNextRequest(void)
{
    g_autoptr(HttpTransport) transport = makeTransport("good");
    HttpRequest get = { .method = "GET", .path = "/head" };
    g_auto(HttpResponse) response = { 0 };
    g_autofree char *head = NULL;

    assertArrives(transport, 1 * MIB, 0, TRUE);
    head = httpFetch(transport, &get, &response, NULL);
    g_assert_true(response.reused);
    g_assert_true(g_str_has_prefix(head, "GET /head HTTP/1.1\r\n"));
    g_assert_null(strstr(head, "Transfer-Encoding"));
    g_assert_null(strstr(head, "Content-Length"));
    g_assert_nonnull(strstr(head, "Accept-Encoding: gzip"));
    assertArrives(transport, 3 * MIB, 0, FALSE);
}

/* ---- the server does not want it ------------------------------------------------------------ */

/*
 * An answer to half a body is the result, however the server closes behind it (over TLS; without
 * it, a server has to be polite).
 */
static void
assertAnsweredEarly(const char *listener, guint status, const char *manner, TestSource source,
                    gboolean unknown)
{
    g_autoptr(HttpTransport) transport = makeTransport(listener);
    g_autofree char *path = g_strdup_printf("/putearly?n=300000&status=%u%s", status, manner);
    HttpRequest request = testSourcePut(path, &source, unknown);
    g_autoptr(GError) error = NULL;
    g_auto(HttpResponse) response = { 0 };
    g_autofree char *body = httpFetch(transport, &request, &response, &error);

    g_test_message("%s %u%s after %" G_GINT64_FORMAT " bytes", listener, status, manner,
                   source.given);
    g_assert_no_error(error);
    g_assert_cmpstr(body, ==, "early");
    g_assert_cmpuint(response.status, ==, status);
    g_assert_cmpint(source.given, <, source.length);
    g_free(httpGet(transport, "/where"));
}

static void
testEarly(void)
{
    static const guint statuses[] = { 401, 404, 500, 503 };
    size_t i;
    gboolean unknown;

    for (i = 0; i < G_N_ELEMENTS(statuses); i++) {
        for (unknown = FALSE; unknown <= TRUE; unknown++) {
            TestSource source = { .length = 256 * MIB };

            assertAnsweredEarly("good", statuses[i], "", source, unknown);
            assertAnsweredEarly("good", statuses[i], "&polite=1", source, unknown);
            assertAnsweredEarly("plain", statuses[i], "&polite=1", source, unknown);
        }
    }
}

/* The answer comes, and the connection closes, while the source is busy. */
static void
testEarlyWhileBusy(void)
{
    TestSource source = { .length = 256 * MIB, .most = 100000, .at = 300000, .pauseMs = 300 };

    assertAnsweredEarly("good", 500, "", source, FALSE);
    assertAnsweredEarly("good", 404, "", source, TRUE);
    assertAnsweredEarly("plain", 503, "&polite=1", source, FALSE);
    assertAnsweredEarly("plain", 401, "&polite=1", source, TRUE);
}

static void
testBroken(void)
{
    static const char *const listeners[] = { "good", "plain" };
    size_t i;
    gboolean unknown;

    for (i = 0; i < G_N_ELEMENTS(listeners); i++) {
        for (unknown = FALSE; unknown <= TRUE; unknown++) {
            g_autoptr(HttpTransport) transport = makeTransport(listeners[i]);
            TestSource source = { .length = 64 * MIB };
            HttpRequest request = testSourcePut("/putbreak?n=300000", &source, unknown);

            assertFails(transport, &request, HTTP_ERROR_BROKEN, "without a reply");
            g_assert_cmpint(source.given, <, source.length);
            assertArrives(transport, 1 * MIB, 0, unknown);
        }
    }
}

/* A kept-alive connection that breaks: a source cannot begin again, so nothing does. */
static void
testNotTwice(void)
{
    static const guint taken[] = { 0, 1, 300000 };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(taken); i++) {
        g_autoptr(HttpTransport) transport = makeTransport("good");
        g_autofree char *id = g_strdup_printf("not-twice-%u", taken[i]);
        g_autofree char *path = g_strdup_printf("/putbreak?n=%u&id=%s", taken[i], id);
        TestSource source = { .length = 8 * MIB };
        HttpRequest request = testSourcePut(path, &source, FALSE);

        g_free(httpGet(transport, "/where"));
        assertFails(transport, &request, HTTP_ERROR_BROKEN, "without a reply");
        assertHits(transport, id, "1");
    }
}

/* The same for a body so short that all of it had been sent. */
static void
testNotTwiceShort(void)
{
    g_autoptr(HttpTransport) transport = makeTransport("good");
    TestSource source = { .length = 10 };
    HttpRequest request = testSourcePut("/putbreak?n=10&id=short", &source, FALSE);

    g_free(httpGet(transport, "/where"));
    assertFails(transport, &request, HTTP_ERROR_BROKEN, "without a reply");
    assertHits(transport, "short", "1");
}

/* ---- the source does not deliver ------------------------------------------------------------ */

static void
testSourceFails(void)
{
    gboolean unknown;

    for (unknown = FALSE; unknown <= TRUE; unknown++) {
        g_autoptr(HttpTransport) transport = makeTransport("good");
        TestSource source = { .length = 8 * MIB, .at = 3 * MIB, .domain = G_FILE_ERROR,
                              .code = G_FILE_ERROR_NOSPC };
        HttpRequest request = testSourcePut("/put?id=fails", &source, unknown);
        g_autoptr(GError) error = NULL;
        g_autofree char *body = httpFetch(transport, &request, NULL, &error);

        g_assert_null(body);
        g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
        g_assert_cmpstr(error->message, ==, "The source says so.");
        assertArrives(transport, 100, 0, unknown);
    }
}

/* From its first byte on, over a connection that could be tried again. */
static void
testSourceFailsAtOnce(void)
{
    g_autoptr(HttpTransport) transport = makeTransport("good");
    TestSource source = { .length = 8 * MIB, .domain = G_FILE_ERROR, .code = G_FILE_ERROR_PIPE };
    HttpRequest request = testSourcePut("/put", &source, TRUE);
    g_autoptr(GError) error = NULL;
    g_autofree char *body = NULL;

    g_free(httpGet(transport, "/where"));
    body = httpFetch(transport, &request, NULL, &error);
    g_assert_null(body);
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_PIPE);
    g_assert_cmpuint(source.calls, ==, 1);
}

static void
testSourceMute(void)
{
    g_autoptr(HttpTransport) transport = makeTransport("good");
    TestSource source = { .length = 8 * MIB, .at = MIB, .mute = TRUE };
    HttpRequest request = testSourcePut("/put", &source, FALSE);

    assertFails(transport, &request, HTTP_ERROR_SINK, "without a reason");
}

static void
testSourceShort(void)
{
    static const gint64 lengths[] = { 0, 1, 3 * MIB };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autoptr(HttpTransport) transport = makeTransport("good");
        TestSource source = { .length = lengths[i] };
        HttpRequest request = testSourcePut("/put", &source, FALSE);
        g_autofree char *part = g_strdup_printf("ended after %" G_GINT64_FORMAT " of 8388608 bytes",
                                                lengths[i]);

        request.sourceLength = 8 * MIB;
        assertFails(transport, &request, HTTP_ERROR_SINK, part);
        g_assert_cmpuint(source.calledAfterEnd, ==, 1);
    }
}

int
main(int argc, char **argv)
{
    int status = 0;

    g_test_init(&argc, &argv, NULL);
    httpServerStart();
    g_test_add_func("/http/source/whole", testWhole);
    g_test_add_func("/http/source/header", testHeader);
    g_test_add_func("/http/source/header-of-many", testHeaderOfMany);
    g_test_add_func("/http/source/empty-body", testEmptyBody);
    g_test_add_func("/http/source/next-request", testNextRequest);
    g_test_add_func("/http/source/early", testEarly);
    g_test_add_func("/http/source/early-while-busy", testEarlyWhileBusy);
    g_test_add_func("/http/source/broken", testBroken);
    g_test_add_func("/http/source/not-twice", testNotTwice);
    g_test_add_func("/http/source/not-twice-short", testNotTwiceShort);
    g_test_add_func("/http/source/source-fails", testSourceFails);
    g_test_add_func("/http/source/source-fails-at-once", testSourceFailsAtOnce);
    g_test_add_func("/http/source/source-mute", testSourceMute);
    g_test_add_func("/http/source/source-short", testSourceShort);
    status = g_test_run();
    httpServerStop();
    return status;
}
