/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"

/* A connection with a server of its own, for tests of what stands on it. */

static inline void
connectionLeaveAlone(EsxServer *server, gpointer opaque G_GNUC_UNUSED)
{
    esxServerFree(server);
}

/* @session, @scope: (transfer full). */
static inline EsxConnection *
esxConnectionNew(ViSession *session, InventoryScope *scope, const char *host, guint ttlMs)
{
    EsxServer *server = esxServerNew(session, scope, host, 443 /* port */);

    return esxConnectionJoin(server, connectionLeaveAlone, NULL /* opaque */, host, ttlMs);
}
