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
 * EsxServer: shared by all connections of this process to one server that could log in there in the
 * same way: one session, and the data read with it. The driver floor decides which connections
 * share it, see esx_logins.h; this file makes and frees it.
 *
 * Any number of threads may use it at once; each of its parts has its own lock.
 */

/*
 * The data of a backend for one server, made when the backend first asks for it. The address of the
 * struct identifies the backend.
 */
typedef struct {
    gpointer (*new)(void);
    void (*free)(gpointer state);
    /* Something in @pool, of any kind, may have changed: it must be read again. NULL: no
     * data depends on that. */
    void (*expire)(gpointer state, const InventoryPool *pool);
} EsxServerState;

typedef struct {
    char *host;                     /* of the URI, for messages */
    ViSession *session;
    Inventory *inventory;
    ViTransfer *transfer;               /* contents of files */
    EsxEvents *events;              /* receivers of events of changes */
    gpointer hosts;                 /* options of its transports to hosts, or NULL */
    GDestroyNotify hostsFree;
    /*
     * Atomic: when the Finish of an upload in a daemon last timed out, in monotonic seconds;
     * 0: not since one was in time. Static, and one for all logins at one host and port, because
     * clients choose how many logins there are.
     */
    gint *missed;

    GMutex lock;                    /* guards what follows */
    InventoryHardware *hardware;    /* NULL: not asked for yet */
    GHashTable *leftOut;            /* listing → its text in the log */
    GHashTable *states;             /* EsxServerState → the data of its backend */
} EsxServer;

/*
 * From now on each detected change of the inventory is passed to the events, and each time the
 * server starts or stops reporting changes, the log says so once, with the reason.
 *
 * @session, @scope: (transfer full); @session must be logged in, @scope may be NULL.
 */
EsxServer *esxServerNew(ViSession *session, InventoryScope *scope, const char *host, guint port);

/*
 * The first call asks the server (1 request).
 *
 * Returns: (transfer none) valid as long as @server, or NULL with @error.
 */
const InventoryHardware *esxServerHardware(EsxServer *server, GError **error);

/*
 * Returns: (transfer none) the data of the backend of @kind for @server, valid as long as @server;
 * made by the first call.
 */
gpointer esxServerStateOf(EsxServer *server, const EsxServerState *kind);

/* Expires @pool in the data of all backends for @server. */
void esxServerExpire(EsxServer *server, const InventoryPool *pool);

/*
 * Logs what @listing ("the pools", "the volumes of pool 'ds1'") left out: once, and again when that
 * has changed; nothing if nothing was left out.
 */
void esxServerLogLeftOut(EsxServer *server, const char *listing, const LeftOut *out);

/*
 * Raised when the process is about to end (libvirtd stops): all requests to servers end soon, and
 * servers are asked to cancel tasks. For ViChange.cancel and similar.
 */
Cancel *esxServerCancelFlag(void);

/*
 * For the end of the process, when @server may still be in use and not be left any more: ends the
 * inventory's thread and logs out. No call may be running.
 */
void esxServerStop(EsxServer *server);

/*
 * Ends the inventory's thread, logs out (at most a few seconds, if it is unreachable) and frees. It
 * must not be in use. Accepts NULL.
 */
void esxServerFree(EsxServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxServer, esxServerFree)
