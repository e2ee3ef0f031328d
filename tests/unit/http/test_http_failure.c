/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Codes of libcurl to codes and sentences of ours: the rows that no server of the other tests can
 * bring about.
 */

#include "http_failure.h"

#include <errno.h>
#include <string.h>

static char url[] = "https://h:1";
static char host[] = "h";
static char name[] = "h:1";
static char noProxy[] = "";
static char someProxy[] = "socks5://p:2";

static const HttpEndpoint direct = { .url = url, .host = host, .name = name, .proxy = noProxy,
                                     .tls = TRUE };
static const HttpEndpoint plain = { .url = url, .host = host, .name = name, .proxy = noProxy };
static const HttpEndpoint proxied = { .url = url, .host = host, .name = name, .proxy = someProxy,
                                      .tls = TRUE };

static const struct {
    HttpFailure failure;
    HttpErrorCode code;
    const char *part;
} cases[] = {
    { { .code = CURLE_COULDNT_RESOLVE_HOST, .endpoint = &direct }, HTTP_ERROR_RESOLVE,
      "name 'h' has" },
    { { .code = CURLE_COULDNT_RESOLVE_HOST, .endpoint = &proxied }, HTTP_ERROR_RESOLVE,
      "proxy socks5://p:2" },
    { { .code = CURLE_OPERATION_TIMEDOUT, .endpoint = &direct, .connectTimeoutMs = 2500 },
      HTTP_ERROR_CONNECT, "h:1 did not answer within 2.5 s" },
    { { .code = CURLE_COULDNT_CONNECT, .endpoint = &direct, .systemError = EHOSTUNREACH },
      HTTP_ERROR_CONNECT, "h:1 cannot be reached: No route to host" },
    { { .code = CURLE_COULDNT_CONNECT, .endpoint = &direct }, HTTP_ERROR_CONNECT,
      "h:1 cannot be reached" },
    { { .code = CURLE_COULDNT_CONNECT, .endpoint = &proxied, .systemError = ETIMEDOUT },
      HTTP_ERROR_CONNECT, "the proxy socks5://p:2 cannot be reached" },
    { { .code = CURLE_PROXY, .endpoint = &proxied }, HTTP_ERROR_CONNECT,
      "p:2 did not connect to h:1" },
    { { .code = CURLE_RECV_ERROR, .endpoint = &proxied }, HTTP_ERROR_CONNECT,
      "p:2 did not connect to h:1" },
    { { .code = CURLE_RECV_ERROR, .endpoint = &proxied, .proxyStatus = 407 }, HTTP_ERROR_CONNECT,
      "to h:1: it answered with HTTP status 407; it demands a login" },
    { { .code = CURLE_RECV_ERROR, .endpoint = &proxied, .proxyStatus = 403 }, HTTP_ERROR_CONNECT,
      "HTTP status 403; it forbids connections to this host and port" },
    { { .code = CURLE_RECV_ERROR, .endpoint = &proxied, .proxyStatus = 502 }, HTTP_ERROR_CONNECT,
      "HTTP status 502; it cannot reach the host" },
    { { .code = CURLE_RECV_ERROR, .endpoint = &proxied, .proxyStatus = 503 }, HTTP_ERROR_CONNECT,
      "HTTP status 503; it is overloaded" },
    { { .code = CURLE_RECV_ERROR, .endpoint = &proxied, .proxyStatus = 504 }, HTTP_ERROR_CONNECT,
      "HTTP status 504; it got no answer" },
    { { .code = CURLE_SSL_CONNECT_ERROR, .endpoint = &direct, .detail = "ee key too small",
        .handshaking = TRUE },
      HTTP_ERROR_TLS, "the TLS handshake with h:1 failed: ee key too small" },
    { { .code = CURLE_SSL_CONNECT_ERROR, .endpoint = &direct, .handshaking = TRUE },
      HTTP_ERROR_TLS, "h:1 broke off the TLS handshake" },
    { { .code = CURLE_RECV_ERROR, .endpoint = &direct, .handshaking = TRUE },
      HTTP_ERROR_TLS, "h:1 broke off the TLS handshake" },
    { { .code = CURLE_GOT_NOTHING, .endpoint = &direct, .sent = TRUE }, HTTP_ERROR_BROKEN,
      "without a reply" },
    { { .code = CURLE_GOT_NOTHING, .endpoint = &plain, .sent = TRUE }, HTTP_ERROR_BROKEN,
      "expects https" },
    { { .code = CURLE_RECV_ERROR, .endpoint = &direct, .sent = TRUE, .replied = TRUE,
        .bodyBytes = 7 },
      HTTP_ERROR_PROTOCOL, "h:1 was cut off after 7 bytes" },
    { { .code = CURLE_RECV_ERROR, .endpoint = &direct, .sent = TRUE, .replied = TRUE,
        .detail = "bad chunk" },
      HTTP_ERROR_PROTOCOL, "is not valid HTTP" },
    { { .code = CURLE_ABORTED_BY_CALLBACK, .endpoint = &direct, .sent = TRUE }, HTTP_ERROR_BROKEN,
      "without a reply" },
    { { .code = CURLE_SEND_FAIL_REWIND, .endpoint = &direct, .sent = TRUE }, HTTP_ERROR_BROKEN,
      "without a reply" },
    { { .code = CURLE_WEIRD_SERVER_REPLY, .endpoint = &direct, .sent = TRUE, .detail = "secret" },
      HTTP_ERROR_PROTOCOL, "is not valid HTTP; check the port" },
    { { .code = CURLE_OUT_OF_MEMORY, .endpoint = &direct }, HTTP_ERROR_CONNECT,
      "could not be sent: Out of memory" },
    { { .code = CURLE_BAD_FUNCTION_ARGUMENT, .endpoint = &direct, .sent = TRUE,
        .detail = "secret" },
      HTTP_ERROR_PROTOCOL, "is not valid HTTP: " },

    /*
     * it went out over a connection that died; the repetition never got through, so its fate is
     * unknown
     */
    { { .code = CURLE_COULDNT_CONNECT, .endpoint = &direct, .sent = TRUE,
        .systemError = ECONNREFUSED },
      HTTP_ERROR_BROKEN, "without a reply" },
    { { .code = CURLE_COULDNT_RESOLVE_HOST, .endpoint = &direct, .sent = TRUE }, HTTP_ERROR_BROKEN,
      "has no address" },
    { { .code = CURLE_OPERATION_TIMEDOUT, .endpoint = &direct, .sent = TRUE }, HTTP_ERROR_BROKEN,
      "did not answer" },
    { { .code = CURLE_SSL_CONNECT_ERROR, .endpoint = &direct, .sent = TRUE }, HTTP_ERROR_BROKEN,
      "broke off" },
};

