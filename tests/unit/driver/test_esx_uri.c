/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* URI parameters: what each accepts, what it refuses, and in which words. */

#include "esx_uri.h"

#include <string.h>

#include "base_limits.h"
#include "base_text.h"
#include "esx_error.h"

#define SHA256 \
    "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:" \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define SHA1 "00112233445566778899aabbccddeeff00112233"

/* Parses esx://h/embed?QUERY, or vpx://; QUERY is "name=value&name=value". */
static EsxUri *
parse(const char *scheme, const char *query, GError **error)
{
    g_auto(GStrv) items = g_strsplit(query, "&", -1);
    g_autofree EsxUriParameter *parameters = g_new0(EsxUriParameter, g_strv_length(items) + 1);
    EsxUriSource source = { .scheme = scheme, .host = "h", .parameters = parameters };
    size_t i;

    for (i = 0; items[i]; i++) {
        char *equals = strchr(items[i], '=');

        if (equals)
            *equals = '\0';
        parameters[i] = (EsxUriParameter) { items[i], equals ? equals + 1 : NULL };
        source.nparameters++;
    }

    return esxUriNew(&source, error);
}

static EsxUri *
parseGood(const char *scheme, const char *query)
{
    g_autoptr(GError) error = NULL;
    EsxUri *uri = parse(scheme, query, &error);

    g_assert_no_error(error);
    g_assert_nonnull(uri);
    return uri;
}

/* @words: all of them are in the message, "|" between them. */
static void
assertRefused(const char *scheme, const char *query, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EsxUri) uri = parse(scheme, query, &error);
    g_auto(GStrv) list = g_strsplit(words, "|", -1);
    size_t i;

    if (uri)
        g_error("'%s' was accepted", query);
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT);
    for (i = 0; list[i]; i++) {
        if (!strstr(error->message, list[i]))
            g_error("'%s' is not in the message for '%s': %s", list[i], query, error->message);
    }
}

/* @path: of vpx://, or NULL. */
static EsxUri *
parseSource(const char *host, const char *user, const char *path, GError **error)
{
    EsxUriParameter parameter = { "path", path };
    EsxUriSource source = {
        .scheme = "vpx", .host = host, .user = user, .parameters = &parameter,
        .nparameters = path ? 1 : 0,
    };

    return esxUriNew(&source, error);
}

static gboolean
sourceIsGood(const char *host, const char *user, const char *path)
{
    g_autoptr(EsxUri) uri = parseSource(host, user, path, NULL);

    return uri != NULL;
}

/* With a message that is short and can be printed. */
static void
assertSourceRefused(const char *host, const char *user, const char *path, const char *word)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EsxUri) uri = parseSource(host, user, path, &error);
    g_autofree char *plain = NULL;

    g_assert_null(uri);
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT);
    if (!strstr(error->message, word))
        g_error("'%s' is not in: %s", word, error->message);
    plain = textFit(error->message, 500);
    g_assert_cmpstr(plain, ==, error->message);
}

static gboolean
warns(const EsxUri *uri, const char *word)
{
    size_t i;

    for (i = 0; i < uri->warnings->len; i++) {
        if (strstr(g_ptr_array_index(uri->warnings, i), word))
            return TRUE;
    }
    return FALSE;
}

static void
testDefaults(void)
{
    g_autoptr(EsxUri) esx = parseGood("esx", "root=/x");
    g_autoptr(EsxUri) vpx = parseGood("vpx", "root=/x");

    g_assert_false(esx->isVpx);
    g_assert_true(vpx->isVpx);
    g_assert_cmpstr(esx->host, ==, "h");
    g_assert_null(esx->user);
    g_assert_cmpuint(esx->port, ==, 443);
    g_assert_true(esxUriIsEncrypted(esx));
    g_assert_cmpint(esx->transport.trust, ==, HTTP_TRUST_SYSTEM);
    g_assert_cmpuint(esx->options.cacheTtlMs, ==, 2000);
    g_assert_cmpuint(esx->options.rescanIntervalMs, ==, 10000);
    g_assert_cmpuint(esx->lingerMs, ==, 5000);
    g_assert_cmpuint(esx->options.taskTimeoutMs, ==, 86400u * 1000);
    g_assert_cmpuint(esx->options.connections, ==, 4);
    g_assert_cmpuint(esx->transport.connectTimeoutMs, ==, 10000);
    g_assert_cmpuint(esx->transport.stallTimeoutMs, ==, 60000);
    g_assert_cmpuint(esx->transport.totalTimeoutMs, ==, 300000);
    g_assert_false(esx->hasPort);
    g_assert_false(esx->isGuest);
    g_assert_null(esx->transport.proxy);
    g_assert_null(esx->path);
    g_assert_false(esx->hasAuthFile);
    g_assert_cmpuint(esx->warnings->len, ==, 0);
    g_assert_null(esxUriTrustParameter(esx));
}

