/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * The pool: connections are kept, concurrent requests do not wait on each other, proxies are used.
 */

#include "http_fixture.h"

#include <string.h>

#define THREADS 16
#define ROUNDS 25

static void
testKeepAlive(void)
{
    HttpCurlOptions options = httpServerOptions("good");
    g_autoptr(HttpTransport) transport = httpTransportMake(&options);
    HttpRequest request = { .method = "GET", .path = "/where" };
    g_auto(HttpResponse) first = { 0 };
    g_auto(HttpResponse) second = { 0 };
    g_autofree char *one = httpFetch(transport, &request, &first, NULL);
    g_autofree char *two = httpFetch(transport, &request, &second, NULL);
    g_auto(GStrv) words = g_strsplit(two, " ", 2);

    g_assert_false(first.reused);
    g_assert_true(second.reused);
    g_assert_true(g_str_has_prefix(one, words[0]));
    g_assert_cmpstr(words[1], ==, "1");
}

/* A request that the server answers only when others have arrived beside it. */
typedef struct {
    HttpTransport *transport;
    const char *path;
    gint reused;        /* atomic: of them, over connections that had served before */
} Meeting;

static gpointer
meetOthers(gpointer opaque)
{
    Meeting *meeting = opaque;
    HttpRequest request = { .method = "GET", .path = meeting->path };
    g_auto(HttpResponse) response = { 0 };
    g_autofree char *answer = httpFetch(meeting->transport, &request, &response, NULL);

    g_assert_cmpstr(answer, ==, "met");
    g_atomic_int_add(&meeting->reused, response.reused);
    return NULL;
}

/* Performs @count requests at once. Returns: how many of them went over a kept connection. */
static gint
meet(HttpTransport *transport, const char *id, guint count)
{
    g_autofree char *path = g_strdup_printf("/barrier?id=%s&n=%u", id, count);
    g_autofree GThread **threads = g_new0(GThread *, count);
    Meeting meeting = { .transport = transport, .path = path };
    guint i;

    for (i = 0; i < count; i++)
        threads[i] = g_thread_new("meet", meetOthers, &meeting);
    for (i = 0; i < count; i++)
        g_thread_join(threads[i]);
    return meeting.reused;
}

static HttpTransport *
makePatient(guint idleTimeoutMs)
{
    HttpCurlOptions options = httpServerOptions("good");

    options.stallTimeoutMs = 15000;
    options.idleTimeoutMs = idleTimeoutMs;
    return httpTransportMake(&options);
}

/* The server answers none before all have arrived; then their connections wait for the next. */
static void
testConcurrency(void)
{
    g_autoptr(HttpTransport) transport = makePatient(0);

    g_assert_cmpint(meet(transport, "first", THREADS), ==, 0);
    g_assert_cmpint(meet(transport, "second", THREADS), ==, THREADS);
}

/* No more are kept than there should be. */
static void
testIdleLimit(void)
{
    g_autoptr(HttpTransport) transport = makePatient(0);

    g_assert_cmpint(meet(transport, "wide", HTTP_IDLE_HANDLES + 4), ==, 0);
    g_assert_cmpint(meet(transport, "wide-again", HTTP_IDLE_HANDLES + 4), ==, HTTP_IDLE_HANDLES);
}

/* What nobody has used for a while is closed, when somebody comes along. */
static void
testIdleTimeout(void)
{
    g_autoptr(HttpTransport) transport = makePatient(1500);

    g_assert_cmpint(meet(transport, "four", 4), ==, 0);
    g_usleep(1600 * 1000);
    g_assert_cmpint(meet(transport, "one", 1), ==, 1);
    g_assert_cmpint(meet(transport, "four-again", 4), ==, 1);
}

static gpointer
echoOften(gpointer opaque)
{
    int i;

    for (i = 0; i < ROUNDS; i++) {
        g_autofree char *body = g_strdup_printf("%p %d", (void *)g_thread_self(), i);
        HttpRequest request = {
            .method = "POST", .path = "/echo", .body = body, .bodyLength = strlen(body),
        };
        g_auto(HttpResponse) response = { 0 };
        g_autofree char *answer = httpFetch(opaque, &request, &response, NULL);

        g_assert_cmpstr(answer, ==, body);
    }
    return NULL;
}

