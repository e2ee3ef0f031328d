/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The interface, with an implementation that is no network at all. */

#include "http_transport.h"

typedef struct {
    HttpTransport base;
    guint performed;
    guint freed;
} Canned;

static gboolean
cannedPerform(HttpTransport *transport, const HttpRequest *request, HttpSink sink, gpointer opaque,
              HttpResponse *ret_response, GError **error)
{
    HttpResponse response = { .status = 200 };

    ((Canned *)transport)->performed++;
    g_assert_cmpstr(request->path, ==, "/sdk");
    *ret_response = response;
    return sink(&response, "body", 4, opaque, error);
}

static void
cannedFree(HttpTransport *transport)
{
    ((Canned *)transport)->freed++;
}

static const HttpTransportOps cannedOps = { .perform = cannedPerform, .free = cannedFree };

static gboolean
collect(const HttpResponse *response, const char *data, size_t length, gpointer opaque,
        GError **error)
{
    (void)error;
    g_assert_cmpuint(response->status, ==, 200);
    g_string_append_len(opaque, data, length);
    return TRUE;
}

static void
testDispatch(void)
{
    Canned canned = { .base = { .ops = &cannedOps } };
    HttpRequest request = { .method = "POST", .path = "/sdk" };
    g_auto(HttpResponse) response = { 0 };
    g_autoptr(GString) body = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(httpTransportPerform(&canned.base, &request, collect, body, &response, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(body->str, ==, "body");
    g_assert_cmpuint(response.status, ==, 200);

    httpTransportFree(&canned.base);
    httpTransportFree(NULL);
    g_assert_cmpuint(canned.performed, ==, 1);
    g_assert_cmpuint(canned.freed, ==, 1);
}

static void
testClear(void)
{
    HttpResponse response = {
        .status = 200,
        .contentType = g_strdup("text/xml"),
        .setCookie = g_strdup("a=\"b\""),
        .location = g_strdup("/"),
        .reused = TRUE,
    };

    httpResponseClear(&response);
    g_assert_cmpuint(response.status, ==, 0);
    g_assert_null(response.contentType);
    g_assert_null(response.setCookie);
    g_assert_null(response.location);
    g_assert_false(response.reused);
    httpResponseClear(&response);
}

static void
testUnsent(void)
{
    static const gboolean unsent[] = {
        [HTTP_ERROR_RESOLVE] = TRUE,  [HTTP_ERROR_CONNECT] = TRUE,    [HTTP_ERROR_TIMEOUT] = FALSE,
        [HTTP_ERROR_TLS] = TRUE,      [HTTP_ERROR_TRUST] = TRUE,      [HTTP_ERROR_PROTOCOL] = FALSE,
        [HTTP_ERROR_BROKEN] = FALSE,  [HTTP_ERROR_CANCELLED] = FALSE, [HTTP_ERROR_SINK] = FALSE,
        [HTTP_ERROR_INVALID] = TRUE,
    };
    g_autoptr(GError) other = g_error_new(G_FILE_ERROR, HTTP_ERROR_CONNECT, "x");
    size_t code;

    for (code = 0; code < G_N_ELEMENTS(unsent); code++) {
        g_autoptr(GError) error = g_error_new(HTTP_ERROR, code, "x");

        g_assert_cmpint(httpErrorIsUnsent(error), ==, unsent[code]);
    }
    g_assert_false(httpErrorIsUnsent(other));
    g_assert_false(httpErrorIsUnsent(NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/transport/dispatch", testDispatch);
    g_test_add_func("/http/transport/clear", testClear);
    g_test_add_func("/http/transport/unsent", testUnsent);
    return g_test_run();
}
