/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_endpoint.h"
#include "http_verify.h"

/* What all handles of a transport share. Made once, then read by any thread. */
typedef struct {
    HttpEndpoint endpoint;
    HttpPolicy policy;
    char *userAgent;
    guint connectTimeoutMs;
    guint stallTimeoutMs;
    guint totalTimeoutMs;
} HttpConfig;

/* One connection to the server, alive or yet to be made. Used by one thread at a time. */
typedef struct _HttpHandle HttpHandle;

/*
 * @config stays the caller's and must outlive the handle.
 *
 * Returns: (transfer full), or NULL with HTTP_ERROR_INVALID when libcurl has not what it takes.
 */
HttpHandle *httpHandleNew(const HttpConfig *config, GError **error);

/* Closes the connection; accepts NULL. */
void httpHandleFree(HttpHandle *handle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpHandle, httpHandleFree)

/* As httpTransportIdentity, of this connection. */
gboolean httpHandleIdentity(const HttpHandle *handle, HttpIdentity *ret_identity);

/* As httpTransportPerform. After a failure the handle may be used again; it then connects anew. */
gboolean httpHandlePerform(HttpHandle *handle, const HttpRequest *request, HttpSink sink,
                           gpointer opaque, HttpResponse *ret_response, GError **error);
