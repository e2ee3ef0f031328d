/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * The ways to trust the server of an https connection. In each of them, the certificate is judged
 * before a byte of a request is sent.
 */
typedef enum {
    HTTP_TRUST_SYSTEM,      /* the system's CA store, host name checked */
    HTTP_TRUST_CA_FILE,     /* this PEM file instead, host name checked */
    HTTP_TRUST_THUMBPRINT,  /* exactly this certificate, of any issuer, for any name */
    HTTP_TRUST_ANY,         /* no_verify=1 */
} HttpTrust;

/* Bytes of the two kinds of digest that a thumbprint can be. */
#define HTTP_SHA1_BYTES 20
#define HTTP_SHA256_BYTES 32

/*
 * Checks a thumbprint's form: 64 hex digits (SHA-256) or 40 (SHA-1) in either case, a colon allowed
 * between any two bytes. @ret_digest may be NULL.
 *
 * Returns: the number of bytes of the digest, 32 or 20 (the caller warns of SHA-1), or 0 if
 * malformed or NULL.
 */
guint httpThumbprintParse(const char *text, guint8 ret_digest[HTTP_SHA256_BYTES]);