static void
testNamesIgnoreCase(void)
{
    g_autoptr(EsxUri) uri = parseGood("esx", "ROOT=/x&No_Verify=1&CACHE_TTL=0&AuthFile=/f");

    g_assert_cmpint(uri->transport.trust, ==, HTTP_TRUST_ANY);
    g_assert_cmpuint(uri->options.cacheTtlMs, ==, 0);
    g_assert_true(uri->hasAuthFile);
}

static void
testTrust(void)
{
    g_autoptr(EsxUri) ca = parseGood("esx", "cacert=/etc/ca.pem");
    g_autoptr(EsxUri) thumbprint = parseGood("esx", "thumbprint=" SHA256);
    g_autoptr(EsxUri) any = parseGood("esx", "no_verify=1");
    g_autoptr(EsxUri) system = parseGood("esx", "no_verify=0");
    g_autoptr(EsxUri) both = parseGood("esx", "no_verify=0&thumbprint=" SHA256);

    g_assert_cmpint(ca->transport.trust, ==, HTTP_TRUST_CA_FILE);
    g_assert_cmpstr(ca->transport.caFile, ==, "/etc/ca.pem");
    g_assert_cmpstr(esxUriTrustParameter(ca), ==, "cacert");
    g_assert_cmpuint(ca->warnings->len, ==, 0);

    g_assert_cmpint(thumbprint->transport.trust, ==, HTTP_TRUST_THUMBPRINT);
    g_assert_cmpstr(thumbprint->transport.thumbprint, ==, SHA256);
    g_assert_cmpstr(esxUriTrustParameter(thumbprint), ==, "thumbprint");
    g_assert_cmpuint(thumbprint->warnings->len, ==, 0);

    g_assert_cmpint(any->transport.trust, ==, HTTP_TRUST_ANY);
    g_assert_cmpstr(esxUriTrustParameter(any), ==, "no_verify");
    g_assert_true(warns(any, "no_verify=1"));

    g_assert_cmpint(system->transport.trust, ==, HTTP_TRUST_SYSTEM);
    g_assert_cmpint(both->transport.trust, ==, HTTP_TRUST_THUMBPRINT);
}

static void
testSha1Warns(void)
{
    g_autoptr(EsxUri) uri = parseGood("esx", "thumbprint=" SHA1);

    g_assert_cmpstr(uri->transport.thumbprint, ==, SHA1);
    g_assert_true(warns(uri, "SHA-1"));
}

static void
testTrustTwice(void)
{
    assertRefused("esx", "no_verify=1&cacert=/ca", "no_verify|cacert|remove no_verify");
    assertRefused("esx", "cacert=/ca&no_verify=1", "no_verify|cacert|remove no_verify");
    assertRefused("esx", "no_verify=1&thumbprint=" SHA256, "thumbprint|remove no_verify");
    assertRefused("esx", "cacert=/ca&thumbprint=" SHA256, "cacert and thumbprint|remove thumb");
    assertRefused("esx", "transport=http&thumbprint=" SHA256, "transport=http|thumbprint|remove");
    assertRefused("esx", "cacert=/ca&transport=http", "transport=http|cacert|remove one");
}

static void
testTransport(void)
{
    g_autoptr(EsxUri) http = parseGood("esx", "transport=http&no_verify=1");
    g_autoptr(EsxUri) https = parseGood("vpx", "transport=https");

    g_assert_false(esxUriIsEncrypted(http));
    g_assert_cmpuint(http->port, ==, 80);
    g_assert_true(warns(http, "in clear text"));
    g_assert_cmpstr(esxUriTrustParameter(http), ==, "transport");
    g_assert_true(esxUriIsEncrypted(https));
    g_assert_cmpuint(https->port, ==, 443);
}