static void
testTable(void)
{
    static const HttpPolicy policy = { .trust = HTTP_TRUST_CA_FILE };
    static const HttpPeer peer = { .policy = &policy };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        HttpFailure failure = cases[i].failure;
        g_autoptr(GError) error = NULL;

        failure.peer = &peer;
        failure.detail = failure.detail ? failure.detail : "";
        httpFailureSet(&failure, &error);

        g_assert_error(error, HTTP_ERROR, (int)cases[i].code);
        if (!strstr(error->message, cases[i].part))
            g_error("\"%s\" does not contain \"%s\"", error->message, cases[i].part);
        g_assert_false(g_str_has_suffix(error->message, "."));
        g_assert_null(strstr(error->message, "secret"));
    }
}

/* A certificate refused under any code of libcurl's. */
static void
testTrust(void)
{
    static const CURLcode codes[] = {
        CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_RECV_ERROR, CURLE_SEND_ERROR,
    };
    static const HttpPolicy policy = { .trust = HTTP_TRUST_CA_FILE };
    static const HttpPeer peer = { .policy = &policy, .failure = X509_V_ERR_CERT_REVOKED };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(codes); i++) {
        HttpFailure failure = { .code = codes[i], .detail = "", .endpoint = &direct,
                                .peer = &peer };
        g_autoptr(GError) error = NULL;

        httpFailureSet(&failure, &error);
        g_assert_error(error, HTTP_ERROR, HTTP_ERROR_TRUST);
        g_assert_nonnull(strstr(error->message,
                                "certificate of h:1 is not trusted: certificate revoked"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/failure/table", testTable);
    g_test_add_func("/http/failure/trust", testTrust);
    return g_test_run();
}
