/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_uri.h"
#include "vi_transfer.h"

/*
 * Transports to the hosts behind a vCenter, for the contents of files. The URI determines how such
 * a host is trusted: with no_verify=1 in any case; else by the thumbprint that vCenter, which is
 * trusted, sent with the ticket; without one, by the authorities of the URI. The proxy and the
 * timeouts are those of the URI.
 */
typedef HttpCurlOptions EsxHostTransports;

/* Copies what it needs from @uri. */
EsxHostTransports *esxHostTransportsNew(const EsxUri *uri);

/* GDestroyNotify; accepts NULL. */
void esxHostTransportsFree(gpointer hosts);

/* ViTransportFactory; @opaque is an EsxHostTransports. */
HttpTransport *esxHostTransportsMake(const char *host, guint port, const char *thumbprint,
                                     gpointer opaque, GError **error);
