/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_handle.h"
#include "http_reply.h"
#include "http_wire.h"

#include <curl/curl.h>

/* One request while it runs; on the stack of httpHandlePerform. */
typedef struct {
    const HttpConfig *config;
    HttpPeer *peer;
    HttpWire *wire;
    CURL *easy;
    const HttpRequest *request;
    struct curl_slist *headers;
    HttpReply reply;
    guint attempts;         /* how often the request was about to be sent; 0: it was not sent */
    int socketError;        /* errno of a socket that could not be made, or 0 */
    gboolean handshaking;   /* a TLS handshake was begun for it */
    gint64 started;         /* g_get_monotonic_time(); of a long poll, when it was sent */
    gint64 apart;           /* if streamed: until when contents were transferred */
    gint64 active;          /* when a byte was last sent or received */
    gint64 bytes;           /* the sum of bytes by then */
    gint64 given;           /* bytes that the request's source provided */
    gint64 seen;            /* the same, when libcurl last ran */
    gboolean givenAll;      /* the source has nothing left */
} HttpCall;

/*
 * Checks call->request and sets the options of call->easy. libcurl will write its error text to
 * @detail (CURL_ERROR_SIZE bytes).
 *
 * Returns: FALSE with HTTP_ERROR_INVALID if a part of the request cannot be sent, or libcurl does
 * not know an option.
 */
gboolean httpCallSetup(HttpCall *call, char *detail, GError **error);

/* Whether @request must reach the server at most once; a source cannot provide its body twice. */
gboolean httpRequestIsOnce(const HttpRequest *request);

/* Erases the copied headers, and resets the options that point to @call. */
void httpCallClear(HttpCall *call);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpCall, httpCallClear)
