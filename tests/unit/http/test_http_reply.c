/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Header lines, their limits, and the sink's word. */

#include "http_reply.h"

#include "base_limits.h"

#include <string.h>

static void
take(HttpReply *reply, const char *line)
{
    g_assert_true(httpReplyTakeLine(reply, line, strlen(line)));
}

static void
testFields(void)
{
    g_auto(HttpReply) reply = { .name = "h:1" };

    take(&reply, "HTTP/1.1 200 OK\r\n");
    take(&reply, "content-TYPE:text/xml; charset=utf-8 \r\n");
    take(&reply, "Set-Cookie: old\r\n");
    take(&reply, "Set-Cookie:  \t vmware_soap_session=\"52fd\"; Path=/; HttpOnly; Secure;\r\n");
    take(&reply, "Location:\r\n");
    take(&reply, "Set-Cookie2: no\r\n");
    take(&reply, "Set-Cook\r\n");
    g_assert_false(reply.complete);
    take(&reply, "\r\n");

    g_assert_true(reply.complete);
    g_assert_cmpuint(reply.response.status, ==, 200);
    g_assert_cmpstr(reply.response.contentType, ==, "text/xml; charset=utf-8");
    g_assert_cmpstr(reply.response.setCookie, ==,
                    "old\nvmware_soap_session=\"52fd\"; Path=/; HttpOnly; Secure;");
    g_assert_cmpstr(reply.response.location, ==, "");
}

/* An interim reply leaves nothing behind, a trailer changes nothing. */
static void
testInterimAndTrailer(void)
{
    g_auto(HttpReply) reply = { .name = "h:1" };

    take(&reply, "HTTP/1.1 100 Continue\r\n");
    take(&reply, "Set-Cookie: early\r\n");
    take(&reply, "\r\n");
    g_assert_false(reply.complete);
    take(&reply, "HTTP/1.1 500 Internal Server Error\r\n");
    take(&reply, "Content-Type: text/xml\r\n");
    take(&reply, "\r\n");
    take(&reply, "Content-Type: late\r\n");
    take(&reply, "HTTP/1.1 200 OK\r\n");

    g_assert_cmpuint(reply.response.status, ==, 500);
    g_assert_cmpstr(reply.response.contentType, ==, "text/xml");
    g_assert_null(reply.response.setCookie);
}

static void
assertTooLarge(HttpReply *reply, const char *line, size_t length)
{
    g_assert_false(httpReplyTakeLine(reply, line, length));
    g_assert_error(reply->error, HTTP_ERROR, HTTP_ERROR_PROTOCOL);
    g_assert_nonnull(strstr(reply->error->message, "header of the reply from h:1 is too large"));
}

static void
testLimits(void)
{
    g_auto(HttpReply) reply = { .name = "h:1" };
    g_auto(HttpReply) other = { .name = "h:1" };
    g_autofree char *line = g_strnfill(LIMIT_HEADER_BYTES + 1, 'x');
    guint i;

    g_assert_true(httpReplyTakeLine(&reply, line, LIMIT_HEADER_BYTES));
    assertTooLarge(&reply, line, LIMIT_HEADER_BYTES + 1);

    for (i = 0; i < LIMIT_HEADER_LINES; i++)
        g_assert_true(httpReplyTakeLine(&other, "a: b\r\n", 6));
    assertTooLarge(&other, "a: b\r\n", 6);
}

/* A value would end there, and what follows would be lost. */
static void
testNul(void)
{
    g_auto(HttpReply) reply = { .name = "h:1" };
    static const char line[] = "Location: /a\0b\r\n";

    take(&reply, "HTTP/1.1 200 OK\r\n");
    g_assert_false(httpReplyTakeLine(&reply, line, sizeof(line) - 1));
    g_assert_error(reply.error, HTTP_ERROR, HTTP_ERROR_PROTOCOL);
    g_assert_nonnull(strstr(reply.error->message, "the reply from h:1 contains a NUL byte"));
    g_assert_null(reply.response.location);
}

static void
testOddStatus(void)
{
    static const char *const odd[] = {
        "HTTP/1.1 abc\r\n", "HTTP/1.1 +200 OK\r\n", "HTTP/1.1 -200 OK\r\n",
        "HTTP/1.1 0x200 OK\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 200OK\r\n", "HTTP/1.1  200 OK\r\n",
    };
    g_auto(HttpReply) reply = { .name = "h:1" };
    size_t i;

    take(&reply, "HTTP/1.1\r\n");
    g_assert_cmpuint(reply.response.status, ==, 0);
    for (i = 0; i < G_N_ELEMENTS(odd); i++) {
        take(&reply, odd[i]);
        g_assert_cmpuint(reply.response.status, ==, 0);
    }
    take(&reply, "\r\n");
    g_assert_false(reply.complete);
    take(&reply, "HTTP/1.1 200\r\n");
    g_assert_cmpuint(reply.response.status, ==, 200);
}

