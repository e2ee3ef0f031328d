/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>
#include <openssl/x509.h>

/*
 * Facts about a certificate, for comparison and for messages. Certificates are untrusted: every
 * text is plain UTF-8 (base_text.h) and short, whatever they contain and however they encode it.
 * All texts are (transfer full) and not NULL; for a NULL certificate they are "unknown".
 */

/*
 * Puts the digest of @certificate's DER form into @ret_digest: SHA-256 for a @length of
 * HTTP_SHA256_BYTES, SHA-1 for HTTP_SHA1_BYTES.
 *
 * Returns: @length, or 0 when OpenSSL refuses.
 */
guint httpCertificateDigest(const X509 *certificate, guint length, guint8 *ret_digest);

/* The same as "AB:CD:…", as ESX shows it. */
char *httpCertificateThumbprint(const X509 *certificate, guint length);

/* The hosts it is for: "'a.example', '10.0.0.1'", from subjectAltName, else the common name. */
char *httpCertificateNames(const X509 *certificate);

/* The common name of the issuer, else its organisation. */
char *httpCertificateIssuer(const X509 *certificate);

/* "2025-12-31" */
char *httpCertificateNotBefore(const X509 *certificate);
char *httpCertificateNotAfter(const X509 *certificate);
