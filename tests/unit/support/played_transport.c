/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "played_transport.h"

#include <string.h>

/* How a body reaches the sink, and a source is asked: in small pieces. */
#define PIECE 3

#define PATIENCE_SECONDS 50

struct _Played {
    GMutex lock;            /* guards what follows */
    GCond changed;
    GQueue *replies;        /* PlayedReply */
    PlayedReply always;
    gboolean hasAlways;
    GString *log;
    guint count;
};

typedef struct {
    HttpTransport base;
    Played *played;
    HttpTransport *sdk;
} PlayedTransport;

Played *
playedNew(void)
{
    Played *played = g_new0(Played, 1);

    g_mutex_init(&played->lock);
    g_cond_init(&played->changed);
    played->replies = g_queue_new();
    played->log = g_string_new(NULL);
    return played;
}

void
playedFree(Played *played)
{
    if (!played)
        return;
    if (!g_queue_is_empty(played->replies))
        g_error("nobody asked for %u scripted replies", g_queue_get_length(played->replies));
    g_queue_free(played->replies);
    g_string_free(played->log, TRUE);
    g_cond_clear(&played->changed);
    g_mutex_clear(&played->lock);
    g_free(played);
}

void
playedAdd(Played *played, const PlayedReply *reply)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&played->lock);

    g_queue_push_tail(played->replies, g_memdup2(reply, sizeof(*reply)));
}

void
playedAlways(Played *played, const PlayedReply *reply)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&played->lock);

    played->always = *reply;
    played->hasAlways = TRUE;
}

/* ---- the transport -------------------------------------------------------------------------- */

/* Returns: (transfer none) the value of a header line of @request, or NULL. */
static const char *
headerOf(const HttpRequest *request, const char *name)
{
    const char *const *line;

    for (line = request->headers; line && *line; line++) {
        if (g_str_has_prefix(*line, name))
            return *line + strlen(name);
    }
    return NULL;
}

static PlayedReply
takeReply(Played *played, const HttpRequest *request)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&played->lock);
    g_autofree PlayedReply *scripted = g_queue_pop_head(played->replies);
    const char *range = headerOf(request, "Range: bytes=");
    const char *cookie = headerOf(request, "Cookie: ");

    if (!scripted && !played->hasAlways)
        g_error("nobody scripted this %s %s", request->method, request->path);
    g_string_append_printf(played->log, "%s%s %s", played->log->len > 0 ? "\n" : "",
                           request->method, request->path);
    if (range)
        g_string_append_printf(played->log, " %s", range);
    if (cookie)
        g_string_append_printf(played->log, " <%s", cookie);
    return scripted ? *scripted : played->always;
}

/* A request is counted when all of it is in the log. */
static void
count(Played *played)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&played->lock);

    played->count++;
    g_cond_broadcast(&played->changed);
}

/* Takes what @reply lets in. Returns: FALSE with @error when the source fails. */
static gboolean
drain(Played *played, const HttpRequest *request, const PlayedReply *reply, GError **error)
{
    g_autoptr(GString) got = g_string_new(request->body);
    char piece[PIECE];
    gssize length = request->source ? 1 : 0;

    while (length > 0 && (reply->takes == 0 || got->len < reply->takes)) {
        length = request->source(piece, sizeof(piece), request->sourceOpaque, error);
        if (length > 0)
            g_string_append_len(got, piece, length);
    }
    {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&played->lock);

        g_string_append_printf(played->log, " =%s", got->str);
    }
    return length >= 0;
}

static gboolean
sendBody(const PlayedReply *reply, const HttpRequest *request, HttpResponse *response,
         HttpSink sink, gpointer opaque, GError **error)
{
    const char *at = reply->body ? reply->body : "";
    size_t left = g_str_equal(request->method, "HEAD") ? 0 : strlen(at);

    while (left > 0) {
        size_t length = MIN(left, PIECE);

        if (sink && !sink(response, at, length, opaque, error))
            return FALSE;
        at += length;
        left -= length;
    }
    return TRUE;
}

static gboolean
play(Played *played, const HttpRequest *request, HttpSink sink, gpointer opaque,
     HttpResponse *ret_response, GError **error)
{
    const gboolean isContents = request->source || headerOf(request, "Range");
    const PlayedReply reply = takeReply(played, request);
    const char *type = reply.contentType ? reply.contentType : "application/octet-stream";
    g_auto(HttpResponse) response = { .status = reply.status ? reply.status : 200 };
    gboolean drained = !g_str_equal(request->method, "PUT") || reply.unheard ||
                       drain(played, request, &reply, error);

    /* Contents may take as long as they take; all else is over at some time. */
    g_assert_cmpint(request->streamed, ==, isContents);
    g_assert_true(isContents || request->deadline > 0);
    count(played);
    if (!drained)
        return FALSE;
    if (reply.hook)
        reply.hook(reply.hookData);

    response.contentType = *type ? g_strdup(type) : NULL;
    response.contentRange = g_strdup(reply.contentRange);
    response.location = g_strdup(reply.location);
    response.contentLength = reply.contentLength;
    if (reply.contentLength == 0 && reply.body)
        response.contentLength = (gint64)strlen(reply.body);
    if (!sendBody(&reply, request, &response, sink, opaque, error))
        return FALSE;
    if (reply.domain) {
        g_set_error(error, reply.domain, reply.code, "Scripted trouble.");
        return FALSE;
    }
    *ret_response = response;
    response = (HttpResponse){ 0 };
    return TRUE;
}

static gboolean
playedPerform(HttpTransport *transport, const HttpRequest *request, HttpSink sink, gpointer opaque,
              HttpResponse *ret_response, GError **error)
{
    PlayedTransport *own = (PlayedTransport *)transport;

    if (own->sdk && g_str_equal(request->path, "/sdk"))
        return httpTransportPerform(own->sdk, request, sink, opaque, ret_response, error);
    return play(own->played, request, sink, opaque, ret_response, error);
}

static void
playedTransportFree(HttpTransport *transport)
{
    PlayedTransport *own = (PlayedTransport *)transport;

    httpTransportFree(own->sdk);
    g_free(own);
}

HttpTransport *
playedTransport(Played *played, HttpTransport *sdk)
{
    static const HttpTransportOps ops = { playedPerform, playedTransportFree };
    PlayedTransport *transport = g_new0(PlayedTransport, 1);

    transport->base.ops = &ops;
    transport->played = played;
    transport->sdk = sdk;
    return &transport->base;
}

/* ---- what was asked ------------------------------------------------------------------------- */

void
playedAssertLog(Played *played, const char *log)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&played->lock);

    g_assert_cmpstr(played->log->str, ==, log);
    g_string_truncate(played->log, 0);
}

void
playedForgetLog(Played *played)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&played->lock);

    g_string_truncate(played->log, 0);
}

guint
playedCount(Played *played)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&played->lock);

    return played->count;
}

void
playedAwait(Played *played, guint n)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&played->lock);
    gint64 deadline = g_get_monotonic_time() + PATIENCE_SECONDS * G_USEC_PER_SEC;

    while (played->count < n) {
        if (!g_cond_wait_until(&played->changed, &played->lock, deadline))
            g_error("waited for %u requests for %d seconds", n, PATIENCE_SECONDS);
    }
}
