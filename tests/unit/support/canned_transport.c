/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "canned_transport.h"

#include <string.h>

/* Nothing in a test takes as long; a thread that waits for more will wait for ever. */
#define PATIENCE_SECONDS 50

/* How often a request that is held back looks whether it was cancelled. */
#define LOOK_MS 5

/* How a reply reaches the sink: in pieces that are no elements. */
#define PIECE 4093

typedef struct {
    CannedExchange is;      /* with strings of its own */
} Exchange;

typedef struct {
    HttpTransport base;
    Canned *canned;
} CannedTransport;

struct _Canned {
    GMutex lock;            /* guards what follows */
    GCond changed;
    GHashTable *queues;     /* method → GQueue of Exchange */
    GHashTable *counts;     /* method → number of requests */
    GHashTable *open;       /* methods whose gate is open */
    GPtrArray *requests;    /* CannedRequest */
    guint logged;           /* requests a test has seen in the log */
    Exchange *spoil;        /* instead of what is scripted for request number spoilAt */
    guint spoilAt;
    guint cutAt;            /* 0: never */
    size_t cutLength;
    gboolean lent;
    guint timeoutMs;
    gboolean freed;
};

static void
exchangeFree(gpointer data)
{
    Exchange *exchange = data;

    g_free((char *)exchange->is.contentType);
    g_free((char *)exchange->is.setCookie);
    g_free((char *)exchange->is.location);
    g_free((char *)exchange->is.bytes);
    g_free(exchange);
}

static void
queueFree(gpointer data)
{
    g_queue_free_full(data, exchangeFree);
}

static void
requestFree(gpointer data)
{
    CannedRequest *request = data;

    g_free(request->method);
    g_strfreev(request->headers);
    g_free(request->path);
    g_free(request->body);
    g_free(request);
}

Canned *
cannedNew(void)
{
    Canned *canned = g_new0(Canned, 1);

    g_mutex_init(&canned->lock);
    g_cond_init(&canned->changed);
    canned->queues = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, queueFree);
    canned->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    canned->open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    canned->requests = g_ptr_array_new_with_free_func(requestFree);
    return canned;
}

static void
assertAllAsked(Canned *canned)
{
    GHashTableIter iter;
    gpointer method;
    gpointer queue;

    g_hash_table_iter_init(&iter, canned->queues);
    while (g_hash_table_iter_next(&iter, &method, &queue)) {
        Exchange *exchange = g_queue_peek_head(queue);

        if (exchange && !exchange->is.always)
            g_error("nobody asked for a scripted %s", (const char *)method);
    }
}

void
cannedFree(Canned *canned)
{
    if (!canned)
        return;

    if (canned->lent && !canned->freed)
        g_error("the transport was not freed");
    assertAllAsked(canned);
    g_clear_pointer(&canned->spoil, exchangeFree);
    g_hash_table_unref(canned->queues);
    g_hash_table_unref(canned->counts);
    g_hash_table_unref(canned->open);
    g_ptr_array_unref(canned->requests);
    g_cond_clear(&canned->changed);
    g_mutex_clear(&canned->lock);
    g_free(canned);
}

/* ---- the transport -------------------------------------------------------------------------- */

/* "Login" of "…<soapenv:Body><Login xmlns=…". */
static char *
methodOf(const HttpRequest *request)
{
    static const char marker[] = "<soapenv:Body><";
    const char *start = request->body ? strstr(request->body, marker) : NULL;

    if (!start)
        g_error("a request without a method: %s", request->body ? request->body : "(no body)");
    start += strlen(marker);
    return g_strndup(start, strcspn(start, " />"));
}

/* Called with the lock held. */
static void
record(Canned *canned, const HttpRequest *request, const char *method)
{
    CannedRequest *copy = g_new0(CannedRequest, 1);
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(canned->counts, method)) + 1;

    copy->method = g_strdup(method);
    copy->headers = g_strdupv((char **)request->headers);
    copy->path = g_strdup(request->path);
    copy->body = g_strndup(request->body, request->bodyLength);
    copy->timeoutMs = request->timeoutMs;
    copy->quietMs = request->quietMs;
    copy->deadline = request->deadline;
    copy->noRetry = request->noRetry;
    copy->cancellable = request->cancel != NULL;
    copy->cancel = request->cancel;
    g_ptr_array_add(canned->requests, copy);
    g_hash_table_insert(canned->counts, g_strdup(method), GUINT_TO_POINTER(count));
    g_cond_broadcast(&canned->changed);
}

static void
waitForChange(Canned *canned, gint64 deadline, const char *what, const char *method)
{
    if (!g_cond_wait_until(&canned->changed, &canned->lock, deadline))
        g_error("waited for %s of %s for %d seconds", what, method, PATIENCE_SECONDS);
}

static gint64
patience(void)
{
    return g_get_monotonic_time() + PATIENCE_SECONDS * G_USEC_PER_SEC;
}

