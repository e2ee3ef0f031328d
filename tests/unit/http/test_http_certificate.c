/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What is read from certificates, hostile ones included; these are made here, in memory. */

#include "http_certificate.h"

#include "base_limits.h"
#include "http_trust.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

typedef X509 Certificate;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Certificate, X509_free)

static void
addName(X509_NAME *name, const char *field, const char *value, int length)
{
    g_assert_true(X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC,
                                             (const unsigned char *)value,
                                             length, -1, 0));
}

/*
 * Returns: (transfer full): a certificate from 2020-01-01 to 2021-12-31, unsigned, with no names.
 */
static X509 *
makeCertificate(void)
{
    X509 *certificate = X509_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");

    g_assert_true(X509_set_version(certificate, X509_VERSION_3));
    g_assert_true(ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20200101000000Z"));
    g_assert_true(ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "20211231235959Z"));
    g_assert_true(X509_set_pubkey(certificate, key));
    g_assert_true(X509_sign(certificate, key, EVP_sha256()));
    EVP_PKEY_free(key);
    return certificate;
}

static void
addAlternatives(X509 *certificate, const char *names)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

    g_assert_nonnull(extension);
    g_assert_true(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static void
testNames(void)
{
    static const struct {
        const char *alternatives;
        const char *text;
    } cases[] = {
        { "DNS:a.example", "'a.example'" },
        { "DNS:a.example,IP:10.0.0.1,IP:::1", "'a.example', '10.0.0.1', '::1'" },
        { "email:x@y.example,DNS:a.example,URI:http://z", "'a.example'" },
        /* LIMIT_CERTIFICATE_NAMES */
        { "DNS:a,DNS:b,DNS:c,DNS:d", "'a', 'b', 'c', 'd'" },
        { "DNS:a,DNS:b,DNS:c,DNS:d,DNS:e", "'a', 'b', 'c', 'd', …" },
        { "email:x@y.example", "'common.example'" },
        { "DNS:a\nb", "'a?b'" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Certificate) certificate = makeCertificate();
        g_autofree char *text = NULL;

        addName(X509_get_subject_name(certificate), "CN", "common.example", -1);
        addAlternatives(certificate, cases[i].alternatives);
        text = httpCertificateNames(certificate);
        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

static void
testHostileNames(void)
{
    g_autoptr(Certificate) certificate = makeCertificate();
    g_autofree char *longName = g_strnfill(64, 'x');
    g_autofree char *names = NULL;
    g_autofree char *issuer = NULL;

    addName(X509_get_subject_name(certificate), "CN", "a\0b'\x1b[0m", 8);
    addName(X509_get_issuer_name(certificate), "O", longName, -1);
    names = httpCertificateNames(certificate);
    issuer = httpCertificateIssuer(certificate);
    g_assert_cmpstr(names, ==, "'a?b??[0m'");
    g_assert_cmpstr(issuer, ==, longName);
}

/* However a text is encoded, it is shown as people read it, or not at all. */
static void
testEncodings(void)
{
    static const struct {
        int type;
        const char *bytes;
        int length;
        const char *text;
    } cases[] = {
        { V_ASN1_UTF8STRING, "Z\xc3\xbcrich CA", 10, "Z\xc3\xbcrich CA" },
        { V_ASN1_T61STRING, "Z\xfcrich", 6, "Z\xc3\xbcrich" },
        { V_ASN1_BMPSTRING, "\0Z\0\xfc\0r", 6, "Z\xc3\xbcr" },
        { V_ASN1_UNIVERSALSTRING, "\0\0\0Z\0\0\0\xfc", 8, "Z\xc3\xbc" },
        { V_ASN1_PRINTABLESTRING, "plain", 5, "plain" },
        { V_ASN1_UTF8STRING, "Z\xfcrich", 6, "a name that is not text" },
        { V_ASN1_BMPSTRING, "\0Z\0", 3, "a name that is not text" },
        { V_ASN1_INTEGER, "\x05", 1, "a name that is not text" },
        { V_ASN1_UTF8STRING, "a\xe2\x80\xae" "b", 5, "a?b" },
        /* a line separator, and a blank of Braille: GLib calls both printable */
        { V_ASN1_UTF8STRING, "a\xe2\x80\xa8" "b", 5, "a?b" },
        { V_ASN1_UTF8STRING, "a\xe2\xa0\x80" "b", 5, "a?b" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Certificate) certificate = makeCertificate();
        X509_NAME *name = X509_get_issuer_name(certificate);
        X509_NAME_ENTRY *entry = NULL;
        ASN1_STRING *value = NULL;
        g_autofree char *issuer = NULL;

        addName(name, "CN", "x", -1);
        entry = X509_NAME_get_entry(name, 0);
        value = X509_NAME_ENTRY_get_data(entry);
        g_assert_true(ASN1_STRING_set(value, cases[i].bytes, cases[i].length));
        value->type = cases[i].type;
        issuer = httpCertificateIssuer(certificate);
        g_assert_cmpstr(issuer, ==, cases[i].text);
        value->type = V_ASN1_UTF8STRING;
    }
}

static void
testLongName(void)
{
    g_autoptr(Certificate) certificate = makeCertificate();
    g_autofree char *longName = g_strnfill(1000, 'x');
    g_autofree char *alternative = g_strconcat("DNS:", longName, NULL);
    g_autofree char *names = NULL;

    addAlternatives(certificate, alternative);
    names = httpCertificateNames(certificate);
    g_assert_cmpuint(strlen(names), ==, LIMIT_CERTIFICATE_NAME_BYTES + strlen("''"));
}

static void
testNothing(void)
{
    g_autoptr(Certificate) certificate = makeCertificate();
    g_autofree char *names = httpCertificateNames(certificate);
    g_autofree char *issuer = httpCertificateIssuer(certificate);
    g_autofree char *noNames = httpCertificateNames(NULL);
    g_autofree char *noIssuer = httpCertificateIssuer(NULL);
    g_autofree char *noThumbprint = httpCertificateThumbprint(NULL, HTTP_SHA1_BYTES);
    g_autofree char *noBegin = httpCertificateNotBefore(NULL);
    g_autofree char *noEnd = httpCertificateNotAfter(NULL);

    g_assert_cmpstr(names, ==, "'unknown'");
    g_assert_cmpstr(issuer, ==, "unknown");
    g_assert_cmpstr(noNames, ==, "unknown");
    g_assert_cmpstr(noIssuer, ==, "unknown");
    g_assert_cmpstr(noThumbprint, ==, "unknown");
    g_assert_cmpstr(noBegin, ==, "unknown");
    g_assert_cmpstr(noEnd, ==, "unknown");
}

static void
testDates(void)
{
    g_autoptr(Certificate) certificate = makeCertificate();
    g_autofree char *begin = httpCertificateNotBefore(certificate);
    g_autofree char *end = httpCertificateNotAfter(certificate);

    g_assert_cmpstr(begin, ==, "2020-01-01");
    g_assert_cmpstr(end, ==, "2021-12-31");
}

/* Against GLib's digest of the same bytes. */
static void
testDigests(void)
{
    g_autoptr(Certificate) certificate = makeCertificate();
    unsigned char *der = NULL;
    int length = i2d_X509(certificate, &der);
    g_autofree char *sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, der, length);
    g_autofree char *sha1 = g_compute_checksum_for_data(G_CHECKSUM_SHA1, der, length);
    g_autofree char *longText = httpCertificateThumbprint(certificate, HTTP_SHA256_BYTES);
    g_autofree char *shortText = httpCertificateThumbprint(certificate, HTTP_SHA1_BYTES);
    guint8 expected[HTTP_SHA256_BYTES] = { 0 };
    guint8 digest[HTTP_SHA256_BYTES] = { 0 };
    guint8 shown[HTTP_SHA256_BYTES] = { 0 };

    OPENSSL_free(der);
    g_assert_cmpuint(httpThumbprintParse(sha256, expected), ==, HTTP_SHA256_BYTES);
    g_assert_cmpuint(httpCertificateDigest(certificate, HTTP_SHA256_BYTES, digest), ==,
                     HTTP_SHA256_BYTES);
    g_assert_cmpmem(digest, HTTP_SHA256_BYTES, expected, HTTP_SHA256_BYTES);
    g_assert_cmpuint(httpThumbprintParse(longText, shown), ==, HTTP_SHA256_BYTES);
    g_assert_cmpmem(shown, HTTP_SHA256_BYTES, expected, HTTP_SHA256_BYTES);

    g_assert_cmpuint(httpThumbprintParse(sha1, expected), ==, HTTP_SHA1_BYTES);
    g_assert_cmpuint(httpThumbprintParse(shortText, shown), ==, HTTP_SHA1_BYTES);
    g_assert_cmpmem(shown, HTTP_SHA1_BYTES, expected, HTTP_SHA1_BYTES);
    g_assert_cmpuint(httpCertificateDigest(certificate, 7, digest), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/certificate/names", testNames);
    g_test_add_func("/http/certificate/hostile-names", testHostileNames);
    g_test_add_func("/http/certificate/encodings", testEncodings);
    g_test_add_func("/http/certificate/long-name", testLongName);
    g_test_add_func("/http/certificate/nothing", testNothing);
    g_test_add_func("/http/certificate/dates", testDates);
    g_test_add_func("/http/certificate/digests", testDigests);
    return g_test_run();
}
