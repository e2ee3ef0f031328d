/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Between libcurl and those who give and take contents.
 *
 * A server that refuses a body answers, and closes the connection while it is still being sent.
 * libcurl would find a broken connection when it sends on, and never read the answer. So before it
 * gets another piece to send, we look whether something has come; then that piece is held back
 * until libcurl has read.
 */

#include "http_body.h"

#include <poll.h>
#include <string.h>

gboolean
httpCallIsCancelled(const HttpCall *call, GError **error)
{
    const gint *cancel = call->request->cancel;

    if (!cancel || !g_atomic_int_get(cancel))
        return FALSE;

    g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "The request to %s was cancelled.",
                call->config->endpoint.name);
    return TRUE;
}

/* A transfer in full flight does not leave libcurl for long; so the flag is looked at here, too. */
static gboolean
httpBodyGoesOn(HttpCall *call)
{
    return !call->reply.error && !httpCallIsCancelled(call, &call->reply.error);
}

/* size * count is never 0 on failure: an empty piece is always taken. */
size_t
httpBodyTake(char *data, size_t size, size_t count, void *opaque)
{
    HttpCall *call = opaque;
    gboolean taken = httpBodyGoesOn(call) && httpReplyTakeBody(&call->reply, data, size * count);

    /* the sink may have blocked; the server was not silent meanwhile */
    call->active = g_get_monotonic_time();
    return taken ? size * count : 0;
}

/* Returns: FALSE with call->reply.error set when @given is not what was announced. */
static gboolean
httpBodyCheck(HttpCall *call, gssize given, size_t wanted)
{
    gint64 announced = call->request->sourceLength;

    if (call->reply.error)
        return FALSE;

    if (given < 0 || (size_t)given > wanted)
        g_set_error(&call->reply.error, HTTP_ERROR, HTTP_ERROR_SINK,
                    "What gives the contents for %s failed without a reason.",
                    call->config->endpoint.name);
    else if (given == 0 && announced >= 0)
        g_set_error(&call->reply.error, HTTP_ERROR, HTTP_ERROR_SINK,
                    "The contents to be sent to %s ended after %" G_GINT64_FORMAT " of %"
                    G_GINT64_FORMAT " bytes.", call->config->endpoint.name, call->given, announced);

    return !call->reply.error;
}

/* Whether the server has sent something that libcurl has not read. */
static gboolean
httpBodyIsAnswered(const HttpCall *call)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    struct pollfd look = { 0 };

    if (curl_easy_getinfo(call->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
        fd == CURL_SOCKET_BAD)
        return FALSE;

    look = (struct pollfd){ .fd = fd, .events = POLLIN };
    return poll(&look, 1, 0) > 0;
}

/* Puts what was held back into @data. */
static size_t
httpBodyGiveHeld(HttpCall *call, char *data, size_t size)
{
    guint length = MIN((size_t)call->held->len, size);

    memcpy(data, call->held->data, length);
    g_byte_array_remove_range(call->held, 0, length);
    if (call->held->len == 0)
        g_clear_pointer(&call->held, g_byte_array_unref);
    return length;
}

/* Asks the source for at most @wanted bytes. */
static size_t
httpBodyAsk(HttpCall *call, char *data, size_t wanted)
{
    const HttpRequest *request = call->request;
    gssize given = request->source(data, wanted, request->sourceOpaque, &call->reply.error);

    /* the source may have blocked; the server was not silent meanwhile */
    call->active = g_get_monotonic_time();
    if (!httpBodyCheck(call, given, wanted))
        return CURL_READFUNC_ABORT;

    call->given += given;
    if (given > 0 && httpBodyIsAnswered(call)) {
        call->held = g_byte_array_append(g_byte_array_new(), (const guint8 *)data, given);
        call->paused = TRUE;
        return CURL_READFUNC_PAUSE;
    }
    return given;
}

size_t
httpBodyGive(char *data, size_t size, size_t count, void *opaque)
{
    HttpCall *call = opaque;
    gint64 announced = call->request->sourceLength;
    size_t wanted = size * count;

    if (call->held)
        return httpBodyGiveHeld(call, data, wanted);

    /* libcurl asks for what its buffer can take */
    if (announced >= 0)
        wanted = MIN((guint64)wanted, (guint64)(announced - call->given));
    if (wanted == 0)
        return 0;
    return httpBodyGoesOn(call) ? httpBodyAsk(call, data, wanted) : CURL_READFUNC_ABORT;
}

void
httpBodyResume(HttpCall *call)
{
    call->paused = FALSE;
    curl_easy_pause(call->easy, CURLPAUSE_CONT);
}
