/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_endpoint.h"
#include "http_verify.h"

#include <curl/curl.h>

/* What is known about a request that libcurl ended with an error. */
typedef struct {
    CURLcode code;
    const char *detail;         /* libcurl's text, possibly from a reply: quoted for TLS only */
    const HttpEndpoint *endpoint;
    const HttpPeer *peer;
    guint connectTimeoutMs;
    gboolean handshaking;       /* TCP, also through a proxy, was up; TLS had begun */
    gboolean sent;              /* the request was, or may have been, sent */
    gboolean replied;           /* a line of a reply arrived */
    guint64 bodyBytes;          /* of the reply, as received */
    int systemError;            /* errno of the attempt to connect, or 0 */
    guint proxyStatus;          /* the HTTP proxy's answer to CONNECT, or 0 */
} HttpFailure;

/*
 * Turns @failure into a GError of HTTP_ERROR: a message that names host and port, and says what to
 * check. It does not quote headers, bodies or cookies.
 */
void httpFailureSet(const HttpFailure *failure, GError **error);
