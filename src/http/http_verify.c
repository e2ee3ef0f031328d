/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Replaces OpenSSL's verification of the chain with our own callback, for two reasons: a thumbprint
 * must be compared before anything is sent, and a refusal must be explained with facts of the
 * certificate. For CA_FILE and SYSTEM the callback calls OpenSSL's verification and only records
 * its result.
 */

#include "http_verify.h"

#include "base_file.h"
#include "base_limits.h"
#include "base_text.h"
#include "http_certificate.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

/* The rules by which a chain is judged, no CAs yet. Returns: (transfer full), or NULL. */
static X509_STORE *
httpStoreNew(void)
{
    X509_STORE *store = X509_STORE_new();

    /* PARTIAL_CHAIN: cacert= may name an intermediate CA, or the host's own certificate */
    if (store &&
        !X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN))
        g_clear_pointer(&store, X509_STORE_free);
    return store;
}

/*
 * Adds each certificate of @pem. Keys and revocation lists between them are skipped.
 *
 * Returns: FALSE if there is none, too many, or a broken one.
 */
static gboolean
httpStoreAdd(X509_STORE *store, const char *pem, gsize length)
{
    BIO *input = BIO_new_mem_buf(pem, (int)length);
    X509 *certificate = NULL;
    gboolean ok = input != NULL;
    guint count = 0;

    /* "": do not prompt for the password of an encrypted key */
    while (ok && (certificate = PEM_read_bio_X509_AUX(input, NULL, NULL, (void *)""))) {
        ok = ++count <= LIMIT_FILE_CERTIFICATES && X509_STORE_add_cert(store, certificate);
        X509_free(certificate);
    }
    ok = ok && count > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

    BIO_free(input);
    return ok;
}

/* Read into memory first: a path that OpenSSL opens may be a device, or wait without end. */
static gboolean
httpPolicyInitFile(HttpPolicy *policy, const char *caFile, GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autofree char *name = textQuoteName(caFile);
    g_autofree char *pem = NULL;
    gsize length = 0;
    gboolean ok = fileRead(caFile, &pem, &length, &reason);

    if (fileErrorIsShort(reason)) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_CONNECT, "the CA file '%s' cannot be read: %s",
                    name, reason->message);
        return FALSE;
    }

    policy->store = ok ? httpStoreNew() : NULL;
    ok = policy->store && httpStoreAdd(policy->store, pem, length);
    /* otherwise the next user of this thread's error queue would find this error */
    ERR_clear_error();
    if (ok)
        return TRUE;

    /*
     * The same message for all cases: a client of a daemon must not learn about files it may not
     * read.
     */
    textToError(error, HTTP_ERROR, HTTP_ERROR_INVALID,
                "the CA file '%s' cannot be used: it must be a readable regular file of at most "
                "%d bytes with at least one and at most %d certificates in PEM form", name,
                LIMIT_FILE_BYTES, LIMIT_FILE_CERTIFICATES);
    return FALSE;
}

static gboolean
httpPolicyInitSystem(HttpPolicy *policy, GError **error)
{
    gboolean ok = FALSE;
    int lack = 0;

    policy->store = httpStoreNew();
    ok = policy->store && X509_STORE_set_default_paths(policy->store);
    ERR_clear_error();
    lack = fileProbe();
    if (lack != 0) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_CONNECT,
                    "the CA certificates of this system cannot be read: %s", fileErrorText(lack));
        return FALSE;
    }
    if (ok)
        return TRUE;

    g_set_error_literal(error, HTTP_ERROR, HTTP_ERROR_INVALID,
                        "the CA certificates of this system cannot be read; check SSL_CERT_FILE "
                        "and SSL_CERT_DIR, or name a file with cacert=");
    return FALSE;
}

gboolean
httpPolicyInit(HttpPolicy *policy, const HttpCurlOptions *options, GError **error)
{
    *policy = (HttpPolicy){ .trust = options->trust };

    switch (options->trust) {
    case HTTP_TRUST_SYSTEM:
        return httpPolicyInitSystem(policy, error);
    case HTTP_TRUST_CA_FILE:
        return httpPolicyInitFile(policy, options->caFile ? options->caFile : "", error);
    case HTTP_TRUST_THUMBPRINT:
        policy->thumbprintLength = httpThumbprintParse(options->thumbprint, policy->thumbprint);
        if (policy->thumbprintLength > 0)
            return TRUE;
        textToError(error, HTTP_ERROR, HTTP_ERROR_INVALID,
                    "the thumbprint '%s' is malformed; it must be the SHA-256 digest of the "
                    "host's certificate, 64 hexadecimal digits with or without colons",
                    options->thumbprint ? options->thumbprint : "");
        return FALSE;
    case HTTP_TRUST_ANY:
        return TRUE;
    }

    textToError(error, HTTP_ERROR, HTTP_ERROR_INVALID, "unknown trust mode %d",
                options->trust);
    return FALSE;
}

void
httpPolicyClear(HttpPolicy *policy)
{
    X509_STORE_free(policy->store);
    *policy = (HttpPolicy){ 0 };
}

