/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * The pool of handles. A request takes one; it is the request's alone while it runs; then it is put
 * back. The lock is held to take and to put, never while the network is busy. The one put back last
 * is taken first, since its connection is the least likely to have been closed by the server.
 */

#include "http_curl.h"

#include "http_handle.h"

#include <curl/curl.h>
#include <pthread.h>

typedef struct {
    HttpTransport base;
    HttpConfig config;
    pthread_mutex_t lock;       /* guards idle; not a GMutex, which thread sanitizers cannot see */
    GPtrArray *idle;            /* of HttpHandle */
} HttpCurl;

/* Never undone: others in this process may use libcurl, too. */
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
    if (self->idle->len > 0)
        handle = g_ptr_array_steal_index(self->idle, self->idle->len - 1);
    pthread_mutex_unlock(&self->lock);

    return handle;
}

/* @handle: (transfer full) */
static void
httpCurlPutIdle(HttpCurl *self, HttpHandle *handle)
{
    g_autoptr(HttpHandle) surplus = handle;

    pthread_mutex_lock(&self->lock);
    if (self->idle->len < HTTP_IDLE_HANDLES)
        g_ptr_array_add(self->idle, g_steal_pointer(&surplus));
    pthread_mutex_unlock(&self->lock);
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
    httpCurlPutIdle(self, handle);
    return ok;
}

static void
httpCurlFree(HttpTransport *transport)
{
    HttpCurl *self = (HttpCurl *)transport;

    g_ptr_array_unref(self->idle);
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
    pthread_mutex_init(&self->lock, NULL);
    self->idle = g_ptr_array_new_with_free_func((GDestroyNotify)httpHandleFree);

    config->userAgent = g_strdup(options->userAgent ? options->userAgent : HTTP_USER_AGENT);
    config->connectTimeoutMs = options->connectTimeoutMs ? options->connectTimeoutMs :
                               HTTP_CONNECT_TIMEOUT_MS;
    config->stallTimeoutMs = options->stallTimeoutMs ? options->stallTimeoutMs :
                             HTTP_STALL_TIMEOUT_MS;
    config->totalTimeoutMs = options->totalTimeoutMs ? options->totalTimeoutMs :
                             HTTP_TOTAL_TIMEOUT_MS;
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
