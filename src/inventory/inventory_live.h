/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_cached.h"
#include "inventory_sync.h"

/*
 * InventoryLive: the thread esx-live, which keeps an inventory current by a long poll.
 *
 * While it runs, only this thread uses the InventorySync. A reader that needs a proof requests a
 * sync and waits for the outcome. If the thread is in a long poll, the reader ends it with a
 * request over another connection, and if that does not help, by closing the socket.
 *
 * A value stands (base_cached.h) from a successful sync until the long poll after it fails. Then
 * the thread syncs again at once. If that fails too, or the poll has failed too often, it is in
 * trouble: readers ask the server, and the thread itself retries after a growing pause. After
 * trouble, a short poll has to succeed before the value stands again.
 */
typedef struct _InventoryLive InventoryLive;

/* Its times; tests have shorter ones. */
typedef struct {
    guint pollSeconds;      /* one long poll */
    guint probeSeconds;     /* the first one after trouble */
    guint settledMs;        /* a poll that lasts longer has succeeded, however it ended */
    guint cancelMs;         /* until the request to end a poll is repeated */
    guint retryMs;          /* first pause in trouble; then doubled */
    guint retryMaxMs;
    guint restMs;           /* pause if the server answers polls at once, one after another */
} InventoryPace;

typedef struct {
    ViSession *session;
    InventorySync *sync;
    Cached *fresh;                   /* InventorySnapshot */
    const InventoryPace *pace;      /* const and static; NULL: the defaults */
} InventoryLiveParts;

/* Everything in @parts must outlive it. Starts no thread yet. */
InventoryLive *inventoryLiveNew(const InventoryLiveParts *parts);

/* Ends the thread, at once whatever it is waiting for, and frees. Accepts NULL. */
void inventoryLiveFree(InventoryLive *live);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InventoryLive, inventoryLiveFree)

/*
 * Ends the thread, at once whatever it is waiting for, permanently. From then on syncs fail with
 * HTTP_ERROR_CANCELLED.
 */
void inventoryLiveStop(InventoryLive *live);

/* The same, but waits only that long and then leaves the thread running: for a process's exit. */
void inventoryLiveStopWithin(InventoryLive *live, guint timeoutMs);

/* Like inventorySetWatch(); before the thread exists. */
void inventoryLiveSetWatch(InventoryLive *live, const InventoryWatch *watch, gpointer opaque);

/*
 * The states of the thread.
 *
 *   start ─► CURRENT ─► STANDING ── a poll broke ──► BROKEN ◄─ start, untried
 *               ▲  ▲        │                        │    │
 *               │  └────────┼────── sync worked ─────┘    │ sync failed
 *    poll ended │           │ sync failed, or             │
 *          well │           │ too many polls did          │
 *               │           ▼                             │
 *            PROBING ──► TROUBLE ◄────────────────────────┘
 *               ▲    poll   │  ▲
 *               │   failed  │  └─ start, failed; sync failed
 *               └───────────┘
 *                sync worked, after a pause where polls do not work
 *
 * A successful sync does not change STANDING and PROBING. Stopping leads to ENDED from each state.
 */
typedef enum {
    INVENTORY_LIVE_CURRENT,     /* a sync or a poll has just succeeded: STANDING follows at once */
    INVENTORY_LIVE_STANDING,    /* the value stands, and a long poll waits for changes */
    INVENTORY_LIVE_BROKEN,      /* a sync follows at once */
    INVENTORY_LIVE_TROUBLE,     /* a sync follows on request, or after a pause */
    INVENTORY_LIVE_PROBING,     /* a short poll has to succeed before the value stands again */
    INVENTORY_LIVE_ENDED,       /* the thread has nothing more to do */
} InventoryLiveState;

/*
 * Starts the thread, if there is none, and gives it the InventorySync. If that fails, nothing is
 * changed. Start, IsRunning and Sync may be called by one thread at a time.
 *
 * @state: CURRENT after a sync, TROUBLE after a failed one, BROKEN if there was none.
 * @snapshot: the last one, or NULL; changes are reported relative to it.
 */
void inventoryLiveStart(InventoryLive *live, InventoryLiveState state, InventorySnapshot *snapshot);

/* Whether the thread does the syncs: it runs, or was stopped. */
gboolean inventoryLiveIsRunning(InventoryLive *live);

/*
 * Has the thread sync.
 *
 * Returns: (transfer full) a snapshot of a sync that began after this call, or NULL with @error.
 */
InventorySnapshot *inventoryLiveSync(InventoryLive *live, GError **error);

/* The session was renewed: a poll of the old one has ended. Any thread. */
void inventoryLiveRenewed(InventoryLive *live);

/* Like inventoryIsLive(). Any thread. */
gboolean inventoryLiveIsLive(InventoryLive *live);

/* inventoryNew() with other times, for tests. */
Inventory *inventoryNewPaced(ViSession *session, InventoryScope *scope, const InventoryPace *pace);
