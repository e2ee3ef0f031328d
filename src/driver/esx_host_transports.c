/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* How the hosts behind a vCenter are reached and trusted. */

#include "esx_host_transports.h"

#include "base_text.h"
#include "http_curl.h"

EsxHostTransports *
esxHostTransportsNew(const EsxUri *uri)
{
    EsxHostTransports *hosts = g_memdup2(&uri->transport, sizeof(uri->transport));

    hosts->caFile = g_strdup(hosts->caFile);
    hosts->proxy = g_strdup(hosts->proxy);
    /* The thumbprint in the URI is that of the vCenter, not of its hosts. */
    hosts->thumbprint = NULL;
    return hosts;
}

void
esxHostTransportsFree(gpointer opaque)
{
    EsxHostTransports *hosts = opaque;

    if (!hosts)
        return;
    g_free((gpointer)hosts->caFile);
    g_free((gpointer)hosts->proxy);
    g_free(hosts);
}

HttpTransport *
esxHostTransportsMake(const char *host, guint port, const char *thumbprint, gpointer opaque,
                      GError **error)
{
    const EsxHostTransports *hosts = opaque;
    const gboolean encrypted = g_str_equal(hosts->scheme, "https");
    HttpCurlOptions options = *hosts;

    options.host = host;
    options.port = port;
    if (encrypted && thumbprint && hosts->trust != HTTP_TRUST_ANY) {
        options.trust = HTTP_TRUST_THUMBPRINT;
        options.thumbprint = thumbprint;
        options.caFile = NULL;
    }
    if (options.trust == HTTP_TRUST_THUMBPRINT && !options.thumbprint) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_TRUST,
                    "the certificate of the host '%s' cannot be checked: vCenter did not provide "
                    "its thumbprint", host);
        return NULL;
    }
    return httpCurlNew(&options, error);
}
