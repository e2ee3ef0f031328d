/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "esx_uri.h"

/*
 * Makes a connection from a checked URI. The steps of an open that shares nothing:
 *
 *   esxOpenSession       transport, RetrieveServiceContent, product against scheme
 *                       (no login yet, so nothing can leak)
 *   esxOpenServer        Login, path=, server object (a failure from here on logs out)
 *   esxOpenConnection   connection object
 *
 * An open that joins a login needs only the last step.
 */

/* Returns: (transfer full) a session that is not logged in, or NULL with @error. */
ViSession *esxOpenSession(const EsxUri *uri, GError **error);

/*
 * The same with an existing transport, for tests.
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
