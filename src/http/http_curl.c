/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * The pool of handles. A request takes a handle, owns it while it runs, and then puts it back. The
 * lock is held to take and to put back, not during network I/O. The handle that was put back last
 * is taken first, because its connection is the least likely to have been closed by the server.
 * Surplus handles therefore collect at the other end, and are closed from there.
 */

#include "http_curl.h"

#include "http_handle.h"

#include <curl/curl.h>
#include <pthread.h>

typedef struct {
    HttpHandle *handle;
    gint64 since;               /* g_get_monotonic_time() */
} HttpIdle;

typedef struct {
    HttpTransport base;
    HttpConfig config;
    pthread_mutex_t lock;       /* guards idle; not a GMutex, which thread sanitizers cannot see */
    GArray *idle;               /* of HttpIdle, the longest idle first */
    guint idleTimeoutMs;
    HttpIdentity identity;      /* guarded by the lock, like the next */
    gboolean hasIdentity;
} HttpCurl;

/* Not undone: other code in this process may use libcurl too. */
static void
httpCurlInitOnce(void)
{
    static gsize done = 0;

    if (g_once_init_enter(&done)) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        g_once_init_leave(&done, 1);
    }
}

/* Returns: (transfer full): an idle handle, or NULL. */
static HttpHandle *
httpCurlTakeIdle(HttpCurl *self)
{
    HttpHandle *handle = NULL;

    pthread_mutex_lock(&self->lock);
    if (self->idle->len > 0) {
        handle = g_array_index(self->idle, HttpIdle, self->idle->len - 1).handle;
        g_array_set_size(self->idle, self->idle->len - 1);
    }
    pthread_mutex_unlock(&self->lock);

    return handle;
}

/*
 * With the lock held. Returns: (transfer full): a handle that is surplus, or has been idle for too
 * long; or NULL.
 */
static HttpHandle *
httpCurlLockedTakeSurplus(HttpCurl *self, gint64 now)
{
    HttpIdle eldest = { 0 };

    if (self->idle->len == 0)
        return NULL;

    eldest = g_array_index(self->idle, HttpIdle, 0);
    if (self->idle->len <= HTTP_IDLE_HANDLES &&
        now - eldest.since <= self->idleTimeoutMs * G_TIME_SPAN_MILLISECOND)
        return NULL;

    g_array_remove_index(self->idle, 0);
    return eldest.handle;
}

/*
 * @handle: (transfer full).
 * @ok: whether its request succeeded. After a failure the connection is usually closed, so the
 * handle is taken again only after all others, which need not connect.
 */
static void
httpCurlPutIdle(HttpCurl *self, HttpHandle *handle, gboolean ok)
{
    const gint64 now = g_get_monotonic_time();
    HttpIdle idle = { .handle = handle, .since = now };
    HttpHandle *surplus = NULL;

    pthread_mutex_lock(&self->lock);
    if (!ok && self->idle->len > 0) {
        idle.since = g_array_index(self->idle, HttpIdle, 0).since;
        g_array_prepend_val(self->idle, idle);
    } else {
        g_array_append_val(self->idle, idle);
    }
    while ((surplus = httpCurlLockedTakeSurplus(self, now))) {
        /* closing notifies the server, and may take some time */
        pthread_mutex_unlock(&self->lock);
        httpHandleFree(surplus);
        pthread_mutex_lock(&self->lock);
    }
    pthread_mutex_unlock(&self->lock);
}

/* What @handle has learned about the host; a kept connection has it from before. */
static void
httpCurlTakeIdentity(HttpCurl *self, const HttpHandle *handle)
{
    HttpIdentity identity;

    if (!httpHandleIdentity(handle, &identity))
        return;
    pthread_mutex_lock(&self->lock);
    self->identity = identity;
    self->hasIdentity = TRUE;
    pthread_mutex_unlock(&self->lock);
}

static gboolean
httpCurlIdentity(HttpTransport *transport, HttpIdentity *ret_identity)
{
    HttpCurl *self = (HttpCurl *)transport;
    gboolean known = FALSE;

    pthread_mutex_lock(&self->lock);
    known = self->hasIdentity;
    if (known)
        *ret_identity = self->identity;
    pthread_mutex_unlock(&self->lock);
    return known;
}

static gboolean
httpCurlPerform(HttpTransport *transport, const HttpRequest *request, HttpSink sink,
                gpointer opaque, HttpResponse *ret_response, GError **error)
{
    HttpCurl *self = (HttpCurl *)transport;
    HttpHandle *handle = httpCurlTakeIdle(self);
    gboolean ok = FALSE;

    if (!handle)
        handle = httpHandleNew(&self->config, error);
    if (!handle)
        return FALSE;

    ok = httpHandlePerform(handle, request, sink, opaque, ret_response, error);
    if (ok && !ret_response->reused)
        httpCurlTakeIdentity(self, handle);
    if (ok || !request->source) {
        httpCurlPutIdle(self, handle, ok);
        return ok;
    }

    /*
     * A source that was interrupted: libcurl 8 may remember that it has to rewind it, fails to do
     * so before the next request of the handle, and then fails that request
     * (CURLE_SEND_FAIL_REWIND).
     */
    httpHandleFree(handle);
    return FALSE;
}

static void
httpCurlFree(HttpTransport *transport)
{
    HttpCurl *self = (HttpCurl *)transport;
    guint i;

    for (i = 0; i < self->idle->len; i++)
        httpHandleFree(g_array_index(self->idle, HttpIdle, i).handle);
    g_array_unref(self->idle);
    pthread_mutex_destroy(&self->lock);
    httpPolicyClear(&self->config.policy);
    httpEndpointClear(&self->config.endpoint);
    g_free(self->config.userAgent);
    g_free(self);
}

static const HttpTransportOps httpCurlOps = {
    .perform = httpCurlPerform,
    .free = httpCurlFree,
};

static HttpCurl *
httpCurlAlloc(const HttpCurlOptions *options)
{
    HttpCurl *self = g_new0(HttpCurl, 1);
    HttpConfig *config = &self->config;

    self->base.ops = &httpCurlOps;
    self->base.identity = httpCurlIdentity;
    pthread_mutex_init(&self->lock, NULL);
    self->idle = g_array_new(FALSE, FALSE, sizeof(HttpIdle));
    self->idleTimeoutMs = options->idleTimeoutMs ? options->idleTimeoutMs : HTTP_IDLE_TIMEOUT_MS;

    config->userAgent = g_strdup(options->userAgent ? options->userAgent : HTTP_USER_AGENT);
    config->connectTimeoutMs = options->connectTimeoutMs ? options->connectTimeoutMs :
                               HTTP_CONNECT_TIMEOUT_MS;
    config->stallTimeoutMs = options->stallTimeoutMs ? options->stallTimeoutMs :
                             HTTP_STALL_TIMEOUT_MS;
    config->totalTimeoutMs = options->totalTimeoutMs ? options->totalTimeoutMs :
                             HTTP_TOTAL_TIMEOUT_MS;
    self->base.totalTimeoutMs = config->totalTimeoutMs;
    return self;
}

HttpTransport *
httpCurlNew(const HttpCurlOptions *options, GError **error)
{
    HttpCurl *self = NULL;
    g_autoptr(HttpTransport) transport = NULL;

    httpCurlInitOnce();

    self = httpCurlAlloc(options);
    transport = &self->base;
    if (!httpEndpointInit(&self->config.endpoint, options, error) ||
        !httpPolicyInit(&self->config.policy, options, error))
        return NULL;

    return g_steal_pointer(&transport);
}
