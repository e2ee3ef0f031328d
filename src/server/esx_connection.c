/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Data of one libvirt connection. */

#include "esx_connection.h"

#include "esx_guests.h"
#include "vi_file.h"

PlacesVisit *
esxConnectionVisit(const EsxConnection *connection)
{
    return connection->isGuest ? esxGuestsVisit() : NULL;
}

EsxConnection *
esxConnectionJoin(EsxServer *server, void (*leave)(EsxServer *server, gpointer opaque),
                  gpointer opaque, const char *host, guint ttlMs)
{
    EsxConnection *connection = g_new0(EsxConnection, 1);

    connection->server = server;
    connection->session = server->session;
    connection->inventory = server->inventory;
    connection->transfer = server->transfer;
    connection->events = server->events;
    connection->leave = leave;
    connection->opaque = opaque;
    connection->options.connections = ESX_CONNECTION_CONNECTIONS;
    connection->options.taskTimeoutMs = VI_FILE_TIMEOUT_MS;
    connection->options.cacheTtlMs = ttlMs;
    connection->closeMs = ESX_CONNECTION_CLOSE_MS;
    connection->host = g_strdup(host);
    g_mutex_init(&connection->lock);
    g_cond_init(&connection->idle);
    return connection;
}

void
esxConnectionChanged(EsxConnection *connection, const InventoryPool *pool)
{
    esxServerExpire(connection->server, pool);
    inventoryExpire(connection->inventory);
    esxEventsRefresh(connection->events, pool);
}

static void
freeUnheld(EsxConnection *connection)
{
    connection->leave(connection->server, connection->opaque);
    g_cond_clear(&connection->idle);
    g_mutex_clear(&connection->lock);
    g_free(connection->host);
    g_free(connection);
}

void
esxConnectionHold(EsxConnection *connection)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&connection->lock);

    connection->busy++;
}

void
esxConnectionLeave(EsxConnection *connection)
{
    gboolean last = FALSE;

    /*
     * Signal with the lock held: the waiting thread frees the condition as soon as it has the lock.
     */
    g_mutex_lock(&connection->lock);
    if (--connection->busy == 0)
        g_cond_broadcast(&connection->idle);
    last = connection->busy == 0 && connection->closed;
    g_mutex_unlock(&connection->lock);
    if (last)
        freeUnheld(connection);
}


void
esxConnectionFree(EsxConnection *connection)
{
    gint64 deadline = 0;
    gboolean last = FALSE;

    if (!connection)
        return;

    deadline = g_get_monotonic_time() + connection->closeMs * G_TIME_SPAN_MILLISECOND;
    g_mutex_lock(&connection->lock);
    while (connection->closeMs > 0 && connection->busy > 0 &&
           g_cond_wait_until(&connection->idle, &connection->lock, deadline))
        continue;
    connection->closed = TRUE;
    last = connection->busy == 0;
    g_mutex_unlock(&connection->lock);
    if (last)
        freeUnheld(connection);
}
