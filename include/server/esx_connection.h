/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_places.h"
#include "esx_server.h"

/* Settings of one connection from its URI; it may share its server. */
typedef struct {
    guint connections;              /* parallel requests of one download */
    guint taskTimeoutMs;            /* task_timeout: how long a change may take */
    guint cacheTtlMs;               /* cache_ttl: how long an answer is good */
    guint rescanIntervalMs;         /* rescan_interval: how long a rescan of an adapter is */
} EsxConnectionOptions;

/*
 * EsxConnection: the conn->privateData of the connection driver and of the storage facade. The
 * driver's connectOpen makes it, and its connectClose drops it. libvirt may call from any number of
 * threads.
 *
 * Data about the server is shared with other connections: see esx_server.h.
 */
typedef struct {
    EsxServer *server;
    /* Of @server, for short: */
    ViSession *session;
    Inventory *inventory;
    ViTransfer *transfer;
    EsxEvents *events;

    void (*leave)(EsxServer *server, gpointer opaque);
    gpointer opaque;
    EsxConnectionOptions options;
    guint finishMs;                 /* URI parameter timeout: how long a stream's Finish may take */
    guint clientMs;                 /* how long a transfer waits for its client; 0: any time */
    size_t listBytes;               /* limit for the names of a list; 0: none */
    guint closeMs;                  /* how long esxConnectionFree waits for workers */
    char *host;                     /* of the URI, for messages */
    gboolean isGuest;               /* of a restricted client of a daemon: esx_auth.h */
    gboolean encrypted;             /* transport is https */
    gboolean secure;                /* encrypted, and the server's certificate was checked */

    GMutex lock;                    /* guards what follows */
    gboolean closed;                /* esxConnectionFree has dropped its reference */
    guint busy;                     /* workers, including those of aborted streams */
    GCond idle;                     /* busy became 0 */
} EsxConnection;

/*
 * How long a client that closes its connection waits for workers that are cleaning up: its process
 * may end right after, and they with it. A daemon does not wait for them.
 */
#define ESX_CONNECTION_CLOSE_MS 60000

#define ESX_CONNECTION_CONNECTIONS 4
#define ESX_CONNECTION_CONNECTIONS_MAX 16

/*
 * Makes a connection to a server that others may share. encrypted and secure are FALSE, and closeMs
 * is ESX_CONNECTION_CLOSE_MS; the caller may change them.
 *
 * @leave: called once, with @opaque, when neither the connection nor a worker of it uses @server
 * any more, on the thread of the last one.
 * @host: of the URI.
 * @ttlMs: URI parameter cache_ttl.
 */
EsxConnection *esxConnectionJoin(EsxServer *server,
                                 void (*leave)(EsxServer *server, gpointer opaque), gpointer opaque,
                                 const char *host, guint ttlMs);

/*
 * Each verb that may wait for a server calls this first: see esx_guests.h.
 *
 * Returns: (transfer full) to be ended at the end of the verb, on its thread; NULL unless the
 * client is a guest.
 */
PlacesVisit *esxConnectionVisit(const EsxConnection *connection);

/*
 * A change of @pool was made through this driver, or the user requested a refresh: the next read of
 * its volumes and of the inventory asks the server, and clients with event callbacks get a REFRESH
 * event.
 */
void esxConnectionChanged(EsxConnection *connection, const InventoryPool *pool);

/*
 * A worker thread holds @connection: between these two calls it stays valid, even if
 * esxConnectionFree has returned meanwhile. The last holder leaves the server and frees it. Each
 * worker ends in bounded time, because its requests do.
 */
void esxConnectionHold(EsxConnection *connection);
void esxConnectionLeave(EsxConnection *connection);

/*
 * Waits for the workers, at most closeMs, and drops the connection. With a closeMs of 0, as in a
 * daemon, it does not wait: libvirtd closes connections on its main loop. Accepts NULL.
 */
void esxConnectionFree(EsxConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxConnection, esxConnectionFree)
