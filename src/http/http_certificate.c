/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Reads certificates with OpenSSL and formats what a user needs to know of them. */

#include "http_certificate.h"

#include "base_limits.h"
#include "base_text.h"
#include "http_trust.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#define HTTP_UNKNOWN "unknown"

guint
httpCertificateDigest(const X509 *certificate, guint length, guint8 *ret_digest)
{
    guint8 digest[EVP_MAX_MD_SIZE] = { 0 };
    unsigned int size = 0;

    if (!X509_digest(certificate, length == HTTP_SHA1_BYTES ? EVP_sha1() : EVP_sha256(), digest,
                     &size) ||
        size != length)
        return 0;

    memcpy(ret_digest, digest, length);
    return length;
}

char *
httpCertificateThumbprint(const X509 *certificate, guint length)
{
    guint8 digest[HTTP_SHA256_BYTES] = { 0 };
    g_autoptr(GString) text = g_string_new(NULL);
    guint i;

    if (!certificate || httpCertificateDigest(certificate, length, digest) == 0)
        return g_strdup(HTTP_UNKNOWN);

    for (i = 0; i < length; i++)
        g_string_append_printf(text, i > 0 ? ":%02X" : "%02X", digest[i]);

    return g_string_free(g_steal_pointer(&text), FALSE);
}

/*
 * Appends the @length bytes of UTF-8 at @data, with a question mark for what is not valid, not
 * plain (base_text.h), or an apostrophe.
 */
static void
httpTextAppend(GString *text, const unsigned char *data, int length)
{
    const size_t end = text->len + LIMIT_CERTIFICATE_NAME_BYTES;
    int at = 0;

    while (at < length) {
        const char *next = (const char *)data + at;
        gunichar c = *next ? g_utf8_get_char_validated(next, length - at) : 0;
        const gboolean isValid = c != (gunichar)-1 && c != (gunichar)-2;
        const int bytes = isValid ? g_unichar_to_utf8(c, NULL) : 1;

        if (!isValid || !textIsPlain(c) || c == '\'')
            c = '?';
        if (text->len + (size_t)g_unichar_to_utf8(c, NULL) > end)
            return;
        g_string_append_unichar(text, c);
        at += bytes;
    }
}

/* Appends @value, in any of the encodings of ASN.1. */
static void
httpValueAppend(GString *text, const ASN1_STRING *value)
{
    unsigned char *utf8 = NULL;
    const int length = ASN1_STRING_to_UTF8(&utf8, value);

    if (length >= 0) {
        httpTextAppend(text, utf8, length);
    } else {
        g_string_append(text, "a name that is not text");
        ERR_clear_error();      /* else the next user of this thread's queue would find it */
    }
    OPENSSL_free(utf8);
}

/* Appends the first @nid of @name; returns FALSE if it has none. */
static gboolean
httpNameAppendEntry(GString *text, const X509_NAME *name, int nid)
{
    int index = name ? X509_NAME_get_index_by_NID(name, nid, -1) : -1;

    if (index < 0)
        return FALSE;

    httpValueAppend(text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
    return TRUE;
}

/*
 * Appends one entry of subjectAltName; returns FALSE if it is neither a host name nor an address.
 */
static gboolean
httpNamesAppendOne(GString *text, const GENERAL_NAME *name)
{
    char address[INET6_ADDRSTRLEN] = "";
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    const unsigned char *data = NULL;
    int length = 0;

    if (type != GEN_DNS && type != GEN_IPADD)
        return FALSE;

    data = ASN1_STRING_get0_data(value);
    length = ASN1_STRING_length(value);
    if (type == GEN_IPADD) {
        if ((length != 4 && length != 16) ||
            !inet_ntop(length == 4 ? AF_INET : AF_INET6, data, address, sizeof(address)))
            return FALSE;
        data = (const unsigned char *)address;
        length = strlen(address);
    }

    g_string_append(text, text->len > 0 ? ", '" : "'");
    httpTextAppend(text, data, length);
    g_string_append_c(text, '\'');
    return TRUE;
}

char *
httpCertificateNames(const X509 *certificate)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GENERAL_NAMES *names = NULL;
    guint shown = 0;
    int i;

    if (!certificate)
        return g_strdup(HTTP_UNKNOWN);

    names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (i = 0; i < sk_GENERAL_NAME_num(names) && shown < LIMIT_CERTIFICATE_NAMES; i++)
        shown += httpNamesAppendOne(text, sk_GENERAL_NAME_value(names, i));
    if (i < sk_GENERAL_NAME_num(names))
        g_string_append(text, ", …");
    GENERAL_NAMES_free(names);

    if (shown == 0) {
        g_string_append_c(text, '\'');
        if (!httpNameAppendEntry(text, X509_get_subject_name(certificate), NID_commonName))
            g_string_append(text, HTTP_UNKNOWN);
        g_string_append_c(text, '\'');
    }

    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *
httpCertificateIssuer(const X509 *certificate)
{
    const X509_NAME *name = certificate ? X509_get_issuer_name(certificate) : NULL;
    g_autoptr(GString) text = g_string_new(NULL);

    if (!httpNameAppendEntry(text, name, NID_commonName) &&
        !httpNameAppendEntry(text, name, NID_organizationName))
        g_string_append(text, HTTP_UNKNOWN);

    return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *
httpTimeFormat(const ASN1_TIME *when)
{
    struct tm parts = { 0 };

    if (!ASN1_TIME_to_tm(when, &parts))
        return g_strdup(HTTP_UNKNOWN);

    return g_strdup_printf("%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

char *
httpCertificateNotBefore(const X509 *certificate)
{
    return certificate ? httpTimeFormat(X509_get0_notBefore(certificate)) : g_strdup(HTTP_UNKNOWN);
}

char *
httpCertificateNotAfter(const X509 *certificate)
{
    return certificate ? httpTimeFormat(X509_get0_notAfter(certificate)) : g_strdup(HTTP_UNKNOWN);
}
