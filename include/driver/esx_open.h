/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "esx_uri.h"

/*
 * From a checked URI to a connection. The way of an open that shares nothing:
 *
 *   esxOpenSession       transport, RetrieveServiceContent, product against scheme
 *                       (no login yet, so that nothing can leak)
 *   esxOpenServer        Login, path=, server object (whatever fails now logs out)
 *   esxOpenConnection   connection object
 *
 * One that joins a login needs the last step only.
 */

/* Returns: (transfer full) a session that is not logged in, or NULL with @error. */
ViSession *esxOpenSession(const EsxUri *uri, GError **error);

/*
 * The same over a transport that is there already, for tests.
 *
 * @transport: (transfer full), also on error.
 */
ViSession *esxOpenSessionOver(HttpTransport *transport, const EsxUri *uri, GError **error);

/*
 * @session, @password: (transfer full), also on error.
 * Returns: (transfer full), or NULL with @error.
 */
EsxServer *esxOpenServer(ViSession *session, const EsxUri *uri, const char *userName,
                        Secret *password, GError **error);

/* @leave, @opaque: see esxConnectionJoin(). Returns: (transfer full), always. */
EsxConnection *esxOpenConnection(EsxServer *server, const EsxUri *uri,
                                 void (*leave)(EsxServer *server, gpointer opaque),
                                 gpointer opaque);
