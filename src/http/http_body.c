/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Connects libcurl with the source and the sink of contents. */

#include "http_body.h"

#include "base_text.h"

gboolean
httpCallIsCancelled(const HttpCall *call, GError **error)
{
    if (!cancelIsRaised(call->request->cancel))
        return FALSE;

    textToError(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "the request to %s was cancelled",
                call->config->endpoint.name);
    return TRUE;
}

/* A transfer in full flight does not leave libcurl for long; so the flag is looked at here, too. */
static gboolean
httpBodyGoesOn(HttpCall *call)
{
    return !call->reply.error && !httpCallIsCancelled(call, &call->reply.error);
}

/* size * count is not 0 on failure: an empty piece is always accepted. */
size_t
httpBodyTake(char *data, size_t size, size_t count, void *opaque)
{
    HttpCall *call = opaque;
    gboolean taken = httpBodyGoesOn(call) && httpReplyTakeBody(&call->reply, data, size * count);

    /*
     * The sink may have blocked; the server was not silent meanwhile. What it sends while it should
     * take contents does not count as activity.
     */
    if (!call->request->source)
        call->active = g_get_monotonic_time();
    return taken ? size * count : 0;
}

/* Returns: FALSE with call->reply.error set if @given differs from what was announced. */
static gboolean
httpBodyCheck(HttpCall *call, gssize given, size_t wanted)
{
    gint64 announced = call->request->sourceLength;

    if (call->reply.error)
        return FALSE;

    if (given < 0 || (size_t)given > wanted)
        textToError(&call->reply.error, HTTP_ERROR, HTTP_ERROR_SINK,
                    "the source of the data for %s failed without a reason",
                    call->config->endpoint.name);
    else if (given == 0 && announced >= 0)
        textToError(&call->reply.error, HTTP_ERROR, HTTP_ERROR_SINK,
                    "the data to be sent to %s ended after %" G_GINT64_FORMAT " of %"
                    G_GINT64_FORMAT " bytes", call->config->endpoint.name, call->given, announced);

    return !call->reply.error;
}

/* libcurl asks for as much as its buffer holds, which may be more than was announced. */
size_t
httpBodyGive(char *data, size_t size, size_t count, void *opaque)
{
    HttpCall *call = opaque;
    const HttpRequest *request = call->request;
    size_t wanted = size * count;
    gssize given = 0;

    if (request->sourceLength >= 0)
        wanted = MIN((guint64)wanted, (guint64)(request->sourceLength - call->given));
    if (wanted == 0) {
        call->givenAll = TRUE;
        return 0;
    }
    if (!httpBodyGoesOn(call))
        return CURL_READFUNC_ABORT;

    given = request->source(data, wanted, request->sourceOpaque, &call->reply.error);
    /* the source may have blocked; the server was not silent meanwhile */
    call->active = call->apart = g_get_monotonic_time();
    if (!httpBodyCheck(call, given, wanted))
        return CURL_READFUNC_ABORT;

    call->given += given;
    call->givenAll = given == 0 || call->given == request->sourceLength;
    return given;
}
