/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "http_curl.h"

/*
 * The URI of a connection, parsed and checked. Pure: no libvirt, no network, no files.
 *
 *   {esx|vpx}://[user@]host[:port]/embed?root=DIR[&NAME=VALUE]...
 *
 * NAME is not case-sensitive. root and authfile are libvirt's own. Texts are UTF-8 without control
 * characters, so that they can be quoted; base_limits.h has their maximum lengths.
 *
 *   transport=https|http          default https
 *   no_verify=0|1                 1: trust any certificate         at most one of
 *   cacert=/FILE                  trust what this PEM file signed   these three;
 *   thumbprint=HEX                trust this certificate only       https only
 *   proxy=[KIND://]HOST[:PORT]    see http_curl.h, which checks it
 *   path=DC/COMPUTE[/HOST]        vpx only: show this host; else all of vCenter
 *   per_host=0|1                  1: also show a single host's own; see esxUriShowsPerHost()
 *   cache_ttl=SECONDS             0 to 3600, default 2
 *   rescan_interval=SECONDS       0 to 3600, default 10: how long a rescan is good
 *   connect_timeout=SECONDS       0.1 to 600, default 10
 *   stall_timeout=SECONDS         0.1 to 3600, default 60
 *   timeout=SECONDS               0.1 to 86400, default 300
 *   task_timeout=SECONDS          1 to 604800, default 86400: how long a change may take
 *   linger=SECONDS                0 to 3600, default 5: how long a daemon stays logged in when the
 *                                 last connection has closed
 *   connections=N                 1 to 16, default 4: parallel requests of one download
 *   auto_answer=0|1  vcenter=HOST of libvirt's own ESX driver: checked, without effect here
 *
 * Seconds are decimal: "2", "0.5". A parameter given twice is an error, since it might determine
 * trust.
 */
typedef struct {
    const char *name;
    const char *value;
} EsxUriParameter;

/* The URI as parsed by libvirt, percent-decoded. */
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
    char *user;                 /* NULL: ask for it */
    char *host;
    guint port;
    gboolean hasPort;           /* port is from the URI; else it is the transport's default */
    HttpCurlOptions transport;  /* how the server is reached and trusted; without host and port */
    EsxConnectionOptions options;
    const char *path;           /* owned, like the texts of transport */
    const char *perHost;        /* owned; "0", "1", or NULL: the default */
    gboolean hasAuthFile;       /* authfile= was given */
    gboolean isGuest;           /* of a restricted client: see esx_auth.h */
    guint lingerMs;
    GPtrArray *warnings;        /* char *: messages for the log */
} EsxUri;

#define ESX_URI_CACHE_TTL_MS 2000
#define ESX_URI_RESCAN_INTERVAL_MS 10000
#define ESX_URI_LINGER_MS 5000
#define ESX_URI_PORT_HTTPS 443
#define ESX_URI_PORT_HTTP 80

/*
 * Returns: (transfer full), or NULL with ESX_ERROR_INVALID_ARGUMENT: a message that names the
 * parameter, its value, and what is allowed.
 */
EsxUri *esxUriNew(const EsxUriSource *source, GError **error);

gboolean esxUriIsEncrypted(const EsxUri *uri);

/* Whether @uri shows the storage of several hosts: vpx:// without path=. */
gboolean esxUriHasManyHosts(const EsxUri *uri);

/* Whether @uri shows what belongs to a single host; the default if it has only one host. */
gboolean esxUriShowsPerHost(const EsxUri *uri);

void esxUriFree(EsxUri *uri);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxUri, esxUriFree)

/*
 * The parameters that determine which server gets the password: the name of the first one given, or
 * NULL.
 */
const char *esxUriTrustParameter(const EsxUri *uri);

/*
 * For a restricted client (esx_auth.h): checks parameters that burden the daemon or the host, and
 * marks @uri as such a client's. Timeouts and similar may be at most their defaults, cache_ttl and
 * rescan_interval at least theirs; a shorter linger= is set to the default.
 *
 * Returns: FALSE with ESX_ERROR_DENIED that names the parameter and its allowed values.
 */
gboolean esxUriCheckGuest(EsxUri *uri, GError **error);

/* Whether restricted clients with @uri can share the common login, of URIs with only a host. */
gboolean esxUriIsCommon(const EsxUri *uri);

/*
 * Returns: (transfer full) what two URIs must have in common to mean the same server, reached and
 * trusted in the same way, and the same part of it: scheme, host, port, and the parameters with
 * EsxUriRow.isKey. It does not include the user, which may come from elsewhere. Texts are equal
 * exactly if all of that is equal.
 */
char *esxUriKey(const EsxUri *uri);