static char *
keyOf(const char *query)
{
    g_autoptr(EsxUri) uri = parseGood(strstr(query, "path") ? "vpx" : "esx", query);

    return esxUriKey(uri);
}

/* Who says the same server, the same way there and the same trust has the same key. */
static void
testKey(void)
{
    const char *queries[] = {
        "", "no_verify=1", "cacert=/a", "cacert=/b", "thumbprint=" SHA256, "transport=http",
        "proxy=h:1", "proxy=a,1:b", "path=a", "path=a,1:b", "per_host=0", "per_host=1",
        "path=a&per_host=1", "connect_timeout=3", "stall_timeout=3",
        "timeout=3",
    };
    g_autofree char *key = keyOf("timeout=3");
    g_autofree char *same = keyOf("cache_ttl=0&linger=0&connections=2&task_timeout=9&timeout=3");
    size_t i;
    size_t j;

    g_assert_cmpstr(same, ==, key);

    for (i = 0; i < G_N_ELEMENTS(queries); i++) {
        for (j = 0; j < G_N_ELEMENTS(queries); j++) {
            g_autofree char *a = keyOf(queries[i]);
            g_autofree char *b = keyOf(queries[j]);

            g_assert_cmpint(g_str_equal(a, b), ==, i == j);
        }
    }
}

/* What is one host's own is shown of one host, unless the URI says otherwise. */
static void
testPerHost(void)
{
    const struct {
        const char *scheme;
        const char *query;
        gboolean manyHosts;
        gboolean perHost;
    } cases[] = {
        { "esx", "root=/x", FALSE, TRUE },
        { "esx", "per_host=0", FALSE, FALSE },
        { "esx", "per_host=1", FALSE, TRUE },
        { "vpx", "root=/x", TRUE, FALSE },
        { "vpx", "PER_HOST=1", TRUE, TRUE },
        { "vpx", "path=a/b", FALSE, TRUE },
        { "vpx", "path=a/b&per_host=0", FALSE, FALSE },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(EsxUri) uri = parseGood(cases[i].scheme, cases[i].query);

        g_assert_cmpint(esxUriHasManyHosts(uri), ==, cases[i].manyHosts);
        g_assert_cmpint(esxUriShowsPerHost(uri), ==, cases[i].perHost);
    }
    assertRefused("vpx", "per_host=yes", "per_host|'yes'|0 or 1");
    assertRefused("vpx", "per_host=", "per_host|0 or 1");
    assertRefused("vpx", "per_host=1&per_host=1", "per_host|twice");
}

static void
testSeconds(void)
{
    g_autoptr(EsxUri) uri =
        parseGood("esx", "cache_ttl=0.25&connect_timeout=3&stall_timeout=90.5&timeout=86400"
                  "&linger=2.5&rescan_interval=1.5");
    g_autoptr(EsxUri) least =
        parseGood("esx", "cache_ttl=0&connect_timeout=0.1&stall_timeout=0.100&timeout=0.1"
                  "&linger=0&rescan_interval=0");
    g_autoptr(EsxUri) most =
        parseGood("esx", "cache_ttl=3600&connect_timeout=600&stall_timeout=3600.0"
                  "&task_timeout=604800&connections=16&linger=3600&rescan_interval=3600");

    g_assert_cmpuint(uri->options.cacheTtlMs, ==, 250);
    g_assert_cmpuint(uri->options.rescanIntervalMs, ==, 1500);
    g_assert_cmpuint(uri->lingerMs, ==, 2500);
    g_assert_cmpuint(uri->transport.connectTimeoutMs, ==, 3000);
    g_assert_cmpuint(uri->transport.stallTimeoutMs, ==, 90500);
    g_assert_cmpuint(uri->transport.totalTimeoutMs, ==, 86400000);
    g_assert_cmpuint(least->options.cacheTtlMs, ==, 0);
    g_assert_cmpuint(least->options.rescanIntervalMs, ==, 0);
    g_assert_cmpuint(least->lingerMs, ==, 0);
    g_assert_cmpuint(least->transport.connectTimeoutMs, ==, 100);
    g_assert_cmpuint(least->transport.totalTimeoutMs, ==, 100);
    g_assert_cmpuint(most->options.cacheTtlMs, ==, 3600000);
    g_assert_cmpuint(most->options.rescanIntervalMs, ==, 3600000);
    g_assert_cmpuint(most->lingerMs, ==, 3600000);
    g_assert_cmpuint(most->transport.stallTimeoutMs, ==, 3600000);
    g_assert_cmpuint(most->options.taskTimeoutMs, ==, 604800u * 1000);
    g_assert_cmpuint(most->options.connections, ==, 16);
}

