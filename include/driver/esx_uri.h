/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "http_curl.h"

/*
 * The URI of a connection, taken apart and checked. Pure: no libvirt, no network, no files.
 *
 *   {esx|vpx}://[user@]host[:port]/embed?root=DIR[&NAME=VALUE]...
 *
 * NAME is read without regard to case. root and authfile are libvirt's own. Texts are UTF-8 without
 * control characters, so that they can be quoted; how long they may be is in base_limits.h.
 *
 *   transport=https|http          default https
 *   no_verify=0|1                 1: trust any certificate         at most one of
 *   cacert=/FILE                  trust what this PEM file signed   these three;
 *   thumbprint=HEX                trust this certificate only       https only
 *   proxy=[KIND://]HOST[:PORT]    see http_curl.h, which checks it
 *   path=DC/COMPUTE[/HOST]        vpx only: show this host; else all of vCenter
 *   per_host=0|1                  1: show what is one host's own as well; see esxUriShowsPerHost()
 *   cache_ttl=SECONDS             0 to 3600, default 2
 *   connect_timeout=SECONDS       0.1 to 600, default 10
 *   stall_timeout=SECONDS         0.1 to 3600, default 60
 *   timeout=SECONDS               0.1 to 86400, default 300
 *   task_timeout=SECONDS          1 to 604800, default 86400: how long a change may take
 *   linger=SECONDS                0 to 3600, default 5: how long a daemon stays logged in when the
 *                                 last connection has closed
 *   connections=N                 1 to 16, default 4: how many fetch one download side by side
 *   auto_answer=0|1  vcenter=HOST of libvirt's own ESX driver: checked, without effect here
 *
 * Seconds are decimal: "2", "0.5". A parameter given twice is an error, since it might be one that
 * decides on trust.
 */
typedef struct {
    const char *name;
    const char *value;
} EsxUriParameter;

/* What libvirt made of the URI; everything already percent-decoded. */
typedef struct {
    const char *scheme;
    const char *user;           /* NULL: none */
    const char *host;           /* an IPv6 address without its brackets; NULL: none */
    guint port;                 /* 0: none */
    const char *fragment;       /* NULL: none */
    const EsxUriParameter *parameters;
    size_t nparameters;
} EsxUriSource;

typedef struct {
    gboolean isVpx;
    char *user;                 /* NULL: to be asked for */
    char *host;
    guint port;
    gboolean hasPort;           /* the URI names it; else it is the transport's */
    HttpCurlOptions transport;  /* how the server is reached and trusted; without host and port */
    EsxConnectionOptions options;
    const char *path;           /* owned, as the texts of transport are */
    const char *perHost;        /* likewise; "0", "1", or NULL: the default */
    gboolean hasAuthFile;       /* authfile= was given */
    gboolean isGuest;           /* a client's that may not choose: see esx_auth.h */
    guint lingerMs;
    GPtrArray *warnings;        /* char *: sentences for the log */
} EsxUri;

#define ESX_URI_CACHE_TTL_MS 2000
#define ESX_URI_LINGER_MS 5000
#define ESX_URI_PORT_HTTPS 443
#define ESX_URI_PORT_HTTP 80

/*
 * Returns: (transfer full), or NULL with ESX_ERROR_INVALID_ARGUMENT: a sentence that names the
 * parameter, its value, and what is allowed.
 */
EsxUri *esxUriNew(const EsxUriSource *source, GError **error);

gboolean esxUriIsEncrypted(const EsxUri *uri);

/* Whether @uri shows the storage of several hosts: vpx:// without path=. */
gboolean esxUriHasManyHosts(const EsxUri *uri);

/* Whether @uri shows what is one host's own; by default where it has one host. */
gboolean esxUriShowsPerHost(const EsxUri *uri);

void esxUriFree(EsxUri *uri);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxUri, esxUriFree)

/*
 * Whoever chooses these chooses who gets the password: the name of the first that was given, or
 * NULL.
 */
const char *esxUriTrustParameter(const EsxUri *uri);

/*
 * For a client that may not choose (esx_auth.h): checks what costs the daemon or the host, and
 * marks @uri as such a client's. Time-outs and the like may be at most their defaults, cache_ttl at
 * least its; linger= becomes the default where it is shorter.
 *
 * Returns: FALSE with ESX_ERROR_DENIED that names the parameter and what it may be.
 */
gboolean esxUriCheckGuest(EsxUri *uri, GError **error);

/* Whether such clients can share the login of all others that say no more than the host. */
gboolean esxUriIsCommon(const EsxUri *uri);

/*
 * Returns: (transfer full) what two URIs must have in common to mean the same server, reached and
 * trusted in the same way, and the same part of it: scheme, host, port, and the parameters with
 * EsxUriRow.isKey. Not the user, who may come from elsewhere. Equal texts exactly where all of that
 * is equal.
 */
char *esxUriKey(const EsxUri *uri);
