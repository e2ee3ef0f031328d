/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"

/*
 * The reply to one request while it arrives: collects the header fields of HttpResponse, within
 * their limits, and passes the body to the sink.
 */
typedef struct {
    const char *name;       /* of the server, for messages */
    HttpSink sink;          /* or NULL */
    gpointer opaque;
    HttpResponse response;
    guint lines;            /* header lines so far, including those of interim (1xx) replies */
    gboolean hasLength;     /* of the reply whose header is arriving */
    gboolean complete;      /* the header of the final reply has ended */
    GError *error;          /* why a line or a piece was refused, or NULL */
} HttpReply;

/*
 * Takes one line of the header as received, including "\r\n". Trailers after a chunked body are
 * counted, and otherwise ignored.
 *
 * Returns: FALSE with reply->error set if a limit is reached, the line contains a NUL byte, a
 * length has characters other than digits, or a field of HttpResponse (except cookies) is repeated
 * with another value.
 */
gboolean httpReplyTakeLine(HttpReply *reply, const char *line, size_t length);

/* Takes one piece of the body. Returns: FALSE with reply->error set if the sink refused it. */
gboolean httpReplyTakeBody(HttpReply *reply, const char *data, size_t length);

void httpReplyClear(HttpReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpReply, httpReplyClear)