static void
testSecondsRefused(void)
{
    static const char *values[] = {
        "", "-1", "+1", "1e3", "0x10", "1,5", " 1", "1 ", "1s", ".5", "5.", "inf", "nan", "1.2.3",
        "3600.001", "9999999999", "1.0000000000", "ten",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autofree char *query = g_strdup_printf("cache_ttl=%s", values[i]);
        g_autofree char *words = g_strdup_printf("cache_ttl|'%s'|from 0 to 3600", values[i]);

        assertRefused("esx", query, words);
    }
    assertRefused("esx", "connect_timeout=0", "connect_timeout|from 0.1 to 600");
    assertRefused("esx", "stall_timeout=0.05", "stall_timeout|from 0.1 to 3600");
    assertRefused("esx", "linger=3601", "linger|'3601'|from 0 to 3600");
    assertRefused("esx", "linger=-1", "linger|'-1'|from 0 to 3600");
    assertRefused("esx", "task_timeout=0.5", "task_timeout|from 1 to 604800");
    assertRefused("esx", "connections=0", "connections|'0'|from 1 to 16");
    assertRefused("esx", "connections=17", "connections|'17'|from 1 to 16");
    assertRefused("esx", "connections=two", "connections|'two'|from 1 to 16");
    assertRefused("esx", "connections=", "connections|''|from 1 to 16");
    assertRefused("esx", "timeout=86401", "timeout|'86401'|86400");
}

static void
testRefused(void)
{
    assertRefused("esx", "no_verify=2", "no_verify|'2'|0 or 1");
    assertRefused("esx", "no_verify=", "no_verify|''|0 or 1");
    assertRefused("esx", "no_verify", "no_verify|''|0 or 1");
    assertRefused("esx", "no_verify=yes", "no_verify|'yes'");
    assertRefused("esx", "transport=ftp", "transport|'ftp'|'https' or 'http'");
    assertRefused("esx", "transport=HTTPS", "transport|'HTTPS'");
    assertRefused("esx", "auto_answer=x", "auto_answer|'x'|0 or 1");
    assertRefused("esx", "vcenter=", "vcenter");
    assertRefused("esx", "cacert=ca.pem", "cacert|'ca.pem'|absolute");
    assertRefused("esx", "cacert=", "cacert|absolute");
    assertRefused("esx", "thumbprint=zz", "thumbprint|'zz'|SHA-256");
    assertRefused("esx", "thumbprint=" SHA1 "00", "thumbprint|64 hex digits");
    assertRefused("vpx", "path=", "path|Datacenter");
    assertRefused("vpx", "path=//", "path|'//'");
    assertRefused("esx", "path=DC/host", "path|'DC/host'|vpx://");
}

static void
testTwice(void)
{
    assertRefused("esx", "no_verify=0&no_verify=1", "no_verify|twice");
    assertRefused("esx", "cache_ttl=1&CACHE_TTL=1", "cache_ttl|twice");
    assertRefused("esx", "root=/a&root=/b", "root|twice");
}

static void
testUnknownWarns(void)
{
    g_autoptr(EsxUri) uri = parseGood("esx", "foo=bar&foo=baz&no-verify=1");

    g_assert_true(warns(uri, "'foo'"));
    g_assert_true(warns(uri, "'no-verify'"));
    g_assert_cmpint(uri->transport.trust, ==, HTTP_TRUST_SYSTEM);
}

static void
testUselessWarns(void)
{
    g_autoptr(EsxUri) uri = parseGood("esx", "auto_answer=1&vcenter=*");

    g_assert_true(warns(uri, "auto_answer"));
    g_assert_true(warns(uri, "vcenter"));
}

