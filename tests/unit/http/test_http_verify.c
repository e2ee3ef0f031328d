/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Whom a connection trusts, over real TLS, and what a refusal tells the user. */

#include "http_fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base_limits.h"

static void
assertTrusts(const HttpCurlOptions *options)
{
    g_autoptr(HttpTransport) transport = httpTransportMake(options);
    g_autofree char *body = httpGet(transport, "/where");

    g_assert_nonnull(strchr(body, ' '));
}

/* The refusal holds @reason, the SHA-256 to use instead, and what else can be done. */
static void
assertDistrusts(const HttpCurlOptions *options, const char *listener, const char *reason)
{
    g_autoptr(HttpTransport) transport = httpTransportMake(options);
    g_autofree char *fact = g_strconcat("sha256.", listener, NULL);
    g_autofree char *part = g_strdup_printf("127.0.0.1:%u is not trusted: %s", options->port,
                                            reason);
    HttpRequest request = { .method = "GET", .path = "/where" };
    g_autoptr(GError) error = NULL;
    g_autofree char *body = httpFetch(transport, &request, NULL, &error);
    const char *thumbprint = NULL;
    guint8 shown[HTTP_SHA256_BYTES] = { 0 };
    guint8 right[HTTP_SHA256_BYTES] = { 0 };

    g_assert_null(body);
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_TRUST);
    thumbprint = g_strrstr(error->message, "thumbprint=");
    g_assert_nonnull(thumbprint);

    g_autofree char *digits = g_strndup(thumbprint + strlen("thumbprint="),
                                        HTTP_SHA256_BYTES * 3 - 1);
    g_assert_cmpuint(httpThumbprintParse(digits, shown), ==, HTTP_SHA256_BYTES);
    httpThumbprintParse(httpServerFact(fact), right);
    g_assert_cmpmem(shown, sizeof(shown), right, sizeof(right));

    g_assert_nonnull(strstr(error->message, "no_verify=1"));
    httpAssertError(g_steal_pointer(&error), HTTP_ERROR_TRUST, part);

    /* the next one fails the same way: nothing was remembered */
    httpGetFails(transport, "/where", HTTP_ERROR_TRUST, part);
}

static void
testAny(void)
{
    static const char *const listeners[] = { "good", "self", "expired", "early", "other" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(listeners); i++) {
        HttpCurlOptions options = httpServerOptions(listeners[i]);

        assertTrusts(&options);
    }
}

static HttpCurlOptions
caOptions(const char *listener, const char *file)
{
    HttpCurlOptions options = httpServerOptions(listener);

    options.trust = HTTP_TRUST_CA_FILE;
    options.caFile = httpServerFact(file);
    return options;
}

static void
testCaFile(void)
{
    HttpCurlOptions good = caOptions("good", "pem.ca");
    HttpCurlOptions self = caOptions("self", "pem.self");
    HttpCurlOptions byName = caOptions("good", "pem.ca");

    assertTrusts(&good);
    /* a host's own certificate serves as its CA */
    assertTrusts(&self);
    byName.host = "localhost";
    assertTrusts(&byName);
}

static void
testCaFileRefuses(void)
{
    HttpCurlOptions self = caOptions("self", "pem.ca");
    HttpCurlOptions unknown = caOptions("good", "pem.self");
    HttpCurlOptions expired = caOptions("expired", "pem.ca");
    HttpCurlOptions early = caOptions("early", "pem.ca");
    HttpCurlOptions other = caOptions("other", "pem.ca");

    assertDistrusts(&self, "self", "it is self-signed;");
    assertDistrusts(&unknown, "good", "its issuer 'Test CA' is not known here; name the file");
    assertDistrusts(&expired, "expired", "it expired on 2021-02-03; renew it");
    assertDistrusts(&early, "early", "it is not valid before 2049-01-01; check the clocks");
    /* what a stranger wrote is shown without its control characters */
    assertDistrusts(&other, "other",
                    "it is for 'other.example', 'b?ll', '10.1.2.3', not for '127.0.0.1'; "
                    "connect by a name that it is for, or, ");
}

/* The file is read once: its end does not end the transport. */
static void
testCaFileIsCopied(void)
{
    g_autofree char *copy = NULL;
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    HttpCurlOptions options = httpServerOptions("good");
    int fd = g_file_open_tmp("http-ca-XXXXXX", &copy, &error);

    g_assert_no_error(error);
    g_close(fd, NULL);
    g_file_get_contents(httpServerFact("pem.ca"), &text, NULL, &error);
    g_assert_no_error(error);
    g_file_set_contents(copy, text, -1, &error);
    g_assert_no_error(error);

    options.trust = HTTP_TRUST_CA_FILE;
    options.caFile = copy;

    g_autoptr(HttpTransport) transport = httpTransportMake(&options);
    g_unlink(copy);
    g_autofree char *body = httpGet(transport, "/where");
    g_assert_nonnull(body);
}

