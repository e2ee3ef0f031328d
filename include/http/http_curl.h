/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"
#include "http_trust.h"

/*
 * The real transport: libcurl, 7.88 or newer, OpenSSL flavour. HTTP/1.1 only (HTTP/2 makes real ESX
 * uploads crawl and buys a request/reply protocol nothing), keep-alive, no "Expect: 100-continue"
 * (ESX does not answer it), gzip accepted, TLS 1.2 or newer. No redirects followed, no cookies
 * remembered, no proxies or passwords taken from the environment or from files. Touches no signal
 * handler and no locale, so it may live in any process.
 *
 * libcurl and OpenSSL keep short-lived copies of what is sent in buffers of their own; what this
 * floor copies of headers and cookies is erased.
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
 * proxy: as libvirt's own ESX driver reads it. SCHEME is http, socks, socks4, socks4a or socks5;
 * without one it is an HTTP proxy, "socks" is "socks5", and the port is 1080 if not given. An https
 * server is reached through an HTTP proxy by CONNECT. Names are resolved by the proxy for http and
 * socks4a, here for the others. No user or password.
 */

#define HTTP_CONNECT_TIMEOUT_MS 10000
#define HTTP_STALL_TIMEOUT_MS 60000

#define HTTP_USER_AGENT "libvirt-esx-storage"

/*
 * Idle connections kept by one transport: those of the widest transfer (16), and some for all else.
 * An idle one takes some 50 KiB. One that was of no use for HTTP_IDLE_TIMEOUT_MS is closed when
 * another request has ended, so a transfer's connections do not stay with a host (libcurl
 * would not use one again after two minutes).
 */
#define HTTP_IDLE_HANDLES 20
#define HTTP_IDLE_TIMEOUT_MS 60000

/*
 * Makes a transport; connects nothing yet. All strings are copied.
 *
 * HTTP_TRUST_SYSTEM trusts what OpenSSL trusts by default on this system (SSL_CERT_FILE and
 * SSL_CERT_DIR apply).
 *
 * Returns: (transfer full), or NULL with HTTP_ERROR_INVALID.
 */
HttpTransport *httpCurlNew(const HttpCurlOptions *options, GError **error);