static gboolean
isCancelled(const HttpRequest *request)
{
    return cancelIsRaised(request->cancel);
}

/* Waits for the gate, or until nobody wants the reply any more. */
static void
holdBack(Canned *canned, const HttpRequest *request, const char *method)
{
    gint64 deadline = patience();

    while (!g_hash_table_contains(canned->open, method) && !isCancelled(request)) {
        gint64 next = g_get_monotonic_time() + LOOK_MS * G_TIME_SPAN_MILLISECOND;

        if (g_get_monotonic_time() > deadline)
            g_error("waited for the gate of %s for %d seconds", method, PATIENCE_SECONDS);
        /* Others stay asleep until then, so that they can be seen to. */
        if (!request->cancel)
            next = deadline;
        g_cond_wait_until(&canned->changed, &canned->lock, next);
    }
}

/*
 * Takes the next exchange for @method; the caller frees it when @ret_mine. @ret_length is written
 * when the reply is cut.
 */
static Exchange *
take(Canned *canned, const HttpRequest *request, const char *method, gboolean *ret_mine,
     size_t *ret_length)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&canned->lock);
    GQueue *queue = g_hash_table_lookup(canned->queues, method);
    Exchange *exchange = queue ? g_queue_peek_head(queue) : NULL;

    record(canned, request, method);
    if (canned->spoil && canned->requests->len == canned->spoilAt) {
        *ret_mine = TRUE;
        return g_steal_pointer(&canned->spoil);
    }
    if (canned->requests->len == canned->cutAt)
        *ret_length = canned->cutLength;
    if (!exchange)
        g_error("nobody scripted this %s", method);
    *ret_mine = !exchange->is.always;
    if (*ret_mine)
        g_queue_pop_head(queue);

    if (exchange->is.held)
        holdBack(canned, request, method);
    return exchange;
}

static gboolean
play(const CannedExchange *is, size_t ceiling, HttpSink sink, gpointer opaque,
     HttpResponse *ret_response, GError **error)
{
    g_auto(HttpResponse) response = { .status = is->status ? is->status : 200 };
    const char *type = is->contentType ? is->contentType : "text/xml; charset=utf-8";
    size_t left = is->bytes ? MIN(strlen(is->bytes), ceiling) : 0;
    const char *at = is->bytes;

    response.contentType = *type ? g_strdup(type) : NULL;
    response.setCookie = g_strdup(is->setCookie);
    response.location = g_strdup(is->location);
    while (left > 0) {
        size_t length = MIN(left, PIECE);

        if (sink && !sink(&response, at, length, opaque, error))
            return FALSE;
        at += length;
        left -= length;
    }
    *ret_response = response;
    response = (HttpResponse){ 0 };
    return TRUE;
}

static gboolean
cannedPerform(HttpTransport *transport, const HttpRequest *request, HttpSink sink, gpointer opaque,
              HttpResponse *ret_response, GError **error)
{
    Canned *canned = ((CannedTransport *)transport)->canned;
    g_autofree char *method = methodOf(request);
    gboolean mine = FALSE;
    gboolean ok = FALSE;
    size_t length = G_MAXSIZE;
    Exchange *exchange = take(canned, request, method, &mine, &length);

    if (exchange->is.hook)
        exchange->is.hook(exchange->is.hookData);
    if (exchange->is.held && isCancelled(request))
        g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "the request was cancelled");
    else if (exchange->is.domain)
        g_set_error(error, exchange->is.domain, exchange->is.code, "scripted trouble");
    else
        ok = play(&exchange->is, length, sink, opaque, ret_response, error);
    if (mine)
        exchangeFree(exchange);
    return ok;
}

static void
cannedTransportFree(HttpTransport *transport)
{
    ((CannedTransport *)transport)->canned->freed = TRUE;
    g_free(transport);
}

HttpTransport *
cannedTransport(Canned *canned)
{
    static const HttpTransportOps ops = { cannedPerform, cannedTransportFree };
    CannedTransport *transport = g_new0(CannedTransport, 1);

    g_assert_false(canned->lent);
    canned->lent = TRUE;
    transport->base.ops = &ops;
    transport->base.totalTimeoutMs = canned->timeoutMs;
    transport->canned = canned;
    return &transport->base;
}

void
cannedSetTimeout(Canned *canned, guint timeoutMs)
{
    canned->timeoutMs = timeoutMs;
}

/* ---- the script ----------------------------------------------------------------------------- */

static Exchange *
exchangeCopy(const CannedExchange *exchange)
{
    Exchange *copy = g_new0(Exchange, 1);

    copy->is = *exchange;
    copy->is.contentType = g_strdup(exchange->contentType);
    copy->is.setCookie = g_strdup(exchange->setCookie);
    copy->is.location = g_strdup(exchange->location);
    copy->is.bytes = g_strdup(exchange->bytes);
    return copy;
}

