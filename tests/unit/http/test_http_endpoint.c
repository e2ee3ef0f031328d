/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Hosts, ports and proxies: what becomes of good ones, and that nothing slips into the URL. */

#include "http_endpoint.h"

#include <string.h>

static void
testGood(void)
{
    static const struct {
        HttpCurlOptions options;
        const char *url;
        const char *name;
        const char *proxy;
    } cases[] = {
        { { .scheme = "https", .host = "esx1.example", .port = 443 },
          "https://esx1.example:443", "esx1.example:443", "" },
        { { .scheme = "http", .host = "10.0.0.1", .port = 8080, .proxy = "proxy" },
          "http://10.0.0.1:8080", "10.0.0.1:8080", "http://proxy:1080" },
        { { .scheme = "https", .host = "::1", .port = 65535, .proxy = "http://proxy:3128" },
          "https://[::1]:65535", "[::1]:65535", "http://proxy:3128" },
        { { .scheme = "https", .host = "fe80::1%eth0", .port = 1, .proxy = "socks://[::1]:9" },
          "https://[fe80::1%25eth0]:1", "[fe80::1%25eth0]:1", "socks5://[::1]:9" },
        { { .scheme = "https", .host = "höst", .port = 443, .proxy = "socks4a://p:1" },
          "https://höst:443", "höst:443", "socks4a://p:1" },
        { { .scheme = "https", .host = "h", .port = 443, .proxy = "socks4://p:65535" },
          "https://h:443", "h:443", "socks4://p:65535" },
        { { .scheme = "https", .host = "h", .port = 443, .proxy = "socks5://[fe80::2]" },
          "https://h:443", "h:443", "socks5://[fe80::2]:1080" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        HttpEndpoint endpoint = { 0 };
        g_autoptr(GError) error = NULL;

        g_assert_true(httpEndpointInit(&endpoint, &cases[i].options, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(endpoint.url, ==, cases[i].url);
        g_assert_cmpstr(endpoint.name, ==, cases[i].name);
        g_assert_cmpstr(endpoint.host, ==, cases[i].options.host);
        g_assert_cmpstr(endpoint.proxy, ==, cases[i].proxy);
        g_assert_cmpint(endpoint.tls, ==, strcmp(cases[i].options.scheme, "https") == 0);
        httpEndpointClear(&endpoint);
        g_assert_null(endpoint.url);
    }
}

static void
assertBad(const HttpCurlOptions *options, const char *part)
{
    HttpEndpoint endpoint = { 0 };
    g_autoptr(GError) error = NULL;

    g_assert_false(httpEndpointInit(&endpoint, options, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_INVALID);
    if (!strstr(error->message, part))
        g_error("\"%s\" does not contain \"%s\"", error->message, part);
    g_assert_null(strstr(error->message, "secret"));
    g_assert_null(endpoint.url);
}

static void
testBadHost(void)
{
    static const char *const hosts[] = {
        "", "a/b", "a?b", "a#b", "u@h", "h ", "a\nb", "a\\b", "[::1]", "::1%", "::1%a/b", "1:2",
        "h:443",
        "a%20b", "\"h\"",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(hosts); i++) {
        HttpCurlOptions options = { .scheme = "https", .host = hosts[i], .port = 443 };

        assertBad(&options, "neither a host name nor an IP address");
    }

    assertBad(&(HttpCurlOptions){ .scheme = "https", .port = 443 }, "neither a host");
}

static void
testBadRest(void)
{
    static const char *const proxies[] = {
        "", "http://", "https://p:1", "ftp://p:1", "p:0", "p:65536", "p:x", "p:", "p:1/",
        "user:secret@p:1",
        "http://secret@p:1", "[::1", "[::1]x", "[::1]:", "[p]:1:", "p:1:2", "socks5h://p:1",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(proxies); i++) {
        HttpCurlOptions options = { .scheme = "https", .host = "h", .port = 443,
                                    .proxy = proxies[i] };

        g_test_message("proxy '%s'", proxies[i]);
        assertBad(&options, "the proxy is malformed");
    }

    assertBad(&(HttpCurlOptions){ .scheme = "ftp", .host = "h", .port = 1 }, "'ftp'");
    assertBad(&(HttpCurlOptions){ .host = "h", .port = 1 }, "use 'https' or 'http'");
    assertBad(&(HttpCurlOptions){ .scheme = "https", .host = "h" }, "the port 0");
    assertBad(&(HttpCurlOptions){ .scheme = "https", .host = "h", .port = 65536 },
              "the port 65536");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/endpoint/good", testGood);
    g_test_add_func("/http/endpoint/bad-host", testBadHost);
    g_test_add_func("/http/endpoint/bad-rest", testBadRest);
    return g_test_run();
}