static void
testSystem(void)
{
    HttpCurlOptions options = httpServerOptions("good");

    options.trust = HTTP_TRUST_SYSTEM;
    assertDistrusts(&options, "good", "its issuer 'Test CA' is not known here;");

    g_setenv("SSL_CERT_FILE", httpServerFact("pem.ca"), TRUE);
    assertTrusts(&options);
    g_unsetenv("SSL_CERT_FILE");
}

static HttpCurlOptions
thumbprintOptions(const char *listener, const char *thumbprint)
{
    HttpCurlOptions options = httpServerOptions(listener);

    options.trust = HTTP_TRUST_THUMBPRINT;
    options.thumbprint = thumbprint;
    return options;
}

static void
testThumbprint(void)
{
    static const char *const listeners[] = { "self", "expired", "other" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(listeners); i++) {
        g_autofree char *long_ = g_strconcat("sha256.", listeners[i], NULL);
        g_autofree char *short_ = g_strconcat("sha1.", listeners[i], NULL);
        g_autoptr(GString) colons = g_string_new(NULL);
        const char *p;

        for (p = httpServerFact(long_); *p; p += 2)
            g_string_append_printf(colons, colons->len ? ":%c%c" : "%c%c", g_ascii_toupper(p[0]),
                                   g_ascii_toupper(p[1]));

        HttpCurlOptions bySha256 = thumbprintOptions(listeners[i], httpServerFact(long_));
        HttpCurlOptions bySha1 = thumbprintOptions(listeners[i], httpServerFact(short_));
        HttpCurlOptions byColons = thumbprintOptions(listeners[i], colons->str);

        assertTrusts(&bySha256);
        assertTrusts(&bySha1);
        assertTrusts(&byColons);
    }
}

static void
testThumbprintRefuses(void)
{
    /* the CA knows this host; its thumbprint is another's all the same */
    HttpCurlOptions long_ = thumbprintOptions("good", httpServerFact("sha256.self"));
    HttpCurlOptions short_ = thumbprintOptions("good", httpServerFact("sha1.self"));

    assertDistrusts(&long_, "good", "its thumbprint is ");
    assertDistrusts(&short_, "good", "its thumbprint is ");
}

/* A refused server never sees a request. */
static void
testNothingIsSent(void)
{
    HttpCurlOptions wrong = thumbprintOptions("good", httpServerFact("sha256.self"));
    HttpCurlOptions right = thumbprintOptions("good", httpServerFact("sha256.good"));
    g_autoptr(HttpTransport) refused = httpTransportMake(&wrong);
    g_autoptr(HttpTransport) trusted = httpTransportMake(&right);
    g_autofree char *count = NULL;

    httpGetFails(refused, "/drop?id=unsent&n=0", HTTP_ERROR_TRUST, "thumbprint");
    count = httpGet(trusted, "/count?id=unsent");
    g_assert_cmpstr(count, ==, "0");
}

static void
assertInvalid(HttpTrust trust, const char *caFile, const char *thumbprint, const char *part)
{
    HttpCurlOptions options = httpServerOptions("good");
    GError *error = NULL;

    options.trust = trust;
    options.caFile = caFile;
    options.thumbprint = thumbprint;
    g_assert_null(httpCurlNew(&options, &error));
    httpAssertError(error, HTTP_ERROR_INVALID, part);
}

