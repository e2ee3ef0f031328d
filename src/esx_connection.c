/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What belongs to one libvirt connection, and the order in which it goes. */

#include "esx_connection.h"

#include "esx_vmfs_listing.h"
#include "vi_file.h"

gint *
esxConnectionCancelFlag(void)
{
    static gint cancel;

    return &cancel;
}

EsxConnection *
esxConnectionNew(ViSession *session, InventoryScope *scope, const char *host, guint ttlMs)
{
    EsxConnection *connection = g_new0(EsxConnection, 1);

    viSessionSetCancel(session, esxConnectionCancelFlag());
    connection->session = session;
    connection->inventory = inventoryNew(session, scope);
    connection->listings = esxVmfsListingsNew();
    connection->connections = ESX_CONNECTION_CONNECTIONS;
    connection->taskTimeoutMs = VI_FILE_TIMEOUT_MS;
    connection->cacheTtlMs = ttlMs;
    connection->folder = viFolderNew(session);
    connection->host = g_strdup(host);
    g_mutex_init(&connection->lock);
    g_cond_init(&connection->idle);
    return connection;
}

void
esxConnectionHold(EsxConnection *connection)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&connection->lock);

    connection->busy++;
}

void
esxConnectionRelease(EsxConnection *connection)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&connection->lock);

    /* Woken with the lock held: who waits frees the condition as soon as it has the lock. */
    if (--connection->busy == 0)
        g_cond_broadcast(&connection->idle);
}

static void
awaitWorkers(EsxConnection *connection)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&connection->lock);

    while (connection->busy > 0)
        g_cond_wait(&connection->idle, &connection->lock);
}

const InventoryHardware *
esxConnectionHardware(EsxConnection *connection, GError **error)
{
    const InventoryHardware *hardware = NULL;
    InventoryHardware *fetched = NULL;

    g_mutex_lock(&connection->lock);
    hardware = connection->hardware;
    g_mutex_unlock(&connection->lock);
    if (hardware)
        return hardware;

    /*
     * Without the lock: the network may be slow. Of two threads that ask at once, one's answer
     * stays.
     */
    fetched = inventoryHardwareNew(connection->session, inventoryScope(connection->inventory),
                                   error);
    if (!fetched)
        return NULL;

    g_mutex_lock(&connection->lock);
    if (!connection->hardware)
        connection->hardware = g_steal_pointer(&fetched);
    hardware = connection->hardware;
    g_mutex_unlock(&connection->lock);
    inventoryHardwareFree(fetched);
    return hardware;
}

void
esxConnectionFree(EsxConnection *connection)
{
    if (!connection)
        return;

    awaitWorkers(connection);

    /* The session last: it serves the others, and its end is the logout. */
    esxVmfsListingsFree(connection->listings);
    inventoryFree(connection->inventory);
    viFolderFree(connection->folder);
    viSessionFree(connection->session);
    inventoryHardwareFree(connection->hardware);
    if (connection->hostsFree)
        connection->hostsFree(connection->hosts);
    g_cond_clear(&connection->idle);
    g_mutex_clear(&connection->lock);
    g_free(connection->host);
    g_free(connection);
}
