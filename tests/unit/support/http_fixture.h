/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_curl.h"

/*
 * http_server.py as a child of the test, and requests in one line. Whatever fails here ends the
 * test program.
 */

void httpServerStart(void);
void httpServerStop(void);

/* Returns: (transfer none): what the server printed for @name, e.g. "sha256.good". */
const char *httpServerFact(const char *name);

/* Returns: the port of a listener, e.g. "plain"; 0 for one that this machine cannot have (IPv6). */
guint httpServerPort(const char *listener);

/* Options for https to @listener on 127.0.0.1, any certificate, timeouts of a few seconds. */
HttpCurlOptions httpServerOptions(const char *listener);

/* Returns: (transfer full): a transport with these options. */
HttpTransport *httpTransportMake(const HttpCurlOptions *options);

/*
 * Performs @request and collects the reply's body.
 *
 * Returns: (transfer full): the body, or NULL with @error set. @ret_response may be NULL.
 */
char *httpFetch(HttpTransport *transport, const HttpRequest *request, HttpResponse *ret_response,
                GError **error);

/* GET of @path, which must succeed. */
char *httpGet(HttpTransport *transport, const char *path);

/* GET of @path, which must fail with @code; the message must hold @part and HOST:PORT. */
void httpGetFails(HttpTransport *transport, const char *path, HttpErrorCode code, const char *part);

/*
 * Asserts that @error has @code, that its message holds @part, and that it is a sentence; frees it.
 */
void httpAssertError(GError *error, HttpErrorCode code, const char *part);
