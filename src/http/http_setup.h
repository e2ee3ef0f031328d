/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_handle.h"
#include "http_reply.h"
#include "http_wire.h"

#include <curl/curl.h>

/* One request while it runs; lives on the stack of httpHandlePerform. */
typedef struct {
    const HttpConfig *config;
    HttpPeer *peer;
    HttpWire *wire;
    CURL *easy;
    const HttpRequest *request;
    struct curl_slist *headers;
    HttpReply reply;
    guint attempts;         /* how often the request was about to be sent; 0: it never left */
    int socketError;        /* errno of a socket that could not be made, or 0 */
    gboolean handshaking;   /* a TLS handshake was begun for it */
    gint64 started;         /* g_get_monotonic_time(); of a long poll, when it was sent */
    gint64 apart;           /* of a streamed one: until when contents were under way */
    gint64 active;          /* when something last came or went */
    gint64 bytes;           /* that had come and gone by then */
    gint64 given;           /* bytes the request's source gave */
    gint64 seen;            /* given, when libcurl was last let at it */
    gboolean givenAll;      /* the source has nothing left */
} HttpCall;

/*
 * Checks call->request and turns it into options of call->easy. @detail is where libcurl will put
 * its error text (CURL_ERROR_SIZE bytes).
 *
 * Returns: FALSE with HTTP_ERROR_INVALID when a part of the request cannot be sent, or libcurl does
 * not know an option.
 */
gboolean httpCallSetup(HttpCall *call, char *detail, GError **error);

/* Whether @request must reach the server once at most; a source cannot give its body twice. */
gboolean httpRequestIsOnce(const HttpRequest *request);

/* Erases the copied headers, and takes the options that point to @call back. */
void httpCallClear(HttpCall *call);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpCall, httpCallClear)
