/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What a request looks like on the wire, and what is refused before it gets there. */

#include "http_fixture.h"

#include <string.h>

static HttpTransport *
plainTransport(void)
{
    HttpCurlOptions options = httpServerOptions("plain");

    options.scheme = "http";
    options.userAgent = "agent/1.0";
    return httpTransportMake(&options);
}

static char *
fetch(HttpTransport *transport, const HttpRequest *request)
{
    g_autoptr(GError) error = NULL;
    char *body = httpFetch(transport, request, NULL, &error);

    g_assert_no_error(error);
    return body;
}

static gboolean
hasLine(const char *head, const char *line)
{
    g_autofree char *whole = g_strdup_printf("\r\n%s\r\n", line);
    g_autofree char *ended = g_strdup_printf("%s\r\n", head);

    return strstr(ended, whole) != NULL;
}

static void
testPost(void)
{
    static const char *const headers[] = {
        "Content-Type: text/xml; charset=utf-8",
        "SOAPAction: \"urn:vim25/8.0.2.0\"",
        "Cookie: vmware_soap_session=\"52fd\"",
        NULL,
    };
    g_autoptr(HttpTransport) transport = plainTransport();
    HttpRequest request = {
        .method = "POST", .path = "/head?a=%2f", .headers = headers, .body = "12345",
        .bodyLength = 5,
    };
    g_autofree char *host = g_strdup_printf("Host: 127.0.0.1:%u", httpServerPort("plain"));
    g_autofree char *head = fetch(transport, &request);

    g_assert_true(g_str_has_prefix(head, "POST /head?a=%2f HTTP/1.1\r\n"));
    g_assert_true(hasLine(head, host));
    g_assert_true(hasLine(head, "User-Agent: agent/1.0"));
    g_assert_true(hasLine(head, "Accept-Encoding: gzip"));
    g_assert_true(hasLine(head, "Content-Length: 5"));
    g_assert_true(hasLine(head, headers[0]));
    g_assert_true(hasLine(head, headers[1]));
    g_assert_true(hasLine(head, headers[2]));
    g_assert_null(strstr(head, "Expect"));
}

/* Nothing of a request shows in the next on the same handle. */
static void
testNothingStays(void)
{
    static const char *const headers[] = { "X-Once: yes", NULL };
    g_autoptr(HttpTransport) transport = plainTransport();
    HttpRequest post = {
        .method = "POST", .path = "/head", .headers = headers, .body = "12345", .bodyLength = 5,
    };
    HttpRequest get = { .method = "GET", .path = "/head" };
    g_autofree char *first = fetch(transport, &post);
    g_autofree char *second = fetch(transport, &get);

    g_assert_true(hasLine(first, "X-Once: yes"));
    g_assert_null(strstr(first, "Content-Type"));
    g_assert_true(g_str_has_prefix(second, "GET /head HTTP/1.1\r\n"));
    g_assert_null(strstr(second, "X-Once"));
    g_assert_null(strstr(second, "Content-Length"));
}

static void
testMethods(void)
{
    g_autoptr(HttpTransport) transport = plainTransport();
    HttpRequest put = { .method = "PUT", .path = "/echo", .body = "a\0b", .bodyLength = 3 };
    HttpRequest bare = { .method = "POST", .path = "/head" };
    HttpRequest delete = { .method = "DELETE", .path = "/head" };
    HttpRequest head = { .method = "HEAD", .path = "/echo" };
    g_autofree char *putReply = fetch(transport, &put);
    g_autofree char *bareReply = fetch(transport, &bare);
    g_autofree char *deleteReply = fetch(transport, &delete);
    g_autofree char *headReply = fetch(transport, &head);

    g_assert_cmpmem(putReply, 4, "a\0b", 4);
    g_assert_true(hasLine(bareReply, "Content-Length: 0"));
    g_assert_true(g_str_has_prefix(deleteReply, "DELETE /head "));
    g_assert_cmpstr(headReply, ==, "");
}

/* A body larger than any buffer on the way, and bigger than where libcurl would ask to continue. */
static void
testLargeBody(void)
{
    g_autoptr(HttpTransport) transport = plainTransport();
    g_autofree char *body = g_strnfill(3000000, 'b');
    HttpRequest request = { .method = "POST", .path = "/echo", .body = body,
                            .bodyLength = 3000000 };
    g_autofree char *reply = fetch(transport, &request);

    g_assert_cmpstr(reply, ==, body);
}

