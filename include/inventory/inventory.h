/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_snapshot.h"
#include "vi_session.h"

/*
 * Inventory: keeps the snapshot current. What was proven current within the last cache_ttl answers
 * as it is, without a request. The first read makes a standing filter and takes everything (2
 * requests); later ones ask that filter what has changed since (1 request, mostly an empty answer).
 * One thread asks, others that come meanwhile wait for its outcome; no lock is held while the
 * network is busy.
 */
typedef struct _Inventory Inventory;

/* Which part of the server's inventory is shown. Both NULL: everything. */
typedef struct {
    SoapMoRef *host;
    SoapMoRef *datacenter;      /* of that host */
    char *datacenterPath;       /* "Folder/DC" */
} InventoryScope;

void inventoryScopeFree(InventoryScope *scope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InventoryScope, inventoryScopeFree)

#define INVENTORY_ERROR (inventoryErrorQuark())
GQuark inventoryErrorQuark(void);

typedef enum {
    INVENTORY_ERROR_PATH,   /* no such datacenter, compute resource or host */
} InventoryErrorCode;

/*
 * Finds what "Folder/Datacenter/Folder/ComputeResource[/Host]" names (1 request and its pages). The
 * host may be left out where the compute resource is a single host. A datacenter alone cannot be
 * named: that is an error that says so.
 *
 * Returns: (transfer full), or NULL with @error that names the part not found.
 */
InventoryScope *inventoryResolvePath(ViSession *session, const char *path, GError **error);

/*
 * @session: (transfer none), must outlive the inventory.
 * @scope: (transfer full), NULL: everything.
 * @ttlMs: how long a proof lasts; 0: each acquisition proves.
 */
Inventory *inventoryNew(ViSession *session, InventoryScope *scope, guint ttlMs);

/* Returns: (transfer none) what the inventory shows; NULL: everything. */
const InventoryScope *inventoryScope(const Inventory *inventory);

void inventoryFree(Inventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Inventory, inventoryFree)

/*
 * Returns: (transfer full) a snapshot proven current within the last cache_ttl, or NULL with
 * @error.
 */
InventorySnapshot *inventoryAcquire(Inventory *inventory, GError **error);

/*
 * Returns: (transfer full) the last snapshot, however old, or NULL where there is none. Asks
 * nobody.
 */
InventorySnapshot *inventoryPeek(Inventory *inventory);

/* The next acquisition proves, whatever the clock says. */
void inventoryExpire(Inventory *inventory);
