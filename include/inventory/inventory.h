/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_snapshot.h"
#include "vi_session.h"

/*
 * Inventory: keeps the snapshot current. What was proven current within the reader's time-to-live
 * answers as it is, without a request. The first read makes a standing filter and takes everything
 * (2 requests); later ones ask that filter what has changed since (1 request, mostly an empty
 * answer). One thread asks, others that come meanwhile wait for its outcome; no lock is held while
 * the network is busy.
 *
 * After inventoryGoLive(), the first read starts a thread, esx-live, that keeps a long poll open at
 * the server. It publishes a change as soon as the server reports it, and reads need no requests.
 * After inventoryExpire() the next read still asks for a proof: 2 requests, since the long poll has
 * to be ended first. If the server is unreachable, the thread retries at intervals, and each read
 * whose time-to-live is exceeded makes it retry at once.
 */
typedef struct _Inventory Inventory;

/*
 * Which part of the server's inventory is shown. All of it zero, or no scope at all: everything but
 * what is one host's own.
 */
typedef struct {
    SoapMoRef *host;            /* NULL: all hosts */
    SoapMoRef *datacenter;      /* of that host */
    char *datacenterPath;       /* "Folder/DC" */
    gboolean perHost;           /* also what is one host's own */
    gboolean manyHosts;         /* that has the name of its host behind its own */
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
 * @scope: (transfer full), may be NULL.
 */
Inventory *inventoryNew(ViSession *session, InventoryScope *scope);

/* Returns: (transfer none) what the inventory shows; may be NULL. */
const InventoryScope *inventoryScope(const Inventory *inventory);

/* Ends the thread, promptly whatever the server does, and frees. Nobody may be reading. */
void inventoryFree(Inventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Inventory, inventoryFree)

/*
 * @ttlMs: how long a proof lasts; 0: each acquisition proves, unless the inventory is live.
 * Returns: (transfer full) a snapshot proven current within that time, or NULL with @error.
 */
InventorySnapshot *inventoryAcquire(Inventory *inventory, guint ttlMs, GError **error);

/*
 * Returns: (transfer full) the last snapshot, however old, or NULL where there is none. Asks
 * nobody.
 */
InventorySnapshot *inventoryPeek(Inventory *inventory);

/* The next acquisition proves, whatever the clock says, and live or not. */
void inventoryExpire(Inventory *inventory);

/*
 * Who wants to be told. All of it is called on the thread esx-live, without a lock, and none of it
 * may read the inventory, but for inventoryPeek().
 */
typedef struct {
    /*
     * @now was published in place of @before, in the order of publication; readers may see it
     * already. The first @before is what was read as the thread began; NULL where that failed and
     * nothing had been read earlier.
     */
    void (*changed)(gpointer opaque, InventorySnapshot *before, InventorySnapshot *now);
    /* From now on each change is reported as it happens. */
    void (*live)(gpointer opaque);
    /* That is over, because of @error; once, until it is live again. Reads ask the server. */
    void (*lost)(gpointer opaque, const GError *error);
} InventoryWatch;

/*
 * To be called before @inventory is shared, at most once. Without a thread nothing is reported.
 *
 * @watch: const and static; each function may be NULL.
 */
void inventorySetWatch(Inventory *inventory, const InventoryWatch *watch, gpointer opaque);

/*
 * For a process that may read but once, as virsh does: the first read is one request instead of
 * two, and the second one reads everything again. To be called before @inventory is shared.
 */
void inventorySetBrief(Inventory *inventory);

/*
 * The next read asks the server and, however that goes, leaves the thread esx-live behind, which
 * lives until inventoryFree(). No request of its own.
 *
 * Returns: whether that is news.
 */
gboolean inventoryGoLive(Inventory *inventory);

/*
 * After inventoryGoLive(), for who does not want to read, nor to wait: starts the thread, where
 * there is none, which reads by itself. Changes before that are not reported.
 */
void inventoryBeginLive(Inventory *inventory);

/*
 * Ends the thread, at once whatever it is waiting for, and no other comes. For the end of a process
 * that may not come to free the inventory. Reads that would have to ask the server fail.
 */
void inventoryStop(Inventory *inventory);

/* The same within that time, at the process's exit: whatever the thread does then, it goes on. */
void inventoryStopWithin(Inventory *inventory, guint timeoutMs);

/* Whether the server reports changes at this moment, so that reads take no requests. */
gboolean inventoryIsLive(Inventory *inventory);