/* Whatever is wrong with the file, one sentence says it: nothing about files leaks by its words. */
static void
testCaFileContents(void)
{
    g_autofree char *folder = g_dir_make_tmp("http-ca-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "ca.pem", NULL);
    g_autofree char *pem = NULL;
    g_autofree char *broken = NULL;
    g_autoptr(GString) many = g_string_new(NULL);
    const char *sentence = "ca.pem' cannot be used: it must be a readable regular file of at most";
    HttpCurlOptions good = httpServerOptions("good");
    guint i;

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    assertInvalid(HTTP_TRUST_CA_FILE, path, NULL, sentence);
    g_unlink(path);

    g_file_get_contents(httpServerFact("pem.ca"), &pem, NULL, NULL);
    broken = g_strconcat(pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                         NULL);
    g_file_set_contents(path, broken, -1, NULL);
    assertInvalid(HTTP_TRUST_CA_FILE, path, NULL, sentence);
    for (i = 0; i <= LIMIT_FILE_CERTIFICATES; i++)
        g_string_append(many, pem);
    g_assert_cmpuint(many->len, <, LIMIT_FILE_BYTES);
    g_file_set_contents(path, many->str, -1, NULL);
    assertInvalid(HTTP_TRUST_CA_FILE, path, NULL, sentence);

    /* words between certificates, and more than one of them, are what bundles are made of */
    g_string_printf(many, "the authority of tests\n%s\nonce more\n%s", pem, pem);
    g_file_set_contents(path, many->str, -1, NULL);
    good.trust = HTTP_TRUST_CA_FILE;
    good.caFile = path;
    assertTrusts(&good);
    g_unlink(path);
    g_rmdir(folder);
}

/* Said as what it is, and not as a file without certificates. */
static void
testTooFewDescriptors(void)
{
    HttpCurlOptions options = httpServerOptions("good");
    struct rlimit old = { 0 };
    struct rlimit none = { 0 };
    GError *error = NULL;
    HttpTransport *transport = NULL;

    options.trust = HTTP_TRUST_CA_FILE;
    options.caFile = httpServerFact("pem.ca");
    getrlimit(RLIMIT_NOFILE, &old);
    none = old;
    none.rlim_cur = 3;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    transport = httpCurlNew(&options, &error);
    setrlimit(RLIMIT_NOFILE, &old);

    g_assert_null(transport);
    httpAssertError(error, HTTP_ERROR_CONNECT, "too few file descriptors");
}

static void
testInvalid(void)
{
    assertInvalid(HTTP_TRUST_CA_FILE, "/nowhere/ca.pem", NULL, "'/nowhere/ca.pem' cannot be used");
    assertInvalid(HTTP_TRUST_CA_FILE, "/tmp", NULL, "'/tmp' cannot be used");
    assertInvalid(HTTP_TRUST_CA_FILE, "/dev/null", NULL, "'/dev/null' cannot be used");
    assertInvalid(HTTP_TRUST_CA_FILE, NULL, NULL, "cannot be used");
    assertInvalid(HTTP_TRUST_THUMBPRINT, NULL, NULL, "is malformed");
    assertInvalid(HTTP_TRUST_THUMBPRINT, NULL, "12:34", "'12:34' is malformed");
    assertInvalid((HttpTrust)99, NULL, NULL, "trust mode 99");
}

static void
testOldTls(void)
{
    HttpCurlOptions options = httpServerOptions("old");
    g_autoptr(HttpTransport) transport = httpTransportMake(&options);

    httpGetFails(transport, "/where", HTTP_ERROR_TLS, "offers no safe TLS version");
}

static void
testPlainServer(void)
{
    HttpCurlOptions greeting = httpServerOptions("greeting");
    HttpCurlOptions mute = httpServerOptions("mute");
    g_autoptr(HttpTransport) speaks = httpTransportMake(&greeting);
    g_autoptr(HttpTransport) silent = NULL;

    httpGetFails(speaks, "/where", HTTP_ERROR_TLS, "does not speak TLS");

    mute.connectTimeoutMs = 300;
    silent = httpTransportMake(&mute);
    httpGetFails(silent, "/where", HTTP_ERROR_CONNECT, "TLS handshake within 0.3 s");
}

int
main(int argc, char **argv)
{
    int result = 0;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/verify/any", testAny);
    g_test_add_func("/http/verify/ca-file", testCaFile);
    g_test_add_func("/http/verify/ca-file-refuses", testCaFileRefuses);
    g_test_add_func("/http/verify/ca-file-is-copied", testCaFileIsCopied);
    g_test_add_func("/http/verify/system", testSystem);
    g_test_add_func("/http/verify/thumbprint", testThumbprint);
    g_test_add_func("/http/verify/thumbprint-refuses", testThumbprintRefuses);
    g_test_add_func("/http/verify/nothing-is-sent", testNothingIsSent);
    g_test_add_func("/http/verify/ca-file-contents", testCaFileContents);
    g_test_add_func("/http/verify/too-few-descriptors", testTooFewDescriptors);
    g_test_add_func("/http/verify/invalid", testInvalid);
    g_test_add_func("/http/verify/old-tls", testOldTls);
    g_test_add_func("/http/verify/plain-server", testPlainServer);

    httpServerStart();
    result = g_test_run();
    httpServerStop();
    return result;
}
