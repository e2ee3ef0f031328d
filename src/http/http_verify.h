/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_curl.h"

#include <openssl/ssl.h>

/*
 * Judges a server's certificate during the TLS handshake: if the certificate does not pass, OpenSSL
 * closes the connection before a byte of a request is sent.
 */

/* What a transport requires. Made once, then read by any thread. */
typedef struct {
    HttpTrust trust;
    X509_STORE *store;                          /* SYSTEM and CA_FILE */
    guint8 thumbprint[HTTP_SHA256_BYTES];       /* THUMBPRINT */
    guint thumbprintLength;
} HttpPolicy;

/*
 * Reads the CA file, or parses the thumbprint, of @options.
 *
 * Returns: FALSE with HTTP_ERROR_INVALID if that fails.
 */
gboolean httpPolicyInit(HttpPolicy *policy, const HttpCurlOptions *options, GError **error);

void httpPolicyClear(HttpPolicy *policy);

/* The result of the last handshake on one handle. Belongs to that handle. */
typedef struct {
    const HttpPolicy *policy;
    gboolean trusted;       /* the certificate passed (libcurl compares the host name) */
    X509 *leaf;             /* the server's certificate, or NULL */
    X509 *culprit;          /* the certificate in the chain that did not pass, or NULL */
    int failure;            /* X509_V_ERR_…, or X509_V_OK */
    int systemError;        /* errno: the system's CAs could not be read; or 0 */
} HttpPeer;

void httpPeerClear(HttpPeer *peer);

/* Installs the check in @context before a handshake; it writes its result to @peer. */
gboolean httpPeerAttach(HttpPeer *peer, SSL_CTX *context);

/*
 * Returns: (transfer full): a message that says why the certificate of @name, whose host is @host,
 * was not trusted, and what a user can do about it.
 */
char *httpPeerDescribe(const HttpPeer *peer, const char *name, const char *host);