static void
testResponse(void)
{
    g_autoptr(HttpTransport) transport = plainTransport();
    HttpRequest echo = { .method = "POST", .path = "/echo", .body = "x", .bodyLength = 1 };
    HttpRequest moved = { .method = "GET", .path = "/status" };
    HttpRequest interim = { .method = "GET", .path = "/interim" };
    HttpRequest trailers = { .method = "GET", .path = "/trailers" };
    HttpRequest empty = { .method = "GET", .path = "/empty" };
    g_auto(HttpResponse) first = { 0 };
    g_auto(HttpResponse) second = { 0 };
    g_auto(HttpResponse) third = { 0 };
    g_auto(HttpResponse) fourth = { 0 };
    g_auto(HttpResponse) fifth = { 0 };
    g_autofree char *echoed = httpFetch(transport, &echo, &first, NULL);
    g_autofree char *redirected = httpFetch(transport, &moved, &second, NULL);
    g_autofree char *final = httpFetch(transport, &interim, &third, NULL);
    g_autofree char *chunked = httpFetch(transport, &trailers, &fourth, NULL);
    g_autofree char *nothing = httpFetch(transport, &empty, &fifth, NULL);

    g_assert_cmpstr(echoed, ==, "x");
    g_assert_cmpuint(first.status, ==, 200);
    g_assert_cmpstr(first.contentType, ==, "text/plain; x=1");
    g_assert_cmpstr(first.setCookie, ==,
                    "first=\"1\"\ns=\"52fd-40\"; Path=/; HttpOnly; Secure;");
    g_assert_null(first.location);

    /* not followed, and no cookie of before sent or kept */
    g_assert_cmpstr(redirected, ==, "moved");
    g_assert_cmpuint(second.status, ==, 302);
    g_assert_cmpstr(second.location, ==, "http://127.0.0.1:1/elsewhere");
    g_assert_null(second.setCookie);

    g_assert_cmpstr(final, ==, "final");
    g_assert_cmpuint(third.status, ==, 200);
    g_assert_null(third.setCookie);

    g_assert_cmpstr(chunked, ==, "first");
    g_assert_cmpstr(fourth.contentType, ==, "a/b");

    g_assert_cmpstr(nothing, ==, "");
    g_assert_cmpuint(fifth.status, ==, 204);
}

static void
testGzip(void)
{
    g_autoptr(HttpTransport) transport = plainTransport();
    g_autofree char *body = httpGet(transport, "/gzip");

    g_assert_cmpuint(strlen(body), ==, 100000);
    g_assert_true(g_str_has_prefix(body, "01234567890123"));
    httpGetFails(transport, "/badgzip", HTTP_ERROR_PROTOCOL, "is not valid HTTP");
}

/* Neither proxies nor cookies nor passwords come from the environment. */
static void
testEnvironment(void)
{
    HttpTransport *transport = NULL;
    HttpRequest echo = { .method = "POST", .path = "/echo", .body = "x", .bodyLength = 1 };

    g_setenv("http_proxy", "http://127.0.0.1:1", TRUE);
    g_setenv("all_proxy", "http://127.0.0.1:1", TRUE);
    transport = plainTransport();
    g_autofree char *echoed = fetch(transport, &echo);
    g_autofree char *head = httpGet(transport, "/head");

    g_assert_null(strstr(head, "Cookie"));
    g_assert_null(strstr(head, "Authorization"));
    httpTransportFree(transport);
    g_unsetenv("http_proxy");
    g_unsetenv("all_proxy");
}

static void
assertRefused(HttpTransport *transport, const HttpRequest *request)
{
    GError *error = NULL;
    g_autofree char *body = httpFetch(transport, request, NULL, &error);

    g_assert_null(body);
    httpAssertError(error, HTTP_ERROR_INVALID, "the request to 127.0.0.1:");
}

static void
testInvalidRequests(void)
{
    static const char *const paths[] = { NULL, "", "sdk", "/a b", "/a\r\nX: y", "/a#b", "/\x80" };
    static const char *const methods[] = { NULL, "", "get", "GET /x", "PO\nST" };
    static const char *const lines[] = { "NoColon", "X: a\r\nSecret: b", "X: a\n", "secret",
                                         "X: \x01" };
    g_autoptr(HttpTransport) transport = plainTransport();
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(paths); i++)
        assertRefused(transport, &(HttpRequest){ .method = "GET", .path = paths[i] });
    for (i = 0; i < G_N_ELEMENTS(methods); i++)
        assertRefused(transport, &(HttpRequest){ .method = methods[i], .path = "/" });
    for (i = 0; i < G_N_ELEMENTS(lines); i++) {
        const char *const headers[] = { "X-First: 1", lines[i], NULL };

        assertRefused(transport, &(HttpRequest){ .method = "GET", .path = "/",
                                                 .headers = headers });
    }

    g_autofree char *body = httpGet(transport, "/where");
    g_assert_nonnull(body);
}

static void
testIpv6(void)
{
    HttpCurlOptions options = { .scheme = "http", .host = "::1", .trust = HTTP_TRUST_ANY };

    options.port = httpServerPort("plain6");
    if (options.port == 0) {
        g_test_skip("this machine has no IPv6");
        return;
    }

    g_autoptr(HttpTransport) transport = httpTransportMake(&options);
    g_autofree char *head = httpGet(transport, "/head");
    g_autofree char *host = g_strdup_printf("Host: [::1]:%u", options.port);

    g_assert_true(hasLine(head, host));
    g_assert_true(hasLine(head, "User-Agent: " HTTP_USER_AGENT));
}

int
main(int argc, char **argv)
{
    int result = 0;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/setup/post", testPost);
    g_test_add_func("/http/setup/nothing-stays", testNothingStays);
    g_test_add_func("/http/setup/methods", testMethods);
    g_test_add_func("/http/setup/large-body", testLargeBody);
    g_test_add_func("/http/setup/response", testResponse);
    g_test_add_func("/http/setup/gzip", testGzip);
    g_test_add_func("/http/setup/environment", testEnvironment);
    g_test_add_func("/http/setup/invalid-requests", testInvalidRequests);
    g_test_add_func("/http/setup/ipv6", testIpv6);

    httpServerStart();
    result = g_test_run();
    httpServerStop();
    return result;
}