void
cannedSpoil(Canned *canned, guint n, const CannedExchange *instead)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&canned->lock);

    g_clear_pointer(&canned->spoil, exchangeFree);
    canned->spoil = exchangeCopy(instead);
    canned->spoilAt = canned->requests->len + n;
}

void
cannedCut(Canned *canned, guint n, size_t length)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&canned->lock);

    canned->cutAt = canned->requests->len + n;
    canned->cutLength = length;
}

void
cannedAdd(Canned *canned, const char *method, const CannedExchange *exchange)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&canned->lock);
    GQueue *queue = g_hash_table_lookup(canned->queues, method);
    Exchange *copy = exchangeCopy(exchange);

    if (!queue) {
        queue = g_queue_new();
        g_hash_table_insert(canned->queues, g_strdup(method), queue);
    }
    g_queue_push_tail(queue, copy);
}

void
cannedReply(Canned *canned, const char *method, const char *inner)
{
    g_autofree char *bytes = cannedEnvelope(method, inner);

    cannedAdd(canned, method, &(CannedExchange){ .bytes = bytes });
}

void
cannedReplyAlways(Canned *canned, const char *method, const char *inner)
{
    g_autofree char *bytes = cannedEnvelope(method, inner);

    cannedAdd(canned, method, &(CannedExchange){ .bytes = bytes, .always = TRUE });
}

void
cannedFault(Canned *canned, const char *method, const char *fault, const char *text)
{
    g_autofree char *bytes = cannedFaultEnvelope(fault, text, NULL);

    cannedAdd(canned, method, &(CannedExchange){ .status = 500, .bytes = bytes });
}

void
cannedFail(Canned *canned, const char *method, GQuark domain, gint code)
{
    cannedAdd(canned, method, &(CannedExchange){ .domain = domain, .code = code });
}

static char *
inEnvelope(const char *body)
{
    return g_strdup_printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                           "<soapenv:Envelope"
                           " xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\"\n"
                           " xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"\n"
                           " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"\n"
                           " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n"
                           "<soapenv:Body>\n%s\n</soapenv:Body>\n</soapenv:Envelope>", body);
}

char *
cannedEnvelope(const char *method, const char *inner)
{
    g_autofree char *body =
        g_strdup_printf("<%sResponse xmlns=\"urn:vim25\">%s</%sResponse>", method, inner, method);

    return inEnvelope(body);
}

char *
cannedFaultEnvelope(const char *fault, const char *text, const char *detail)
{
    g_autofree char *body = g_strdup_printf(
        "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>%s</faultstring><detail>"
        "<%sFault xmlns=\"urn:vim25\" xsi:type=\"%s\">%s</%sFault></detail></soapenv:Fault>",
        text, fault, fault, detail ? detail : "", fault);

    return inEnvelope(body);
}

char *
cannedData(const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "vi", name, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

/* ---- what was asked ------------------------------------------------------------------------- */

void
cannedAssertLog(Canned *canned, const char *methods)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&canned->lock);
    g_autoptr(GString) log = g_string_new(NULL);

    for (; canned->logged < canned->requests->len; canned->logged++) {
        const CannedRequest *request = g_ptr_array_index(canned->requests, canned->logged);

        g_string_append_printf(log, "%s%s", log->len > 0 ? " " : "", request->method);
    }
    g_assert_cmpstr(log->str, ==, methods);
}

guint
cannedCount(Canned *canned, const char *method)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&canned->lock);

    return GPOINTER_TO_UINT(g_hash_table_lookup(canned->counts, method));
}

const CannedRequest *
cannedLast(Canned *canned, const char *method)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&canned->lock);
    guint i;

    for (i = canned->requests->len; i > 0; i--) {
        const CannedRequest *request = g_ptr_array_index(canned->requests, i - 1);

        if (g_str_equal(request->method, method))
            return request;
    }
    g_error("there was no %s", method);
}

const char *
cannedHeader(const CannedRequest *request, const char *name)
{
    g_autofree char *prefix = g_strdup_printf("%s: ", name);
    size_t i;

    for (i = 0; request->headers[i]; i++) {
        if (g_str_has_prefix(request->headers[i], prefix))
            return request->headers[i] + strlen(prefix);
    }
    return NULL;
}

/* ---- gates ---------------------------------------------------------------------------------- */

void
cannedAwait(Canned *canned, const char *method, guint n)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&canned->lock);
    gint64 deadline = patience();

    while (GPOINTER_TO_UINT(g_hash_table_lookup(canned->counts, method)) < n)
        waitForChange(canned, deadline, "a request", method);
}

void
cannedOpen(Canned *canned, const char *method)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&canned->lock);

    g_hash_table_add(canned->open, g_strdup(method));
    g_cond_broadcast(&canned->changed);
}