/* Nobody gets another's answer. */
static void
testStorm(void)
{
    HttpCurlOptions options = httpServerOptions("good");
    g_autoptr(HttpTransport) transport = NULL;
    GThread *threads[THREADS] = { NULL };
    size_t i;

    options.trust = HTTP_TRUST_CA_FILE;
    options.caFile = httpServerFact("pem.ca");
    transport = httpTransportMake(&options);
    for (i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("storm", echoOften, transport);
    for (i = 0; i < THREADS; i++)
        g_assert_null(g_thread_join(threads[i]));
}

/* Freed without ever having been used, and with connections open. */
static void
testFree(void)
{
    HttpCurlOptions options = httpServerOptions("good");
    HttpTransport *unused = httpTransportMake(&options);
    HttpTransport *used = httpTransportMake(&options);
    g_autofree char *body = httpGet(used, "/where");

    httpTransportFree(unused);
    httpTransportFree(used);
}

/* All strings belong to the transport. */
static void
testStringsAreCopied(void)
{
    g_autofree char *host = g_strdup("127.0.0.1");
    g_autofree char *agent = g_strdup("copied");
    HttpCurlOptions options = httpServerOptions("plain");
    g_autoptr(HttpTransport) transport = NULL;

    options.scheme = "http";
    options.host = host;
    options.userAgent = agent;
    transport = httpTransportMake(&options);
    memset(host, 'x', strlen(host));
    memset(agent, 'x', strlen(agent));

    g_autofree char *head = httpGet(transport, "/head");
    g_assert_nonnull(strstr(head, "User-Agent: copied"));
}

static void
testInvalid(void)
{
    HttpCurlOptions options = httpServerOptions("plain");
    GError *error = NULL;

    options.host = "a b";
    g_assert_null(httpCurlNew(&options, &error));
    httpAssertError(error, HTTP_ERROR_INVALID, "'a b' is neither");
}

static char *
proxyUrl(const char *scheme, const char *listener)
{
    return g_strdup_printf("%s://127.0.0.1:%u", scheme, httpServerPort(listener));
}

/*
 * An https server through CONNECT: its certificate is judged all the same, and the tunnel is kept.
 */
static void
testHttpProxy(void)
{
    g_autofree char *proxy = proxyUrl("http", "proxy");
    HttpCurlOptions options = httpServerOptions("good");
    HttpRequest request = { .method = "POST", .path = "/echo", .body = "x", .bodyLength = 1 };
    g_autoptr(HttpTransport) transport = NULL;
    g_autoptr(HttpTransport) distrusting = NULL;
    g_auto(HttpResponse) response = { 0 };
    g_auto(HttpResponse) again = { 0 };
    g_autoptr(GError) error = NULL;

    options.proxy = proxy;
    transport = httpTransportMake(&options);
    g_autofree char *body = httpFetch(transport, &request, &response, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(body, ==, "x");
    g_assert_cmpuint(response.status, ==, 200);
    g_autofree char *second = httpFetch(transport, &request, &again, &error);
    g_assert_no_error(error);
    g_assert_true(again.reused);

    options.trust = HTTP_TRUST_THUMBPRINT;
    options.thumbprint = httpServerFact("sha256.self");
    distrusting = httpTransportMake(&options);
    httpGetFails(distrusting, "/where", HTTP_ERROR_TRUST, "its thumbprint is");
}

static void
testHttpProxyPlain(void)
{
    g_autofree char *proxy = proxyUrl("http", "proxy");
    HttpCurlOptions options = httpServerOptions("plain");
    g_autofree char *expected = g_strdup_printf("proxied http://127.0.0.1:%u/where", options.port);

    options.scheme = "http";
    options.proxy = proxy;
    g_autoptr(HttpTransport) transport = httpTransportMake(&options);
    g_autofree char *body = httpGet(transport, "/where");
    g_assert_cmpstr(body, ==, expected);
}

static void
testSocksProxies(void)
{
    g_autofree char *socks4 = proxyUrl("socks4", "socks4");
    g_autofree char *socks4a = proxyUrl("socks4a", "socks4");
    g_autofree char *socks5 = proxyUrl("socks5", "socks5");
    const struct {
        const char *proxy;
        const char *host;
        const char *hits;
    } cases[] = {
        { socks4, "127.0.0.1", "/count?id=socks4" },
        { socks4a, "localhost", "/count?id=socks4a" },
        { socks5, "127.0.0.1", "/count?id=socks5" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        HttpCurlOptions options = httpServerOptions("good");

        options.proxy = cases[i].proxy;
        options.host = cases[i].host;
        g_autoptr(HttpTransport) transport = httpTransportMake(&options);
        g_autofree char *count = httpGet(transport, cases[i].hits);
        g_assert_cmpstr(count, ==, "1");
    }
}

static void
testProxyFailures(void)
{
    g_autofree char *refused = proxyUrl("http", "refused");
    g_autofree char *proxy = proxyUrl("http", "proxy");
    g_autofree char *wrong = proxyUrl("socks5", "plain");
    HttpCurlOptions options = httpServerOptions("good");
    g_autoptr(HttpTransport) first = NULL;
    g_autoptr(HttpTransport) second = NULL;
    g_autoptr(HttpTransport) third = NULL;
    g_autoptr(HttpTransport) fourth = NULL;

    options.proxy = refused;
    first = httpTransportMake(&options);
    httpGetFails(first, "/where", HTTP_ERROR_CONNECT, "the proxy http://127.0.0.1:");

    options.proxy = "socks5://nowhere.invalid:1";
    second = httpTransportMake(&options);
    httpGetFails(second, "/where", HTTP_ERROR_RESOLVE, "the proxy socks5://nowhere.invalid:1 has");

    options.proxy = proxy;
    options.port = 1;
    third = httpTransportMake(&options);
    httpGetFails(third, "/where", HTTP_ERROR_CONNECT,
                 "refused to connect to 127.0.0.1:1: it answered with HTTP status 403");

    options.proxy = wrong;
    options.connectTimeoutMs = 1000;
    fourth = httpTransportMake(&options);
    httpGetFails(fourth, "/where", HTTP_ERROR_CONNECT, "through the proxy socks5://127.0.0.1:");
}

int
main(int argc, char **argv)
{
    int result = 0;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/curl/keep-alive", testKeepAlive);
    g_test_add_func("/http/curl/concurrency", testConcurrency);
    g_test_add_func("/http/curl/idle-limit", testIdleLimit);
    g_test_add_func("/http/curl/idle-timeout", testIdleTimeout);
    g_test_add_func("/http/curl/storm", testStorm);
    g_test_add_func("/http/curl/free", testFree);
    g_test_add_func("/http/curl/strings-are-copied", testStringsAreCopied);
    g_test_add_func("/http/curl/invalid", testInvalid);
    g_test_add_func("/http/curl/http-proxy", testHttpProxy);
    g_test_add_func("/http/curl/http-proxy-plain", testHttpProxyPlain);
    g_test_add_func("/http/curl/socks-proxies", testSocksProxies);
    g_test_add_func("/http/curl/proxy-failures", testProxyFailures);

    httpServerStart();
    result = g_test_run();
    httpServerStop();
    return result;
}
