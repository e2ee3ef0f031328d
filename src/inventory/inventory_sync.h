/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory.h"

/*
 * InventorySync: the standing filter at the server, what it has reported so far, and up to which
 * version. One thread uses it at a time.
 */
typedef struct _InventorySync InventorySync;

/* @session, @scope (NULL: everything): (transfer none), must outlive it. No request yet. */
InventorySync *inventorySyncNew(ViSession *session, const InventoryScope *scope);

/* The filter is not destroyed: it goes with the session, at no cost. Accepts NULL. */
void inventorySyncFree(InventorySync *sync);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InventorySync, inventorySyncFree)

/*
 * Takes all that has changed by now (1 request and its parts), or everything where that has to be
 * read anew: at first, in a new session, or after anything broke (2 requests and parts).
 *
 * @current: what the last call returned, or NULL.
 * @wake: raised: gives up at once; may be NULL.
 * Returns: (transfer full) @current itself when nothing has changed; NULL with @error: then the
 * next call reads everything.
 */
InventorySnapshot *inventorySyncRun(InventorySync *sync, InventorySnapshot *current,
                                    const Wake *wake, GError **error);

/*
 * Everything as it is now, by one request and its parts. Leaves no filter behind: for a process
 * that may never ask again. The next inventorySyncRun() reads everything once more.
 *
 * Returns: (transfer full), or NULL with @error.
 */
InventorySnapshot *inventorySyncOnce(InventorySync *sync, GError **error);

/*
 * Waits for a change, for @seconds at most. To be called after a call of either kind that has
 * returned @current.
 *
 * Returns: as inventorySyncRun(). With VI_ERROR_CANCELLED somebody has ended the wait with
 * viCollectorCancelWait(), and nothing is lost: it may be called again. After any other error
 * inventorySyncRun() comes next.
 */
InventorySnapshot *inventorySyncPoll(InventorySync *sync, InventorySnapshot *current, guint seconds,
                                     const Wake *wake, GError **error);

/* The session generation the filter belongs to; 0: there is none. */
guint64 inventorySyncGeneration(const InventorySync *sync);

/* Whether reading everything again may help after @error. */
gboolean inventorySyncIsStale(const GError *error);
