/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What belongs to one libvirt connection, and the order in which it goes. */

#include "esx_connection.h"

#include "esx_vmfs_listing.h"

EsxConnection *
esxConnectionNew(ViSession *session, InventoryScope *scope, const char *host, guint ttlMs)
{
    EsxConnection *connection = g_new0(EsxConnection, 1);

    connection->session = session;
    connection->inventory = inventoryNew(session, scope, ttlMs);
    connection->listings = esxVmfsListingsNew(ttlMs);
    connection->host = g_strdup(host);
    return connection;
}

void
esxConnectionFree(EsxConnection *connection)
{
    if (!connection)
        return;

    /* The session last: it serves the others, and its end is the logout. */
    esxVmfsListingsFree(connection->listings);
    inventoryFree(connection->inventory);
    viSessionFree(connection->session);
    g_free(connection->host);
    g_free(connection);
}
