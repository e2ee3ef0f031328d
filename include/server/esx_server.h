/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_left_out.h"
#include "esx_events.h"
#include "inventory_hardware.h"
#include "vi_transfer.h"

/*
 * EsxServer: what all connections of this process to one server share that could log in there in
 * the same way: one session, and what is known through it. Who shares it is decided in the driver's
 * floor, see esx_logins.h; here it is made, and goes.
 *
 * Any number of threads may use it at once; each of its parts has its own lock.
 */

/*
 * What a backend keeps of one server, made when the backend first asks for it. The address of the
 * struct says whose it is.
 */
typedef struct {
    gpointer (*new)(void);
    void (*free)(gpointer state);
    /* Something in @pool, of whatever kind, may have changed: it must be read again. */
    void (*expire)(gpointer state, const InventoryPool *pool);
} EsxServerState;

typedef struct {
    char *host;                     /* of the URI, for messages */
    ViSession *session;
    Inventory *inventory;
    ViTransfer *transfer;               /* contents of files */
    EsxEvents *events;              /* who receives events of changes */
    gpointer hosts;                 /* what its transports to hosts are made from, or NULL */
    GDestroyNotify hostsFree;
    /*
     * Atomic: when the Finish of an upload in a daemon last waited in vain, in monotonic seconds;
     * 0: not since one was in time. Static, and one for all logins at one host and port: clients
     * choose how many logins there are.
     */
    gint *missed;

    GMutex lock;                    /* guards what follows */
    InventoryHardware *hardware;    /* NULL: not asked for yet */
    GHashTable *leftOut;            /* listing → what the log says of it */
    GHashTable *states;             /* EsxServerState → what its backend keeps */
} EsxServer;

/*
 * From now on every change of the inventory that is noticed goes to the events, and the log says
 * once each time when the server starts or stops reporting changes, and why.
 *
 * @session, @scope: (transfer full); @session must be logged in, @scope may be NULL.
 */
EsxServer *esxServerNew(ViSession *session, InventoryScope *scope, const char *host);

/*
 * Has EsxServer.missed be that of the host and the port, for all logins there; before this call it
 * is that of the host alone.
 */
void esxServerShareMissed(EsxServer *server, const char *host, guint port);

/*
 * Asks the server the first time it is called (1 request).
 *
 * Returns: (transfer none) valid as long as @server, or NULL with @error.
 */
const InventoryHardware *esxServerHardware(EsxServer *server, GError **error);

/*
 * Returns: (transfer none) what the backend of @kind keeps of @server, valid as long as @server;
 * made by the first call.
 */
gpointer esxServerStateOf(EsxServer *server, const EsxServerState *kind);

/* Tells all that backends keep of @server that something in @pool may have changed. */
void esxServerExpire(EsxServer *server, const InventoryPool *pool);

/*
 * Says in the log what @listing ("the pools", "the volumes of pool 'ds1'") had to leave out: once,
 * and again when that has changed. Nothing is said of nothing.
 */
void esxServerTellLeftOut(EsxServer *server, const char *listing, const LeftOut *out);

/*
 * Raised when the process is to end (libvirtd is being stopped): each request to each server ends
 * soon, and servers are asked to cancel tasks. Atomic; for ViChange.cancel and its like.
 */
gint *esxServerCancelFlag(void);

/*
 * For the end of the process, where somebody may still have @server and never come to leave it:
 * ends the inventory's thread and logs out. Nobody may be calling through it.
 */
void esxServerStop(EsxServer *server);

/*
 * Ends the inventory's thread, logs out (at most a few seconds, if it is unreachable) and
 * frees. Nobody may be using it. Accepts NULL.
 */
void esxServerFree(EsxServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxServer, esxServerFree)
