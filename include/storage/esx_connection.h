/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_hardware.h"

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
    char *host;                     /* of the URI, for messages */
    gboolean encrypted;             /* transport is https */
    gboolean secure;                /* encrypted, and the server's certificate was checked */

    GMutex lock;                    /* guards what follows */
    InventoryHardware *hardware;    /* NULL: not asked for yet */
} EsxConnection;

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

/* Logs out and frees. Accepts NULL. */
void esxConnectionFree(EsxConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxConnection, esxConnectionFree)
