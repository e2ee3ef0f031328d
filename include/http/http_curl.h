/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"
#include "http_trust.h"

/*
 * The real transport: libcurl, 7.88 or newer, OpenSSL flavour. It uses HTTP/1.1 only (HTTP/2 makes
 * uploads to a real ESX very slow and has no benefit for a request/reply protocol), keep-alive, no
 * "Expect: 100-continue" (ESX does not answer it), gzip, and TLS 1.2 or newer. It follows no
 * redirects, stores no cookies, and takes no proxies or passwords from the environment or from
 * files. It changes no signal handler and no locale, so it can run in any process.
 *
 * libcurl and OpenSSL keep short-lived copies of what is sent in their own buffers. This floor
 * erases its own copies of headers and cookies.
 */

typedef struct {
    const char *scheme;         /* "https" or "http" */
    const char *host;           /* name, IPv4, or IPv6 without brackets */
    guint port;                 /* 1 to 65535 */
    HttpTrust trust;
    const char *caFile;         /* HTTP_TRUST_CA_FILE: read once, by httpCurlNew */
    const char *thumbprint;     /* HTTP_TRUST_THUMBPRINT: see httpThumbprintParse */
    const char *proxy;          /* "[SCHEME://]HOST[:PORT]", or NULL; see below */
    guint connectTimeoutMs;     /* until connected and TLS is up; 0: HTTP_CONNECT_TIMEOUT_MS */
    guint stallTimeoutMs;       /* longest silence in mid-request; 0: HTTP_STALL_TIMEOUT_MS */
    guint totalTimeoutMs;       /* whole request; 0: HTTP_TOTAL_TIMEOUT_MS */
    guint idleTimeoutMs;        /* see HTTP_IDLE_HANDLES; 0: HTTP_IDLE_TIMEOUT_MS */
    const char *userAgent;      /* NULL: HTTP_USER_AGENT */
} HttpCurlOptions;

/*
 * proxy: as in libvirt's built-in ESX driver. SCHEME is http, socks, socks4, socks4a or socks5;
 * without one it is an HTTP proxy, "socks" is "socks5", and the port is 1080 if not given. An https
 * server is reached through an HTTP proxy by CONNECT. Names are resolved by the proxy for http and
 * socks4a, here for the others. No user or password.
 */

#define HTTP_CONNECT_TIMEOUT_MS 10000
#define HTTP_STALL_TIMEOUT_MS 60000

#define HTTP_USER_AGENT "libvirt-esx-storage"

/*
 * Idle connections kept by one transport: those of the widest transfer (16), and some for
 * everything else. An idle one takes about 50 KiB. A connection that was unused for
 * HTTP_IDLE_TIMEOUT_MS is closed when another request ends, so a transfer's connections do not stay
 * open (libcurl would not reuse one after two minutes).
 */
#define HTTP_IDLE_HANDLES 20
#define HTTP_IDLE_TIMEOUT_MS 60000

/*
 * Makes a transport; does not connect yet. All strings are copied.
 *
 * HTTP_TRUST_SYSTEM trusts what OpenSSL trusts by default on this system (SSL_CERT_FILE and
 * SSL_CERT_DIR apply).
 *
 * Returns: (transfer full), or NULL with HTTP_ERROR_INVALID.
 */
HttpTransport *httpCurlNew(const HttpCurlOptions *options, GError **error);
