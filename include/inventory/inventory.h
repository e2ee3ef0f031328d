/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_snapshot.h"
#include "vi_session.h"

/*
 * Inventory: keeps the snapshot current. A snapshot that was proven current within the reader's
 * time-to-live is returned without a request. The first read makes a standing filter and reads
 * everything (2 requests). Later reads ask that filter for changes (1 request, usually with an
 * empty reply). One thread asks; threads that arrive meanwhile wait for its outcome. No lock is
 * held during network I/O.
 *
 * After inventoryGoLive(), the first read starts a thread, esx-live, that keeps a long poll open at
 * the server. It publishes a change as soon as the server reports it, and reads need no requests.
 * After inventoryExpire() the next read still asks for a proof: 2 requests, since the long poll has
 * to be ended first. If the server is unreachable, the thread retries at intervals, and each read
 * whose time-to-live is exceeded makes it retry at once.
 */
typedef struct _Inventory Inventory;

/*
 * Which part of the server's inventory is shown. All zero, or no scope: everything except what
 * belongs to a single host.
 */
typedef struct {
    SoapMoRef *host;            /* NULL: all hosts */
    SoapMoRef *datacenter;      /* of that host */
    char *datacenterPath;       /* "Folder/DC" */
    gboolean perHost;           /* also what belongs to a single host */
    gboolean manyHosts;         /* the same, with the host's name appended */
} InventoryScope;

void inventoryScopeFree(InventoryScope *scope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InventoryScope, inventoryScopeFree)

#define INVENTORY_ERROR (inventoryErrorQuark())
GQuark inventoryErrorQuark(void);

typedef enum {
    INVENTORY_ERROR_PATH,   /* no such datacenter, compute resource or host */
} InventoryErrorCode;

/*
 * Finds the object of the path "Folder/Datacenter/Folder/ComputeResource[/Host]" (1 request and its
 * pages). The host may be omitted if the compute resource is a single host. The path of a
 * datacenter alone is an error that says so.
 *
 * Returns: (transfer full), or NULL with @error that names the part not found.
 */
InventoryScope *inventoryResolvePath(ViSession *session, const char *path, GError **error);

/*
 * @session: (transfer none), must outlive the inventory.
 * @scope: (transfer full), may be NULL.
 */
Inventory *inventoryNew(ViSession *session, InventoryScope *scope);

/* Returns: (transfer none) the scope of the inventory; may be NULL. */
const InventoryScope *inventoryScope(const Inventory *inventory);

/* Ends the thread, promptly whatever the server does, and frees. No read may be running. */
void inventoryFree(Inventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Inventory, inventoryFree)

/*
 * @ttlMs: how long a proof is valid; 0: each call proves, unless the inventory is live.
 * Returns: (transfer full) a snapshot proven current within that time, or NULL with @error.
 */
InventorySnapshot *inventoryAcquire(Inventory *inventory, guint ttlMs, GError **error);

/*
 * Returns: (transfer full) the last snapshot, however old, or NULL if there is none. Sends no
 * request.
 */
InventorySnapshot *inventoryPeek(Inventory *inventory);

/* The next inventoryAcquire() proves, whatever its time-to-live, live or not. */
void inventoryExpire(Inventory *inventory);

/*
 * Callbacks for changes. They are called on the thread esx-live, without a lock, and must not read
 * the inventory, except with inventoryPeek().
 */
typedef struct {
    /*
     * @now was published in place of @before, in the order of publication; readers may see it
     * already. The first @before is the snapshot read when the thread started; NULL if that failed
     * and none had been read earlier.
     */
    void (*changed)(gpointer opaque, InventorySnapshot *before, InventorySnapshot *now);
    /* From now on each change is reported as it happens. */
    void (*live)(gpointer opaque);
    /*
     * Changes are no longer reported, because of @error; called once, until it is live again. Reads
     * ask the server.
     */
    void (*lost)(gpointer opaque, const GError *error);
} InventoryWatch;

/*
 * Call it before @inventory is shared, at most once. Without a thread nothing is reported.
 *
 * @watch: const and static; each function may be NULL.
 */
void inventorySetWatch(Inventory *inventory, const InventoryWatch *watch, gpointer opaque);

/*
 * For a process that may read only once, such as virsh: the first read is one request instead of
 * two, and the second reads everything again. Call it before @inventory is shared.
 */
void inventorySetBrief(Inventory *inventory);

/*
 * The next read asks the server and, whether it succeeds or not, starts the thread esx-live, which
 * runs until inventoryFree(). Sends no request itself.
 *
 * Returns: whether that is a change.
 */
gboolean inventoryGoLive(Inventory *inventory);

/*
 * After inventoryGoLive(), for a caller that does not want to read or wait: starts the thread, if
 * there is none. The thread then reads. Earlier changes are not reported.
 */
void inventoryBeginLive(Inventory *inventory);

/*
 * Ends the thread, at once whatever it is waiting for, and starts no other. For the end of a
 * process that may not free the inventory. Reads that would have to ask the server fail.
 */
void inventoryStop(Inventory *inventory);

/*
 * The same, waiting at most that long, at the process's exit. The thread may still be running
 * afterwards.
 */
void inventoryStopWithin(Inventory *inventory, guint timeoutMs);

/* Whether the server currently reports changes, so that reads need no requests. */
gboolean inventoryIsLive(Inventory *inventory);
