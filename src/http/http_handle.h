/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_endpoint.h"
#include "http_verify.h"

/* Shared by all handles of a transport. Made once, then read by any thread. */
typedef struct {
    HttpEndpoint endpoint;
    HttpPolicy policy;
    char *userAgent;
    guint connectTimeoutMs;
    guint stallTimeoutMs;
    guint totalTimeoutMs;
} HttpConfig;

/* One connection to the server, open or not yet made. Used by one thread at a time. */
typedef struct _HttpHandle HttpHandle;

/*
 * @config stays the caller's and must outlive the handle.
 *
 * Returns: (transfer full), or NULL with HTTP_ERROR_INVALID if libcurl lacks a required feature.
 */
HttpHandle *httpHandleNew(const HttpConfig *config, GError **error);

/* Closes the connection; accepts NULL. */
void httpHandleFree(HttpHandle *handle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpHandle, httpHandleFree)

/* Like httpTransportIdentity, for this connection. */
gboolean httpHandleIdentity(const HttpHandle *handle, HttpIdentity *ret_identity);

/* Like httpTransportPerform. After a failure the handle can be used again; it then reconnects. */
gboolean httpHandlePerform(HttpHandle *handle, const HttpRequest *request, HttpSink sink,
                           gpointer opaque, HttpResponse *ret_response, GError **error);