static gboolean
refuse(const HttpResponse *response, const char *data, size_t length, gpointer opaque,
       GError **error)
{
    (void)response;
    (void)data;
    (void)length;
    if (opaque)
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, opaque);
    return FALSE;
}

static void
testSink(void)
{
    g_auto(HttpReply) none = { .name = "h:1" };
    g_auto(HttpReply) silent = { .name = "h:1", .sink = refuse };
    g_auto(HttpReply) loud = { .name = "h:1", .sink = refuse, .opaque = (gpointer)"full" };

    g_assert_true(httpReplyTakeBody(&none, "x", 1));
    g_assert_true(httpReplyTakeBody(&silent, "", 0));
    g_assert_false(httpReplyTakeBody(&silent, "x", 1));
    g_assert_error(silent.error, HTTP_ERROR, HTTP_ERROR_SINK);
    g_assert_false(httpReplyTakeBody(&loud, "x", 1));
    g_assert_error(loud.error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
}

/* One length that is repeated is one; two are none, unless they are of two replies. */
static void
testLengths(void)
{
    static const char other[] = "Content-Length: 2\r\n";
    g_auto(HttpReply) reply = { .name = "h:1" };

    take(&reply, "HTTP/1.1 100 Continue\r\n");
    take(&reply, "Content-Length: 0\r\n");
    take(&reply, "\r\n");
    take(&reply, "HTTP/1.1 200 OK\r\n");
    take(&reply, "Content-Length: 1\r\n");
    take(&reply, "content-length:1\r\n");
    g_assert_cmpint(reply.response.contentLength, ==, 1);
    g_assert_false(httpReplyTakeLine(&reply, other, strlen(other)));
    g_assert_error(reply.error, HTTP_ERROR, HTTP_ERROR_PROTOCOL);
    g_assert_nonnull(strstr(reply.error->message, "two different lengths"));
}

/* A length is digits: what another reader may take for another number is none. */
static void
testOddLengths(void)
{
    static const char *const odd[] = {
        "+1048576", "-1", "-0", "1 048 576", "0x100000", "1048576,", "1048576, 1048576", "1e6",
        "1048576.0", "", "1048576\t5", "9223372036854775808", "99999999999999999999", "1,048,576",
        "\xd9\xa1", "\"5\"",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(odd); i++) {
        g_auto(HttpReply) reply = { .name = "h:1" };
        g_autofree char *line = g_strdup_printf("Content-Length: %s\r\n", odd[i]);

        take(&reply, "HTTP/1.1 200 OK\r\n");
        g_assert_false(httpReplyTakeLine(&reply, line, strlen(line)));
        g_assert_error(reply.error, HTTP_ERROR, HTTP_ERROR_PROTOCOL);
        g_assert_nonnull(strstr(reply.error->message, "Content-Length that is not a number"));
    }
}

/* Of a field with two values neither can be relied on; the same one twice is one. */
static void
testFieldsTwice(void)
{
    static const char *const names[] = {
        "Content-Type", "Content-Range", "Content-Encoding", "Location",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_auto(HttpReply) reply = { .name = "h:1" };
        g_autofree char *first = g_strdup_printf("%s: a\r\n", names[i]);
        g_autofree char *second = g_strdup_printf("%s: b\r\n", names[i]);

        take(&reply, "HTTP/1.1 100 Continue\r\n");
        take(&reply, second);
        take(&reply, "\r\n");
        take(&reply, "HTTP/1.1 200 OK\r\n");
        take(&reply, first);
        take(&reply, first);
        g_assert_false(httpReplyTakeLine(&reply, second, strlen(second)));
        g_assert_error(reply.error, HTTP_ERROR, HTTP_ERROR_PROTOCOL);
        g_assert_nonnull(strstr(reply.error->message, names[i]));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/reply/fields", testFields);
    g_test_add_func("/http/reply/interim-and-trailer", testInterimAndTrailer);
    g_test_add_func("/http/reply/lengths", testLengths);
    g_test_add_func("/http/reply/odd-lengths", testOddLengths);
    g_test_add_func("/http/reply/fields-twice", testFieldsTwice);
    g_test_add_func("/http/reply/limits", testLimits);
    g_test_add_func("/http/reply/nul", testNul);
    g_test_add_func("/http/reply/odd-status", testOddStatus);
    g_test_add_func("/http/reply/sink", testSink);
    return g_test_run();
}
