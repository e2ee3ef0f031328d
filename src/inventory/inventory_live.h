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
 * Once it runs, it alone uses the InventorySync. Whoever needs a proof asks it for a sync and waits
 * for the outcome; when it is in the middle of a long poll, the asker ends that at the server, by
 * a request over another connection, and where that does not help, by a closed socket.
 *
 * A value stands (base_cached.h) from a sync that worked until the long poll behind it fails. After
 * that the thread syncs again at once; when that fails too, or the poll has failed too often, it is
 * in trouble: readers ask, and the thread itself tries again after a pause that grows. After
 * trouble a short poll has to end well before anything stands again.
 */
typedef struct _InventoryLive InventoryLive;

/* Its times; tests have shorter ones. */
typedef struct {
    guint pollSeconds;      /* one long poll */
    guint probeSeconds;     /* the first one after trouble */
    guint settledMs;        /* a poll that ends after that has gone well, however it ended */
    guint cancelMs;         /* until a poll that was to end is told so again */
    guint retryMs;          /* first pause in trouble; it doubles */
    guint retryMaxMs;
    guint restMs;           /* pause when the server answers poll after poll at once */
} InventoryPace;

typedef struct {
    ViSession *session;
    InventorySync *sync;
    Cached *fresh;                   /* InventorySnapshot */
    const InventoryPace *pace;      /* const and static; NULL: as ever */
} InventoryLiveParts;

/* Everything in @parts must outlive it. There is no thread yet. */
InventoryLive *inventoryLiveNew(const InventoryLiveParts *parts);

/* Ends the thread, at once whatever it is waiting for, and frees. Accepts NULL. */
void inventoryLiveFree(InventoryLive *live);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InventoryLive, inventoryLiveFree)

/*
 * Ends the thread, at once whatever it is waiting for, and for good. Whoever wants a sync gets
 * HTTP_ERROR_CANCELLED from now on.
 */
void inventoryLiveStop(InventoryLive *live);

/* The same, but gives up after that time and leaves the thread to itself: for a process's exit. */
void inventoryLiveStopWithin(InventoryLive *live, guint timeoutMs);

/* As inventorySetWatch(); before the thread is there. */
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
 * A sync that worked leaves STANDING and PROBING as they are. Stopping leads to ENDED from each.
 */
typedef enum {
    INVENTORY_LIVE_CURRENT,     /* a sync or a poll has just worked: STANDING comes at once */
    INVENTORY_LIVE_STANDING,    /* what is known stands, and a long poll waits for changes */
    INVENTORY_LIVE_BROKEN,      /* a sync comes at once */
    INVENTORY_LIVE_TROUBLE,     /* a sync comes when somebody asks, or after a pause */
    INVENTORY_LIVE_PROBING,     /* a short poll has to end well before anything stands again */
    INVENTORY_LIVE_ENDED,       /* the thread has nothing left to do */
} InventoryLiveState;

/*
 * Starts the thread where there is none, and hands the InventorySync over to it; where that does
 * not work nothing has happened. Start, IsRunning and Sync: by one thread at a time.
 *
 * @state: CURRENT after a sync, TROUBLE after one that failed, BROKEN where there was none.
 * @snapshot: the last one there is, or NULL; changes are told from there on.
 */
void inventoryLiveStart(InventoryLive *live, InventoryLiveState state, InventorySnapshot *snapshot);

/* Whether syncs are the thread's business: it is there, or has been stopped. */
gboolean inventoryLiveIsRunning(InventoryLive *live);

/*
 * Makes the thread sync.
 *
 * Returns: (transfer full) a snapshot of a sync that began after this call, or NULL with @error.
 */
InventorySnapshot *inventoryLiveSync(InventoryLive *live, GError **error);

/* The session was renewed: a poll of the old one is over. Any thread. */
void inventoryLiveRenewed(InventoryLive *live);

/* As inventoryIsLive(). Any thread. */
gboolean inventoryLiveIsLive(InventoryLive *live);

/* inventoryNew() with times of one's own, for tests. */
Inventory *inventoryNewPaced(ViSession *session, InventoryScope *scope, const InventoryPace *pace);
