/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Any bytes as a certificate, in DER or PEM: what messages say of it is short and plain. */

#include <openssl/pem.h>
#include <string.h>

#include "base_limits.h"
#include "fuzz_check.h"
#include "fuzz_target.h"
#include "http_certificate.h"
#include "http_verify.h"

/* Texts made of a certificate are for people, and no longer than this. */
#define LONGEST 800

static void
checkText(char *text)
{
    const char *p;

    g_assert_nonnull(text);
    g_assert_cmpstr(text, !=, "");
    g_assert_cmpuint(strlen(text), <=, LONGEST);
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (p = text; *p; p++)
        g_assert_false(g_ascii_iscntrl(*p));
    g_free(text);
}

static X509 *
readCertificate(const uint8_t *bytes, size_t size)
{
    const unsigned char *at = bytes;
    BIO *bio = BIO_new_mem_buf(bytes, (int)size);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return certificate ? certificate : d2i_X509(NULL, &at, (long)size);
}

/* Each reason for which OpenSSL may not trust it, of which there are some 100. */
static void
checkReasons(X509 *certificate, size_t size)
{
    const HttpTrust trusts[] = { HTTP_TRUST_SYSTEM, HTTP_TRUST_CA_FILE, HTTP_TRUST_THUMBPRINT };
    HttpPolicy policy = { .trust = trusts[size % G_N_ELEMENTS(trusts)], .thumbprintLength = 32 };
    HttpPeer peer = {
        .policy = &policy, .leaf = certificate, .culprit = certificate,
        .failure = (int)(size % 100),
    };

    checkText(httpPeerDescribe(&peer, "server", "host.example"));
    peer.culprit = NULL;
    checkText(httpPeerDescribe(&peer, "server", "host.example"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    X509 *certificate;
    guint8 digest[HTTP_SHA256_BYTES];

    if (size > G_MAXINT)
        return 0;
    fuzzMemoryBegin();
    certificate = readCertificate(bytes, size);
    if (certificate) {
        g_assert_cmpuint(httpCertificateDigest(certificate, HTTP_SHA256_BYTES, digest), ==,
                         HTTP_SHA256_BYTES);
        checkText(httpCertificateThumbprint(certificate, HTTP_SHA1_BYTES));
        checkText(httpCertificateNames(certificate));
        checkText(httpCertificateIssuer(certificate));
        checkText(httpCertificateNotBefore(certificate));
        checkText(httpCertificateNotAfter(certificate));
        checkReasons(certificate, size);
    }
    fuzzMemoryCheck(size, LIMIT_AMPLIFICATION, 1);
    X509_free(certificate);
    return 0;
}
