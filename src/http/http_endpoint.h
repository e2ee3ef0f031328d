/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_curl.h"

/*
 * The server of a transport, in the forms for libcurl and for messages. Made once, then read by any
 * thread.
 */
typedef struct {
    char *url;          /* "https://[::1]:443", to be followed by a path */
    char *host;         /* as given, without brackets */
    char *name;         /* "[::1]:443", for messages */
    char *proxy;        /* "socks5://host:port", for libcurl, or "" for none */
    gboolean tls;
} HttpEndpoint;

/*
 * Checks scheme, host, port and proxy of @options.
 *
 * Returns: FALSE with HTTP_ERROR_INVALID if one of them cannot work; the message names it.
 */
gboolean httpEndpointInit(HttpEndpoint *endpoint, const HttpCurlOptions *options, GError **error);

void httpEndpointClear(HttpEndpoint *endpoint);
