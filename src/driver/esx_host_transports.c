/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* How the hosts behind a vCenter are reached and trusted. */

#include "esx_host_transports.h"

#include "base_text.h"
#include "http_curl.h"

struct _EsxHostTransports {
    char *scheme;
    HttpTrust trust;
    char *caFile;
    char *proxy;
    guint connectTimeoutMs;
    guint stallTimeoutMs;
    guint totalTimeoutMs;
};

EsxHostTransports *
esxHostTransportsNew(const EsxUri *uri)
{
    EsxHostTransports *hosts = g_new0(EsxHostTransports, 1);

    hosts->scheme = g_strdup(uri->isEncrypted ? "https" : "http");
    hosts->trust = uri->trust;
    hosts->caFile = g_strdup(uri->caFile);
    hosts->proxy = g_strdup(uri->proxy);
    hosts->connectTimeoutMs = uri->connectTimeoutMs;
    hosts->stallTimeoutMs = uri->stallTimeoutMs;
    hosts->totalTimeoutMs = uri->totalTimeoutMs;
    return hosts;
}

void
esxHostTransportsFree(gpointer opaque)
{
    EsxHostTransports *hosts = opaque;

    if (!hosts)
        return;
    g_free(hosts->scheme);
    g_free(hosts->caFile);
    g_free(hosts->proxy);
    g_free(hosts);
}

HttpTransport *
esxHostTransportsMake(const char *host, guint port, const char *thumbprint, gpointer opaque,
                  GError **error)
{
    const EsxHostTransports *hosts = opaque;
    const gboolean encrypted = g_str_equal(hosts->scheme, "https");
    HttpCurlOptions options = {
        .scheme = hosts->scheme,
        .host = host,
        .port = port,
        .trust = hosts->trust,
        .caFile = hosts->caFile,
        .proxy = hosts->proxy,
        .connectTimeoutMs = hosts->connectTimeoutMs,
        .stallTimeoutMs = hosts->stallTimeoutMs,
        .totalTimeoutMs = hosts->totalTimeoutMs,
    };

    if (encrypted && thumbprint && hosts->trust != HTTP_TRUST_ANY) {
        options.trust = HTTP_TRUST_THUMBPRINT;
        options.thumbprint = thumbprint;
        options.caFile = NULL;
    }
    /* The URI's own thumbprint is that of the vCenter, and says nothing of its hosts. */
    if (options.trust == HTTP_TRUST_THUMBPRINT && !options.thumbprint) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_TRUST,
                    "The certificate of the host '%s' cannot be checked: vCenter did not give its "
                    "thumbprint.", host);
        return NULL;
    }
    return httpCurlNew(&options, error);
}
