/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_curl.h"

#include <openssl/ssl.h>

/*
 * The judgement of a server's certificate, made inside the TLS handshake: a connection whose
 * certificate does not pass is given up by OpenSSL before a byte of a request is sent.
 */

/* What a transport demands. Made once, then read by any thread. */
typedef struct {
    HttpTrust trust;
    X509_STORE *store;                          /* SYSTEM and CA_FILE */
    guint8 thumbprint[HTTP_SHA256_BYTES];       /* THUMBPRINT */
    guint thumbprintLength;
} HttpPolicy;

/*
 * Reads the CA file, or parses the thumbprint, of @options.
 *
 * Returns: FALSE with HTTP_ERROR_INVALID when that cannot be done.
 */
gboolean httpPolicyInit(HttpPolicy *policy, const HttpCurlOptions *options, GError **error);

void httpPolicyClear(HttpPolicy *policy);

/* What became of the last handshake on one handle. Belongs to that handle. */
typedef struct {
    const HttpPolicy *policy;
    gboolean trusted;       /* the certificate passed (libcurl compares the host name) */
    X509 *leaf;             /* the server's certificate, or NULL */
    X509 *culprit;          /* the certificate of the chain that did not pass, or NULL */
    int failure;            /* X509_V_ERR_…, or X509_V_OK */
    int systemError;        /* errno: the system's CAs could not be read; or 0 */
} HttpPeer;

void httpPeerClear(HttpPeer *peer);

/*
 * Puts the judgement into @context, on which a handshake is about to begin; it will report to
 * @peer.
 */
gboolean httpPeerAttach(HttpPeer *peer, SSL_CTX *context);

/*
 * Returns: (transfer full): a sentence that says why the certificate of @name, whose host is @host,
 * was not trusted, and what a user can do about it.
 */
char *httpPeerDescribe(const HttpPeer *peer, const char *name, const char *host);
