/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The steps of opening a connection that do not need libvirt. */

#include "esx_open.h"

#include "base_limits.h"
#include "base_text.h"
#include "esx_error.h"
#include "esx_host_transports.h"
#include "http_curl.h"

/* A host opened as a vCenter, or the other way round, would answer but show something else. */
static gboolean
esxOpenCheckProduct(const ViSession *session, const EsxUri *uri, GError **error)
{
    const ViAbout *about = viSessionAbout(session);
    const char *is = NULL;

    if (about->product == (uri->isVpx ? VI_PRODUCT_VPX : VI_PRODUCT_ESX))
        return TRUE;

    if (about->product == VI_PRODUCT_ESX)
        is = "an ESX host; use esx:// instead of vpx://";
    else if (about->product == VI_PRODUCT_VPX)
        is = "a vCenter; use vpx:// instead of esx://";

    if (is)
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT, "the server '%s' (%s) is %s",
                    uri->host, about->fullName, is);
    else
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "the server '%s' (%s, product line '%s') is neither an ESX host nor a "
                    "vCenter; this driver supports only these", uri->host, about->fullName,
                    about->productLine);
    return FALSE;
}

ViSession *
esxOpenSessionOver(HttpTransport *transport, const EsxUri *uri, GError **error)
{
    g_autoptr(ViSession) session = viSessionNew(transport, error);

    if (!session || !esxOpenCheckProduct(session, uri, error))
        return NULL;
    return g_steal_pointer(&session);
}

ViSession *
esxOpenSession(const EsxUri *uri, GError **error)
{
    HttpCurlOptions options = uri->transport;
    HttpTransport *transport = NULL;

    options.host = uri->host;
    options.port = uri->port;
    transport = httpCurlNew(&options, error);
    return transport ? esxOpenSessionOver(transport, uri, error) : NULL;
}

EsxServer *
esxOpenServer(ViSession *session, const EsxUri *uri, const char *userName, Secret *password,
              GError **error)
{
    g_autoptr(ViSession) owned = session;
    InventoryScope *scope = NULL;
    EsxServer *server = NULL;

    /* A process that ends waits for no login. */
    viSessionSetCancel(owned, esxServerCancelFlag());
    if (!viSessionLogin(owned, userName, password, error)) {
        textAddToError(error, "cannot log in to '%s' as '%s': ", uri->host, userName);
        return NULL;
    }

    scope = uri->path ? inventoryResolvePath(owned, uri->path, error) : g_new0(InventoryScope, 1);
    if (!scope)
        return NULL;
    scope->manyHosts = esxUriHasManyHosts(uri);
    scope->perHost = esxUriShowsPerHost(uri);

    server = esxServerNew(g_steal_pointer(&owned), scope, uri->host, uri->port);
    server->hosts = esxHostTransportsNew(uri);
    server->hostsFree = esxHostTransportsFree;
    viTransferSetHosts(server->transfer, esxHostTransportsMake, server->hosts);
    return server;
}

EsxConnection *
esxOpenConnection(EsxServer *server, const EsxUri *uri,
                  void (*leave)(EsxServer *server, gpointer opaque), gpointer opaque)
{
    EsxConnection *connection = esxConnectionJoin(server, leave, opaque, uri->host,
                                                  uri->options.cacheTtlMs);

    connection->options = uri->options;
    connection->finishMs = uri->transport.totalTimeoutMs;
    connection->clientMs = LIMIT_CLIENT_SILENCES * uri->transport.stallTimeoutMs;
    connection->encrypted = esxUriIsEncrypted(uri);
    connection->secure = connection->encrypted && uri->transport.trust != HTTP_TRUST_ANY;
    return connection;
}
