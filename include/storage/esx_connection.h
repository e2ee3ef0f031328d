/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_hardware.h"
#include "vi_folder.h"

/*
 * EsxConnection: what conn->privateData points to, for the connection driver and the storage facade
 * alike. Made by the driver's connectOpen, freed by its connectClose. libvirt may call in from any
 * number of threads.
 */
typedef struct _EsxVmfsListings EsxVmfsListings;

typedef struct {
    ViSession *session;
    Inventory *inventory;
    EsxVmfsListings *listings;      /* of volumes, see esx_vmfs_listing.h */
    ViFolder *folder;               /* contents of files */
    gpointer hosts;                 /* what its transports to hosts are made from, or NULL */
    GDestroyNotify hostsFree;
    guint connections;              /* URI parameter: how many fetch one download side by side */
    guint taskTimeoutMs;            /* URI parameter task_timeout: how long a change may take */
    guint cacheTtlMs;               /* URI parameter cache_ttl: how long an answer is good */
    char *host;                     /* of the URI, for messages */
    gboolean encrypted;             /* transport is https */
    gboolean secure;                /* encrypted, and the server's certificate was checked */

    GMutex lock;                    /* guards what follows */
    InventoryHardware *hardware;    /* NULL: not asked for yet */
    guint busy;                     /* workers that go on behind an aborted stream, and others */
    GCond idle;                     /* busy became 0 */
} EsxConnection;

#define ESX_CONNECTION_CONNECTIONS 4
#define ESX_CONNECTION_CONNECTIONS_MAX 16

/*
 * Makes a connection object around an open session. encrypted and secure are FALSE; the caller sets
 * them.
 *
 * @session, @scope: (transfer full).
 * @ttlMs: URI parameter cache_ttl.
 */
EsxConnection *esxConnectionNew(ViSession *session, InventoryScope *scope, const char *host,
                                guint ttlMs);

/*
 * Asks the server the first time it is called (1 request).
 *
 * Returns: (transfer none) valid as long as @connection, or NULL with @error.
 */
const InventoryHardware *esxConnectionHardware(EsxConnection *connection, GError **error);

/*
 * A worker thread holds @connection: between these two calls esxConnectionFree waits. Each worker
 * ends in bounded time, since its requests do.
 */
void esxConnectionHold(EsxConnection *connection);
void esxConnectionRelease(EsxConnection *connection);

/*
 * Raised when the process is to end (libvirtd was told to stop): every request of every connection
 * ends soon, tasks are told to stop. Atomic; for ViChange.cancel and its like.
 */
gint *esxConnectionCancelFlag(void);

/* Waits for the workers, logs out and frees. Accepts NULL. */
void esxConnectionFree(EsxConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxConnection, esxConnectionFree)