static void
testTexts(void)
{
    g_autoptr(EsxUri) uri = parseGood("vpx", "proxy=socks5://p:1&path=/Folder/DC/host 1/");

    g_assert_cmpstr(uri->transport.proxy, ==, "socks5://p:1");
    g_assert_cmpstr(esxUriTrustParameter(uri), ==, "proxy");
    g_assert_cmpstr(uri->path, ==, "/Folder/DC/host 1/");
}

static void
testServer(void)
{
    g_autoptr(GError) error = NULL;
    EsxUriSource source = { .scheme = "esx", .host = "::1", .port = 8443, .user = "DOMAIN\\me" };
    g_autoptr(EsxUri) uri = esxUriNew(&source, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(uri->host, ==, "::1");
    g_assert_cmpuint(uri->port, ==, 8443);
    g_assert_cmpstr(uri->user, ==, "DOMAIN\\me");

    g_clear_pointer(&uri, esxUriFree);
    source.user = "";
    uri = esxUriNew(&source, &error);
    g_assert_no_error(error);
    g_assert_null(uri->user);
}

static void
testServerRefused(void)
{
    const struct {
        EsxUriSource source;
        const char *word;
    } cases[] = {
        { { .scheme = "esx" }, "no server" },
        { { .scheme = "esx", .host = "" }, "no server" },
        { { .scheme = "esx", .host = "h", .port = 65536 }, "65536" },
        { { .scheme = "esx", .host = "h", .fragment = "1&x=y" }, "%23" },
        { { .scheme = "esx", .host = "h", .user = "root:hunter2" }, "[auth-esx-h]" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(EsxUri) uri = esxUriNew(&cases[i].source, &error);

        g_assert_null(uri);
        g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT);
        g_assert_nonnull(strstr(error->message, cases[i].word));
        g_assert_null(strstr(error->message, "hunter2"));
    }
}

/* Nothing of it can break a line of the log, steer a terminal or fill memory. */
static void
testTextsAreBounded(void)
{
    static const char *const strange[] = {
        "a\nb", "a\rb", "a\tb", "a\x1b[2J", "a\x7f", "a\xff", "a\xc2\x85z", "a\xe2\x80\xa8z",
        "a\xe2\x80\xaez", "a\xe2\x80\x8bz",
    };
    g_autofree char *longHost = g_strnfill(LIMIT_URI_HOST + 1, 'h');
    g_autofree char *longUser = g_strnfill(LIMIT_URI_USER + 1, 'u');
    g_autofree char *longPath = g_strnfill(LIMIT_URI_VALUE + 1, 'p');
    g_autofree char *host = g_strnfill(LIMIT_URI_HOST, 'h');
    g_autofree char *user = g_strnfill(LIMIT_URI_USER, 'u');
    g_autofree char *path = g_strnfill(LIMIT_URI_VALUE, 'p');
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(strange); i++) {
        assertSourceRefused(strange[i], NULL, NULL, "host name");
        assertSourceRefused("h", strange[i], NULL, "user name");
        assertSourceRefused("h", NULL, strange[i], "parameter path");
    }
    assertSourceRefused(longHost, NULL, NULL, "255 bytes");
    assertSourceRefused("h", longUser, NULL, "256 bytes");
    assertSourceRefused("h", NULL, longPath, "4096 bytes");
    g_assert_true(sourceIsGood(host, user, path));
    g_assert_true(sourceIsGood("m\xc3\xbcller.example", "J\xc3\xbcrgen", "DC/H\xc3\xb6st 1"));
}

/* The log names some that are not known, each cut, and counts the others. */
static void
testUnknownIsBounded(void)
{
    g_autoptr(GString) query = g_string_new("a\nb=1");
    g_autoptr(EsxUri) uri = NULL;
    size_t i;

    for (i = 0; i < 1000; i++)
        g_string_append_printf(query, "&x%zu", i);
    g_string_append_c(query, '&');
    for (i = 0; i < 1024 * 1024; i++)
        g_string_append_c(query, 'a');
    g_string_append(query, "&no_verify=1");

    uri = parseGood("esx", query->str);
    g_assert_true(warns(uri, "'a b'"));
    g_assert_true(warns(uri, "994 more unknown URI parameters"));
    g_assert_true(warns(uri, "no_verify=1"));
    g_assert_cmpuint(uri->warnings->len, ==, LIMIT_URI_WARNINGS + 2);
    for (i = 0; i < uri->warnings->len; i++) {
        const char *warning = g_ptr_array_index(uri->warnings, i);

        g_assert_cmpuint(strlen(warning), <, 400);
        g_assert_null(strchr(warning, '\n'));
    }

    g_autofree char *name = g_strnfill(100000, 'n');
    g_autoptr(EsxUri) one = parseGood("esx", name);
    g_assert_true(warns(one, "\xe2\x80\xa6' is ignored"));
}