void
httpPeerClear(HttpPeer *peer)
{
    X509_free(peer->leaf);
    X509_free(peer->culprit);
    *peer = (HttpPeer){ .policy = peer->policy };
}

static X509 *
httpCertificateRef(X509 *certificate)
{
    if (certificate)
        X509_up_ref(certificate);
    return certificate;
}

static gboolean
httpPolicyMatchesThumbprint(const HttpPolicy *policy, X509 *leaf)
{
    guint8 digest[HTTP_SHA256_BYTES] = { 0 };

    if (!leaf || httpCertificateDigest(leaf, policy->thumbprintLength, digest) == 0)
        return FALSE;

    return CRYPTO_memcmp(digest, policy->thumbprint, policy->thumbprintLength) == 0;
}

/*
 * OpenSSL's hook: called once in each handshake, in place of its own verification. Returns 1 to
 * continue.
 */
static int
httpPeerVerify(X509_STORE_CTX *context, void *opaque)
{
    HttpPeer *peer = opaque;

    httpPeerClear(peer);
    peer->leaf = httpCertificateRef(X509_STORE_CTX_get0_cert(context));

    if (peer->policy->trust == HTTP_TRUST_ANY) {
        peer->trusted = TRUE;
        X509_STORE_CTX_set_error(context, X509_V_OK);
    } else if (peer->policy->trust == HTTP_TRUST_THUMBPRINT) {
        peer->trusted = httpPolicyMatchesThumbprint(peer->policy, peer->leaf);
        X509_STORE_CTX_set_error(context, peer->trusted ? X509_V_OK :
                                 X509_V_ERR_APPLICATION_VERIFICATION);
    } else {
        peer->trusted = X509_verify_cert(context) == 1;
    }

    if (!peer->trusted) {
        peer->failure = X509_STORE_CTX_get_error(context);
        peer->culprit = httpCertificateRef(X509_STORE_CTX_get_current_cert(context));
        /* OpenSSL opens the system's CAs when it needs them, and does not report a failure */
        peer->systemError = peer->policy->trust == HTTP_TRUST_SYSTEM ? fileProbe() : 0;
    }
    return peer->trusted ? 1 : 0;
}

gboolean
httpPeerAttach(HttpPeer *peer, SSL_CTX *context)
{
    httpPeerClear(peer);

    if (peer->policy->store) {
        if (!X509_STORE_up_ref(peer->policy->store))
            return FALSE;
        SSL_CTX_set_cert_store(context, peer->policy->store);
    }

    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, httpPeerVerify, peer);
    return TRUE;
}

/* Returns: (transfer full): the reason, to follow "is not trusted: ". */
static char *
httpPeerReason(const HttpPeer *peer, const char *host)
{
    g_autofree char *text = NULL;

    switch (peer->failure) {
    case X509_V_OK:
        text = httpCertificateNames(peer->leaf);
        return textFormat("it is for %s, not for '%s'", text, host);
    case X509_V_ERR_APPLICATION_VERIFICATION:
        text = httpCertificateThumbprint(peer->leaf, peer->policy->thumbprintLength);
        return g_strdup_printf("its thumbprint is %s, not the one given with thumbprint=", text);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return g_strdup("it is self-signed");
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        text = httpCertificateIssuer(peer->leaf);
        return textFormat("its issuer '%s' is not known here", text);
    case X509_V_ERR_CERT_HAS_EXPIRED:
        text = httpCertificateNotAfter(peer->culprit);
        return g_strdup_printf("%s expired on %s", peer->culprit == peer->leaf ? "it" :
                               "a certificate of its issuers", text);
    case X509_V_ERR_CERT_NOT_YET_VALID:
        text = httpCertificateNotBefore(peer->culprit);
        return g_strdup_printf("it is not valid before %s", text);
    default:
        return g_strdup(X509_verify_cert_error_string(peer->failure));
    }
}

/* Returns: what to do about that reason. */
static const char *
httpPeerCure(const HttpPeer *peer)
{
    switch (peer->failure) {
    case X509_V_OK:
        return "connect by a name that it is for";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "renew it on the host";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "check the clocks of both sides";
    default:
        return "name the file of its CA with cacert=";
    }
}

char *
httpPeerDescribe(const HttpPeer *peer, const char *name, const char *host)
{
    g_autofree char *reason = httpPeerReason(peer, host);
    g_autofree char *thumbprint = httpCertificateThumbprint(peer->leaf, HTTP_SHA256_BYTES);

    if (peer->policy->trust == HTTP_TRUST_THUMBPRINT) {
        return textFormat("the certificate of %s is not trusted: " TEXT_MESSAGE "; if the host "
                          "has a new certificate and displays the same SHA-256 digest itself, use "
                          "thumbprint=%s (no_verify=1 would accept any certificate)",
                          name, reason, thumbprint);
    }

    return textFormat("the certificate of %s is not trusted: " TEXT_MESSAGE "; %s, or, after "
                      "comparing it with the SHA-256 digest that the host itself displays, accept "
                      "this certificate with thumbprint=%s (no_verify=1 would accept any "
                      "certificate)",
                      name, reason, httpPeerCure(peer), thumbprint);
}
