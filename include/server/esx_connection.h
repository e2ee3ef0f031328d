/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_places.h"
#include "esx_server.h"

/* What the URI says of one connection, which may share its server. */
typedef struct {
    guint connections;              /* how many fetch one download side by side */
    guint taskTimeoutMs;            /* task_timeout: how long a change may take */
    guint cacheTtlMs;               /* cache_ttl: how long an answer is good */
} EsxConnectionOptions;

/*
 * EsxConnection: what conn->privateData points to, for the connection driver and the storage facade
 * alike. Made by the driver's connectOpen, given up by its connectClose. libvirt may call in from
 * any number of threads.
 *
 * What it knows of the server it shares with other connections: see esx_server.h.
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
    size_t listBytes;               /* the most that the names of a list may take; 0: any */
    guint closeMs;                  /* how long esxConnectionFree waits for workers */
    char *host;                     /* of the URI, for messages */
    gboolean isGuest;               /* of a daemon's client that may not choose: esx_auth.h */
    gboolean encrypted;             /* transport is https */
    gboolean secure;                /* encrypted, and the server's certificate was checked */

    GMutex lock;                    /* guards what follows */
    gboolean closed;                /* esxConnectionFree has let go */
    guint busy;                     /* workers that go on behind an aborted stream, and others */
    GCond idle;                     /* busy became 0 */
} EsxConnection;

/*
 * How long a client that closes its connection waits for workers that are tidying up: its process
 * may end right after, and they with it. A daemon waits for none of them.
 */
#define ESX_CONNECTION_CLOSE_MS 60000

#define ESX_CONNECTION_CONNECTIONS 4
#define ESX_CONNECTION_CONNECTIONS_MAX 16

/*
 * Makes a connection object to a server that others may share. encrypted and secure are FALSE, and
 * closeMs is ESX_CONNECTION_CLOSE_MS; the caller changes them.
 *
 * @leave: called once, with @opaque, when neither the connection nor a worker of it uses @server
 * any more; on the thread of the last one.
 * @host: of the URI.
 * @ttlMs: URI parameter cache_ttl.
 */
EsxConnection *esxConnectionJoin(EsxServer *server,
                                 void (*leave)(EsxServer *server, gpointer opaque), gpointer opaque,
                                 const char *host, guint ttlMs);

/*
 * Each verb that may wait for a server begins with this: see esx_guests.h.
 *
 * Returns: (transfer full) to be ended by the end of the verb, on its thread; NULL for others than
 * guests.
 */
PlacesVisit *esxConnectionVisit(const EsxConnection *connection);

/*
 * A change of @pool was made through this driver, or the user wants it read again: the next read
 * of its volumes and of the inventory asks the server, and clients with event callbacks are told to
 * refresh.
 */
void esxConnectionChanged(EsxConnection *connection, const InventoryPool *pool);

/*
 * A worker thread holds @connection: between these two calls all of it stays valid, also when
 * esxConnectionFree has returned meanwhile. The last one to let go leaves the server and frees.
 * Each worker ends in bounded time, since its requests do.
 */
void esxConnectionHold(EsxConnection *connection);
void esxConnectionLeave(EsxConnection *connection);

/*
 * Waits for the workers, at most closeMs, and lets go. With a closeMs of 0, which is a daemon's,
 * this waits for nothing: libvirtd closes connections on its main loop. Accepts NULL.
 */
void esxConnectionFree(EsxConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxConnection, esxConnectionFree)
