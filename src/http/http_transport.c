/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The interface itself: dispatch, and what its implementations share. */

#include "http_transport.h"

#include <string.h>

#include "base_places.h"
#include "base_secret.h"

GQuark
httpErrorQuark(void)
{
    return g_quark_from_static_string("http-error-quark");
}

gboolean
httpErrorIsUnsent(const GError *error)
{
    if (!error || error->domain != HTTP_ERROR)
        return FALSE;

    switch ((HttpErrorCode)error->code) {
    case HTTP_ERROR_RESOLVE:
    case HTTP_ERROR_CONNECT:
    case HTTP_ERROR_TLS:
    case HTTP_ERROR_TRUST:
    case HTTP_ERROR_INVALID:
        return TRUE;
    case HTTP_ERROR_TIMEOUT:
    case HTTP_ERROR_PROTOCOL:
    case HTTP_ERROR_BROKEN:
    case HTTP_ERROR_CANCELLED:
    case HTTP_ERROR_SINK:
        return FALSE;
    }

    return FALSE;
}

void
httpResponseClear(HttpResponse *response)
{
    secretEraseFree(response->setCookie);
    g_free(response->contentType);
    g_free(response->contentRange);
    g_free(response->contentEncoding);
    g_free(response->location);
    *response = (HttpResponse){ 0 };
}

guint
httpTransportTimeoutMs(const HttpTransport *transport)
{
    return transport->totalTimeoutMs ? transport->totalTimeoutMs : HTTP_TOTAL_TIMEOUT_MS;
}

gboolean
httpTransportPerform(HttpTransport *transport, const HttpRequest *request, HttpSink sink,
                     gpointer opaque, HttpResponse *ret_response, GError **error)
{
    if (!placesAwait(error))
        return FALSE;
    return transport->ops->perform(transport, request, sink, opaque, ret_response, error);
}

gboolean
httpIdentityEqual(const HttpIdentity *a, const HttpIdentity *b)
{
    return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

gboolean
httpTransportIdentity(HttpTransport *transport, HttpIdentity *ret_identity)
{
    return transport->identity && transport->identity(transport, ret_identity);
}

void
httpTransportFree(HttpTransport *transport)
{
    if (transport)
        transport->ops->free(transport);
}
