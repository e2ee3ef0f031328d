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

/* The filter is not destroyed: it ends with the session, at no cost. Accepts NULL. */
void inventorySyncFree(InventorySync *sync);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InventorySync, inventorySyncFree)

/*
 * Reads all changes (1 request and its parts), or everything: at first, in a new session, or after
 * any failure (2 requests and parts).
 *
 * @current: the result of the last call, or NULL.
 * @cancel: raised: gives up at once, also a login. NULL: that of the session.
 * Returns: (transfer full) @current itself if nothing has changed; NULL with @error: then the next
 * call reads everything.
 */
InventorySnapshot *inventorySyncRun(InventorySync *sync, InventorySnapshot *current,
                                    const Cancel *cancel, GError **error);

/*
 * Reads everything with one request and its parts. Makes no filter: for a process that may not ask
 * again. The next inventorySyncRun() reads everything again.
 *
 * Returns: (transfer full), or NULL with @error.
 */
InventorySnapshot *inventorySyncOnce(InventorySync *sync, GError **error);

/*
 * Waits for a change, for at most @seconds. Call it after one of the other calls has returned
 * @current.
 *
 * Returns: like inventorySyncRun(). With VI_ERROR_CANCELLED another thread has ended the wait with
 * viCollectorCancelWait(), and nothing is lost: it may be called again. After any other error call
 * inventorySyncRun() next.
 */
InventorySnapshot *inventorySyncPoll(InventorySync *sync, InventorySnapshot *current, guint seconds,
                                     const Cancel *cancel, GError **error);

/* The session generation of the filter; 0: there is none. */
guint64 inventorySyncGeneration(const InventorySync *sync);

/* Whether reading everything again may help after @error. */
gboolean inventorySyncIsStale(const GError *error);