/* @words: of the refusal; NULL: such a client may say it. */
static void
assertGuest(const char *query, const char *words)
{
    g_autoptr(EsxUri) uri = parseGood(strstr(query, "path") ? "vpx" : "esx", query);
    g_autoptr(GError) error = NULL;
    gboolean ok = esxUriCheckGuest(uri, &error);

    g_assert_cmpint(ok, ==, !words);
    g_assert_cmpint(uri->isGuest, ==, ok);
    if (ok)
        return;
    g_assert_error(error, ESX_ERROR, ESX_ERROR_DENIED);
    if (!strstr(error->message, words))
        g_error("'%s' is not in the message for '%s': %s", words, query, error->message);
}

static void
testGuest(void)
{
    g_autoptr(EsxUri) shorter = parseGood("esx", "linger=0");
    g_autoptr(EsxUri) common = parseGood("esx", "timeout=300&connect_timeout=10&stall_timeout=60");
    g_autoptr(EsxUri) quick = parseGood("esx", "timeout=299");
    g_autoptr(EsxUri) part = parseGood("vpx", "path=a");
    g_autoptr(GError) error = NULL;

    assertGuest("", NULL);
    assertGuest("path=DC/host&auto_answer=1&vcenter=*&root=/x&what=ever", NULL);
    assertGuest("timeout=300&connect_timeout=10&stall_timeout=60&task_timeout=86400", NULL);
    assertGuest("timeout=1&connect_timeout=1&stall_timeout=1&task_timeout=1", NULL);
    assertGuest("linger=5&connections=4&cache_ttl=2", NULL);
    assertGuest("connections=1&cache_ttl=3600", NULL);
    assertGuest("timeout=300.001", "timeout is 300.001");
    assertGuest("timeout=86400", "at most 300");
    assertGuest("connect_timeout=600", "connect_timeout is 600");
    assertGuest("stall_timeout=61", "at most 60");
    assertGuest("task_timeout=86401", "at most 86400");
    assertGuest("linger=3600", "at most 5");
    assertGuest("connections=5", "at most 4");
    assertGuest("cache_ttl=0", "cache_ttl is 0");
    assertGuest("cache_ttl=1.9", "at least 2");

    /* a login that ends at once is one more for the next */
    g_assert_true(esxUriCheckGuest(shorter, &error));
    g_assert_cmpuint(shorter->lingerMs, ==, 5000);
    g_assert_true(esxUriIsCommon(shorter));
    g_assert_true(esxUriIsCommon(common));
    g_assert_false(esxUriIsCommon(quick));
    g_assert_false(esxUriIsCommon(part));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/uri/defaults", testDefaults);
    g_test_add_func("/uri/names-ignore-case", testNamesIgnoreCase);
    g_test_add_func("/uri/trust", testTrust);
    g_test_add_func("/uri/sha1-warns", testSha1Warns);
    g_test_add_func("/uri/trust-twice", testTrustTwice);
    g_test_add_func("/uri/transport", testTransport);
    g_test_add_func("/uri/key", testKey);
    g_test_add_func("/uri/per-host", testPerHost);
    g_test_add_func("/uri/seconds", testSeconds);
    g_test_add_func("/uri/seconds-refused", testSecondsRefused);
    g_test_add_func("/uri/refused", testRefused);
    g_test_add_func("/uri/twice", testTwice);
    g_test_add_func("/uri/unknown-warns", testUnknownWarns);
    g_test_add_func("/uri/texts-are-bounded", testTextsAreBounded);
    g_test_add_func("/uri/unknown-is-bounded", testUnknownIsBounded);
    g_test_add_func("/uri/guest", testGuest);
    g_test_add_func("/uri/useless-warns", testUselessWarns);
    g_test_add_func("/uri/texts", testTexts);
    g_test_add_func("/uri/server", testServer);
    g_test_add_func("/uri/server-refused", testServerRefused);
    return g_test_run();
}
