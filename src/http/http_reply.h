/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"

/*
 * The reply of one request while it comes in: collects what HttpResponse shows of the header,
 * within its limits, and hands the body to the sink.
 */
typedef struct {
    const char *name;       /* of the server, for messages */
    HttpSink sink;          /* or NULL */
    gpointer opaque;
    HttpResponse response;
    guint lines;            /* header lines so far, those of interim (1xx) replies included */
    gboolean hasLength;     /* of the reply whose header is coming */
    gboolean complete;      /* the header of the final reply has ended */
    GError *error;          /* why a line or a piece was refused, or NULL */
} HttpReply;

/*
 * Takes one line of the header as it came, "\r\n" included. Trailers behind a chunked body are
 * counted, and else ignored.
 *
 * Returns: FALSE with reply->error set when a limit is reached, the line has a NUL byte in it, a
 * length is written with anything but digits, or a field of HttpResponse comes a second time with
 * another value (cookies aside).
 */
gboolean httpReplyTakeLine(HttpReply *reply, const char *line, size_t length);

/* Takes one piece of the body. Returns: FALSE with reply->error set when the sink refused it. */
gboolean httpReplyTakeBody(HttpReply *reply, const char *data, size_t length);

void httpReplyClear(HttpReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpReply, httpReplyClear)
