/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_server.h"

/*
 * EsxConnection: what conn->privateData points to, for the connection driver and the storage facade
 * alike. Made by the driver's connectOpen, freed by its connectClose. libvirt may call in from any
 * number of threads.
 *
 * What it knows of the server it shares with other connections: see esx_server.h.
 */
typedef struct {
    EsxServer *server;
    /* Of @server, for short: */
    ViSession *session;
    Inventory *inventory;
    EsxVmfsListings *listings;
    ViFolder *folder;
    EsxEvents *events;

    void (*leave)(EsxServer *server, gpointer opaque);
    gpointer opaque;
    guint connections;              /* URI parameter: how many fetch one download side by side */
    guint taskTimeoutMs;            /* URI parameter task_timeout: how long a change may take */
    guint cacheTtlMs;               /* URI parameter cache_ttl: how long an answer is good */
    char *host;                     /* of the URI, for messages */
    gboolean encrypted;             /* transport is https */
    gboolean secure;                /* encrypted, and the server's certificate was checked */

    GMutex lock;                    /* guards what follows */
    guint busy;                     /* workers that go on behind an aborted stream, and others */
    GCond idle;                     /* busy became 0 */
} EsxConnection;

#define ESX_CONNECTION_CONNECTIONS 4
#define ESX_CONNECTION_CONNECTIONS_MAX 16

/*
 * Makes a connection object to a server that others may share. encrypted and secure are FALSE; the
 * caller sets them.
 *
 * @leave: called once, with @opaque, when the connection uses @server no more.
 * @host: of the URI.
 * @ttlMs: URI parameter cache_ttl.
 */
EsxConnection *esxConnectionJoin(EsxServer *server,
                                 void (*leave)(EsxServer *server, gpointer opaque), gpointer opaque,
                                 const char *host, guint ttlMs);

/*
 * The same with a server of its own around an open session, for tests.
 *
 * @session, @scope: (transfer full).
 */
EsxConnection *esxConnectionNew(ViSession *session, InventoryScope *scope, const char *host,
                                guint ttlMs);

/*
 * Something in @pool was changed through this driver, or the user wants it read anew: the next read
 * of its volumes and of the inventory asks the server, and who listens to events is told to
 * refresh.
 */
void esxConnectionChanged(EsxConnection *connection, const InventoryPool *pool);

/*
 * A worker thread holds @connection: between these two calls esxConnectionFree waits. Each worker
 * ends in bounded time, since its requests do.
 */
void esxConnectionHold(EsxConnection *connection);
void esxConnectionRelease(EsxConnection *connection);

/* Waits for the workers, leaves the server and frees. Accepts NULL. */
void esxConnectionFree(EsxConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxConnection, esxConnectionFree)
